//! The version of a document as an entity tag: `"7"`.

use http::{HeaderMap, header};
use rules::refusal::Refusal;

/// The tag of a version.
pub fn of(version: u64) -> String {
    format!("\"{version}\"")
}

/// The version a caller read, from `If-Match`; `None` if the header is missing. A weak tag is taken for the strong one:
/// caches that compress weaken tags on their way.
///
/// # Refuses
/// `PreconditionRequired` for `*`, which says nothing about what was read; `PreconditionFailed` for anything that is no
/// single tag of ours.
pub fn expected(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let mut all = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = all.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Err(Refusal::PreconditionRequired);
    }
    let tag = text.strip_prefix("W/").unwrap_or(text);
    let version = tag.trim_matches('"').parse::<u64>().ok();
    let version = version.filter(|v| of(*v) == tag && all.next().is_none());
    version.map(Some).ok_or(Refusal::PreconditionFailed)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn given(values: &[&'static str]) -> Result<Option<u64>, Refusal> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_static(value));
        }
        expected(&headers)
    }

    #[test]
    fn one_tag_of_ours_is_read_strong_or_weak() {
        assert_eq!(given(&[]), Ok(None));
        assert_eq!(given(&["\"7\""]), Ok(Some(7)));
        assert_eq!(given(&["W/\"7\""]), Ok(Some(7)));
    }

    #[test]
    fn anything_else_matches_nothing() {
        let other =
            ["7", "\"07\"", "\"+7\"", "\"7", "\"\"7\"\"", "\"7\", \"8\"", "\"a\"", "", "w/\"7\""];
        for value in other {
            assert_eq!(given(&[value]), Err(Refusal::PreconditionFailed), "{value}");
        }
        assert_eq!(given(&["\"7\"", "\"7\""]), Err(Refusal::PreconditionFailed));
        assert_eq!(given(&["*"]), Err(Refusal::PreconditionRequired));
    }
}
