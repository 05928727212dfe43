//! A CSV file as lines of JSON: its heading names the members.

use csv::{ByteRecord, ReaderBuilder};
use edge::Problem;
use edge::body::BODY_MAX;
use rules::refusal::{FieldError, Refusal};
use serde_json::{Map, Value};

use super::line::BOM;

/// How the cells of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The name, as it stands there.
    Name,
    Text,
    /// Words separated by `;`.
    List,
    /// `true` or `false`.
    Flag,
}

/// The columns there may be: the members of an account but its password (api.md §8).
const COLUMNS: [(&str, Kind); 17] = [
    ("username", Kind::Name),
    ("display_name", Kind::Text),
    ("first_name", Kind::Text),
    ("last_name", Kind::Text),
    ("email", Kind::Text),
    ("mobile_phone", Kind::Text),
    ("office_phone", Kind::Text),
    ("primary_email", Kind::Text),
    ("roles", Kind::List),
    ("groups", Kind::List),
    ("enabled", Kind::Flag),
    ("directory", Kind::Text),
    ("directory_anchor", Kind::Text),
    ("locale", Kind::Text),
    ("must_change_password", Kind::Flag),
    ("password_never_expires", Kind::Flag),
    ("cannot_change_password", Kind::Flag),
];

/// Every row of a file as a line of JSON, or why it is none. Empty cells are left out.
///
/// # Refuses
/// `InvalidRequest` with every wrong column of the heading.
pub fn lines(body: &[u8]) -> Result<Vec<Result<Vec<u8>, FieldError>>, Problem> {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    let mut reader = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(body);
    let mut records = reader.byte_records();
    let heading = match records.next() {
        Some(Ok(heading)) => heading,
        Some(Err(_)) => return Err(Problem::field("", "unreadable")),
        None => return Err(Problem::field("", "required")),
    };
    let columns = columns(&heading)?;
    let rows = records.map(|record| match record {
        Ok(record) => line(&columns, &record),
        Err(_) => Err(FieldError::new("", "unreadable")),
    });
    Ok(rows.collect())
}

type Column = (&'static str, Kind);

fn columns(heading: &ByteRecord) -> Result<Vec<Column>, Refusal> {
    let (mut columns, mut errors): (Vec<Column>, Vec<FieldError>) = (Vec::new(), Vec::new());
    for cell in heading {
        let name = String::from_utf8_lossy(cell.trim_ascii()).to_ascii_lowercase();
        match COLUMNS.iter().find(|(known, _)| *known == name) {
            Some(column) if columns.contains(column) => {
                errors.push(FieldError::new(name, "duplicate_column"));
            }
            Some(column) => columns.push(*column),
            None if name == "initial_password" => {
                errors.push(FieldError::new(name, "not_imported"));
            }
            None => errors.push(FieldError::new(name, "unknown_column")),
        }
    }
    if !columns.iter().any(|(_, kind)| *kind == Kind::Name) {
        errors.push(FieldError::new("username", "required"));
    }
    if errors.is_empty() { Ok(columns) } else { Err(Refusal::InvalidRequest(errors)) }
}

fn line(columns: &[Column], record: &ByteRecord) -> Result<Vec<u8>, FieldError> {
    if record.len() != columns.len() {
        return Err(FieldError::new("", "wrong_number_of_cells"));
    }
    let mut members = Map::new();
    for ((name, kind), cell) in columns.iter().zip(record) {
        let text = str::from_utf8(cell).map_err(|_| FieldError::new(*name, "not_utf8"))?;
        if let Some(value) = value(*kind, text) {
            members.insert((*name).to_owned(), value);
        }
    }
    let line = Value::Object(members).to_string().into_bytes();
    if line.len() > BODY_MAX { Err(FieldError::new("", "too_long")) } else { Ok(line) }
}

/// A cell; nothing if it is empty.
fn value(kind: Kind, text: &str) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(match kind {
        Kind::Name => text.into(),
        Kind::Text => unguarded(text).into(),
        Kind::List => {
            let words = unguarded(text).split(';').map(str::trim).filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().into()
        }
        Kind::Flag if text.eq_ignore_ascii_case("true") => true.into(),
        Kind::Flag if text.eq_ignore_ascii_case("false") => false.into(),
        Kind::Flag => text.into(),
    })
}

/// A cell without the quote that reports put before what a spreadsheet would run: their rows can be imported again, and a
/// number may be written as `'+44…`, which is how spreadsheets keep its plus.
fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Vec<Result<String, (String, String)>> {
        let lines = lines(file.as_bytes()).map_err(|_| ()).unwrap().into_iter();
        lines
            .map(|l| l.map(|l| String::from_utf8(l).unwrap()).map_err(|e| (e.field, e.code)))
            .collect()
    }

    fn heading(file: &str) -> Vec<(String, String)> {
        let problem = lines(file.as_bytes()).map(|_| ()).unwrap_err();
        problem.errors.iter().map(|e| (e.field.clone(), e.code.clone())).collect()
    }

    #[test]
    fn a_row_becomes_the_members_that_its_heading_names() {
        let file = "username,groups,enabled,first_name\r\nanna,staff; night ;,TRUE,\"An, \"\"A\"\"\"\r\nbob,,,\r\n";
        let expected = [
            r#"{"enabled":true,"first_name":"An, \"A\"","groups":["staff","night"],"username":"anna"}"#,
            r#"{"username":"bob"}"#,
        ];
        assert_eq!(read(file), expected.map(|line| Ok(line.to_owned())));
    }

    #[test]
    fn a_mark_at_the_beginning_and_the_case_and_blanks_of_a_heading_do_not_matter() {
        assert_eq!(
            read("\u{feff}Username , Locale\nanna,de\n"),
            [Ok(String::from(r#"{"locale":"de","username":"anna"}"#))]
        );
    }

    #[test]
    fn every_wrong_column_is_named() {
        let is = |field: &str, code: &str| (field.to_owned(), code.to_owned());
        assert_eq!(heading(""), [is("", "required")]);
        assert_eq!(
            heading("name,email,email,initial_password\n"),
            [
                is("name", "unknown_column"),
                is("email", "duplicate_column"),
                is("initial_password", "not_imported"),
                is("username", "required"),
            ]
        );
    }

    #[test]
    fn a_row_of_another_length_or_another_encoding_is_none_and_its_neighbours_are() {
        let rows = read("username,email\na\nb,b@x.example,c\nc,c@x.example\n");
        let wrong = || Err((String::new(), String::from("wrong_number_of_cells")));
        assert_eq!(rows[..2], [wrong(), wrong()]);
        assert!(rows[2].is_ok());
        let latin = lines(b"username,first_name\nanna,J\xF6rg\nbob,Bob\n").map_err(|_| ()).unwrap();
        assert_eq!(latin[0], Err(FieldError::new("first_name", "not_utf8")));
        assert!(latin[1].is_ok());
    }

    #[test]
    fn what_a_report_guarded_against_spreadsheets_is_read_back() {
        let rows = read("username,mobile_phone,display_name\na,'+447700900123,'=1+1\n'-b,,'tis\n");
        assert_eq!(
            rows,
            [
                Ok(String::from(
                    r#"{"display_name":"=1+1","mobile_phone":"+447700900123","username":"a"}"#
                )),
                Ok(String::from(r#"{"display_name":"'tis","username":"'-b"}"#)),
            ]
        );
    }

    #[test]
    fn a_flag_that_is_none_is_left_for_the_line_to_refuse() {
        assert_eq!(
            read("username,enabled\na,yes\n"),
            [Ok(String::from(r#"{"enabled":"yes","username":"a"}"#))]
        );
    }
}
