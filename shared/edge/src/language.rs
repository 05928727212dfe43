//! Which language an answer speaks (api.md §1): `?mkt=` or `?lng=`, then the cookie, then `Accept-Language`, then the
//! default.

/// Languages with a complete catalogue.
pub const COMPLETE: [&str; 1] = ["en"];

/// The language used when nothing else fits.
pub const DEFAULT: &str = "en";

/// Picks the first complete language that is asked for; a region narrows nothing (`de-AT` is `de`).
pub fn negotiate(query: Option<&str>, cookie: Option<&str>, accept: Option<&str>) -> String {
    let asked = query.and_then(from_query).into_iter().chain(cookie).map(str::to_owned);
    let accepted = accept.map(ranked).unwrap_or_default();
    asked.chain(accepted).find_map(|tag| complete(&tag)).unwrap_or(DEFAULT).to_owned()
}

fn complete(tag: &str) -> Option<&'static str> {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    COMPLETE
        .iter()
        .copied()
        .find(|c| c.eq_ignore_ascii_case(tag) || c.eq_ignore_ascii_case(primary))
}

fn from_query(query: &str) -> Option<&str> {
    let value = |name: &str| query.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('='));
    value("mkt").or_else(|| value("lng"))
}

fn ranked(accept: &str) -> Vec<String> {
    let mut tags: Vec<(f32, String)> = accept
        .split(',')
        .take(20)
        .filter_map(|part| {
            let (tag, q) = part.split_once(";q=").unwrap_or((part, "1"));
            let q: f32 = q.trim().parse().ok()?;
            (q > 0.0).then(|| (q, tag.trim().to_owned()))
        })
        .collect();
    tags.sort_by(|a, b| b.0.total_cmp(&a.0));
    tags.into_iter().map(|(_, tag)| tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_language_falls_back_to_english() {
        assert_eq!(negotiate(Some("mkt=xx"), None, Some("tlh, en-GB;q=0.5")), "en");
        assert_eq!(negotiate(None, None, None), "en");
    }

    #[test]
    fn accepted_languages_are_ranked_and_a_zero_is_a_no() {
        assert_eq!(ranked("a;q=0.1, b;q=0, c, d;q=x"), ["c", "a"]);
    }
}
