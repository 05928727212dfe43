//! A page in the format that was asked for.

use axum::response::{IntoResponse, Response};
use edge::Json;
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;
use serde_json::{Value, json};
use state::Fault;

use crate::paging::Format;

/// Where the next page begins, for formats that cannot say it in the body.
const NEXT: HeaderName = HeaderName::from_static("x-next-cursor");

/// A column of the CSV form: its heading, and where its cell is in an item (RFC 6901).
pub type Column = (&'static str, &'static str);

/// A report's page, ready to be written.
pub struct Answer<'a, T> {
    /// The report, for the name of the file.
    pub report: &'static str,
    /// How.
    pub format: Format,
    /// Of the CSV form.
    pub columns: &'a [Column],
    /// The page.
    pub items: Vec<T>,
    /// Sealed.
    pub next: Option<String>,
}

impl<T: Serialize> Answer<'_, T> {
    /// Writes it.
    pub fn write(self) -> Result<Response, Fault> {
        let items = self.items.iter().map(serde_json::to_value);
        let items: Vec<Value> = items.collect::<Result<_, _>>().map_err(|_| FAULT)?;
        let (kind, extension, body) = match self.format {
            Format::Json => {
                let page = json!({"items": items, "next_cursor": self.next});
                return Ok(Json(page).into_response());
            }
            Format::Csv => {
                ("text/csv; charset=utf-8; header=present", "csv", csv(self.columns, &items)?)
            }
            Format::Ndjson => {
                let lines: String = items.iter().map(|item| format!("{item}\n")).collect();
                ("application/x-ndjson", "ndjson", lines.into_bytes())
            }
        };
        let name = format!("attachment; filename=\"{}.{extension}\"", self.report);
        let mut response = ([(header::CONTENT_TYPE, kind)], body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_DISPOSITION, value(&name)?);
        if let Some(next) = &self.next {
            headers.insert(NEXT, value(next)?);
        }
        Ok(response)
    }
}

const FAULT: Fault = Fault::Computation { what: "a report" };

fn value(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text).map_err(|_| FAULT)
}

fn csv(columns: &[Column], items: &[Value]) -> Result<Vec<u8>, Fault> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(|(heading, _)| heading)).map_err(|_| FAULT)?;
    for item in items {
        let cells =
            columns.iter().map(|(_, place)| item.pointer(place).map_or_else(String::new, cell));
        writer.write_record(cells).map_err(|_| FAULT)?;
    }
    writer.into_inner().map_err(|_| FAULT)
}

/// A value as a cell: words joined by semicolons, what has no plain form as JSON.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            words.join(";")
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    harmless(text)
}

/// What a spreadsheet would run as a formula, made text by an apostrophe before it (OWASP, CSV injection).
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        return format!("'{text}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(item: Value) -> String {
        let columns = [("name", "/name"), ("ways", "/ways"), ("actor", "/actor/username")];
        String::from_utf8(csv(&columns, &[item]).unwrap()).unwrap()
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_made_text() {
        for start in ["=", "+", "-", "@", "\t", "\r"] {
            let name = format!("{start}cmd|' /C calc'!A0");
            let text = lines(json!({"name": name, "ways": [], "actor": null}));
            let cell = text.lines().nth(1).unwrap().trim_start_matches('"');
            assert!(cell.starts_with('\''), "{text}");
        }
    }

    #[test]
    fn lists_are_joined_and_what_is_absent_is_empty() {
        let item = json!({"name": "a,\"b\"", "ways": ["email", "sms"], "actor": {"username": "x"}});
        assert_eq!(lines(item), "name,ways,actor\n\"a,\"\"b\"\"\",email;sms,x\n");
        assert_eq!(lines(json!({"ways": null})), "name,ways,actor\n,,\n");
    }
}
