//! What the number plans of the world say of a number, from a table that is made from the metadata of the `phonenumber`
//! crate (Google's libphonenumber) and committed: `plan/plans.txt`.
//!
//! # Why not …?
//! - *Why not ask the crate itself?* It would put half a megabyte, a second regular expression engine and 0.2 s of reading
//!   into each function that looks at a number, and it drops leading zeros: it knows neither Italy's fixed numbers nor Ivory
//!   Coast's mobile ones. A test compares the table with the crate, and another holds it fresh.

#[cfg(test)]
mod tests;

use regex_lite::Regex;

/// One line a plan: country code, ISO 3166 code (`001` for no country), leading digits, and the patterns of mobile, fixed
/// and all other numbers; tabs between them, `-` for none. The main plan of a country code comes first among its plans.
const PLANS: &str = include_str!("plan/plans.txt");

/// What a number is, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Mobile, or of a country whose mobile numbers look like its fixed ones.
    Mobile,
    /// Fixed.
    Fixed,
    /// Anything that may cost more or reach nobody: premium, shared cost, free, personal, pager, voice over IP …
    Other,
}

/// What is known of a number.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// ISO 3166 code; `001` for numbers of no country.
    pub(super) country: &'static str,
    /// What it is.
    pub(super) kind: Kind,
}

/// Numbers set aside for films and examples, which the plans do not hold because they reach nobody (Ofcom, *Numbers for
/// drama use*): mobile, and fixed without an area. Each is followed by three digits.
const RESERVED: [(&str, Found); 2] = [
    ("+447700900", Found { country: "GB", kind: Kind::Mobile }),
    ("+441632960", Found { country: "GB", kind: Kind::Fixed }),
];

/// One line of the table.
struct Plan {
    code: &'static str,
    country: &'static str,
    leading: &'static str,
    mobile: &'static str,
    fixed: &'static str,
    other: &'static str,
}

/// Whether a text is an ISO 3166 code of a country with a number plan.
pub(crate) fn is_country(code: &str) -> bool {
    code.len() == 2 && plans().any(|plan| plan.country == code)
}

/// Looks a number up; `None` when no plan has it, or has it in another form.
pub(super) fn look_up(e164: &str) -> Option<Found> {
    let reserved =
        |(start, _): &&(&str, Found)| e164.strip_prefix(start).is_some_and(|rest| rest.len() == 3);
    if let Some((_, Found { country, kind })) = RESERVED.iter().find(reserved) {
        return Some(Found { country, kind: *kind });
    }
    let digits = e164.strip_prefix('+')?;
    let (code, national) = digits.split_at_checked(super::country_code_len(digits))?;
    let mut candidates = plans().filter(|plan| plan.code == code);
    candidates.find_map(|plan| plan.claims(national)).flatten()
}

/// The table's lines.
fn plans() -> impl Iterator<Item = Plan> {
    PLANS.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let mut field = || fields.next();
        Some(Plan {
            code: field()?,
            country: field()?,
            leading: field()?,
            mobile: field()?,
            fixed: field()?,
            other: field()?,
        })
    })
}

impl Plan {
    /// What the plan says of a national number: `None` when another plan of its country code may have it; `Some(None)` when
    /// it is this plan's by its leading digits and still unknown to it.
    fn claims(&self, national: &str) -> Option<Option<Found>> {
        let mine = self.leading != "-" && starts(self.leading, national);
        if !mine && self.leading != "-" {
            return None;
        }
        let found = self.kind(national).map(|kind| Found { country: self.country, kind });
        (mine || found.is_some()).then_some(found)
    }

    fn kind(&self, national: &str) -> Option<Kind> {
        // What may cost more is asked first: some plans list such numbers among their mobile ones too.
        [(self.other, Kind::Other), (self.mobile, Kind::Mobile), (self.fixed, Kind::Fixed)]
            .into_iter()
            .find(|(pattern, _)| *pattern != "-" && is_whole(pattern, national))
            .map(|(_, kind)| kind)
    }
}

fn is_whole(pattern: &str, national: &str) -> bool {
    Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(national))
}

fn starts(pattern: &str, national: &str) -> bool {
    Regex::new(&format!("^(?:{pattern})")).is_ok_and(|regex| regex.is_match(national))
}
