//! The cloud that the functions' own processes reach: DynamoDB, SES, SNS and voice on loopback, each function held to the
//! role that `infra/template.yaml` gives it.
//!
//! The store is the local server's embedded engine; roles are read from `infra/grants.json`. What a role does not grant
//! is refused as IAM would refuse it, and remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use sspr::engine::Engine;
use sspr::fault::Service;
use sspr::outbox::Draft;
use sspr::provider;

use crate::loopback::{Loopback, Request, Response};

/// The root secret of every function under test, base64.
pub const ROOT_SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// One thing done to one partition: what a grant allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deed {
    /// `GetItem`; the items of a transaction count each by itself.
    pub action: String,
    /// `state`, `activity` or the index `by_user`.
    pub on: String,
    /// Partition key.
    pub key: String,
}

/// What a role allows: an action, where, and the patterns of the partition keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    action: String,
    on: String,
    keys: Vec<String>,
}

impl std::fmt::Display for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.action, self.on, self.keys.join(" "))
    }
}

impl Grant {
    /// The same, one for each pattern.
    pub fn each(&self) -> Vec<Grant> {
        let one = |key: &String| Grant { keys: vec![key.clone()], ..self.clone() };
        self.keys.iter().map(one).collect()
    }

    /// Whether it covers a deed.
    pub fn covers(&self, deed: &Deed) -> bool {
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => deed.key.starts_with(prefix),
            None => deed.key == *pattern,
        };
        self.action == deed.action && self.on == deed.on && self.keys.iter().any(fits)
    }
}

/// The roles of all functions, as `infra/check.py --write` wrote them down.
pub fn grants() -> BTreeMap<String, Vec<Grant>> {
    let text = include_str!("../../infra/grants.json");
    let roles: BTreeMap<String, Vec<Value>> = serde_json::from_str(text).unwrap_or_default();
    let word = |grant: &Value, member: &str| text_of(grant.get(member)).to_owned();
    let grant = |g: &Value| Grant {
        action: word(g, "action"),
        on: word(g, "on"),
        keys: members(g.get("keys")).map(|k| text_of(Some(k)).to_owned()).collect(),
    };
    roles.into_iter().map(|(name, list)| (name, list.iter().map(grant).collect())).collect()
}

/// The store, the messages and the books of one test.
pub struct Cloud {
    /// The embedded engine; a test may look into it or put something there.
    pub engine: Engine,
    books: Mutex<Books>,
    /// Where the engine keeps its file; goes with the cloud.
    folder: Option<PathBuf>,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            std::fs::remove_dir_all(folder).ok();
        }
    }
}

#[derive(Default)]
struct Books {
    deeds: BTreeMap<String, BTreeSet<Deed>>,
    denied: BTreeMap<String, BTreeSet<Deed>>,
    sent: Vec<Draft>,
}

impl Cloud {
    /// An empty cloud.
    pub fn new() -> Result<Arc<Self>, sspr::engine::EngineFault> {
        Ok(Self::on(Engine::memory()?, None))
    }

    /// A cloud on a store, whose folder is removed with it.
    pub fn on(engine: Engine, folder: Option<PathBuf>) -> Arc<Self> {
        Arc::new(Self { engine, books: Mutex::default(), folder })
    }

    /// What one function reaches, under its role.
    pub fn endpoint(self: &Arc<Self>, function: &str) -> io::Result<Loopback> {
        let (cloud, name) = (Arc::clone(self), function.to_owned());
        let role = grants().remove(function).unwrap_or_default();
        Loopback::start(Arc::new(move |request| Some(cloud.answer(&name, &role, &request))))
    }

    /// The environment that the template gives a function, and the way to `endpoint`.
    pub fn environment(endpoint: &Loopback) -> Vec<(String, String)> {
        let fixed = [
            ("STATE_TABLE", "state"),
            ("ACTIVITY_TABLE", "activity"),
            ("ROOT_SECRET_PARAMETER", "/sspr/root-secret"),
            ("MAIL_FROM", "no-reply@reset.example"),
            ("SMS_ORIGIN", "+441632960000"),
            ("VOICE_ORIGIN", "+441632960000"),
            ("PUBLIC_URL", "https://reset.example"),
        ];
        let fixed = fixed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let services = ["DYNAMODB", "SESV2", "SNS", "PINPOINT_SMS_VOICE_V2", "SSM"];
        let services = services.map(|s| (format!("AWS_ENDPOINT_URL_{s}"), endpoint.url()));
        fixed.into_iter().chain(services).collect()
    }

