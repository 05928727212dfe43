//! Why a person may reset, or may not: every check of RST-01 in its order, in words and codes (ADM-04). For
//! administrators who help; what decides is [`crate::registration::eligibility`], and a test holds the two together.

use serde::Serialize;

use crate::policy::Config;
use crate::registration::{
    ADMINISTRATOR_GATES, Directory, Ineligible, Profile, Scope, distinct, eligible_methods,
    in_scope,
};

/// What is looked at, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// Somebody has the name.
    Exists,
    /// The account is not disabled.
    AccountEnabled,
    /// Reset is not switched off.
    ResetEnabled,
    /// A selected group, and no excluded one.
    InScope,
    /// As many usable methods as gates.
    EnoughMethods,
    /// Administrators may reset here.
    AdministratorPolicy,
    /// A password on premises can be written back.
    Writeback,
}

/// One check and how it came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub check: Look,
    /// Whether it is no obstacle.
    pub pass: bool,
    /// The report's detail of the obstacle (REP-02).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The reference's code of the obstacle (RST-02), where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sspr_code: Option<&'static str>,
    /// In words, for the help desk.
    pub detail: String,
}

fn passed(check: Look, detail: impl Into<String>) -> Check {
    Check { check, pass: true, code: None, sspr_code: None, detail: detail.into() }
}

fn failed(check: Look, why: Ineligible, detail: impl Into<String>) -> Check {
    let (code, sspr_code) = (Some(why.detail()), why.sspr_code());
    Check { check, pass: false, code, sspr_code, detail: detail.into() }
}

/// Every check, also those behind the first that fails: whoever mends one thing sees what is next. Nothing can be said of
/// an account that is not there.
pub fn explain(profile: Option<&Profile>, config: &Config, scope: &Scope) -> Vec<Check> {
    let Some(profile) = profile else {
        return vec![failed(Look::Exists, Ineligible::UnknownUser, "Nobody has this name.")];
    };
    vec![
        passed(Look::Exists, "There is an account of this name."),
        enabled(profile),
        switched_on(profile, config, scope),
        scoped(profile, config, scope),
        methods(profile, config),
        administrators(profile, config),
        writeback(profile, config),
    ]
}

fn enabled(profile: &Profile) -> Check {
    let look = Look::AccountEnabled;
    if profile.enabled {
        return passed(look, "The account is enabled.");
    }
    failed(look, Ineligible::AccountDisabled, "The account is disabled.")
}

fn switched_on(profile: &Profile, config: &Config, scope: &Scope) -> Check {
    let look = Look::ResetEnabled;
    if profile.is_administrator() {
        return passed(look, "The switch does not apply to administrators.");
    }
    match in_scope(profile, config, scope) {
        Err(Ineligible::NotEnabled) => {
            failed(look, Ineligible::NotEnabled, "Reset is switched off for everybody.")
        }
        Ok(()) | Err(_) => passed(look, "Reset is switched on."),
    }
}

fn scoped(profile: &Profile, config: &Config, scope: &Scope) -> Check {
    let look = Look::InScope;
    if profile.is_administrator() {
        return passed(look, "Administrators are always in scope.");
    }
    let excluded = profile.groups.iter().find(|group| scope.excluded.contains(*group));
    match (in_scope(profile, config, scope), excluded) {
        (Err(why @ Ineligible::NotInScope), Some(group)) => {
            failed(look, why, format!("The group {group} is excluded."))
        }
        (Err(why @ Ineligible::NotInScope), None) => {
            failed(look, why, "The person is in none of the selected groups.")
        }
        (Ok(()) | Err(_), _) => passed(look, "The person is in scope."),
    }
}

fn methods(profile: &Profile, config: &Config) -> Check {
    let administrator = profile.is_administrator();
    let needed = if administrator { ADMINISTRATOR_GATES } else { config.methods_required };
    let usable = eligible_methods(profile, config);
    let there = distinct(profile, &usable);
    let names: Vec<&str> = usable.iter().map(|method| method.as_str()).collect();
    let names = if names.is_empty() { String::from("none") } else { names.join(", ") };
    let detail = format!("Usable methods: {names}. Needed: {needed}, different ones.");
    if there >= usize::from(needed) {
        return passed(Look::EnoughMethods, detail);
    }
    failed(Look::EnoughMethods, Ineligible::NotRegistered, detail)
}

