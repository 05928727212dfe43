//! A line of JSON: a name, and what is to be set of the account.

use std::fmt;

use edge::Problem;
use edge::body::{BODY_MAX, parse};
use edge::problem::ErrorItem;
use rules::ids::Username;
use rules::refusal::FieldError;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::edit::UserChange;

/// A row of a file.
pub struct Line {
    /// As typed.
    pub username: String,
    /// What is to be set.
    pub change: UserChange,
}

impl Line {
    /// Reads a line, as strictly as a body.
    pub fn read(bytes: &[u8]) -> Result<Self, Vec<ErrorItem>> {
        let read = |bytes| -> Result<Self, Problem> {
            let line: Self = parse(bytes)?;
            match line.change.initial_password {
                Some(_) => Err(Problem::field("initial_password", "not_imported")),
                None => Ok(line),
            }
        };
        read(bytes).map_err(|problem| problem.errors.into_vec())
    }

    /// Whose row it is, or the code of what is wrong with the name.
    pub fn name(&self) -> Result<Username, &'static str> {
        Username::parse(&self.username).map_err(|error| error.code())
    }
}

/// The lines of a file, blank ones left out; what can be no line in their place.
pub fn lines(body: &[u8]) -> Vec<Result<Vec<u8>, FieldError>> {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let written = lines.filter(|line| !line.is_empty());
    written
        .map(|line| match line.len() {
            0..=BODY_MAX => Ok(line.to_vec()),
            _ => Err(FieldError::new("", "too_long")),
        })
        .collect()
}

/// What some programs begin a UTF-8 file with.
pub const BOM: &[u8] = b"\xEF\xBB\xBF";

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Line;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Line, A::Error> {
        let mut username = None;
        let rest = Rest { map, username: &mut username };
        let change = UserChange::deserialize(MapAccessDeserializer::new(rest))?;
        let username = username.ok_or_else(|| A::Error::missing_field("username"))?;
        Ok(Line { username, change })
    }
}

/// An object without its `username`, which is kept aside.
struct Rest<'u, A> {
    map: A,
    username: &'u mut Option<String>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Rest<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.map.next_key::<String>()? {
            if name != "username" {
                return seed.deserialize(StringDeserializer::new(name)).map(Some);
            }
            if self.username.replace(self.map.next_value()?).is_some() {
                return Err(A::Error::duplicate_field("username"));
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(line: &str) -> (String, String) {
        let mut errors = Line::read(line.as_bytes()).map(|_| ()).unwrap_err();
        let error = errors.remove(0);
        (error.field, error.code)
    }

    #[test]
    fn a_line_is_a_name_and_what_is_to_be_set() {
        let line = br#"{"first_name":"Anna","username":" Anna ","roles":["user"]}"#;
        let line = Line::read(line).map_err(|_| ()).unwrap();
        assert_eq!(line.username, " Anna ");
        assert_eq!(line.name().unwrap().as_str(), "anna");
    }

    #[test]
    fn a_line_is_read_as_strictly_as_a_body() {
        let is = |line: &str, field: &str, code: &str| {
            assert_eq!(wrong(line), (field.to_owned(), code.to_owned()), "{line}");
        };
        is("{}", "username", "required");
        is(r#"{"username":"a","x":1}"#, "x", "unknown_member");
        is(r#"{"username":"a","username":"b"}"#, "username", "duplicate_member");
        is(r#"{"username":"a","email":"b","email":"c"}"#, "email", "duplicate_member");
        is(r#"{"username":1}"#, "username", "invalid");
        is(r#"{"username":"a","enabled":"yes"}"#, "enabled", "invalid");
        is(r#"{"username":"a","roles":["emperor"]}"#, "roles[0]", "invalid");
        is(r#"{"username":"a","initial_password":"x"}"#, "initial_password", "not_imported");
        is(r#"{"username":"a"} {}"#, "", "trailing_data");
        is(r#"["a"]"#, "", "not_an_object");
        is("{\"username\":\"\u{0}\"", "", "malformed_json");
    }

    #[test]
    fn blank_lines_and_every_kind_of_line_end_are_passed_over() {
        let file = b"\xEF\xBB\xBF{\"a\":1}\r\n\r\n  {\"b\":2}\n\n";
        let expected: [&[u8]; 2] = [br#"{"a":1}"#, br#"{"b":2}"#];
        assert_eq!(lines(file), expected.map(|line| Ok(line.to_vec())));
        assert_eq!(lines(b""), []);
        let long = vec![b'x'; BODY_MAX + 1];
        assert_eq!(lines(&long), [Err(FieldError::new("", "too_long"))]);
        assert!(lines(&long[1..])[0].is_ok());
    }
}
