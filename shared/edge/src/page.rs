//! Pages for people: what every one of them is sent with.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

/// Nothing but our own files, no frame around us, no script that writes markup.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'";

/// A page with its status.
pub fn page(status: StatusCode, html: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    ];
    (status, headers, html).into_response()
}

/// Which way a language is written, for the attribute `dir`.
pub fn direction(locale: &str) -> &'static str {
    match locale.split('-').next().unwrap_or_default() {
        "ar" | "he" => "rtl",
        _ => "ltr",
    }
}