fn administrators(profile: &Profile, config: &Config) -> Check {
    let look = Look::AdministratorPolicy;
    if !profile.is_administrator() {
        return passed(look, "The policy for administrators does not apply.");
    }
    if config.administrators.enabled {
        return passed(look, "Administrators may reset their own password.");
    }
    let detail = "Administrators may not reset their own password here.";
    failed(look, Ineligible::AdministratorsDisabled, detail)
}

fn writeback(profile: &Profile, config: &Config) -> Check {
    let look = Look::Writeback;
    match profile.directory {
        Directory::Native => passed(look, "The password is kept here."),
        Directory::OnPremises if config.writeback.enabled => {
            passed(look, "The password is on premises, and writeback is on.")
        }
        Directory::OnPremises => {
            let detail = "The password is on premises, and writeback is off.";
            failed(look, Ineligible::WritebackOff, detail)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ids::{Millis, Username};
    use crate::policy::Enabled;
    use crate::registration::{Contact, Role, eligibility};

    /// Every combination of what the checks look at.
    fn combinations() -> Vec<(Profile, Config)> {
        let mut all = Vec::new();
        for bits in 0..512u32 {
            let on = |bit: u32| bits & (1 << bit) != 0;
            let name = Username::parse("alice").unwrap();
            let mut profile = Profile::new(name, "uid".into(), Millis(0));
            profile.enabled = on(0);
            let role = if on(1) { Role::Helpdesk } else { Role::User };
            profile.roles = BTreeSet::from([role]);
            let contact = |value: &str| {
                Some(Contact { value: value.into(), verified_at: Some(Millis(0)), version: 1 })
            };
            profile.email = on(2).then(|| contact("alice@home.example")).flatten();
            profile.mobile_phone = on(3).then(|| contact("+447700900123")).flatten();
            let group = if on(4) { "staff" } else { "guests" };
            profile.groups = BTreeSet::from([String::from(group)]);
            profile.directory = if on(5) { Directory::OnPremises } else { Directory::Native };
            let mut config = Config::default();
            config.administrators.enabled = on(6);
            config.methods_required = if on(7) { 2 } else { 1 };
            config.exclude_groups = if on(8) { vec![String::from("guests")] } else { Vec::new() };
            for enabled in [Enabled::None, Enabled::Selected, Enabled::All] {
                let groups = vec![String::from("staff")];
                all.push((profile.clone(), Config { enabled, groups, ..config.clone() }));
            }
        }
        all
    }

    #[test]
    fn the_first_check_that_fails_is_what_decides() {
        let mut reasons = BTreeSet::new();
        for (profile, config) in combinations() {
            let scope = config.scope(&Default::default());
            let checks = explain(Some(&profile), &config, &scope);
            let first = checks.iter().find(|c| !c.pass).and_then(|c| c.code);
            let decided = eligibility(Some(&profile), &config, &scope).err();
            assert_eq!(first, decided.map(Ineligible::detail));
            assert!(checks.is_sorted_by_key(|c| c.check) && checks.len() == 7);
            reasons.extend(first);
        }
        let told = Ineligible::ALL.map(Ineligible::detail);
        assert!(told.iter().filter(|d| **d != "unknown_user").all(|d| reasons.contains(d)));
    }

    #[test]
    fn of_nobody_only_that_there_is_nobody() {
        let checks = explain(None, &Config::default(), &Scope::default());
        assert_eq!(checks.len(), 1);
        assert_eq!((checks[0].check, checks[0].code), (Look::Exists, Some("unknown_user")));
    }

    #[test]
    fn checks_behind_the_first_that_fails_are_told_too() {
        let name = Username::parse("alice").unwrap();
        let mut profile = Profile::new(name, "uid".into(), Millis(0));
        profile.enabled = false;
        let checks = explain(Some(&profile), &Config::default(), &Scope::default());
        let failing: Vec<_> = checks.iter().filter(|c| !c.pass).map(|c| c.check).collect();
        assert_eq!(failing, [Look::AccountEnabled, Look::EnoughMethods]);
        let json = serde_json::to_value(&checks[4]).unwrap();
        assert_eq!(json["check"], "enough_methods");
        assert_eq!(json["sspr_code"], "SSPR_0014");
        assert!(!json["detail"].as_str().unwrap().is_empty());
    }
}
