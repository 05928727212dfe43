//! The root secret, read from SSM once per cold start: one signed call.
//!
//! # Why not …?
//! - *Why no SDK for it?* That client has some 140 operations, of which this is the only one called; built for release it
//!   takes longer than all functions together. Signature, transport and TLS are the SDK's own crates.

use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use serde::Deserialize;

use crate::aws::{Parts, connector, endpoint};

/// What went wrong; nothing of the parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable(&'static str);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the root secret cannot be read: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Parameter")]
    parameter: Parameter,
}

#[derive(Deserialize)]
struct Parameter {
    #[serde(rename = "Value")]
    value: String,
}

/// The decrypted value of a SecureString.
///
/// # Errors
/// When SSM cannot be reached, refuses, or answers something else.
pub async fn read(parts: &Parts, name: &str) -> Result<String, Unreadable> {
    let region = parts.region.as_ref();
    let url = endpoint("SSM").unwrap_or_else(|| format!("https://ssm.{region}.amazonaws.com"));
    let body = serde_json::json!({ "Name": name, "WithDecryption": true }).to_string();
    let request = signed(parts, &url, body).ok_or(Unreadable("it cannot be signed"))?;
    let request = HttpRequest::try_from(request).map_err(|_| Unreadable("no such endpoint"))?;
    let connector = connector().map_err(|_| Unreadable("no transport"))?;
    let answer = connector.call(request).await.map_err(|_| Unreadable("no answer"))?;
    if !answer.status().is_success() {
        return Err(Unreadable("refused"));
    }
    let body = answer.into_body().collect().await.map_err(|_| Unreadable("answer broken off"))?;
    let answer = serde_json::from_slice::<Answer>(&body.to_bytes());
    answer.map(|a| a.parameter.value).map_err(|_| Unreadable("answer not understood"))
}

const HEADERS: [(&str, &str); 2] =
    [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AmazonSSM.GetParameter")];

#[expect(
    clippy::disallowed_methods,
    reason = "a signature needs the real time, whatever the clock is set to"
)]
fn signed(parts: &Parts, url: &str, body: String) -> Option<http::Request<SdkBody>> {
    let identity: Identity = parts.credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(parts.region.as_ref())
        .name("ssm")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .ok()?;
    let bytes = SignableBody::Bytes(body.as_bytes());
    let signable = SignableRequest::new("POST", url, HEADERS.into_iter(), bytes).ok()?;
    let (instructions, _) = sign(signable, &parameters.into()).ok()?.into_parts();
    let mut request = http::Request::builder().method("POST").uri(url);
    for (name, value) in HEADERS {
        request = request.header(name, value);
    }
    let mut request = request.body(SdkBody::from(body)).ok()?;
    instructions.apply_to_request_http1x(&mut request);
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::config::{Credentials, Region};

    #[test]
    fn the_call_is_signed_and_asks_for_decryption() {
        let credentials = Credentials::new("id", "key", Some("token".into()), None, "test");
        let mut parts = Parts::from_env("eu-west-1").unwrap();
        parts.region = Region::new("eu-west-1");
        parts.credentials = credentials;
        let request = signed(&parts, "https://ssm.eu-west-1.amazonaws.com", "{}".into()).unwrap();
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        assert!(header("authorization").contains("/eu-west-1/ssm/aws4_request"));
        assert_eq!(header("x-amz-security-token"), "token");
        assert_eq!(header("x-amz-target"), "AmazonSSM.GetParameter");
    }
}
