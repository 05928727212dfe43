//! When a password must be changed for its age (PWD-05).

use super::PasswordPolicy;
use crate::ids::Millis;
use crate::registration::Profile;
use crate::throttle::DAY;

/// Days before the expiry from which a sign-in warns (PWD-05, the reference's number).
pub const WARNING_DAYS: u32 = 14;

/// How long a password lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry(Option<Millis>);

impl Expiry {
    /// The expiry of a password that was set at `changed_at`: never where the policy names no days, nor for a person who is
    /// exempt.
    pub fn of(profile: &Profile, policy: &PasswordPolicy, changed_at: Millis) -> Self {
        let days = policy.expires_days.filter(|_| !profile.password_never_expires);
        Self(days.map(|days| changed_at.plus_seconds(days.saturating_mul(DAY))))
    }

    /// From when on the password must be changed; nothing for never.
    pub fn at(self) -> Option<Millis> {
        self.0
    }

    /// Whether it must be changed now.
    pub fn is_over(self, now: Millis) -> bool {
        self.0.is_some_and(|at| at <= now)
    }

    /// Whether it must be changed within [`WARNING_DAYS`].
    pub fn is_near(self, now: Millis) -> bool {
        self.0.is_some_and(|at| at <= now.plus_seconds(WARNING_DAYS.saturating_mul(DAY)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Username;
    use crate::policy::{Config, PasswordSettings, Preset};

    fn expiry(days: Option<u32>, never: bool) -> Expiry {
        let username = Username::parse("alice").unwrap();
        let mut profile = Profile::new(username, String::from("u"), Millis(0));
        profile.password_never_expires = never;
        let password =
            PasswordSettings { expires_days: days, ..PasswordSettings::of(Preset::Custom) };
        let policy = Config { password, ..Config::default() }.password_policy();
        Expiry::of(&profile, &policy, Millis(5))
    }

    const DAYS: i64 = 86_400_000;

    #[test]
    fn a_password_lasts_until_the_very_moment_at_which_it_expires() {
        let expiry = expiry(Some(90), false);
        assert_eq!(expiry.at(), Some(Millis(5 + 90 * DAYS)));
        assert!(!expiry.is_over(Millis(4 + 90 * DAYS)) && expiry.is_over(Millis(5 + 90 * DAYS)));
    }

    #[test]
    fn the_warning_begins_fourteen_days_before() {
        let expiry = expiry(Some(90), false);
        assert!(!expiry.is_near(Millis(4 + 76 * DAYS)) && expiry.is_near(Millis(5 + 76 * DAYS)));
        assert!(super::Expiry(Some(Millis(0))).is_near(Millis(0)));
    }

    #[test]
    fn without_days_and_for_an_exempt_person_it_never_expires() {
        for never in [expiry(None, false), expiry(Some(90), true)] {
            let end = Millis(i64::MAX);
            assert_eq!((never.at(), never.is_over(end), never.is_near(end)), (None, false, false));
        }
    }
}
