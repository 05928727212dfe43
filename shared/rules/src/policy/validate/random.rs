//! 100,000 random documents: none that is accepted locks administrators out, weakens what they have to prove, or leaves the
//! bounds of SP 800-63B-4 (SET-16, ADM-05).

use std::collections::BTreeSet;

use crate::ids::{Millis, Username};
use crate::lockout::lock_seconds;
use crate::password::{Context, Password, check};
use crate::policy::{Config, CustomQuestion, Disclosure, Enabled, PREDEFINED_QUESTIONS, Preset};
use crate::registration::{ADMINISTRATOR_METHODS, Contact, Ineligible, Profile, Role, eligibility};

const DOCUMENTS: u32 = 100_000;

/// Numbers around every bound there is, and their neighbours.
const EDGES: [u32; 40] = [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    10,
    11,
    14,
    15,
    16,
    17,
    24,
    25,
    59,
    60,
    64,
    65,
    100,
    101,
    256,
    257,
    299,
    300,
    301,
    600,
    601,
    730,
    731,
    3_600,
    3_601,
    3_650,
    3_651,
    86_400,
    86_401,
    604_801,
    u32::MAX,
];

/// A generator that is the same on every machine (splitmix64): a document that fails is found again.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[(self.next() % of.len() as u64) as usize].clone()
    }

    fn flag(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn number(&mut self) -> u32 {
        if self.next().is_multiple_of(4) {
            (self.next() % 2_000) as u32
        } else {
            self.one_of(&EDGES)
        }
    }

    fn small(&mut self) -> u8 {
        u8::try_from(self.number()).unwrap_or(u8::MAX)
    }

    fn names(&mut self) -> Vec<String> {
        let names = ["staff", "night", "", "a;b", "staff"].map(String::from);
        (0..self.next() % 3).map(|_| self.one_of(&names)).collect()
    }
}

type Change = fn(&mut Config, &mut Chance);

