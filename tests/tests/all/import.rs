//! Many people from one file: a verdict for each row, nothing twice, nothing that a file may not hold.

use serde_json::{Value, json};
use sspr::import::{Options, Tally, Told, run};
use tests::client::{Answer, is_write};
use tests::people::{ADMIN, ADMIN_PASSWORD, OLD, home, mobile, work};
use tests::server::Server;

const PATH: &str = "/v1/admin/users/import";

fn send(server: &Server, token: &str, kind: &str, query: &str, file: &[u8]) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("content-type", kind), ("authorization", bearer.as_str())];
    server.send("POST", &format!("{PATH}{query}"), &headers, file)
}

#[track_caller]
fn table(server: &Server, token: &str, file: &str) -> Value {
    send(server, token, "text/csv", "", file.as_bytes()).expect(200).json()
}

#[track_caller]
fn lines(server: &Server, token: &str, file: &str) -> Value {
    send(server, token, "application/x-ndjson", "", file.as_bytes()).expect(200).json()
}

fn counts(answer: &Value) -> [u64; 5] {
    ["rows", "created", "updated", "unchanged", "rejected"].map(|m| answer[m].as_u64().unwrap())
}

/// The first error of each row: verdict, member, code.
fn verdicts(answer: &Value) -> Vec<(u64, String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let row = |r: &Value| {
        let error = &r["errors"][0];
        let (verdict, field) = (text(&r["verdict"]), text(&error["field"]));
        (r["row"].as_u64().unwrap(), verdict, field, text(&error["code"]))
    };
    answer["results"].as_array().unwrap().iter().map(row).collect()
}

fn user(server: &Server, admin: &str, name: &str) -> Value {
    server.get(&format!("/v1/admin/users/{name}"), admin).expect(200).json()
}

const FILE: &str = "\u{feff}username,first_name,email,mobile_phone,groups,roles\r\n\
    anna,Anna,anna@home.example,+44 7700 900101,staff;night,user\r\n\
    bobby,Robert,,,staff,\r\n\
    carol,,not an address,,,\r\n\
    Anna,Again,,,,\r\n\
    a b,,,,,\r\n\
    dave,,,12345,,\r\n\
    emma,,,,,emperor\r\n\
    too,few\r\n";

#[test]
fn a_file_gives_each_row_a_verdict_and_sent_again_changes_nothing() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "bobby");
    let first = table(&server, &admin, FILE);
    let row = |n, verdict: &str, field: &str, code: &str| {
        (n, verdict.to_owned(), field.to_owned(), code.to_owned())
    };
    let rejected = [
        row(3, "rejected", "email", "malformed"),
        row(4, "rejected", "username", "duplicate_username"),
        row(5, "rejected", "username", "invalid_character"),
        row(6, "rejected", "mobile_phone", "country_code_missing"),
        row(7, "rejected", "roles[0]", "invalid"),
        row(8, "rejected", "", "wrong_number_of_cells"),
    ];
    let mut expected = vec![row(1, "created", "", ""), row(2, "updated", "", "")];
    expected.extend(rejected.clone());
    assert_eq!(verdicts(&first), expected);
    assert_eq!(counts(&first), [8, 1, 1, 0, 6]);
    assert_eq!(user(&server, &admin, "anna")["groups"], json!(["night", "staff"]));
    assert_eq!(user(&server, &admin, "bobby")["first_name"], "Robert");

    let before = server.report(&admin, "audit?limit=1000").len();
    let again = send(&server, &admin, "text/csv", "", FILE.as_bytes()).expect(200);
    assert_eq!(counts(&again.json()), [8, 0, 0, 2, 6]);
    let calls = server.trace(again.header("x-correlation-id"));
    assert!(!calls.is_empty() && !calls.iter().any(is_write), "{calls:#?}");
    assert_eq!(server.report(&admin, "audit?limit=1000").len(), before);
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let server = Server::start();
    let admin = server.admin();
    server.create(&admin, "bobby");
    let dry = send(&server, &admin, "text/csv", "?dry_run=true", FILE.as_bytes()).expect(200);
    let calls = server.trace(dry.header("x-correlation-id"));
    assert!(!calls.is_empty() && !calls.iter().any(is_write), "{calls:#?}");
    server.get("/v1/admin/users/anna", &admin).refused(404, "not_found");
    let real = table(&server, &admin, FILE);
    assert_eq!(verdicts(&dry.json()), verdicts(&real));
    assert_eq!((&dry.json()["dry_run"], &real["dry_run"]), (&json!(true), &json!(false)));
    let wrong = send(&server, &admin, "text/csv", "?dry_run=yes", FILE.as_bytes());
    wrong.refused(400, "invalid_request");
}

