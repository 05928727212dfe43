//! A phone number in E.164 form, and which numbers texts and calls may go to (THR-04).
//!
//! Reading a number asks no number plan: the same text always gives the same number, at no cost, wherever one is only
//! compared or shown. Whether it exists and what it costs is asked when it is registered ([`Phone::allowed`]).

mod plan;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

use super::InvalidContact;
pub(crate) use plan::is_country;

/// Longest number with its country code, in digits (E.164).
const DIGITS_MAX: usize = 15;
/// Shortest number with its country code that is in use, in digits (+290 and four).
const DIGITS_MIN: usize = 7;
/// Longest text that is looked at: a number with a separator before each digit fits several times.
const TYPED_MAX: usize = 64;
/// Country codes behind which a zero is part of the number. Behind all others it is the trunk zero that people write and
/// nobody dials from abroad.
const ZERO_STAYS: [&str; 9] = ["39", "225", "226", "227", "229", "241", "242", "378", "992"];

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
    /// them; a trunk zero is dropped.
    ///
    /// # Refuses
    /// What has not the form of an international number; see [`InvalidContact`].
    pub fn parse(text: &str) -> Result<Self, InvalidContact> {
        let mut digits = plain_digits(text)?;
        let code = country_code_len(&digits);
        let trunk = digits.get(code..).is_some_and(|rest| rest.starts_with('0'));
        if trunk && !digits.get(..code).is_some_and(|code| ZERO_STAYS.contains(&code)) {
            digits.remove(code);
        }
        let text = format!("+{digits}");
        if is_e164(&text) { Ok(Self(text)) } else { Err(InvalidContact::Malformed) }
    }

    /// Whether texts or calls may go to this number: it is of a listed country (ISO 3166 codes) *and* an ordinary mobile,
    /// or for calls fixed, number. Being a valid number is not enough: premium numbers are valid.
    ///
    /// Reads the patterns of one country: not for paths that only compare.
    ///
    /// # Refuses
    /// `Malformed` when no plan has the number, or has it in another form; `CountryNotAllowed`; `KindNotAllowed`.
    pub fn allowed(&self, countries: &[String], use_: PhoneUse) -> Result<(), InvalidContact> {
        let found = plan::look_up(&self.0).ok_or(InvalidContact::Malformed)?;
        if !countries.iter().any(|country| country == found.country) {
            return Err(InvalidContact::CountryNotAllowed);
        }
        let ordinary = match use_ {
            PhoneUse::Text => found.kind == plan::Kind::Mobile,
            PhoneUse::Call => found.kind != plan::Kind::Other,
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

/// The typed text as ASCII digits, country code first.
fn plain_digits(text: &str) -> Result<String, InvalidContact> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidContact::Required);
    }
    if text.chars().count() > TYPED_MAX {
        return Err(InvalidContact::TooLong);
    }
    let mut digits = String::with_capacity(TYPED_MAX);
    let mut international = false;
    for c in text.nfkc() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() && !international => international = true,
            ' ' | '.' | '-' | '/' | '(' | ')' | '[' | ']' | '\u{2010}'..='\u{2015}' => {}
            'x' | 'X' | '#' | ';' | ',' | 'e' | 'E' if digits.len() >= DIGITS_MIN => {
                return Err(InvalidContact::Extension);
            }
            _ => return Err(InvalidContact::Malformed),
        }
    }
    if international { Ok(digits) } else { Err(InvalidContact::CountryCodeMissing) }
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
        "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
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

/// Takes E.164 form only.
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
            "+441632960123",
            "+44 1632 960123",
            "+44 (0)1632 960-123",
            "(+44) 1632/960.123",
            " +44\u{a0}1632\u{2011}960123 ",
            "＋４４１６３２９６０１２３",
            "+44[1632]960123",
        ] {
            assert_eq!(e164(text).as_deref(), Ok("+441632960123"), "{text:?}");
        }
    }

    #[test]
    fn a_zero_is_dropped_but_where_it_is_part_of_the_number() {
        assert_eq!(e164("+44 07700 900123").as_deref(), Ok("+447700900123"));
        assert_eq!(e164("+49 (0)151 23456789").as_deref(), Ok("+4915123456789"));
        assert_eq!(e164("+39 06 6982 0000").as_deref(), Ok("+390669820000"));
        assert_eq!(e164("+225 01 23 45 67 89").as_deref(), Ok("+2250123456789"));
        assert_eq!(e164("+44 00 7700 900123"), Ok(String::from("+4407700900123")));
    }

    #[test]
    fn a_number_needs_its_country_code() {
        for text in ["01632 960123", "441632960123", "00441632960123", "960123"] {
            assert_eq!(e164(text), Err(InvalidContact::CountryCodeMissing), "{text:?}");
        }
    }

    #[test]
    fn an_extension_is_refused_not_dropped() {
        for text in [
            "+441632960123x12",
            "+441632960123 ext. 12",
            "+441632960123;ext=12",
            "+441632960123#12",
        ] {
            assert_eq!(e164(text), Err(InvalidContact::Extension), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "+",
            "+44",
            "+44 1632",
            "+441632960123456789",
            "+0441632960123",
            "+44 16329 abc",
            "tel:+441632960123",
            "+44+1632960123",
            "+44\u{0}1632960123",
        ] {
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
        assert_eq!(allowed("+390236618300", PhoneUse::Call), Ok(()));
        assert_eq!(allowed("+390236618300", PhoneUse::Text), Err(InvalidContact::KindNotAllowed));
    }

    #[test]
    fn neither_texts_nor_calls_go_to_numbers_that_cost_more() {
        // Premium, shared cost, free, personal, pager numbers of listed countries.
        for number in [
            "+449098790123",
            "+448431234567",
            "+448081570123",
            "+447012345678",
            "+447640123456",
            "+19002345678",
        ] {
            for use_ in [PhoneUse::Text, PhoneUse::Call] {
                assert_eq!(allowed(number, use_), Err(InvalidContact::KindNotAllowed), "{number}");
            }
        }
    }

    #[test]
    fn numbers_of_unlisted_countries_and_of_none_are_refused() {
        // Germany, Canada (same code as the US), Jersey (same code as the UK), satellite, freephone of no country.
        for number in
            ["+4915123456789", "+15062345678", "+447797712345", "+870773111632", "+80012345678"]
        {
            for use_ in [PhoneUse::Text, PhoneUse::Call] {
                let refused = Err(InvalidContact::CountryNotAllowed);
                assert_eq!(allowed(number, use_), refused, "{number}");
            }
        }
        let phone = Phone::parse("+447912345678").unwrap();
        assert_eq!(phone.allowed(&[], PhoneUse::Text), Err(InvalidContact::CountryNotAllowed));
    }

    #[test]
    fn numbers_that_no_plan_has_in_this_form_are_refused() {
        // No such code, no such range, too short for its country, a form that Mexico gave up.
        for number in ["+999123456789", "+441000000000", "+44791234567", "+5215512345678"] {
            let refused = Err(InvalidContact::Malformed);
            assert_eq!(allowed(number, PhoneUse::Text), refused, "{number}");
        }
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
        fn what_is_taken_is_e_164_and_asking_the_plan_never_panics(text in "\\+[0-9 ().x;=/-]{0,24}") {
            if let Ok(phone) = Phone::parse(&text) {
                prop_assert!(is_e164(phone.as_str()));
                let _ = phone.allowed(&[String::from("US")], PhoneUse::Text);
            }
        }

        #[test]
        fn nothing_that_people_type_makes_it_panic(text in "\\PC{0,40}") {
            let _ = Phone::parse(&text);
        }
    }
}
