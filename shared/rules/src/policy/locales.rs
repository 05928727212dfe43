//! The languages of the product (LOC-01).

/// Tags of the 40 languages, in the order of LOC-01.
pub const LOCALES: [&str; 40] = [
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "he", "hi", "hr", "hu", "id",
    "it", "ja", "kk", "ko", "lt", "lv", "ms", "nb", "nl", "pl", "pt-BR", "pt-PT", "ro", "ru", "sk",
    "sl", "sr-Latn", "sv", "th", "tr", "uk", "vi", "zh-Hans", "zh-Hant",
];

/// Whether a tag is one of [`LOCALES`], in that spelling.
pub fn is_locale(tag: &str) -> bool {
    LOCALES.contains(&tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_known_in_one_spelling_only() {
        assert!(is_locale("en") && is_locale("pt-BR") && is_locale("zh-Hant"));
        assert!(!is_locale("EN") && !is_locale("pt") && !is_locale("") && !is_locale("xx"));
    }
}
