//! The seam under the AWS SDK: an HTTP client that answers in process.
//!
//! The store's calls go to the embedded engine, the providers' to the outbox. Here faults are met
//! and traces are taken; the clients above are the unmodified ones of the cloud, signatures
//! included (nobody checks those here).

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use tokio::sync::Notify;

use crate::engine::{ACTIVITY, Engine};
use crate::fault::{Faults, Kind, SLOW, Service};
use crate::outbox::Outbox;
use crate::provider;
use crate::refusal;
use crate::trace::{self, Outcome};

/// The HTTP client of every AWS client in this process. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Connector(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    engine: Engine,
    outbox: Arc<Outbox>,
    faults: Arc<Faults>,
    changed: Arc<Notify>,
}

/// A call as it came from an SDK client.
#[derive(Clone, Debug)]
struct Call {
    service: Service,
    operation: String,
    body: Vec<u8>,
}

/// An answer as it goes back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Connector {
    /// A client that reads and writes `engine`, sends to `outbox` and meets `faults`. `changed`
    /// is told after every write to the activity table.
    #[must_use]
    pub fn new(
        engine: Engine,
        outbox: Arc<Outbox>,
        faults: Arc<Faults>,
        changed: Arc<Notify>,
    ) -> Self {
        Self(Arc::new(Parts { engine, outbox, faults, changed }))
    }

    /// Meets a fault or passes the call on.
    async fn answer(self, call: Call, fault: Option<Kind>) -> (Outcome, Reply) {
        let (service, operation) = (call.service, call.operation.clone());
        match fault {
            None => self.apply(call).await,
            Some(Kind::Slow) => {
                tokio::time::sleep(SLOW).await;
                self.apply(call).await
            }
            Some(Kind::AppliedThenLost) => {
                let (outcome, _lost) = self.apply(call).await;
                let lost = ConnectorError::timeout("fault: applied, reply lost".into());
                (Outcome { response_bytes: 0, ..outcome }, Err(lost))
            }
            Some(Kind::Timeout) => {
                let silence = ConnectorError::timeout("fault: no answer, not applied".into());
                (Outcome::default(), Err(silence))
            }
            Some(Kind::Throttle) => refused(refusal::throttled(service)),
            Some(Kind::Error) => refused(refusal::broken(service)),
            Some(Kind::Refused) => refused(refusal::rejected(service)),
            Some(Kind::Conflict) => refused(refusal::conflict(&operation, &call.body)),
        }
    }

    async fn apply(self, call: Call) -> (Outcome, Reply) {
        let waits_for_disk = match call.service {
            Service::Dynamodb => self.0.engine.is_on_disk(),
            Service::Ses | Service::Sns | Service::Voice => self.0.outbox.is_on_disk(),
        };
        if !waits_for_disk {
            // In memory a call takes less than handing it to another thread would.
            return self.apply_here(&call);
        }
        match tokio::task::spawn_blocking(move || self.apply_here(&call)).await {
            Ok(answered) => answered,
            Err(gone) => (Outcome::default(), Err(ConnectorError::other(gone.into(), None))),
        }
    }

    fn apply_here(&self, call: &Call) -> (Outcome, Reply) {
        match call.service {
            Service::Dynamodb => self.store(call),
            Service::Ses | Service::Sns | Service::Voice => refused(self.send(call)),
        }
    }

    fn store(&self, call: &Call) -> (Outcome, Reply) {
        let answer = self.0.engine.call(&call.operation, &call.body);
        if is_write(&call.operation) && answer.table.contains(ACTIVITY) {
            self.0.changed.notify_one();
        }
        let outcome = Outcome {
            table: Some(answer.table),
            response_bytes: answer.body.len(),
            consumed: answer.consumed,
        };
        let content_type = "application/x-amz-json-1.0";
        (outcome, Ok(Answer { status: answer.status, content_type, body: answer.body }))
    }

    fn send(&self, call: &Call) -> Answer {
        let drafts = match provider::drafts(call.service, &call.body) {
            Ok(drafts) => drafts,
            Err(malformed) => return refusal::malformed(call.service, &malformed),
        };
        let mut last_id = 0;
        for draft in drafts {
            match self.0.outbox.take(draft) {
                Ok(id) => last_id = id,
                Err(fault) => {
                    tracing::error!(%fault, "the outbox could not be written");
                    return refusal::broken(call.service);
                }
            }
        }
        let body = provider::accepted(call.service, &format!("local-{last_id}"));
        Answer { status: 200, content_type: refusal::content_type(call.service), body: body.into() }
    }
}

type Reply = Result<Answer, ConnectorError>;

fn refused(answer: Answer) -> (Outcome, Reply) {
    (Outcome { response_bytes: answer.body.len(), ..Outcome::default() }, Ok(answer))
}

fn is_write(operation: &str) -> bool {
    !matches!(operation, "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems")
}

/// Which service and operation a request is for; `None` for any the product does not use.
fn read(request: &HttpRequest) -> Option<Call> {
    let body = request.body().bytes()?.to_vec();
    let target = request.headers().get("x-amz-target").and_then(|target| target.split_once('.'));
    let (service, operation) = match target {
        Some(("DynamoDB_20120810", operation)) => (Service::Dynamodb, operation.to_owned()),
        Some(("PinpointSMSVoiceV2", "SendVoiceMessage")) => {
            (Service::Voice, "SendVoiceMessage".to_owned())
        }
        Some(_) => return None,
        None if path(request.uri()) == "/v2/email/outbound-emails" => {
            (Service::Ses, "SendEmail".to_owned())
        }
        None => match provider::form_member(&body, "Action") {
            Some(action) if action == "Publish" => (Service::Sns, action),
            _ => return None,
        },
    };
    Some(Call { service, operation, body })
}

/// The path of an absolute URI.
fn path(uri: &str) -> &str {
    let after_scheme = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/");
    path.split('?').next().unwrap_or(path)
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(call) = read(&request) else {
            let what = format!("{} {} is no call of the product", request.method(), request.uri());
            return HttpConnectorFuture::ready(Err(ConnectorError::user(what.into())));
        };
        // Both look at the task that serves the request, hence here and not in the future.
        let entry = trace::begin(call.service, &call.operation, call.body.len());
        let fault = self.0.faults.take(call.service, &call.operation, trace::function());
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let (outcome, reply) = this.answer(call, fault).await;
            entry.end(outcome);
            response(reply?)
        })
    }
}

fn response(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(answer.status)
        .map_err(|invalid| ConnectorError::other(invalid.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    response.headers_mut().insert("content-type", answer.content_type);
    Ok(response)
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn the_path_of_a_uri_is_found() {
        assert_eq!(path("https://email.us-east-1.amazonaws.com/v2/email/x?y=1"), "/v2/email/x");
        assert_eq!(path("https://sns.us-east-1.amazonaws.com"), "/");
        assert_eq!(path("/v2/email/x"), "/v2/email/x");
    }
}
