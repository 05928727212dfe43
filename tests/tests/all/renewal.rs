//! Hashes of lesser parameters are made anew at the next sign-in (PWD-06).

use rules::ids::Username;
use rules::password::{Credential, Hasher, Parameters, Password};
use serde_json::json;
use state::accounts::AccountChange;
use tests::people::{NEW, OLD};
use tests::server::Server;

use crate::password_rules::{NEXT, change, codes};

/// Replaces a password's hash by one that was made with lesser parameters.
fn weaken(server: &Server, password: &str, former: &str) {
    let lesser = Parameters { memory_kib: 1_024, passes: 1, lanes: 1 };
    let app = &server.running().local.app;
    let work = async {
        let username = Username::parse("alice").unwrap();
        let account = app.store.account(&username).await.map_err(|f| f.to_string()).unwrap();
        let stored = account.credential.unwrap();
        let salt = *stored.credential.salt();
        let evaluated = |text: &str| {
            Hasher::lazy().evaluate(&Password::new(text.to_owned()), &salt, lesser).unwrap()
        };
        let at = stored.credential.changed_at();
        let first = Credential::first(&evaluated(former), &app.keys, 5, at);
        let weak = first.renew(&evaluated(password), &app.keys, 5, at);
        let mut activity = call(app).activity("test", rules::activity::Name::ChangePassword);
        activity.target = Some(username);
        let change = AccountChange {
            profile: &account.profile.unwrap(),
            credential: Some((&weak, Some(stored.version))),
            activity: &activity,
            retention_days: 7,
        };
        assert!(app.store.change_account(change).await.is_ok());
    };
    server.running().block_on(work);
}

fn call(app: &edge::App) -> state::Call {
    let now = app.clock.now();
    state::Call {
        now,
        correlation: rules::ids::CorrelationId::new(now, 1),
        origin: rules::activity::Origin { source_ip: "127.0.0.1".into(), client: String::new() },
        network: rules::ids::Network::anywhere(),
        locale: "en".into(),
        id: app.chance.id().map_err(|f| f.to_string()).unwrap(),
        retention_days: 7,
    }
}

/// The parameters that a password is stored with.
fn stored_with(server: &Server) -> Parameters {
    let app = &server.running().local.app;
    let username = Username::parse("alice").unwrap();
    let account = server.running().block_on(app.store.account(&username));
    account.map_err(|f| f.to_string()).unwrap().credential.unwrap().credential.parameters()
}

#[test]
fn a_hash_of_lesser_parameters_is_renewed_at_the_next_sign_in_and_the_history_stays() {
    let server = Server::start();
    server.person(&server.admin(), "alice");
    weaken(&server, OLD, NEXT);
    assert_ne!(stored_with(&server), Parameters::CURRENT);
    server.sign_in("alice", NEW).refused(401, "invalid_credentials");
    assert_ne!(stored_with(&server), Parameters::CURRENT, "a wrong password renews nothing");
    let hashes = || server.counter("argon2");
    let before = hashes();
    let session = server.token("alice", OLD);
    assert_eq!((stored_with(&server), hashes() - before), (Parameters::CURRENT, 2));
    server.get("/v1/registration", &session).expect(200);
    server.sign_in("alice", OLD).expect(200);
    assert_eq!(hashes() - before, 3, "once for each rise");
    let used = change(&server, OLD, NEXT).refused(422, "password_rejected").json();
    assert_eq!(codes(&used), ["recently_used"]);
    let used = server.ready("alice", "reset").complete(NEXT);
    assert_eq!(codes(&used.refused(422, "password_rejected").json()), ["recently_used"]);
}

#[test]
fn a_renewal_whose_reply_is_lost_is_made_once_and_signs_in() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    weaken(&server, OLD, NEXT);
    server.fault(json!({
        "service": "dynamodb", "operation": "TransactWriteItems", "kind": "applied_then_lost",
        "count": 1, "function": "sign-in",
    }));
    let session = server.token("alice", OLD);
    server.get("/v1/registration", &session).expect(200);
    assert_eq!(stored_with(&server), Parameters::CURRENT);
    server.sign_in("alice", OLD).expect(200);
}

#[test]
fn sign_ins_that_renew_at_once_all_sign_in() {
    let server = Server::start();
    server.create(&server.admin(), "alice");
    weaken(&server, OLD, NEXT);
    let statuses = std::thread::scope(|scope| {
        let threads = [0; 6].map(|_| scope.spawn(|| server.sign_in("alice", OLD).status));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(statuses, [200; 6]);
    assert_eq!(stored_with(&server), Parameters::CURRENT);
    change(&server, OLD, NEW).expect(200);
}
