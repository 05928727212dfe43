//! The table against the crate that it is made from.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

use phonenumber::metadata::{DATABASE, Descriptor, Metadata};
use proptest::prelude::*;

use super::*;

/// The line of a plan.
fn line(plan: &Metadata) -> String {
    let text = |pattern: &str| pattern.split_whitespace().collect::<String>();
    let pattern = |of: Option<&Descriptor>| of.map(|of| text(of.national_number().as_str()));
    let fields = [
        plan.leading_digits().map(|digits| text(digits.as_str())),
        pattern(plan.descriptors().mobile()),
        pattern(plan.descriptors().fixed_line()),
        Some(
            special(plan)
                .map(|of| text(of.national_number().as_str()))
                .collect::<Vec<_>>()
                .join("|"),
        ),
    ];
    let mut line = format!("{}\t{}", plan.country_code(), plan.id());
    for field in fields {
        let field = field.filter(|field| !field.is_empty() && field != "NA");
        write!(line, "\t{}", field.as_deref().unwrap_or("-")).unwrap();
    }
    line
}

/// The kinds that may cost more or reach nobody.
fn special(plan: &Metadata) -> impl Iterator<Item = &Descriptor> {
    let all = plan.descriptors();
    [
        all.premium_rate(),
        all.toll_free(),
        all.shared_cost(),
        all.voip(),
        all.personal_number(),
        all.pager(),
        all.uan(),
        all.voicemail(),
    ]
    .into_iter()
    .flatten()
}

/// All plans in the order of the table.
fn all_plans() -> Vec<&'static Metadata> {
    let mut plans: Vec<&Metadata> =
        (1..1000).filter_map(|code| DATABASE.by_code(&code)).flatten().collect();
    plans.sort_by_key(|plan| (plan.country_code(), !plan.is_main_country_for_code(), plan.id()));
    plans
}

/// `UPDATE_PLANS=1 cargo test -p rules plans` writes the table anew after the crate was updated.
#[test]
fn the_table_is_what_the_crate_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/method/phone/plan/plans.txt");
    let mut made = String::new();
    for plan in all_plans() {
        made.push_str(&line(plan));
        made.push('\n');
    }
    if std::env::var_os("UPDATE_PLANS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), made, "run with UPDATE_PLANS=1");
    assert!(plans().count() > 240);
}

#[test]
fn every_pattern_can_be_read() {
    for plan in plans() {
        for pattern in [plan.leading, plan.mobile, plan.fixed, plan.other] {
            if let Err(fault) = Regex::new(&format!("^(?:{pattern})$")) {
                panic!("{} {}: {fault}", plan.country, pattern);
            }
        }
    }
}

#[test]
fn the_example_of_every_kind_of_every_country_is_found_to_be_what_it_is() {
    let mut seen = HashSet::new();
    for plan in all_plans() {
        let of = |descriptor: Option<&Descriptor>| Some(descriptor?.example()?.to_owned());
        let mut expect = |example: Option<String>, kinds: &[Kind]| {
            let Some(example) = example else { return };
            let number = format!("+{}{example}", plan.country_code());
            let found = look_up(&number).unwrap_or_else(|| panic!("{number} of {}", plan.id()));
            assert!(kinds.contains(&found.kind), "{number} of {}: {found:?}", plan.id());
            seen.insert(found.country);
        };
        // A fixed number may look like a mobile one, never the other way round; what costs more is never either.
        expect(of(plan.descriptors().mobile()), &[Kind::Mobile, Kind::Other]);
        expect(of(plan.descriptors().fixed_line()), &[Kind::Fixed, Kind::Mobile, Kind::Other]);
        for descriptor in special(plan) {
            expect(of(Some(descriptor)), &[Kind::Other]);
        }
    }
    assert!(seen.len() > 235, "only {} countries", seen.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// What the table calls mobile, fixed or other is so by the crate's patterns of that country too. Not by its parser, which
    /// takes digits away that look like a trunk prefix: +7 800 …
    #[test]
    fn what_the_table_knows_the_crate_knows(digits in "(1|44|49|33|39|61|91|55|7|225|353)[1-9][0-9]{6,9}") {
        let e164 = format!("+{digits}");
        let reserved = e164.starts_with("+447700900") || e164.starts_with("+441632960");
        if let Some(found) = look_up(&e164).filter(|_| !reserved) {
            let plan = DATABASE.by_id(found.country).unwrap();
            let national = &digits[plan.country_code().to_string().len()..];
            let matches = |of: Option<&Descriptor>| of.is_some_and(|of| of.is_match(national));
            let right = match found.kind {
                Kind::Mobile => matches(plan.descriptors().mobile()),
                Kind::Fixed => matches(plan.descriptors().fixed_line()),
                Kind::Other => special(plan).any(|of| of.is_match(national)),
            };
            prop_assert!(right, "{e164} {found:?}");
        }
    }
}
