//! Expressions: names and values by alias, conditions, and what an update changes.

use std::collections::HashMap;
use std::fmt::Write as _;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::If;
use crate::fault::Fault;
use crate::key::Item;

/// What an update sets and removes. Absolute values only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    pub(super) set: Vec<(String, AttributeValue)>,
    remove: Vec<String>,
    /// Relative; only by `count` and by refunds inside a commit that is guarded by a version.
    add: Vec<(String, AttributeValue)>,
    /// Members taken out of sets.
    take: Vec<(String, AttributeValue)>,
}

impl Changes {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an attribute; dots lead into maps.
    pub fn set<T: Serialize>(mut self, name: impl Into<String>, value: &T) -> Result<Self, Fault> {
        let value = serde_dynamo::to_attribute_value(value);
        let value = value.map_err(|_| Fault::Computation { what: "an attribute" })?;
        self.set.push((name.into(), value));
        Ok(self)
    }

    /// Sets an attribute if there is a value, removes it otherwise.
    pub fn put<T: Serialize>(self, name: &str, value: Option<&T>) -> Result<Self, Fault> {
        match value {
            Some(value) => self.set(name, value),
            None => Ok(self.remove(name)),
        }
    }

    /// Removes an attribute.
    pub fn remove(mut self, name: &str) -> Self {
        self.remove.push(name.to_owned());
        self
    }

    /// One more of a counter: only where counting too much is the safe side.
    pub(crate) fn charge(mut self, name: &str) -> Self {
        self.add.push((name.to_owned(), AttributeValue::N("1".into())));
        self
    }

    /// Puts a member into a set; putting it there twice is putting it there once.
    pub(crate) fn enter(mut self, name: &str, member: &str) -> Self {
        self.add.push((name.to_owned(), AttributeValue::Ss(vec![member.to_owned()])));
        self
    }

    /// Makes a set of what would have been put into it, whatever was there.
    pub(crate) fn begin_set(mut self, name: &str) -> Self {
        let (of_it, others) = self.add.into_iter().partition(|(n, _)| n == name);
        self.add = others;
        self.set.extend::<Vec<_>>(of_it);
        self
    }

    /// Takes a member out of a set. A write that gives something back for it is guarded by [`If::Contains`].
    pub(crate) fn leave(mut self, name: &str, member: &str) -> Self {
        self.take.push((name.to_owned(), AttributeValue::Ss(vec![member.to_owned()])));
        self
    }

    /// Gives back `n` of a counter; the commit that holds it is guarded by a version.
    pub(crate) fn give_back(mut self, name: String, n: u32) -> Self {
        self.add.push((name, AttributeValue::N(format!("-{n}"))));
        self
    }
}

/// Names and values of an expression, numbered as they come.
#[derive(Default)]
pub(crate) struct Words {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Words {
    pub(crate) fn name(&mut self, path: &str) -> String {
        let parts: Vec<String> = path.split('.').map(|part| self.alias(part)).collect();
        parts.join(".")
    }

    fn alias(&mut self, part: &str) -> String {
        if let Some((alias, _)) = self.names.iter().find(|(_, name)| *name == part) {
            return alias.clone();
        }
        let alias = format!("#n{}", self.names.len());
        self.names.insert(alias.clone(), part.to_owned());
        alias
    }

    pub(crate) fn value(&mut self, value: AttributeValue) -> String {
        let alias = format!(":v{}", self.values.len());
        self.values.insert(alias.clone(), value);
        alias
    }

    pub(crate) fn conditions(&mut self, conditions: &[If]) -> Option<String> {
        let all: Vec<String> = conditions.iter().map(|c| self.condition(c)).collect();
        (!all.is_empty()).then(|| all.join(" AND "))
    }

    fn condition(&mut self, condition: &If) -> String {
        match condition {
            If::Absent => format!("attribute_not_exists({})", self.name("pk")),
            If::Present => format!("attribute_exists({})", self.name("pk")),
            If::Is(n, v) => format!("{} = {}", self.name(n), self.value(v.clone())),
            If::Below(n, v) => format!("{} < {}", self.name(n), self.value(v.clone())),
            If::Above(n, v) => format!("{} > {}", self.name(n), self.value(v.clone())),
            If::AtLeast(n, v) => format!("{} >= {}", self.name(n), self.value(v.clone())),
            If::Missing(n) => format!("attribute_not_exists({})", self.name(n)),
            If::Contains(n, v) => format!("contains({}, {})", self.name(n), self.value(v.clone())),
        }
    }

    pub(crate) fn update(&mut self, changes: &Changes) -> String {
        let mut text = String::new();
        let set: Vec<String> = changes
            .set
            .iter()
            .map(|(n, v)| format!("{} = {}", self.name(n), self.value(v.clone())))
            .collect();
        if !set.is_empty() {
            let _ = write!(text, "SET {} ", set.join(", "));
        }
        let remove: Vec<String> = changes.remove.iter().map(|n| self.name(n)).collect();
        if !remove.is_empty() {
            let _ = write!(text, "REMOVE {} ", remove.join(", "));
        }
        let add: Vec<String> = changes
            .add
            .iter()
            .map(|(n, v)| format!("{} {}", self.name(n), self.value(v.clone())))
            .collect();
        if !add.is_empty() {
            let _ = write!(text, "ADD {} ", add.join(", "));
        }
        let take: Vec<String> = changes
            .take
            .iter()
            .map(|(n, v)| format!("{} {}", self.name(n), self.value(v.clone())))
            .collect();
        if !take.is_empty() {
            let _ = write!(text, "DELETE {}", take.join(", "));
        }
        text.trim_end().to_owned()
    }

    pub(crate) fn into_parts(self) -> (Option<HashMap<String, String>>, Option<Item>) {
        let values = (!self.values.is_empty()).then_some(self.values);
        ((!self.names.is_empty()).then_some(self.names), values)
    }
}
