//! The only place that knows Lambda and the gateway: start, run, and where a request came from.

use std::net::IpAddr;

use axum::Router;
use data_encoding::BASE64;
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use state::Store;
use tower::ServiceExt;

use crate::App;
use crate::aws::Parts;
use crate::request::{SourceAddress, complete};
use crate::settings::{Settings, variable};

/// What a function's `main` returns.
pub type Outcome = Result<(), lambda_http::Error>;

/// Logs as JSON lines at INFO: a higher level would drop the metrics among them.
pub fn start_logging() {
    // A fixed level: a filter read from the environment would bring a regular expression engine along.
    let logs = tracing_subscriber::fmt().json().with_max_level(tracing::Level::INFO);
    let _ = logs.with_ansi(false).with_target(false).without_time().try_init();
}

/// Settings, clients and keys: everything that is done once, while the environment starts at full speed.
///
/// # Errors
/// What is missing or unreachable; the environment then does not start.
pub async fn start() -> Result<(App, Parts, Settings), lambda_http::Error> {
    start_logging();
    let settings = Settings::from_env()?;
    let parts = Parts::from_env(&settings.region)?;
    let secret = root_secret(&parts, &settings).await?;
    let store = Store::new(parts.dynamodb(), settings.tables.clone());
    let mut app = App::new(store, &secret, 1);
    app.public_url = variable("PUBLIC_URL").map(Into::into);
    Ok((app, parts, settings))
}

async fn root_secret(parts: &Parts, settings: &Settings) -> Result<Vec<u8>, lambda_http::Error> {
    let encoded = match variable("ROOT_SECRET") {
        Some(given) => given,
        None => crate::parameter::read(parts, &settings.root_secret_parameter).await?,
    };
    let secret = BASE64.decode(encoded.trim().as_bytes());
    let secret = secret.map_err(|_| "the root secret is not base64")?;
    if secret.len() < 32 {
        return Err("the root secret is shorter than 32 bytes".into());
    }
    Ok(secret)
}

/// Runs a function's routes behind the gateway.
///
/// # Errors
/// When the environment cannot start.
pub async fn run(routes: fn(App) -> Router) -> Outcome {
    let (app, _, _) = start().await?;
    let router = complete(routes(app.clone()), app);
    let service = tower::service_fn(move |request: lambda_http::Request| {
        let router = router.clone();
        async move { router.oneshot(with_path(with_source(request))).await }
    });
    lambda_http::run(service).await
}

/// Adds the source address: the gateway's own, never a header's.
fn with_source(mut request: lambda_http::Request) -> lambda_http::Request {
    if let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() {
        let address = context.http.source_ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok());
        if let Some(address) = address {
            request.extensions_mut().insert(SourceAddress(address));
        }
    }
    request
}

/// Restores the path. An HTTP API hands it over decoded (payload 2.0, `rawPath`), and `lambda_http` reads it as a URL: what
/// follows a `#` would be lost, and `/users/alice%231` would be alice's.
fn with_path(mut request: lambda_http::Request) -> lambda_http::Request {
    let path = encoded(request.raw_http_path());
    let target = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    if let Ok(uri) = target.parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// A path with everything escaped that cannot stand in one; what is escaped already stays so.
fn encoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut out = String::with_capacity(path.len());
    for (at, byte) in bytes.iter().enumerate() {
        let stays = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(byte);
        let escape = *byte == b'%' && hex(at.saturating_add(1)) && hex(at.saturating_add(2));
        if stays || escape {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The source address of an event as the gateway hands it over, with a header that says something else.
    fn source(source_ip: &Value) -> Option<IpAddr> {
        let forged = "198.51.100.7";
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/v1/resets", "rawQueryString": "",
            "headers": {
                "x-forwarded-for": forged, "forwarded": "for=198.51.100.7", "x-real-ip": forged,
                "cloudfront-viewer-address": "198.51.100.7:443", "true-client-ip": forged,
            },
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "d", "requestId": "r",
                "routeKey": "$default", "stage": "$default", "time": "21/Nov/2026:12:00:00 +0000",
                "timeEpoch": 1_795_262_400_000_u64,
                "http": {"method": "POST", "path": "/v1/resets", "protocol": "HTTP/1.1",
                    "sourceIp": source_ip, "userAgent": "tests"},
            },
            "isBase64Encoded": false,
        });
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        with_source(request).extensions().get::<SourceAddress>().map(|a| a.0)
    }

    #[test]
    fn the_source_is_the_gateways_whatever_the_headers_say() {
        let network =
            |ip: &str| rules::ids::Network::of(source(&json!(ip)).unwrap()).as_str().to_owned();
        assert_eq!(network("203.0.113.9"), "203.0.113.0/24");
        assert_eq!(network("203.0.113.255"), "203.0.113.0/24");
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.0/24", "mapped");
        assert_eq!(network("2001:db8:1:2::9"), "2001:db8:1::/48");
        assert_eq!(network("2001:db8:1:ffff::1"), "2001:db8:1::/48");
        // A gateway that names none leaves everybody in one network; no header fills the gap.
        assert_eq!(source(&json!("not an address")), None);
        assert_eq!(source(&Value::Null), None);
    }

    #[test]
    fn a_decoded_path_names_what_the_client_named() {
        for (given, path) in [
            ("/v1/admin/users/alice#1", "/v1/admin/users/alice%231"),
            ("/v1/admin/users/o'neil@x.example", "/v1/admin/users/o'neil@x.example"),
            ("/v1/admin/users/x%40y", "/v1/admin/users/x%40y"),
            ("/v1/admin/users/j\u{f6}rg 100%", "/v1/admin/users/j%C3%B6rg%20100%25"),
        ] {
            assert_eq!(encoded(given), path);
        }
    }
}