/// Everything that a document says, one change each.
const CHANGES: [Change; 50] = [
    |c, r| c.enabled = r.one_of(&[Enabled::None, Enabled::Selected, Enabled::All]),
    |c, r| c.groups = r.names(),
    |c, r| c.exclude_groups = r.names(),
    |c, r| c.methods_required = r.one_of(&[0, 1, 2, 2, 3, 255]),
    |c, r| c.methods.email = r.flag(),
    |c, r| c.methods.mobile_phone = r.flag(),
    |c, r| c.methods.office_phone = r.flag(),
    |c, r| c.methods.security_questions = r.flag(),
    |c, r| c.methods.authenticator_app = r.flag(),
    |c, r| c.methods.recovery_code = r.flag(),
    |c, r| c.security_questions.to_register = r.small(),
    |c, r| c.security_questions.to_reset = r.small(),
    |c, r| {
        let some = r.one_of(&[0usize, 2, 3, 4, 5, 35]);
        c.security_questions.predefined =
            PREDEFINED_QUESTIONS.iter().take(some).map(|id| (*id).to_owned()).collect();
    },
    |c, r| {
        let text = r.one_of(&["Which door?", "ab", ""]).to_owned();
        let (id, locale) = (String::from("own"), r.one_of(&["en", "xx", "de"]).to_owned());
        c.security_questions.custom = vec![CustomQuestion { id, text: [(locale, text)].into() }];
    },
    |c, r| c.registration.required_at_sign_in = r.flag(),
    |c, r| c.registration.skips_allowed = r.number(),
    |c, r| c.registration.reconfirm_days = r.number(),
    |c, r| c.notifications.user_on_reset = r.flag(),
    |c, r| c.notifications.admins_on_admin_reset = r.flag(),
    |c, r| c.branding.colour = r.one_of(&["#0b57b0", "blue", ""]).to_owned(),
    |c, r| c.branding.organisation = r.one_of(&["Contoso", "", "\u{0}"]).to_owned(),
    |c, r| c.branding.default_locale = r.one_of(&["en", "de", "xx"]).to_owned(),
    |c, r| {
        c.support.target =
            r.one_of(&[None, Some("https://help.example"), Some("x")]).map(String::from)
    },
    |c, r| c.administrators.enabled = r.flag(),
    |c, r| c.unlock_without_reset = r.flag(),
    |c, r| c.account_disclosure = r.one_of(&[Disclosure::None, Disclosure::Full]),
    |c, r| c.accept_directory_data = r.flag(),
    |c, r| c.proof_of_work = r.flag(),
    |c, r| c.password.preset = r.one_of(&[Preset::Nist, Preset::Entra, Preset::Custom]),
    |c, r| {
        // Bounds beside a preset are fixed by it: most of the tries are of the preset that frees them.
        c.password.preset = Preset::Custom;
        c.password.min_length = r.number();
    },
    |c, r| c.password.max_length = r.number(),
    |c, r| c.password.classes = r.small(),
    |c, r| c.password.history = r.number(),
    |c, r| c.password.expires_days = r.flag().then(|| r.number()),
    |c, r| {
        c.password.banned_words =
            r.one_of(&[vec![], vec!["contoso".to_owned()], vec!["x".to_owned()]])
    },
    |c, r| c.password.min_banned_score = r.small(),
    |c, r| c.password.min_strength = r.small(),
    |c, r| c.lockout.threshold = r.number(),
    |c, r| c.lockout.seconds = r.number(),
    |c, r| c.lockout.max_seconds = r.number(),
    |c, r| c.codes.digits = r.small(),
    |c, r| c.codes.seconds = r.number(),
    |c, r| c.codes.resend_after = r.number(),
    |c, r| c.reset.seconds = r.number(),
    |c, r| {
        let t = &mut c.throttle;
        (t.proofs_per_day, t.account_block) = (r.number(), r.flag());
    },
    |c, r| {
        let t = &mut c.throttle;
        (t.tries_per_method_per_hour, t.contact_checks_per_hour) = (r.number(), r.number());
    },
    |c, r| {
        let t = &mut c.throttle;
        (t.emails_per_10_minutes, t.texts_per_day) = (r.number(), r.number());
    },
    |c, r| {
        let t = &mut c.throttle;
        (t.block_seconds, t.short_code_failures_per_day) = (r.number(), r.number());
    },
    |c, r| {
        let t = &mut c.throttle;
        (t.begins_per_network_per_hour, t.texts_per_hour_organisation) = (r.number(), r.number());
    },
    |c, r| {
        let some = ["GB", "US", "XX", "gb"].map(String::from);
        c.telecom.countries = (0..r.next() % 3).map(|_| r.one_of(&some)).collect();
        c.retention.activity_days = r.number();
        c.writeback.enabled = r.next() % 8 == 0;
    },
];

fn document(chance: &mut Chance) -> Config {
    let mut config = Config::default();
    for _ in 0..=chance.next() % 5 {
        chance.one_of(&CHANGES)(&mut config, chance);
    }
    config
}

fn administrator(with_phone: bool) -> Profile {
    let mut profile = Profile::new(Username::parse("chief").unwrap(), "uid".into(), Millis(0));
    let proved = |value: &str| {
        Some(Contact { value: value.into(), verified_at: Some(Millis(0)), version: 1 })
    };
    profile.roles = BTreeSet::from([Role::Admin]);
    profile.groups = BTreeSet::from([String::from("staff")]);
    profile.email = proved("chief@home.example");
    profile.mobile_phone = with_phone.then(|| proved("+447700900123")).flatten();
    profile
}

