//! What differs between two documents: for the audit (SET-14) and for the preview (SET-15).

use serde::Serialize;
use serde_json::Value;

use super::Config;

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What it was; null when it was not there.
    pub old: Value,
    /// What it is; null when it is gone.
    pub new: Value,
}

/// Every value that differs, in the order of the pointers. Lists are compared as a whole.
pub fn changes(old: &Config, new: &Config) -> Vec<Change> {
    let mut found = Vec::new();
    let value = |config: &Config| serde_json::to_value(config).unwrap_or_default();
    compare("", &value(old), &value(new), &mut found);
    found
}

fn compare(pointer: &str, old: &Value, new: &Value, found: &mut Vec<Change>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let below = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                let member = |of: &serde_json::Map<String, Value>| of.get(name).cloned();
                let (was, is) = (member(a).unwrap_or_default(), member(b).unwrap_or_default());
                compare(&below, &was, &is, found);
            }
        }
        _ if old != new => {
            let (old, new) = (old.clone(), new.clone());
            found.push(Change { pointer: pointer.to_owned(), old, new });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_differs_between_a_document_and_itself() {
        assert_eq!(changes(&Config::default(), &Config::default()), []);
    }

    #[test]
    fn each_value_that_differs_is_named_by_its_pointer() {
        let groups = vec![String::from("pilot")];
        let mut new = Config { methods_required: 2, groups, ..Config::default() };
        new.codes.digits = 6;
        new.password.expires_days = Some(90);
        let change = |p: &str, old, new| Change { pointer: p.to_owned(), old, new };
        let expected = [
            change("/codes/digits", json!(8), json!(6)),
            change("/groups", json!([]), json!(["pilot"])),
            change("/methods_required", json!(1), json!(2)),
            change("/password/expires_days", json!(null), json!(90)),
        ];
        assert_eq!(changes(&Config::default(), &new), expected);
    }

    #[test]
    fn slashes_and_tildes_of_names_are_escaped() {
        let mut found = Vec::new();
        compare("", &json!({"a/b~c": 1}), &json!({}), &mut found);
        assert_eq!(found[0].pointer, "/a~1b~0c");
        assert_eq!(found[0].new, Value::Null);
    }
}
