//! The product as the cloud runs it: every function a process of its own, behind a stand-in for the gateway that turns
//! requests into events, with the stream and the schedule carried by hand.
//!
//! A [`Client`] of it works like one of the local server: `/dev/outbox` is there. The clock is the real one.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on ends where it stands"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::BASE64;
use rules::ids::Username;
use rules::password::Password;
use serde_json::{Value, json};
use sspr::engine::Engine;
use sspr::outbox::Draft;
use sspr::server::{Options, start};

use crate::client::Client;
use crate::cloud::{Cloud, ROOT_SECRET};
use crate::loopback::{Loopback, Request, Response};
use crate::people::{ADMIN, ADMIN_PASSWORD};
use crate::runtime_api::Function;

/// Far above what any event takes, also while the machine is busy.
const LIMIT: Duration = Duration::from_secs(60);
/// Records of one stream batch, as the template has it.
const BATCH: usize = 10;
/// No line of a log may hold one of these: tokens, passwords of the tests, hashes.
const SECRETS: [&str; 9] = [
    "at_",
    "nm_",
    "rt_",
    "argon2",
    "Nineteen pelicans",
    "Marmalade tractor",
    "Quiet volcano",
    "quiet harbour",
    "lantern quilt",
];

/// One function's process with its way to the cloud.
struct Running {
    function: Function,
    _endpoint: Loopback,
}

/// All functions on one cloud, each started when it is first called.
pub struct Fleet {
    /// What they share.
    pub cloud: Arc<Cloud>,
    bootstraps: PathBuf,
    running: Mutex<BTreeMap<String, Arc<Running>>>,
    stream: Mutex<Option<String>>,
    sent: Mutex<Vec<Draft>>,
}

impl Fleet {
    /// The binaries in a folder, on a cloud.
    pub fn new(bootstraps: &Path, cloud: Arc<Cloud>) -> Arc<Self> {
        let stream = cloud.engine.changes(None, 1_000).unwrap();
        let stream = stream.last().map(|r| r.dynamodb.sequence_number.clone());
        Arc::new(Self {
            cloud,
            bootstraps: bootstraps.to_owned(),
            running: Mutex::default(),
            stream: Mutex::new(stream),
            sent: Mutex::default(),
        })
    }

    /// Hands a function an event.
    #[track_caller]
    pub fn invoke(&self, name: &str, event: &Value) -> Value {
        let running = self.running(name);
        let answer = running.function.invoke(event, LIMIT);
        answer.unwrap_or_else(|e| panic!("{name}: {e:?}"))
    }

    fn running(&self, name: &str) -> Arc<Running> {
        let mut running = self.running.lock().unwrap();
        let started = running.entry(name.to_owned()).or_insert_with(|| {
            let endpoint = self.cloud.endpoint(name).unwrap();
            let environment = Cloud::environment(&endpoint);
            let function = Function::start(&self.bootstraps.join(name), name, &environment);
            Arc::new(Running { function: function.unwrap(), _endpoint: endpoint })
        });
        Arc::clone(started)
    }

    /// Feeds `deliver` everything that the stream holds.
    pub fn drain(&self) {
        let mut position = self.stream.lock().unwrap();
        loop {
            let records = self.cloud.engine.changes(position.as_deref(), BATCH).unwrap();
            let Some(last) = records.last() else { break };
            let next = last.dynamodb.sequence_number.clone();
            let records: Vec<Value> =
                records.iter().map(|r| in_the_cloud(serde_json::to_value(r).unwrap())).collect();
            let answer = self.invoke("deliver", &json!({ "Records": records }));
            assert_eq!(answer, json!({ "batchItemFailures": [] }));
            *position = Some(next);
        }
        self.sent.lock().unwrap().extend(self.cloud.take_sent());
    }

    /// What the schedule does every minute.
    pub fn tick(&self) {
        self.invoke("sweep", &json!({ "source": "aws.events" }));
        self.drain();
    }

    /// What a function has logged.
    pub fn log(&self, name: &str) -> String {
        self.running(name).function.log().join("\n")
    }

    /// Whatever was refused to a function by its role, or logged though it is a secret; nothing if all is well.
    pub fn flaws(&self) -> Vec<String> {
        let mut flaws = Vec::new();
        for (name, running) in &*self.running.lock().unwrap() {
            let denied = self.cloud.denied(name);
            flaws.extend(denied.iter().map(|d| format!("{name} needs what it may not: {d:?}")));
            let leaks = |line: &String| SECRETS.iter().any(|secret| line.contains(secret));
            let log = running.function.log();
            flaws.extend(log.iter().filter(|l| leaks(l)).map(|l| format!("{name} logs: {l}")));
        }
        flaws
    }

    /// Grants that no call has used, as `function action table prefix`.
    pub fn unused(&self) -> BTreeSet<String> {
        let mut unused = BTreeSet::new();
        for (name, role) in crate::cloud::grants() {
            let deeds = self.cloud.deeds(&name);
            for grant in role.iter().flat_map(crate::cloud::Grant::each) {
                if !deeds.iter().any(|deed| grant.covers(deed)) {
                    unused.insert(format!("{name} {grant}"));
                }
            }
        }
        unused
    }
}

