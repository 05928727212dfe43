//! How each AWS service says no, on its own wire.

use serde_json::{Value, json};

use crate::connector::Answer;
use crate::fault::Service;
use crate::provider::Malformed;

/// The content type of a service's answers.
pub(crate) fn content_type(service: Service) -> &'static str {
    match service {
        Service::Dynamodb | Service::Voice => "application/x-amz-json-1.0",
        Service::Ses => "application/json",
        Service::Sns => "text/xml",
    }
}

/// Too many calls: every SDK sends the call again.
pub(crate) fn throttled(service: Service) -> Answer {
    let code = match service {
        Service::Dynamodb | Service::Voice => "ThrottlingException",
        Service::Ses => "TooManyRequestsException",
        Service::Sns => "Throttling",
    };
    let status = if service == Service::Ses { 429 } else { 400 };
    refuse(service, status, code, "fault: throttled")
}

/// The service itself failed: every SDK sends the call again.
pub(crate) fn broken(service: Service) -> Answer {
    let code = match service {
        Service::Dynamodb => "InternalServerError",
        Service::Ses | Service::Voice => "InternalServerException",
        Service::Sns => "InternalError",
    };
    refuse(service, 500, code, "fault: internal error")
}

/// The request itself is wrong: never sent again.
pub(crate) fn malformed(service: Service, malformed: &Malformed) -> Answer {
    let code = match service {
        Service::Dynamodb | Service::Voice => "ValidationException",
        Service::Ses => "BadRequestException",
        Service::Sns => "InvalidParameter",
    };
    refuse(service, 400, code, &malformed.to_string())
}

/// The message or its recipient is wrong: never sent again.
pub(crate) fn rejected(service: Service) -> Answer {
    let code = match service {
        Service::Dynamodb | Service::Voice => "ValidationException",
        Service::Ses => "MessageRejected",
        Service::Sns => "OptedOut",
    };
    refuse(service, 400, code, "fault: refused for good")
}

/// A write of the store that met a transaction on the same item, at the first position.
pub(crate) fn conflict(operation: &str, body: &[u8]) -> Answer {
    let message = "fault: transaction conflict";
    if operation != "TransactWriteItems" {
        return refuse(Service::Dynamodb, 400, "TransactionConflictException", message);
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let items = request.get("TransactItems").and_then(Value::as_array).map_or(1, Vec::len);
    let reasons: Vec<Value> = (0..items)
        .map(|position| {
            let code = if position == 0 { "TransactionConflict" } else { "None" };
            json!({ "Code": code })
        })
        .collect();
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": message,
        "CancellationReasons": reasons,
    });
    Answer {
        status: 400,
        content_type: content_type(Service::Dynamodb),
        body: body.to_string().into_bytes(),
    }
}

/// `message` must not need escaping in XML beyond `<`, `>` and `&`.
fn refuse(service: Service, status: u16, code: &str, message: &str) -> Answer {
    let body = match service {
        Service::Dynamodb => json!({
            "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
            "message": message,
        })
        .to_string(),
        Service::Ses | Service::Voice => json!({ "__type": code, "message": message }).to_string(),
        Service::Sns => format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error>\
             <Type>Sender</Type><Code>{code}</Code><Message>{}</Message></Error>\
             <RequestId>local</RequestId></ErrorResponse>",
            crate::page::escape(message)
        ),
    };
    Answer { status, content_type: content_type(service), body: body.into_bytes() }
}
