//! Strict JSON bodies: the right content type, bounded in size and depth, no unknown, duplicate or trailing data.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use rules::refusal::{FieldError, Refusal};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Largest body, bytes (api.md §1).
pub const BODY_MAX: usize = 16 * 1024;

/// Largest body of any route, bytes: an import (api.md §1).
pub const BODY_LARGEST: usize = 5 * 1024 * 1024;

/// Largest body that holds a configuration document, bytes: a full list of banned words (1,000 of 16 characters, PWD-03) and
/// a full logo (50 KB of SVG, SET-12, whose quotes are escaped), side by side with room for questions of the organisation's
/// own. As text of one item it stays far below the store's 400 KB.
pub const DOCUMENT_MAX: usize = 128 * 1024;

/// Deepest nesting (api.md §1).
pub const DEPTH_MAX: usize = 16;

/// A JSON body in, or out.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        require_type(&parts.headers, "application/json")?;
        let bytes = collect(body, BODY_MAX).await?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body with a configuration document in it: as [`Json`], up to [`DOCUMENT_MAX`].
#[derive(Debug)]
pub struct DocumentBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for DocumentBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        require_type(&parts.headers, "application/json")?;
        let bytes = collect(body, DOCUMENT_MAX).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: serde::Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
            Err(_) => {
                Problem::from(state::Fault::Computation { what: "an answer" }).into_response()
            }
        }
    }
}

/// Refuses another content type (415); parameters such as `charset` are ignored.
pub fn require_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Wrong content type",
        &format!("Send {wanted}."),
    ))
}

/// The whole body, or 413.
pub async fn collect(body: axum::body::Body, limit: usize) -> Result<Bytes, Problem> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "The request is too large",
            &format!("At most {limit} bytes."),
        )),
        Err(_) => Err(Problem::field("", "unreadable")),
    }
}

/// Reads a body as its type.
///
/// # Refuses
/// `InvalidRequest` naming the member.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A struct also reads from an array, by position: only an object names its members.
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if first != Some(&b'{') {
        return Err(Problem::field("", if first.is_none() { "required" } else { "not_an_object" }));
    }
    if depth(bytes) > DEPTH_MAX {
        return Err(Problem::field("", "too_deep"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|e| wrong(&e))?;
    reader.end().map_err(|_| Problem::field("", "trailing_data"))?;
    Ok(value)
}

/// Deepest nesting of brackets outside strings.
fn depth(bytes: &[u8]) -> usize {
    let (mut now, mut deepest, mut quoted, mut escaped) = (0usize, 0usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                now = now.saturating_add(1);
                deepest = deepest.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The member and the code of what serde found.
fn wrong(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let text = error.inner().to_string();
    let path = error.path().to_string();
    let path = if path == "." { String::new() } else { path };
    let named = text.split('`').nth(1).unwrap_or_default();
    let within = |code: &str| {
        let field = match (path.as_str(), named) {
            ("", name) => name.to_owned(),
            (path, name) if path.ends_with(name) => path.to_owned(),
            (path, name) => format!("{path}.{name}"),
        };
        FieldError::new(field, code)
    };
    let field = if text.starts_with("unknown field") {
        within("unknown_member")
    } else if text.starts_with("missing field") {
        within("required")
    } else if text.starts_with("duplicate field") {
        within("duplicate_member")
    } else if error.inner().is_data() {
        FieldError::new(path, "invalid")
    } else {
        FieldError::new("", "malformed_json")
    };
    Refusal::InvalidRequest(vec![field]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only read")]
        name: String,
    }

    fn code(body: &str) -> (String, String) {
        let problem = parse::<Sample>(body.as_bytes()).unwrap_err();
        (problem.errors[0].field.clone(), problem.errors[0].code.clone())
    }

    #[test]
    fn a_body_that_is_not_exactly_right_names_what_is_wrong() {
        let is = |body: &str, field: &str, c: &str| {
            assert_eq!(code(body), (field.to_owned(), c.to_owned()), "{body}");
        };
        is("", "", "required");
        is("[\"alice\"]", "", "not_an_object");
        is("{\"name\":\"a\"} x", "", "trailing_data");
        is("{\"name\":\"a\",\"name\":\"b\"}", "name", "duplicate_member");
        is("{\"name\":\"a\",\"role\":1}", "role", "unknown_member");
        is("{}", "name", "required");
        is("{\"name\":[\"a\"]}", "name", "invalid");
        is("{\"name\":\"\\ud800\"}", "", "malformed_json");
        is("{\"name\":", "", "malformed_json");
        is(&format!("{{\"name\":{}", "[".repeat(3000)), "", "too_deep");
    }

    #[test]
    fn brackets_in_strings_are_not_depth() {
        assert!(parse::<Sample>(br#"{"name":"[[[[[[[[[[[[[[[[[[[[\"[["}"#).is_ok());
    }

    #[test]
    fn sixteen_levels_are_read_and_seventeen_refused() {
        assert_eq!(depth("[".repeat(16).as_bytes()), 16);
        let body = format!("{{\"name\":{}{}}}", "[".repeat(16), "]".repeat(16));
        assert_eq!(code(&body).1, "too_deep");
    }
}