#[test]
fn each_row_that_is_written_is_one_entry_of_the_audit_by_who_imported() {
    let server = Server::start();
    let admin = server.admin();
    let answer = send(&server, &admin, "text/csv", "", FILE.as_bytes()).expect(200);
    let correlation = answer.header("x-correlation-id");
    let entries = server.report(&admin, &format!("audit?correlation_id={correlation}"));
    let mut targets: Vec<_> = entries.iter().map(|e| e["target"]["username"].clone()).collect();
    targets.sort_by_key(Value::to_string);
    assert_eq!(targets, ["anna", "bobby"]);
    assert!(entries.iter().all(|e| e["actor"]["username"] == ADMIN), "{entries:#?}");
    assert!(!format!("{entries:?}").contains("anna@home.example"), "contacts as hints only");
}

#[test]
fn lines_of_json_may_take_away_what_a_table_leaves_alone() {
    let server = Server::start();
    let admin = server.admin();
    let answer = lines(
        &server,
        &admin,
        "{\"username\":\"anna\",\"email\":\"anna@home.example\",\"groups\":[\"staff\"]}\n\n\
         {\"username\":\"bobby\",\"surprise\":1}\n{\"username\":\"carol\"\n{\"first_name\":\"X\"}\n[]\n",
    );
    let errors: Vec<_> =
        verdicts(&answer).into_iter().map(|(_, _, f, c)| format!("{f}:{c}")).collect();
    assert_eq!(
        errors,
        [":", "surprise:unknown_member", ":malformed_json", "username:required", ":not_an_object"]
    );
    table(&server, &admin, "username,email,groups\nanna,,\n");
    assert_eq!(user(&server, &admin, "anna")["registered"][0]["method"], "email");
    let taken = lines(&server, &admin, "{\"username\":\"anna\",\"email\":null,\"groups\":[]}\n");
    assert_eq!(counts(&taken), [1, 0, 1, 0, 0]);
    let anna = user(&server, &admin, "anna");
    assert_eq!((&anna["registered"], &anna["groups"]), (&json!([]), &json!([])));
}

#[test]
fn a_shared_number_or_address_is_flagged_on_each_row_that_has_it() {
    let server = Server::start();
    let admin = server.admin();
    server.put_user(&admin, "olga", &json!({"office_phone": "+442079460123"})).expect(201);
    let file = format!(
        "username,email,mobile_phone,office_phone\n\
         anna,{one},{phone},\nbobby,{two},{phone},+442079460123\ncarol,{three},,\n",
        one = home("anna"),
        two = home("bobby"),
        three = home("carol"),
        phone = mobile(7),
    );
    let flags = |answer: &Value| -> Vec<Value> {
        let rows = answer["results"].as_array().unwrap();
        rows.iter().map(|r| r.get("warnings").cloned().unwrap_or(json!([]))).collect()
    };
    let flag = |field: &str, also_of: &str| json!({"field": field, "code": "shared_contact", "also_of": also_of});
    let expected = [
        json!([flag("mobile_phone", "bobby")]),
        json!([flag("mobile_phone", "anna"), flag("office_phone", "olga")]),
        json!([]),
    ];
    let first = table(&server, &admin, &file);
    assert_eq!(flags(&first), expected);
    assert_eq!((counts(&first), &first["contacts_compared"]), ([3, 3, 0, 0, 0], &json!(true)));
    assert_eq!(flags(&table(&server, &admin, &file)), expected, "also when nothing changes");
}

#[test]
fn neither_passwords_nor_answers_are_imported() {
    let server = Server::start();
    let admin = server.admin();
    for (column, code) in [("initial_password", "not_imported"), ("answers", "unknown_column")] {
        let file = format!("username,{column}\nanna,{OLD}\n");
        let refused = send(&server, &admin, "text/csv", "", file.as_bytes());
        let refused = refused.refused(400, "invalid_request").json();
        assert_eq!(refused["errors"], json!([{"field": column, "code": code}]));
    }
    let answer = lines(
        &server,
        &admin,
        &format!("{{\"username\":\"anna\",\"initial_password\":\"{OLD}\"}}\n"),
    );
    assert_eq!(counts(&answer), [1, 0, 0, 0, 1]);
    assert!(!answer.to_string().contains(OLD));
    server.get("/v1/admin/users/anna", &admin).refused(404, "not_found");
}

#[test]
fn an_imported_contact_opens_no_gate_until_it_is_proved() {
    let server = Server::start();
    let admin = server.admin();
    table(
        &server,
        &admin,
        &format!("username,email,primary_email\nanna,{},{}\n", home("anna"), work("anna")),
    );
    let explained = server.get("/v1/admin/users/anna/explain", &admin).expect(200).json();
    assert_eq!(explained["sspr_code"], "SSPR_0014");
    server.configure(&admin, |c| c["accept_directory_data"] = json!(true));
    let explained = server.get("/v1/admin/users/anna/explain", &admin).expect(200).json();
    assert_eq!(explained["can_reset"], true, "{explained:#}");
}

