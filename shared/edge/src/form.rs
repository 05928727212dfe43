//! Forms that a browser posts: from our own pages only, with the members we know, each once.

use axum::body::Body;
use http::header::{HOST, HeaderName, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use crate::App;
use crate::body::{BODY_MAX, collect, require_type};
use crate::problem::Problem;

/// What the browser says of where a request comes from (Fetch Metadata); no script can set it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Reads a form of exactly these members.
///
/// # Refuses
/// 403 `forbidden` for a form of another site; 415, 413, 400 as for JSON bodies.
pub async fn read<const N: usize>(
    app: &App,
    parts: &Parts,
    body: Body,
    names: [&str; N],
) -> Result<[String; N], Problem> {
    if !is_our_own(&parts.headers, app.public_url.as_deref()) {
        let detail = "This form was sent from another site. Open the page itself and try again.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail));
    }
    require_type(&parts.headers, "application/x-www-form-urlencoded")?;
    let bytes = collect(body, BODY_MAX).await?;
    let mut found = [const { None }; N];
    for (name, value) in form_urlencoded::parse(&bytes) {
        match names.iter().zip(&mut found).find(|(known, _)| **known == name) {
            None => return Err(Problem::field(&name, "unknown_member")),
            Some((_, Some(_))) => return Err(Problem::field(&name, "duplicate_member")),
            Some((_, place)) => *place = Some(value.into_owned()),
        }
    }
    let missing = names.iter().zip(&found).find(|(_, value)| value.is_none());
    match missing {
        Some((name, _)) => Err(Problem::field(name, "required")),
        None => Ok(found.map(Option::unwrap_or_default)),
    }
}

/// Whether a form comes from a page of ours. Browsers say so: by `Sec-Fetch-Site`, older ones by `Origin`. Who says
/// neither is no browser, and nobody's cookies or clicks can be borrowed there.
fn is_our_own(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    if let Some(site) = text(SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(ORIGIN) else { return true };
    let host = origin.split_once("://").map(|(_, host)| host);
    public_url == Some(origin) || (host.is_some() && host == text(HOST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn ours(headers: &[(&'static str, &'static str)]) -> bool {
        let entry = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = headers.iter().map(entry).collect();
        is_our_own(&headers, Some("https://reset.example"))
    }

    #[test]
    fn a_form_of_another_site_is_told_by_fetch_metadata_or_by_its_origin() {
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")]));
        assert!(!ours(&[("sec-fetch-site", "cross-site"), ("origin", "https://reset.example")]));
        assert!(!ours(&[("sec-fetch-site", "same-site")]));
        assert!(ours(&[("origin", "https://reset.example"), ("host", "api.example")]));
        assert!(ours(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        for origin in ["https://evil.example", "null", "https://reset.example.evil.example"] {
            let other = HeaderValue::from_static(origin);
            let headers: HeaderMap = [(ORIGIN, other)].into_iter().collect();
            assert!(!is_our_own(&headers, Some("https://reset.example")), "{origin}");
        }
        assert!(ours(&[("host", "127.0.0.1:8080")]), "no browser");
    }
}
