//! A change of the document as the record keeps it: one entry for each changed setting, named by its JSON pointer.

use rules::activity::Modified;
use rules::policy::{Change, Config, changes};

/// Longest value kept in the record, characters. There are about ten settings of any length: old and new of all of them
/// stay below 100 KB. What is left out stands in the versions.
const VALUE_MAX: usize = 1_000;

/// The logo, of which the record keeps only how long it is.
const LOGO: &str = "/branding/logo_svg";

/// The settings that differ.
pub fn modified(old: &Config, new: &Config) -> Vec<Modified> {
    changes(old, new).into_iter().map(entry).collect()
}

fn entry(change: Change) -> Modified {
    let text = |value: Option<&str>, json: String| match (change.pointer.as_str(), value) {
        (LOGO, Some(logo)) => format!("svg, {} characters", logo.chars().count()),
        _ => shortened(json),
    };
    let old = text(change.old.as_str(), change.old.to_string());
    let new = text(change.new.as_str(), change.new.to_string());
    Modified { field: change.pointer, old: Some(old), new: Some(new) }
}

fn shortened(json: String) -> String {
    let length = json.chars().count();
    if length <= VALUE_MAX {
        return json;
    }
    let begin: String = json.chars().take(VALUE_MAX).collect();
    format!("{begin}… ({length} characters)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(change: impl FnOnce(&mut Config)) -> Vec<Modified> {
        let mut new = Config::default();
        change(&mut new);
        modified(&Config::default(), &new)
    }

    #[test]
    fn old_and_new_stand_in_the_record_as_json() {
        let entry = |field: &str, old: &str, new: &str| Modified {
            field: field.into(),
            old: Some(old.into()),
            new: Some(new.into()),
        };
        let modified = after(|c| {
            c.codes.digits = 6;
            c.password.expires_days = Some(90);
            c.groups = vec!["pilot".into()];
        });
        let expected = [
            entry("/codes/digits", "8", "6"),
            entry("/groups", "[]", "[\"pilot\"]"),
            entry("/password/expires_days", "null", "90"),
        ];
        assert_eq!(modified, expected);
        assert_eq!(after(|_| {}), []);
    }

    #[test]
    fn a_value_of_a_thousand_characters_is_kept_and_a_longer_one_shortened() {
        let new = |n: usize| {
            let mut modified = after(|c| c.branding.organisation = "x".repeat(n));
            modified.remove(0).new.unwrap()
        };
        assert_eq!(new(998).chars().count(), 1_000);
        assert!(new(999).ends_with("x… (1001 characters)"));
    }

    #[test]
    fn a_logo_is_never_written_out() {
        let modified = after(|c| c.branding.logo_svg = Some("<svg/>".into())).remove(0);
        assert_eq!(modified.field, LOGO);
        assert_eq!(modified.old.as_deref(), Some("null"));
        assert_eq!(modified.new.as_deref(), Some("svg, 6 characters"));
    }
}
