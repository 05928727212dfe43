//! Groups that decide the scope, with everything nested in them (SET-02).

use std::collections::{BTreeMap, BTreeSet};

use super::Config;
use crate::registration::Scope;

/// Longest name of a group, in characters.
pub const GROUP_NAME_MAX: usize = 128;

/// Whether a text can name a group: something to see, no white space around it, no control character, and no `;`, which
/// separates groups in an import (api.md §8).
pub fn is_group_name(text: &str) -> bool {
    let characters = !text.chars().any(|c| c.is_control() || c == ';');
    let length = (1..=GROUP_NAME_MAX).contains(&text.chars().count());
    length && characters && text.trim() == text
}

/// The named groups and all groups nested in them, to any depth. `nested` says which groups each one names; cycles and
/// groups that nobody described are no trouble.
pub fn expand(names: &[String], nested: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut left: Vec<&String> = names.iter().collect();
    while let Some(name) = left.pop() {
        if all.insert(name.clone()) {
            left.extend(nested.get(name).into_iter().flatten());
        }
    }
    all
}

impl Config {
    /// The groups that decide whether somebody is in scope, expanded.
    pub fn scope(&self, nested: &BTreeMap<String, Vec<String>>) -> Scope {
        Scope {
            included: expand(&self.groups, nested),
            excluded: expand(&self.exclude_groups, nested),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn groups_nest_to_any_depth() {
        let nested = (0..1000).map(|n| (n.to_string(), vec![(n + 1).to_string()])).collect();
        assert_eq!(expand(&names(&["0"]), &nested).len(), 1001);
        assert_eq!(expand(&names(&["990"]), &nested).len(), 11);
    }

    #[test]
    fn cycles_and_unknown_groups_are_no_trouble() {
        let nested = BTreeMap::from([
            (String::from("a"), names(&["b", "a", "nobody"])),
            (String::from("b"), names(&["a"])),
        ]);
        let expected = names(&["a", "b", "nobody"]).into_iter().collect();
        assert_eq!(expand(&names(&["a"]), &nested), expected);
        assert!(expand(&[], &nested).is_empty());
    }

    #[test]
    fn a_scope_expands_both_sides() {
        let nested = BTreeMap::from([(String::from("all"), names(&["pilot"]))]);
        let config = Config {
            groups: names(&["all"]),
            exclude_groups: names(&["guests"]),
            ..Config::default()
        };
        let scope = config.scope(&nested);
        assert!(scope.included.contains("pilot") && scope.included.contains("all"));
        assert_eq!(scope.excluded, BTreeSet::from([String::from("guests")]));
    }

    #[test]
    fn a_group_name_of_128_characters_is_taken_and_of_129_refused() {
        assert!(is_group_name(&"é".repeat(128)) && !is_group_name(&"é".repeat(129)));
        assert!(is_group_name("SSPR-Test (Pilot)") && is_group_name("a"));
        for bad in ["", " a", "a ", "a;b", "a\nb", "a\u{0}"] {
            assert!(!is_group_name(bad), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn expanding_twice_adds_nothing(
            edges in proptest::collection::btree_map("[a-f]", proptest::collection::vec("[a-f]", 0..4), 0..6),
            start in proptest::collection::vec("[a-f]", 0..3),
        ) {
            let once = expand(&start, &edges);
            let again: Vec<String> = once.iter().cloned().collect();
            prop_assert_eq!(expand(&again, &edges), once);
        }
    }
}