#[test]
fn what_a_spreadsheet_would_run_stays_text_on_its_way_in_out_and_in_again() {
    let server = Server::start();
    let admin = server.admin();
    let formula = "=HYPERLINK(\"\"http://evil.example\"\")";
    table(
        &server,
        &admin,
        &format!("username,display_name,mobile_phone\nanna,\"{formula}\",'+447700900105\n"),
    );
    assert_eq!(user(&server, &admin, "anna")["display_name"], formula.replace("\"\"", "\""));
    let out = server.get("/v1/admin/reports/users?format=csv&username=anna", &admin).expect(200);
    assert!(
        out.body.contains("'=HYPERLINK") && !out.body.contains(",\"=HYPERLINK"),
        "{}",
        out.body
    );
    let back = table(&server, &admin, &format!("username,display_name\nanna,\"'{formula}\"\n"));
    assert_eq!(counts(&back), [1, 0, 0, 1, 0], "what a report guarded is the same again");
}

#[test]
fn a_file_is_bounded_in_rows_bytes_and_kind() {
    let server = Server::start();
    let admin = server.admin();
    let rows = |n: usize| format!("username\n{}", "a b\n".repeat(n));
    let most = table(&server, &admin, &rows(10_000));
    assert_eq!(counts(&most), [10_000, 0, 0, 0, 10_000]);
    let more = send(&server, &admin, "text/csv", "", rows(10_001).as_bytes());
    let more = more.refused(400, "invalid_request").json();
    assert_eq!(more["errors"], json!([{"field": "rows", "code": "too_many_rows"}]));
    let mut file = String::from("username\n");
    file.push_str(&" ".repeat(5 * 1024 * 1024 - file.len()));
    send(&server, &admin, "text/csv", "", file.as_bytes()).expect(200);
    file.push(' ');
    send(&server, &admin, "text/csv", "", file.as_bytes()).refused(413, "body_too_large");
    for kind in ["application/json", "text/plain", "application/xml", ""] {
        let refused = send(&server, &admin, kind, "", b"username\nanna\n");
        refused.refused(415, "unsupported_media_type");
    }
    let empty = send(&server, &admin, "text/csv", "", b"");
    empty.refused(400, "invalid_request");
    assert_eq!(counts(&lines(&server, &admin, "")), [0; 5]);
}

#[test]
fn somebody_called_import_is_an_account_as_any_other() {
    let server = Server::start();
    let admin = server.admin();
    server.put_user(&admin, "import", &json!({"display_name": "Ima Port"})).expect(201);
    assert_eq!(user(&server, &admin, "import")["display_name"], "Ima Port");
    server.call("DELETE", PATH, &admin, &Value::Null).expect(204);
    server.get(PATH, &admin).refused(404, "not_found");
}

#[test]
fn the_command_sends_a_file_in_chunks_and_can_be_run_again() {
    let server = Server::start();
    let mut file = String::from("username,first_name,email\n");
    for n in 0..250 {
        let email =
            if n % 100 == 99 { String::from("nowhere") } else { format!("p{n}@home.example") };
        file.push_str(&format!("person{n},\"P, {n}\",{email}\n"));
    }
    file.push_str("person0,Again,\n");
    let path = std::env::temp_dir().join(format!("sspr-import-{}.csv", std::process::id()));
    std::fs::write(&path, file).unwrap();
    let url = server.base().to_owned();
    let go = |from: usize| -> (Tally, Vec<String>) {
        let mut told = Vec::new();
        let (username, password) = (ADMIN, ADMIN_PASSWORD);
        let options = Options { url: &url, username, password, dry_run: false, chunk: 100, from };
        let tell = |what: Told<'_>| match what {
            Told::Row(text) => told.push(text.to_owned()),
            Told::Progress(..) => {}
        };
        let done = server.running().block_on(run(&path, &options, tell));
        (done.map_err(|fault| fault.to_string()).unwrap(), told)
    };
    let (tally, told) = go(1);
    assert_eq!(tally, Tally { rows: 251, created: 248, updated: 1, unchanged: 0, rejected: 2 });
    assert_eq!(
        told,
        [
            "row 100 (person99): rejected: email malformed",
            "row 200 (person199): rejected: email malformed",
            "row 251 (person0): named before, in row 1",
        ]
    );
    let (again, _) = go(101);
    assert_eq!(again.rows, 151, "from the chunk with that row");
    assert_eq!((again.created, again.rejected), (0, 1));
    std::fs::remove_file(&path).unwrap();
}
