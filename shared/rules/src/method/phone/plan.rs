//! What the number plans of the world say of a number.
//!
//! Why not the crate's own `number_type` and `country`? They drop leading zeros, and so know neither Italy's fixed numbers
//! nor Ivory Coast's mobile ones. The patterns are the same.

use phonenumber::metadata::{DATABASE, Descriptor, Metadata};
use phonenumber::{Mode, country};

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

/// Whether a text is an ISO 3166 code of a country with a number plan.
pub(crate) fn is_country(code: &str) -> bool {
    code.len() == 2 && code.parse::<country::Id>().is_ok()
}

/// Looks a number up; `None` when no plan has it, or has it in another form.
pub(super) fn look_up(e164: &str) -> Option<Found> {
    let reserved =
        |(start, _): &&(&str, Found)| e164.strip_prefix(start).is_some_and(|rest| rest.len() == 3);
    if let Some((_, Found { country, kind })) = RESERVED.iter().find(reserved) {
        return Some(Found { country, kind: *kind });
    }
    // Only a plus and digits reach the crate, whose parser takes extensions, letters and URIs too.
    let number = phonenumber::parse(None, e164).ok()?;
    if !number.is_valid() || number.format().mode(Mode::E164).to_string() != e164 {
        return None;
    }
    let national = number.national().to_string();
    let plan = plan_of(number.country().code(), &national)?;
    Some(Found { country: plan.id(), kind: kind(plan, &national)? })
}

/// The plan among those that share a country code: the one whose leading digits the number has, or the first that knows
/// the number.
fn plan_of(code: u16, national: &str) -> Option<&'static Metadata> {
    let regions = DATABASE.region(&code)?;
    let several = regions.len() > 1;
    let named = |plan: &&Metadata| match plan.leading_digits() {
        Some(_) | None if !several => true,
        Some(digits) => digits.find(national).is_some_and(|found| found.start() == 0),
        None => kind(plan, national).is_some(),
    };
    let mut plans = DATABASE.by_code(&code)?.into_iter();
    plans.find(named)
}

/// What a plan says the number is; `None` when it has no such number.
fn kind(plan: &Metadata, national: &str) -> Option<Kind> {
    let all = plan.descriptors();
    let special = [
        all.premium_rate(),
        all.toll_free(),
        all.shared_cost(),
        all.voip(),
        all.personal_number(),
        all.pager(),
        all.uan(),
        all.voicemail(),
    ];
    if special.into_iter().any(|descriptor| matches(descriptor, national)) {
        Some(Kind::Other)
    } else if matches(all.mobile(), national) {
        Some(Kind::Mobile)
    } else if matches(all.fixed_line(), national) {
        Some(Kind::Fixed)
    } else {
        None
    }
}

fn matches(descriptor: Option<&Descriptor>, national: &str) -> bool {
    descriptor.is_some_and(|descriptor| descriptor.is_match(national))
}
