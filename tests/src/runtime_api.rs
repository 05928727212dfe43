//! The Lambda Runtime API for one function: starts a bootstrap as Lambda would, hands it events, takes its answers.
//!
//! The process starts with an empty environment, so that no real credentials can leak into it, and only talks to
//! loopback addresses. Waiting is on a condition with a limit; nothing polls.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::loopback::{Loopback, Request, Response};

const API: &str = "/2018-06-01/runtime/";
/// Lines of a function's log that are kept.
const LOG_LINES: usize = 10_000;

/// Why there is no answer.
#[derive(Debug)]
pub enum Broken {
    /// The process did not start.
    Start(io::Error),
    /// An endpoint that is not on this machine.
    Endpoint(String),
    /// The function reported that it cannot begin.
    Init(String),
    /// The function answered the event with an error.
    Handler(Value),
    /// No answer in time.
    Late,
    /// The process ended; with the last lines of its log.
    Ended(Option<ExitStatus>, String),
    /// The answer was not JSON.
    Answer(String),
}

/// A bootstrap that runs, with the API it asks for work. Killed when dropped.
pub struct Function {
    desk: Arc<Desk>,
    child: Mutex<Child>,
    // Last, so that the process is gone before its API is.
    _api: Loopback,
}

/// What lies between the callers and the process.
#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    issued: u64,
    waiting: VecDeque<Work>,
    answers: HashMap<String, Result<Vec<u8>, Vec<u8>>>,
    init_error: Option<String>,
    ended: bool,
    log: VecDeque<String>,
}

struct Work {
    id: String,
    event: String,
    deadline: u128,
}

impl Function {
    /// Starts `bootstrap` as the function `name`, with `environment` beside what Lambda sets.
    pub fn start(
        bootstrap: &Path,
        name: &str,
        environment: &[(String, String)],
    ) -> Result<Self, Broken> {
        refuse_far_endpoints(environment)?;
        let desk = Arc::new(Desk::default());
        let (at_desk, function) = (Arc::clone(&desk), name.to_owned());
        let api = Loopback::start(Arc::new(move |request| at_desk.serve(&function, request)));
        let api = api.map_err(Broken::Start)?;
        let mut child = Command::new(bootstrap)
            .env_clear()
            .envs(lambda_environment(name, &api.address().to_string()))
            .envs(environment.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Broken::Start)?;
        desk.follow(child.stdout.take());
        desk.follow(child.stderr.take());
        Ok(Self { desk, child: Mutex::new(child), _api: api })
    }

    /// Hands the function an event and waits for its answer, at most `limit`, which is also the deadline it is told.
    pub fn invoke(&self, event: &Value, limit: Duration) -> Result<Value, Broken> {
        let mut state = self.desk.lock();
        state.issued += 1;
        let id = format!("00000000-0000-4000-8000-{:012x}", state.issued);
        let deadline = now() + limit.as_millis();
        state.waiting.push_back(Work { id: id.clone(), event: event.to_string(), deadline });
        self.desk.changed.notify_all();
        let pending =
            |s: &mut State| !s.answers.contains_key(&id) && s.init_error.is_none() && !s.ended;
        let waited = self.desk.changed.wait_timeout_while(state, limit, pending);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let outcome = self.outcome(&mut state, &id);
        state.waiting.retain(|w| w.id != id);
        outcome
    }

    fn outcome(&self, state: &mut State, id: &str) -> Result<Value, Broken> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match state.answers.remove(id) {
            Some(Ok(bytes)) => {
                serde_json::from_slice(&bytes).map_err(|_| Broken::Answer(text(&bytes)))
            }
            Some(Err(bytes)) => {
                Err(Broken::Handler(serde_json::from_slice(&bytes).unwrap_or_default()))
            }
            None => Err(match state.init_error.clone() {
                Some(why) => Broken::Init(why),
                None if state.ended => {
                    let last: Vec<_> = state.log.iter().rev().take(20).rev().cloned().collect();
                    Broken::Ended(self.child().try_wait().ok().flatten(), last.join("\n"))
                }
                None => Broken::Late,
            }),
        }
    }

    /// What the process wrote so far, both streams, in lines.
    pub fn log(&self) -> Vec<String> {
        self.desk.lock().log.iter().cloned().collect()
    }

    /// Ends the process at once, as kill -9 does, wherever it is.
    pub fn kill(&self) {
        let mut child = self.child();
        child.kill().ok();
        child.wait().ok();
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.kill();
        self.desk.lock().ended = true;
        self.desk.changed.notify_all();
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a stream of the process into the log until it ends, which is when the process does.
    fn follow(self: &Arc<Self>, stream: Option<impl Read + Send + 'static>) {
        let Some(stream) = stream else { return };
        let desk = Arc::clone(self);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let mut state = desk.lock();
                if state.log.len() == LOG_LINES {
                    state.log.pop_front();
                }
                state.log.push_back(line);
            }
            desk.lock().ended = true;
            desk.changed.notify_all();
        });
    }

    fn serve(&self, function: &str, request: Request) -> Option<Response> {
        let accepted = Response::json(202, "{}");
        let asked = request.path.strip_prefix(API).unwrap_or_default();
        match (request.method.as_str(), asked.split('/').collect::<Vec<_>>().as_slice()) {
            ("GET", ["invocation", "next"]) => return self.next(function),
            ("POST", ["invocation", id, "response"]) => {
                self.lock().answers.insert((*id).to_owned(), Ok(request.body));
            }
            ("POST", ["invocation", id, "error"]) => {
                self.lock().answers.insert((*id).to_owned(), Err(request.body));
            }
            ("POST", ["init", "error"]) => {
                let why = String::from_utf8_lossy(&request.body).into_owned();
                self.lock().init_error = Some(why);
            }
            _ => return Some(Response::json(404, "{}")),
        }
        self.changed.notify_all();
        Some(accepted)
    }

    /// Held until there is work, as Lambda freezes an idle environment; nothing once the process has ended.
    fn next(&self, function: &str) -> Option<Response> {
        let idle = |s: &mut State| s.waiting.is_empty() && !s.ended;
        let waited = self.changed.wait_while(self.lock(), idle);
        let work = waited.unwrap_or_else(PoisonError::into_inner).waiting.pop_front()?;
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{function}");
        let mut response = Response::json(200, work.event);
        let told = [
            ("lambda-runtime-aws-request-id", work.id),
            ("lambda-runtime-deadline-ms", work.deadline.to_string()),
            ("lambda-runtime-invoked-function-arn", arn),
            ("lambda-runtime-trace-id", String::from("Root=1-69205dc0-0123456789abcdef01234567")),
        ];
        response.headers.extend(told.map(|(name, value)| (name.to_owned(), value)));
        Some(response)
    }
}

