//! The query of a report, read strictly: every wrong, doubled or unknown parameter is named, all at once.

use axum::extract::{FromRequestParts, Query};
use edge::Problem;
use http::request::Parts;
use rules::refusal::{FieldError, Refusal};

/// Parameters that any request may carry: they choose the language (api.md §1).
const LANGUAGE: [&str; 2] = ["mkt", "lng"];

/// Longest value that is read, characters.
const VALUE_MAX: usize = 1_024;

/// Parameters not read yet, and what was wrong with those that were.
#[derive(Debug, Default)]
pub struct Parameters {
    given: Vec<(String, String)>,
    read: Vec<(String, String)>,
    wrong: Vec<FieldError>,
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let given = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(given) = given.map_err(|_| Problem::field("", "invalid"))?;
        Ok(Self::new(given))
    }
}

impl Parameters {
    /// Parameters as given; those that choose the language are left to the request.
    pub fn new(given: Vec<(String, String)>) -> Self {
        let given = given.into_iter().filter(|(name, _)| !LANGUAGE.contains(&name.as_str()));
        Self { given: given.collect(), ..Self::default() }
    }

    /// Reads a parameter; what `parse` does not take is wrong.
    pub fn read<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let mut values = self.given.extract_if(.., |(given, _)| given == name).map(|(_, v)| v);
        let value = values.next()?;
        let doubled = values.next().is_some();
        drop(values);
        let parsed =
            Some(value.as_str()).filter(|v| v.chars().count() <= VALUE_MAX).and_then(parse);
        match (doubled, parsed) {
            (true, _) => self.refuse(name, "duplicate_parameter"),
            (false, None) => self.refuse(name, "invalid"),
            (false, Some(parsed)) => {
                self.read.push((name.to_owned(), value));
                return Some(parsed);
            }
        }
        None
    }

    /// Says that a parameter is wrong.
    pub fn refuse(&mut self, name: &str, code: &str) {
        self.wrong.push(FieldError::new(name, code));
    }

    /// What was read so far, as one text: what a cursor belongs to.
    pub fn scope(&self, report: &str) -> String {
        let mut read = self.read.clone();
        read.sort();
        format!("{report} {read:?}")
    }

    /// Ends reading: what is left is unknown.
    ///
    /// # Refuses
    /// `InvalidRequest` naming everything that is wrong.
    pub fn finish(mut self) -> Result<(), Refusal> {
        for (name, _) in std::mem::take(&mut self.given) {
            self.refuse(&name, "unknown_parameter");
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(Refusal::InvalidRequest(self.wrong)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(given: &[(&str, &str)]) -> Parameters {
        Parameters::new(given.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect())
    }

    #[test]
    fn every_wrong_parameter_is_named_at_once() {
        let mut given =
            parameters(&[("a", "x"), ("b", "1"), ("b", "2"), ("c", "3"), ("mkt", "de")]);
        let number = |v: &str| v.parse::<u32>().ok();
        assert_eq!((given.read("a", number), given.read("b", number)), (None, None));
        let problem = Problem::from(given.finish().unwrap_err());
        let wrong: Vec<_> =
            problem.errors.iter().map(|e| (e.field.as_str(), e.code.as_str())).collect();
        let expected = [("a", "invalid"), ("b", "duplicate_parameter"), ("c", "unknown_parameter")];
        assert_eq!(wrong, expected);
    }

    #[test]
    fn a_cursor_belongs_to_the_filters_in_any_order() {
        let scope = |given: &[(&str, &str)]| {
            let mut given = parameters(given);
            let _ = (given.read("a", |_| Some(())), given.read("b", |_| Some(())));
            given.scope("resets")
        };
        assert_eq!(scope(&[("a", "1"), ("b", "2")]), scope(&[("b", "2"), ("a", "1")]));
        assert_ne!(scope(&[("a", "1")]), scope(&[("a", "2")]));
    }
}
