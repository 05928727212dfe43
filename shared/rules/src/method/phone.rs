//! A phone number in E.164 form, and which numbers texts and calls may go to (THR-04).

use std::fmt;

use phonenumber::{Mode, Type, country, metadata::DATABASE};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

use super::InvalidContact;

/// Longest number with its country code, in digits (E.164).
const DIGITS_MAX: usize = 15;
/// Shortest number with its country code that is in use, in digits (Saint Helena: +290 and four or five).
const DIGITS_MIN: usize = 7;
/// Longest text that is looked at: a number with a separator before each digit fits several times.
const TYPED_MAX: usize = 64;

/// What a number is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneUse {
    /// A text: mobile numbers only.
    Text,
    /// A call: mobile and fixed numbers.
    Call,
}

/// A phone number in E.164 form: `+441632960123`.
///
/// `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone(String);

impl Phone {
    /// Reads what a person typed: `+` and country code, then digits with spaces, dots, dashes, slashes or brackets among
    /// them; a trunk `(0)` is dropped.
    ///
    /// # Refuses
    /// What is no number of its country's plan; see [`InvalidContact`].
    pub fn parse(text: &str) -> Result<Self, InvalidContact> {
        let plain = plain_digits(text)?;
        // Only digits behind a plus reach the crate, whose parser takes extensions, letters and URIs too.
        let number = phonenumber::parse(None, &plain).map_err(|_| InvalidContact::Malformed)?;
        if !number.is_valid() {
            return Err(InvalidContact::Malformed);
        }
        let text = number.format().mode(Mode::E164).to_string();
        if is_e164(&text) { Ok(Self(text)) } else { Err(InvalidContact::Malformed) }
    }

    /// Whether texts or calls may go to this number: it is of a listed country (ISO 3166 codes) *and* an ordinary mobile,
    /// or for calls fixed, number. Being a valid number is not enough: premium numbers are valid.
    ///
    /// # Refuses
    /// `CountryNotAllowed`, `KindNotAllowed`; `Malformed` when the number plan has changed since it was stored.
    pub fn allowed(&self, countries: &[String], use_: PhoneUse) -> Result<(), InvalidContact> {
        let number = phonenumber::parse(None, &self.0).map_err(|_| InvalidContact::Malformed)?;
        let country = number.country().id().ok_or(InvalidContact::CountryNotAllowed)?;
        if !countries.iter().any(|c| c == country.as_ref()) {
            return Err(InvalidContact::CountryNotAllowed);
        }
        let kind = number.number_type(&DATABASE);
        let mobile = matches!(kind, Type::Mobile | Type::FixedLineOrMobile);
        let ordinary = match use_ {
            PhoneUse::Text => mobile,
            PhoneUse::Call => mobile || kind == Type::FixedLine,
        };
        if ordinary { Ok(()) } else { Err(InvalidContact::KindNotAllowed) }
    }

    /// E.164, `+` and digits: the form that is stored, compared and dialled.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What may be shown to somebody who may not know it: `+44 ••••••23`, whatever its length.
    pub fn hint(&self) -> String {
        let digits = self.0.trim_start_matches('+');
        let code = digits.get(..country_code_len(digits)).unwrap_or_default();
        let end = digits.get(digits.len().saturating_sub(2)..).unwrap_or_default();
        format!("+{code} ••••••{end}")
    }
}

/// Whether a text is an ISO 3166 code of a country with a number plan.
pub(crate) fn is_country(code: &str) -> bool {
    code.len() == 2 && code.parse::<country::Id>().is_ok()
}

/// The typed text as `+` and ASCII digits.
fn plain_digits(text: &str) -> Result<String, InvalidContact> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidContact::Required);
    }
    if text.chars().count() > TYPED_MAX {
        return Err(InvalidContact::TooLong);
    }
    let mut plain = String::with_capacity(TYPED_MAX);
    for c in text.nfkc() {
        match c {
            '0'..='9' => plain.push(c),
            '+' if plain.is_empty() => plain.push(c),
            ' ' | '.' | '-' | '/' | '(' | ')' | '[' | ']' | '\u{2010}'..='\u{2015}' => {}
            'x' | 'X' | '#' | ';' | ',' if plain.len() > DIGITS_MIN => {
                return Err(InvalidContact::Extension);
            }
            'e' | 'E' if plain.len() > DIGITS_MIN => return Err(InvalidContact::Extension),
            _ => return Err(InvalidContact::Malformed),
        }
    }
    if !plain.starts_with('+') {
        return Err(InvalidContact::CountryCodeMissing);
    }
    // One more digit than E.164 has: the trunk zero that will be dropped.
    let fits = (DIGITS_MIN..=DIGITS_MAX.saturating_add(1)).contains(&plain.len().saturating_sub(1));
    if fits { Ok(plain) } else { Err(InvalidContact::Malformed) }
}