/// An administrator who forgot the password gets in again, unless the document says that administrators do not.
fn nobody_is_locked_out(config: &Config) {
    let scope = config.scope(&[(String::from("night"), vec![String::from("staff")])].into());
    let decided = eligibility(Some(&administrator(true)), config, &scope);
    match decided {
        Ok(eligible) => assert!(eligible.administrator && config.administrators.enabled),
        Err(why) => {
            assert!(why == Ineligible::AdministratorsDisabled && !config.administrators.enabled);
        }
    }
    let t = config.limits();
    assert!(t.proofs >= 2 && t.tries >= 1 && t.contacts >= 1 && t.emails >= 1 && t.texts >= 1);
    assert!((60..=604_800).contains(&t.block) && config.throttle.begins_per_network_per_hour >= 1);
    assert!(config.throttle.texts_per_hour_organisation >= 1);
    assert!(!config.telecom.countries.is_empty(), "nowhere to send a text to");
    let offered = config.attempt_policy(1).ways;
    let theirs = |way: &crate::method::Way| ADMINISTRATOR_METHODS.contains(&way.method());
    assert!(!config.administrators.enabled || offered.iter().any(theirs), "no first gate");
    let lock = config.lockout_limits();
    assert!(lock_seconds(&lock, 2) == 0 && lock_seconds(&lock, u32::MAX) <= 86_400);
    assert!(config.codes.resend_after < config.reset.seconds);
}

/// What administrators have to prove depends on no document.
fn administrators_prove_as_much(config: &Config) {
    let (policy, fixed) =
        (config.administrator_policy(1), Config::default().administrator_policy(1));
    assert_eq!((policy.required, &policy.ways), (2, &fixed.ways));
    let scope = config.scope(&Default::default());
    let one = eligibility(Some(&administrator(false)), config, &scope);
    assert_eq!(one, Err(Ineligible::NotRegistered));
}

/// SP 800-63B-4 §3.1.1.2 (passwords), §3.1.3.2 (codes), §3.2.2 (guesses).
fn the_standard_is_kept(config: &Config) {
    assert!((60..=600).contains(&config.codes.seconds) && (6..=10).contains(&config.codes.digits));
    assert!((300..=3_600).contains(&config.reset.seconds));
    let t = config.limits();
    assert!(t.proofs.max(t.tries) <= 100 && config.throttle.short_code_failures_per_day <= 100);
    assert!(config.lockout.threshold <= 100);
    let p = config.password_policy();
    assert!((8..=p.max_length).contains(&p.min_length) && (64..=256).contains(&p.max_length));
    if config.password.preset == Preset::Nist {
        assert_eq!((p.min_length, p.classes, p.expires_days), (15, 0, None));
    }
}

/// There is a password that it takes, and what is printed of it reads back the same.
fn it_can_be_lived_with(config: &Config) {
    let strong = "correct-Horse 7 battery! Staple under 9 purple kites & the Moon %";
    let strong = Password::new(strong.chars().take(64).collect());
    let reasons = check(&strong, &config.password_policy(), &Context::default());
    assert!(reasons.is_empty(), "{:?}", reasons.iter().map(|r| r.code()).collect::<Vec<_>>());
    let printed = serde_json::to_string(config).unwrap();
    assert_eq!(&serde_json::from_str::<Config>(&printed).unwrap(), config);
}

#[test]
fn no_accepted_document_locks_administrators_out_weakens_their_policy_or_outlives_the_standard() {
    let mut chance = Chance(0x5E716);
    let (mut accepted, mut refused) = (0u32, 0u32);
    for n in 0..DOCUMENTS {
        let config = document(&mut chance);
        if !config.validate().is_empty() {
            refused += 1;
            continue;
        }
        accepted += 1;
        let kept = std::panic::catch_unwind(|| {
            nobody_is_locked_out(&config);
            administrators_prove_as_much(&config);
            the_standard_is_kept(&config);
            if accepted % 64 == 0 {
                it_can_be_lived_with(&config);
            }
        });
        assert!(kept.is_ok(), "document {n}: {}", serde_json::to_string(&config).unwrap());
    }
    assert!(accepted > DOCUMENTS / 8 && refused > DOCUMENTS / 8, "{accepted} and {refused}");
}
