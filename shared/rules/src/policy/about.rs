//! What everybody may know of the configuration without signing in (`GET /v1/about`).

use serde::Serialize;

use super::{Config, Preset, Support};
use crate::method::Method;
use crate::proof_of_work::Scheme;

/// The public part of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct About {
    /// The organisation's name.
    pub organisation: String,
    /// Its logo as checked SVG.
    pub logo_svg: Option<String>,
    /// Its colour.
    pub colour: String,
    /// The colour of text on it.
    pub ink: &'static str,
    /// Languages that can be asked for.
    pub languages: Vec<String>,
    /// Language where nothing else decides.
    pub default_locale: String,
    /// Methods enabled.
    pub methods: Vec<Method>,
    /// Gates to pass.
    pub methods_required: u8,
    /// Whether people may unlock without a new password.
    pub unlock_without_reset: bool,
    /// Where people find help.
    pub support: Support,
    /// What a password must be.
    pub password: PasswordRules,
    /// Whether beginning a reset asks for a proof of work.
    pub proof_of_work: bool,
    /// How, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_of_work_scheme: Option<Scheme>,
}

/// The password rules as data, for forms that help while somebody types. The banned words themselves are not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasswordRules {
    /// Which preset.
    pub preset: Preset,
    /// Fewest code points after NFKC.
    pub min_length: u32,
    /// Most code points after NFKC.
    pub max_length: u32,
    /// How many of upper case, lower case, digits, symbols.
    pub classes: u8,
    /// `any`, or `ascii`: printable ASCII and the space.
    pub characters: &'static str,
    /// How many of the last passwords may not be used again.
    pub history: u32,
    /// Days until it must be changed.
    pub expires_days: Option<u32>,
    /// Least strength, 0 to 4.
    pub min_strength: u8,
}

impl Config {
    /// The public part, with the languages that the caller can speak.
    pub fn about(&self, languages: &[&str]) -> About {
        About {
            organisation: self.branding.organisation.clone(),
            logo_svg: self.branding.logo_svg.clone(),
            colour: self.branding.colour.clone(),
            ink: self.branding.ink(),
            languages: languages.iter().map(|l| (*l).to_owned()).collect(),
            default_locale: self.branding.default_locale.clone(),
            methods: self.methods.enabled(),
            methods_required: self.methods_required,
            unlock_without_reset: self.unlock_without_reset,
            support: self.support.clone(),
            password: self.password_rules(),
            proof_of_work: self.proof_of_work,
            proof_of_work_scheme: self.proof_of_work.then(Scheme::published),
        }
    }

    /// The password rules as data.
    pub fn password_rules(&self) -> PasswordRules {
        let policy = self.password_policy();
        PasswordRules {
            preset: self.password.preset,
            min_length: policy.min_length,
            max_length: policy.max_length,
            classes: policy.classes,
            characters: if policy.ascii_only { "ascii" } else { "any" },
            history: policy.history,
            expires_days: policy.expires_days,
            min_strength: policy.min_strength,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_part_tells_the_rules_and_not_the_banned_words() {
        let mut config = Config::default();
        config.password.banned_words = vec![String::from("contoso")];
        let about = serde_json::to_value(config.about(&["en"])).unwrap();
        assert_eq!(
            about["methods"],
            serde_json::json!(["email", "mobile_phone", "authenticator_app", "recovery_code"])
        );
        assert_eq!(about["password"]["min_length"], 15);
        assert_eq!(about["password"]["characters"], "any");
        assert_eq!(about["support"]["kind"], "contact_admin");
        assert!(!about.to_string().contains("contoso"));
    }
}