fn is_e164(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    let fits = (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len());
    fits && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Digits of the country code at the start of a number. Codes are prefix-free: +1 and +7, these of two digits, the
/// others of three (ITU-T E.164, list of assigned codes).
fn country_code_len(digits: &str) -> usize {
    const TWO: [&str; 44] = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
        "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
        "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94",
        "95", "98",
    ];
    let start = digits.get(..2).unwrap_or_default();
    if digits.starts_with('1') || digits.starts_with('7') {
        1
    } else if TWO.contains(&start) {
        2
    } else {
        3
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

impl Serialize for Phone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Takes E.164 form only, without asking the number plan: what was stored must stay readable when plans change.
impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_e164(&text) { Ok(Self(text)) } else { Err(serde::de::Error::custom("not E.164")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn e164(text: &str) -> Result<String, InvalidContact> {
        Phone::parse(text).map(|p| p.as_str().to_owned())
    }

    fn allowed(number: &str, use_: PhoneUse) -> Result<(), InvalidContact> {
        let countries = ["GB", "US", "IT"].map(String::from);
        Phone::parse(number).unwrap().allowed(&countries, use_)
    }

    #[test]
    fn people_may_type_separators_and_a_trunk_zero() {
        for text in [
            "+441632960123", "+44 1632 960123", "+44 (0)1632 960-123", "(+44) 1632/960.123",
            " +44\u{a0}1632\u{2011}960123 ", "＋４４１６３２９６０１２３", "+44[1632]960123",
        ] {
            assert_eq!(e164(text).as_deref(), Ok("+441632960123"), "{text:?}");
        }
    }

    #[test]
    fn an_italian_zero_is_part_of_the_number() {
        assert_eq!(e164("+39 06 6982 0000").as_deref(), Ok("+390669820000"));
    }

    #[test]
    fn a_number_needs_its_country_code() {
        for text in ["01632 960123", "441632960123", "00441632960123", "960123"] {
            assert_eq!(e164(text), Err(InvalidContact::CountryCodeMissing), "{text:?}");
        }
    }

    #[test]
    fn an_extension_is_refused_not_dropped() {
        for text in ["+441632960123x12", "+441632960123 ext. 12", "+441632960123;ext=12", "+441632960123#12"] {
            assert_eq!(e164(text), Err(InvalidContact::Extension), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["+", "+44", "+44 1632", "+441632960123456789", "+999 123456789", "+44 16329 abc", "tel:+441632960123", "+44+1632960123", "+44\u{0}1632960123"] {
            assert_eq!(e164(text), Err(InvalidContact::Malformed), "{text:?}");
        }
        assert_eq!(e164("  "), Err(InvalidContact::Required));
        assert_eq!(e164(&"+4".repeat(100)), Err(InvalidContact::TooLong));
    }

    #[test]
    fn the_numbers_reserved_for_examples_can_be_used_in_demonstrations() {
        assert_eq!(allowed("+441632960123", PhoneUse::Call), Ok(()));
        assert_eq!(allowed("+447700900123", PhoneUse::Text), Ok(()));
        assert_eq!(allowed("+12025550123", PhoneUse::Text), Ok(()));
        assert_eq!(allowed("+12025550123", PhoneUse::Call), Ok(()));
    }

    #[test]
    fn texts_go_to_mobile_numbers_only_and_calls_to_fixed_ones_too() {
        assert_eq!(allowed("+447700900123", PhoneUse::Call), Ok(()));
        assert_eq!(allowed("+441632960123", PhoneUse::Text), Err(InvalidContact::KindNotAllowed));
        assert_eq!(allowed("+390669820000", PhoneUse::Call), Ok(()));
        assert_eq!(allowed("+390669820000", PhoneUse::Text), Err(InvalidContact::KindNotAllowed));
    }

    #[test]
    fn neither_texts_nor_calls_go_to_numbers_that_cost_more() {
        // Premium, shared cost, free, personal, pager numbers of listed countries.
        for number in ["+449098790123", "+448431234567", "+448081570123", "+447012345678", "+447640123456", "+19002345678"] {
            for use_ in [PhoneUse::Text, PhoneUse::Call] {
                assert_eq!(allowed(number, use_), Err(InvalidContact::KindNotAllowed), "{number}");
            }
        }
    }

    #[test]
    fn numbers_of_unlisted_countries_and_of_none_are_refused() {
        // Germany, Canada (same code as the US), Jersey (same code as the UK), satellite, international freephone.
        for number in ["+4915123456789", "+15062345678", "+447797712345", "+870773111632", "+80012345678"] {
            for use_ in [PhoneUse::Text, PhoneUse::Call] {
                assert_eq!(allowed(number, use_), Err(InvalidContact::CountryNotAllowed), "{number}");
            }
        }
        let phone = Phone::parse("+447700900123").unwrap();
        assert_eq!(phone.allowed(&[], PhoneUse::Text), Err(InvalidContact::CountryNotAllowed));
    }

    #[test]
    fn a_hint_shows_the_country_and_two_digits() {
        let hint = |text: &str| Phone::parse(text).unwrap().hint();
        assert_eq!(hint("+441632960123"), "+44 ••••••23");
        assert_eq!(hint("+12025550123"), "+1 ••••••23");
        assert_eq!(hint("+353851234567"), "+353 ••••••67");
    }

    #[test]
    fn debug_shows_nothing_and_json_is_checked() {
        let phone = Phone::parse("+441632960123").unwrap();
        assert!(!format!("{phone:?}").contains("44"));
        assert_eq!(serde_json::to_value(&phone).unwrap(), "+441632960123");
        assert_eq!(serde_json::from_str::<Phone>("\"+441632960123\"").unwrap(), phone);
        for bad in ["\"441632960123\"", "\"+44 1632\"", "\"+044163296\"", "7"] {
            assert!(serde_json::from_str::<Phone>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn countries_are_iso_codes_in_capitals() {
        assert!(is_country("GB") && is_country("US") && is_country("ZW"));
        assert!(!is_country("gb") && !is_country("XX") && !is_country("GBR") && !is_country(""));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_what_it_takes_it_takes_again(text in "\\+?[0-9 ().x;=/-]{0,24}") {
            if let Ok(phone) = Phone::parse(&text) {
                prop_assert_eq!(Phone::parse(phone.as_str()).unwrap(), phone.clone());
                let _ = phone.allowed(&[String::from("US")], PhoneUse::Text);
            }
        }

        #[test]
        fn nothing_that_people_type_makes_it_panic(text in "\\PC{0,40}") {
            let _ = Phone::parse(&text);
        }
    }
}