    /// What a function did with the tables.
    pub fn deeds(&self, function: &str) -> BTreeSet<Deed> {
        self.books().deeds.get(function).cloned().unwrap_or_default()
    }

    /// What a function was refused.
    pub fn denied(&self, function: &str) -> BTreeSet<Deed> {
        self.books().denied.get(function).cloned().unwrap_or_default()
    }

    /// The messages sent since the last call of this.
    pub fn take_sent(&self) -> Vec<Draft> {
        std::mem::take(&mut self.books().sent)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, function: &str, role: &[Grant], request: &Request) -> Response {
        let target = request.headers.get("x-amz-target").and_then(|t| t.split_once('.'));
        match target {
            Some(("DynamoDB_20120810", operation)) => {
                self.store(function, role, operation, &request.body)
            }
            Some(("AmazonSSM", "GetParameter")) => {
                let parameter =
                    json!({"Parameter": {"Type": "SecureString", "Value": ROOT_SECRET}});
                Response::json(200, parameter.to_string())
            }
            Some(("PinpointSMSVoiceV2", "SendVoiceMessage")) => {
                self.send(function, Service::Voice, &request.body)
            }
            None if request.path == "/v2/email/outbound-emails" => {
                self.send(function, Service::Ses, &request.body)
            }
            None if is_publish(&request.body) => self.send(function, Service::Sns, &request.body),
            _ => Response::json(501, r#"{"message":"no such operation here"}"#),
        }
    }

    fn store(&self, function: &str, role: &[Grant], operation: &str, body: &[u8]) -> Response {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let asked = deeds(operation, &request);
        let denied = asked.iter().filter(|d| !role.iter().any(|g| g.covers(d)));
        let denied: BTreeSet<Deed> = denied.cloned().collect();
        let allowed = denied.is_empty() && !asked.is_empty();
        let mut books = self.books();
        books.denied.entry(function.to_owned()).or_default().extend(denied);
        if !allowed {
            let kind = "com.amazon.coral.service#AccessDeniedException";
            return Response::json(400, json!({"__type": kind, "message": "no"}).to_string());
        }
        books.deeds.entry(function.to_owned()).or_default().extend(asked);
        drop(books);
        let answer = self.engine.call(operation, body);
        Response::json(answer.status, answer.body)
    }

    /// Only `deliver` may send.
    fn send(&self, function: &str, service: Service, body: &[u8]) -> Response {
        if function != "deliver" {
            return Response::json(403, r#"{"message":"no"}"#);
        }
        match provider::drafts(service, body) {
            Ok(drafts) => {
                self.books().sent.extend(drafts);
                Response::json(200, provider::accepted(service, "local-1"))
            }
            Err(malformed) => {
                Response::json(400, json!({"message": malformed.to_string()}).to_string())
            }
        }
    }
}

fn is_publish(body: &[u8]) -> bool {
    provider::form_member(body, "Action").as_deref() == Some("Publish")
}

/// What an operation does, item by item. Nothing for an operation that no role may have.
fn deeds(operation: &str, request: &Value) -> BTreeSet<Deed> {
    let deed = |action: &str, on: &str, key: Option<&Value>| Deed {
        action: action.to_owned(),
        on: on.to_owned(),
        key: text_of(key.and_then(|k| k.get("S"))).to_owned(),
    };
    let on_item = |action: &str, of: &Value| {
        let holder = if action == "PutItem" { "Item" } else { "Key" };
        deed(action, text_of(of.get("TableName")), of.pointer(&format!("/{holder}/pk")))
    };
    match operation {
        "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" => [on_item(operation, request)].into(),
        "Query" => {
            let on = request.get("IndexName").or_else(|| request.get("TableName"));
            let key = request.pointer("/ExpressionAttributeValues/:pk");
            [deed("Query", text_of(on), key)].into()
        }
        "BatchGetItem" => {
            let tables = request.get("RequestItems").and_then(Value::as_object);
            let of_table = |(table, asked): (&String, &Value)| -> Vec<Deed> {
                let keys = members(asked.get("Keys"));
                keys.map(|k| deed("BatchGetItem", table, k.get("pk"))).collect()
            };
            tables.into_iter().flatten().flat_map(of_table).collect()
        }
        "TransactWriteItems" => {
            let one = |item: &Value| -> Vec<Deed> {
                let parts = item.as_object().into_iter().flatten();
                let action = |name: &str| match name {
                    "ConditionCheck" => String::from("ConditionCheckItem"),
                    other => format!("{other}Item"),
                };
                parts.map(|(name, of)| on_item(&action(name), of)).collect()
            };
            members(request.get("TransactItems")).flat_map(one).collect()
        }
        _ => BTreeSet::new(),
    }
}

fn text_of(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

fn members(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed(action: &str, on: &str, key: &str) -> Deed {
        Deed { action: action.into(), on: on.into(), key: key.into() }
    }

    #[test]
    fn every_item_of_a_transaction_and_of_a_batch_is_a_deed() {
        let key = |k: &str| json!({"pk": {"S": k}, "sk": {"S": "x"}});
        let transaction = json!({"TransactItems": [
            {"Put": {"TableName": "activity", "Item": key("DAY#1")}},
            {"Update": {"TableName": "state", "Key": key("ATTEMPT#1")}},
            {"ConditionCheck": {"TableName": "state", "Key": key("CONFIG")}},
        ]});
        let expected = [
            deed("PutItem", "activity", "DAY#1"),
            deed("UpdateItem", "state", "ATTEMPT#1"),
            deed("ConditionCheckItem", "state", "CONFIG"),
        ];
        assert_eq!(deeds("TransactWriteItems", &transaction), expected.into());
        let batch = json!({"RequestItems": {"state": {"Keys": [key("CONFIG"), key("PROFILE#1")]}}});
        let expected =
            [deed("BatchGetItem", "state", "CONFIG"), deed("BatchGetItem", "state", "PROFILE#1")];
        assert_eq!(deeds("BatchGetItem", &batch), expected.into());
        assert!(deeds("Scan", &json!({"TableName": "state"})).is_empty());
    }

    #[test]
    fn a_role_covers_its_prefixes_and_nothing_else() {
        let roles = grants();
        let covers = |function: &str, d: &Deed| roles[function].iter().any(|g| g.covers(d));
        assert!(covers("begin-reset", &deed("GetItem", "state", "CONFIG")));
        assert!(!covers("begin-reset", &deed("GetItem", "state", "CREDENTIAL#alice")));
        assert!(!covers("begin-reset", &deed("PutItem", "state", "PROFILE#03")));
        assert!(!covers("begin-reset", &deed("GetItem", "state", "CONFIGX")));
        assert!(!covers("unlock", &deed("PutItem", "state", "CREDENTIAL#alice")));
        assert!(covers("report", &deed("Query", "by_user", "alice")));
    }

    #[test]
    fn what_a_role_does_not_grant_is_refused_and_remembered() {
        let cloud = Cloud::new().unwrap();
        let endpoint = cloud.endpoint("portal").unwrap();
        let call = |operation: &str, body: Value| {
            let agent = ureq::Agent::config_builder().http_status_as_error(false).build();
            let request = ureq::Agent::from(agent).post(endpoint.url());
            let request = request.header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
            request.send(body.to_string()).unwrap().status().as_u16()
        };
        let get =
            |pk: &str| json!({"TableName": "state", "Key": {"pk": {"S": pk}, "sk": {"S": "x"}}});
        assert_eq!(call("GetItem", get("CONFIG")), 200);
        assert_eq!(call("GetItem", get("PROFILE#00")), 400);
        assert_eq!(call("Scan", json!({"TableName": "state"})), 400);
        assert_eq!(cloud.denied("portal"), [deed("GetItem", "state", "PROFILE#00")].into());
        assert_eq!(cloud.deeds("portal"), [deed("GetItem", "state", "CONFIG")].into());
    }
}