/// A fleet behind a gateway of its own.
pub struct Gateway {
    /// The functions.
    pub fleet: Arc<Fleet>,
    client: Client,
    _listener: Loopback,
}

impl Gateway {
    /// Puts a gateway before a fleet.
    pub fn before(fleet: Arc<Fleet>) -> Self {
        let behind = Arc::clone(&fleet);
        let listener =
            Loopback::start(Arc::new(move |request| Some(behind.pass(&request)))).unwrap();
        Self { client: Client::new(listener.url()), fleet, _listener: listener }
    }
}

impl Deref for Gateway {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Fleet {
    fn pass(&self, request: &Request) -> Response {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        if path == "/dev/outbox" {
            return self.outbox(query);
        }
        let answer = self.invoke(function_of(path), &event(request, path, query));
        let status = answer["statusCode"].as_u64().and_then(|s| u16::try_from(s).ok());
        let body = answer["body"].as_str().unwrap_or_default();
        let mut response = Response::json(status.unwrap(), body);
        response.headers = headers(&answer);
        response
    }

    /// The messages that `deliver` sent, to one recipient or to all.
    fn outbox(&self, query: &str) -> Response {
        self.drain();
        let to = query.strip_prefix("to=").map(|to| to.replace("%2B", "+").replace("%40", "@"));
        let sent = self.sent.lock().unwrap();
        let ours: Vec<&Draft> =
            sent.iter().filter(|d| to.as_ref().is_none_or(|to| d.to == *to)).collect();
        Response::json(200, json!({ "messages": ours }).to_string())
    }
}

fn headers(answer: &Value) -> Vec<(String, String)> {
    let single = answer["headers"].as_object().into_iter().flatten();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    single.map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Which function the template's routes lead a path to.
fn function_of(path: &str) -> &'static str {
    let routes = [
        ("/not-me", "unlock"),
        ("/v1/sign-", "sign-in"),
        ("/v1/registration", "register"),
        ("/v1/resets/complete", "complete-reset"),
        ("/v1/resets/unlock", "unlock"),
        ("/v1/resets/", "verify-gate"),
        ("/v1/resets", "begin-reset"),
        ("/v1/password/", "change"),
        ("/v1/admin/config", "configure"),
        ("/v1/admin/users", "manage-users"),
        ("/v1/admin/groups/", "manage-users"),
        ("/v1/admin/reports/", "report"),
        ("/v1/admin/support/", "report"),
    ];
    routes.iter().find(|(prefix, _)| path.starts_with(prefix)).map_or("portal", |(_, name)| name)
}

/// A request as payload 2.0 of an HTTP API.
fn event(request: &Request, path: &str, query: &str) -> Value {
    let body = String::from_utf8(request.body.clone());
    let is_text = body.is_ok();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": request.headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "a1b2c3d4e5",
            "http": {
                "method": request.method, "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.9", "userAgent": "tests",
            },
            "requestId": "Z1y2x3w4v5u6t7s8",
            "routeKey": "$default",
            "stage": "$default",
            "time": "21/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_795_262_400_000_u64,
        },
        "body": body.unwrap_or_else(|e| BASE64.encode(e.as_bytes())),
        "isBase64Encoded": !is_text,
    })
}

/// A record of the engine with what it leaves out.
fn in_the_cloud(mut record: Value) -> Value {
    let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/sspr-activity/stream/2026-11-21T00:00:00.000";
    record["eventSourceARN"] = arn.into();
    record["awsRegion"] = "us-east-1".into();
    record
}

/// A store with the first administrator of the tests in it, and nobody else.
pub fn organisation() -> Arc<Cloud> {
    made(ADMIN, ADMIN_PASSWORD, |_| {})
}

/// A store with the people of `sspr demo`.
pub fn demonstration() -> Arc<Cloud> {
    let admin = sspr::seed::ADMIN;
    made(admin.username, admin.password, |server| {
        let seeded = server.block_on(sspr::seed::seed(&server.local));
        seeded.map_err(|fault| fault.to_string()).unwrap();
    })
}

/// A store that the local server began and the fleet goes on with.
fn made(admin: &str, password: &str, begin: impl FnOnce(&sspr::server::Running)) -> Arc<Cloud> {
    let folder = scratch();
    let secret = BASE64.decode(ROOT_SECRET.as_bytes()).unwrap();
    std::fs::write(folder.join("root-secret"), secret).unwrap();
    let options = Options { data: Some(folder.clone()), ..Options::in_memory() };
    let admin = Username::parse(admin).unwrap();
    let server = start(options.with_admin(admin, Password::new(password.to_owned())));
    let server = server.map_err(|fault| fault.to_string()).unwrap();
    begin(&server);
    server.stop();
    let engine = Engine::file(&folder.join("sspr.db"), None).unwrap();
    Cloud::on(engine, Some(folder))
}

fn scratch() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("sspr-fleet-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}
