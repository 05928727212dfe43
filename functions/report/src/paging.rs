//! What every report takes: a span of time, a page of it, a format.

use edge::cursor;
use http::{HeaderMap, header};
use rules::ids::{Millis, Username};
use rules::secret::Key;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};
use state::activity::Span;
use utoipa::IntoParams;

use crate::parameters::Parameters;

/// Items of a page when nothing else is asked for (api.md §9).
pub const LIMIT_DEFAULT: u32 = 100;

/// Most items of a page (api.md §9).
pub const LIMIT_MAX: u32 = 1_000;

/// How far back a report goes when nothing else is asked for (api.md §9).
const DAYS_DEFAULT: i64 = 30;

/// How far back a report can go: longer than any row is kept.
const DAYS_MAX: i64 = 3_660;

/// How far ahead of ours another clock may have dated a row, milliseconds.
const AHEAD: i64 = 60_000;

const DAY: i64 = 86_400_000;

/// A page of a report, as it is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Earliest moment: RFC 3339, or a date for its beginning in UTC. 30 days before `to` if left out.
    #[param(value_type = Option<String>, example = "2026-11-01")]
    pub from: Millis,
    /// Latest moment: RFC 3339, or a date for its end in UTC. Now if left out.
    #[param(value_type = Option<String>, example = "2026-11-21T12:00:00Z")]
    pub to: Millis,
    /// Most items.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100)]
    pub limit: u32,
    /// `next_cursor` of the page before; only with the same filters.
    #[param(value_type = Option<String>)]
    pub cursor: Option<String>,
    /// `json`, `csv` or `ndjson`; what `Accept` names if left out.
    #[param(value_type = Option<String>, pattern = "^(json|csv|ndjson)$")]
    pub format: Format,
    /// What a cursor of this report belongs to.
    #[param(ignore)]
    pub scope: String,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One document.
    Json,
    /// For a spreadsheet.
    Csv,
    /// One item a line.
    Ndjson,
}

impl Format {
    /// The first of our formats that a caller accepts; JSON if none is.
    fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let known = accept.split(',').find_map(|part| {
            match part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
                "text/csv" => Some(Self::Csv),
                "application/x-ndjson" => Some(Self::Ndjson),
                "application/json" => Some(Self::Json),
                _ => None,
            }
        });
        known.unwrap_or(Self::Json)
    }
}

impl Paging {
    /// Reads what every report takes, after the report's own filters.
    pub fn read(
        report: &str,
        parameters: &mut Parameters,
        headers: &HeaderMap,
        key: &Key,
        now: Millis,
    ) -> Self {
        let latest = Millis(now.0.saturating_add(AHEAD));
        let to = parameters.read("to", end).unwrap_or(latest).min(latest);
        let earliest = Millis(now.0.saturating_sub(DAYS_MAX * DAY));
        let from = parameters.read("from", Millis::parse);
        let from = from.unwrap_or(Millis(to.0.saturating_sub(DAYS_DEFAULT * DAY))).max(earliest);
        let scope = parameters.scope(report);
        let limit = parameters.read("limit", limit).unwrap_or(LIMIT_DEFAULT);
        let cursor = parameters.read("cursor", |text| cursor::open(key, &scope, text));
        let format = parameters.read("format", word);
        let format = format.unwrap_or_else(|| Format::accepted(headers));
        Self { from, to, limit, cursor, format, scope }
    }

    /// The span of time.
    pub fn span(&self) -> Span {
        Span { from: self.from, to: self.to }
    }
}

fn limit(text: &str) -> Option<u32> {
    text.parse().ok().filter(|n| (1..=LIMIT_MAX).contains(n))
}

/// A moment, or the last millisecond of a date.
fn end(text: &str) -> Option<Millis> {
    let at = Millis::parse(text)?;
    let is_date = !text.contains([':', 'T', 't']);
    Some(if is_date { Millis(at.0.saturating_add(DAY - 1)) } else { at })
}

/// One of a type's words, spelled as in JSON.
pub fn word<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    let word: StrDeserializer<'_, Error> = text.into_deserializer();
    T::deserialize(word).ok()
}

/// A username in any spelling.
pub fn username(text: &str) -> Option<Username> {
    Username::parse(text).ok()
}

/// `true` or `false`.
pub fn flag(text: &str) -> Option<bool> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::secret::Keys;

    const NOW: Millis = Millis(1_790_000_000_000);

    fn wrong(parameters: Parameters) -> usize {
        parameters.finish().map_or_else(|refusal| edge::Problem::from(refusal).errors.len(), |()| 0)
    }

    fn read(given: &[(&str, &str)]) -> (Paging, usize) {
        let given = given.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        let mut parameters = Parameters::new(given);
        let key = Keys::derive(&[1; 32]).cursor;
        let paging = Paging::read("resets", &mut parameters, &HeaderMap::new(), &key, NOW);
        (paging, wrong(parameters))
    }

    #[test]
    fn a_report_covers_the_last_thirty_days_by_default() {
        let (paging, wrong) = read(&[]);
        assert_eq!((paging.limit, paging.format, wrong), (100, Format::Json, 0));
        assert!(paging.to >= NOW);
        assert_eq!(paging.to.0 - paging.from.0, 30 * DAY);
    }

    #[test]
    fn a_date_is_a_whole_day() {
        let (paging, wrong) = read(&[("from", "2026-09-01"), ("to", "2026-09-01")]);
        assert_eq!(wrong, 0);
        assert_eq!(paging.from.rfc3339(), "2026-09-01T00:00:00.000Z");
        assert_eq!(paging.to.rfc3339(), "2026-09-01T23:59:59.999Z");
    }

    #[test]
    fn limits_outside_1_to_1000_and_other_nonsense_are_refused() {
        for (name, value) in [
            ("limit", "0"),
            ("limit", "1001"),
            ("limit", "x"),
            ("from", "yesterday"),
            ("to", "1"),
            ("cursor", "forged"),
            ("format", "xml"),
            ("page", "2"),
        ] {
            assert_eq!(read(&[(name, value)]).1, 1, "{name}={value}");
        }
        for value in ["1", "1000"] {
            assert_eq!(read(&[("limit", value)]).1, 0);
        }
    }

    #[test]
    fn a_cursor_goes_on_only_with_the_same_filters() {
        let key = Keys::derive(&[1; 32]).cursor;
        let cursor = cursor::seal(&key, &read(&[("from", "2026-09-01")]).0.scope, "place");
        let again = read(&[("cursor", &cursor), ("limit", "5"), ("from", "2026-09-01")]);
        assert_eq!((again.0.cursor.as_deref(), again.1), (Some("place"), 0));
        assert_eq!(read(&[("cursor", &cursor), ("from", "2026-09-02")]).1, 1);
    }

    #[test]
    fn the_format_is_what_the_caller_accepts() {
        let accept = |value: &'static str| {
            let headers =
                HeaderMap::from_iter([(header::ACCEPT, http::HeaderValue::from_static(value))]);
            Format::accepted(&headers)
        };
        assert_eq!(accept("text/csv;q=0.9, */*"), Format::Csv);
        assert_eq!(accept("application/x-ndjson"), Format::Ndjson);
        assert_eq!(accept("text/html, */*"), Format::Json);
    }
}