/// What Lambda sets, with credentials that open nothing.
fn lambda_environment(name: &str, api: &str) -> [(&'static str, String); 10] {
    [
        ("AWS_LAMBDA_RUNTIME_API", api.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", String::from("$LATEST")),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", String::from("256")),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", String::from("local")),
        ("AWS_REGION", String::from("us-east-1")),
        ("AWS_ACCESS_KEY_ID", String::from("local")),
        ("AWS_SECRET_ACCESS_KEY", String::from("local")),
        ("AWS_SESSION_TOKEN", String::from("local")),
    ]
}

fn refuse_far_endpoints(environment: &[(String, String)]) -> Result<(), Broken> {
    let far = environment.iter().find(|(name, value)| {
        name.starts_with("AWS_ENDPOINT_URL") && !value.starts_with("http://127.0.0.1:")
    });
    far.map_or(Ok(()), |(name, value)| Err(Broken::Endpoint(format!("{name}={value}"))))
}

/// Milliseconds since 1970, for the deadline that the function is told.
#[expect(
    clippy::disallowed_methods,
    reason = "stands in for Lambda, whose deadlines are real time"
)]
fn now() -> u128 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| d.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt;

    const LIMIT: Duration = Duration::from_secs(20);

    /// A bootstrap in a few lines of shell: curl is all it needs.
    fn script(name: &str, body: &str) -> std::path::PathBuf {
        let folder =
            std::env::temp_dir().join(format!("runtime-api-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("bootstrap");
        std::fs::write(&path, format!("#!/bin/bash\nset -u\nexport PATH=/usr/bin:/bin\n{body}"))
            .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    const ECHO: &str = r#"
base=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while true; do
  head=$(mktemp)
  body=$(curl -s -D "$head" "$base/invocation/next") || exit 0
  id=$(sed -n 's/^lambda-runtime-aws-request-id: \(.*\)\r$/\1/p' "$head")
  rm -f "$head"
  echo "got $id"
  case $body in
    *fail*) curl -s -d '{"errorType":"Seeded"}' "$base/invocation/$id/error" ;;
    *quit*) exit 7 ;;
    *hang*) sleep 30 ;;
    *) curl -s -H 'transfer-encoding: chunked' -d "{\"echo\":$body,\"home\":\"${HOME:-none}\"}" "$base/invocation/$id/response" ;;
  esac >/dev/null
done
"#;

    #[test]
    fn an_event_goes_in_and_its_answer_comes_out_twice_over_one_process() {
        let f = Function::start(&script("echo", ECHO), "echo", &[]).unwrap();
        for n in [1, 2] {
            let answer = f.invoke(&json!({ "n": n }), LIMIT).unwrap();
            assert_eq!(answer, json!({"echo": {"n": n}, "home": "none"}));
        }
        assert_eq!(f.log().iter().filter(|l| l.starts_with("got 0000")).count(), 2);
    }

    #[test]
    fn an_error_an_end_and_a_hang_are_told_apart() {
        let f = Function::start(&script("broken", ECHO), "echo", &[]).unwrap();
        let refused = f.invoke(&json!("fail"), LIMIT).unwrap_err();
        assert!(matches!(refused, Broken::Handler(e) if e["errorType"] == "Seeded"));
        let late = f.invoke(&json!("hang"), Duration::from_millis(200)).unwrap_err();
        assert!(matches!(late, Broken::Late));
        drop(f);
        let f = Function::start(&script("ends", ECHO), "echo", &[]).unwrap();
        assert!(matches!(f.invoke(&json!("quit"), LIMIT).unwrap_err(), Broken::Ended(..)));
    }

    #[test]
    fn a_function_that_cannot_begin_says_why() {
        let body = r#"curl -s -d '{"errorType":"NoTable"}' "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error"; exit 1"#;
        let f = Function::start(&script("init", body), "init", &[]).unwrap();
        let broken = f.invoke(&json!({}), LIMIT).unwrap_err();
        assert!(matches!(broken, Broken::Init(why) if why.contains("NoTable")));
    }

    #[test]
    fn an_endpoint_in_the_real_world_is_refused() {
        let far = [("AWS_ENDPOINT_URL_SNS".into(), "https://sns.us-east-1.amazonaws.com".into())];
        assert!(matches!(
            Function::start(Path::new("/bin/true"), "f", &far),
            Err(Broken::Endpoint(_))
        ));
    }
}
