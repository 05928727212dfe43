//! The report of people as they are now: who may reset, who has registered, with what.

use edge::App;
use rules::ids::{Millis, Username};
use rules::method::Method;
use rules::policy::Config;
use rules::registration::{Ineligible, Profile, Scope, eligibility, standing};
use serde::Serialize;
use state::Fault;
use utoipa::{IntoParams, ToSchema};

use crate::answer::Column;
use crate::paging::{Paging, flag, username, word};
use crate::parameters::Parameters;
use crate::walk::Page;

/// Accounts asked for at once.
const AT_ONCE: u32 = 200;

/// Accounts read for one page.
const READ_MAX: usize = 5_000;

/// Which people.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserFilters {
    /// Whether they registered as many methods as they need.
    pub registered: Option<bool>,
    /// Whether reset is on for them.
    pub enabled: Option<bool>,
    /// Whether they could reset now.
    pub capable: Option<bool>,
    /// What they registered.
    #[param(value_type = Option<String>, pattern = "^(email|mobile_phone|office_phone|security_questions|authenticator_app|recovery_code)$")]
    pub method: Option<Method>,
    /// Who.
    #[param(value_type = Option<String>, max_length = 113)]
    pub username: Option<Username>,
}

/// A person.
#[derive(Serialize, ToSchema)]
pub struct UserItem {
    username: String,
    display_name: Option<String>,
    is_admin: bool,
    is_sspr_registered: bool,
    is_sspr_enabled: bool,
    is_sspr_capable: bool,
    #[schema(value_type = Vec<String>)]
    methods_registered: Vec<Method>,
    #[schema(value_type = String, format = DateTime)]
    last_updated_at: String,
}

/// Columns of the report.
pub const COLUMNS: [Column; 8] = [
    ("username", "/username"),
    ("display_name", "/display_name"),
    ("is_admin", "/is_admin"),
    ("is_sspr_registered", "/is_sspr_registered"),
    ("is_sspr_enabled", "/is_sspr_enabled"),
    ("is_sspr_capable", "/is_sspr_capable"),
    ("methods_registered", "/methods_registered"),
    ("last_updated_at", "/last_updated_at"),
];

/// What decides about people.
struct Rules {
    config: Config,
    scope: Scope,
    now: Millis,
}

impl Rules {
    fn item(&self, profile: &Profile) -> UserItem {
        let standing = standing(profile, &self.config, &self.scope, self.now);
        let methods = profile.usable_methods(&self.config);
        UserItem {
            username: profile.username.to_string(),
            display_name: profile.display_name.clone(),
            is_admin: profile.is_administrator(),
            is_sspr_registered: standing.registered >= standing.required,
            is_sspr_enabled: self.is_enabled(profile),
            is_sspr_capable: eligibility(Some(profile), &self.config, &self.scope).is_ok(),
            methods_registered: methods.into_iter().collect(),
            last_updated_at: profile.updated_at.rfc3339(),
        }
    }

    /// Whether the policy lets the person reset, disabled or not, registered or not.
    fn is_enabled(&self, profile: &Profile) -> bool {
        let mut active = profile.clone();
        active.enabled = true;
        match eligibility(Some(&active), &self.config, &self.scope) {
            Ok(_) | Err(Ineligible::NotRegistered | Ineligible::WritebackOff) => true,
            Err(
                Ineligible::UnknownUser
                | Ineligible::AccountDisabled
                | Ineligible::NotEnabled
                | Ineligible::NotInScope
                | Ineligible::AdministratorsDisabled,
            ) => false,
        }
    }
}

impl UserFilters {
    /// Reads them.
    pub fn read(parameters: &mut Parameters) -> Self {
        Self {
            registered: parameters.read("registered", flag),
            enabled: parameters.read("enabled", flag),
            capable: parameters.read("capable", flag),
            method: parameters.read("method", word),
            username: parameters.read("username", username),
        }
    }

    fn passes(&self, item: &UserItem) -> bool {
        let is = |wanted: Option<bool>, value: bool| wanted.is_none_or(|wanted| wanted == value);
        is(self.registered, item.is_sspr_registered)
            && is(self.enabled, item.is_sspr_enabled)
            && is(self.capable, item.is_sspr_capable)
            && self.method.is_none_or(|method| item.methods_registered.contains(&method))
    }

    /// A page of the report, in the order of the names. As with other reports, a page that has cost enough ends early and
    /// its cursor goes on.
    pub async fn page(
        &self,
        app: &App,
        paging: &Paging,
        now: Millis,
    ) -> Result<Page<UserItem>, Fault> {
        let config = app.store.config().await?.config;
        let scope = app.store.scope(&config).await?;
        let rules = Rules { config, scope, now };
        let passing = |profile: &Profile| Some(rules.item(profile)).filter(|i| self.passes(i));
        if let Some(username) = &self.username {
            let profile = app.store.profile(username).await?;
            let items = profile.as_ref().and_then(passing).into_iter().collect();
            return Ok(Page { items, next: None });
        }
        let full = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let (mut items, mut read) = (Vec::new(), 0usize);
        let mut place = paging.cursor.clone();
        while read < READ_MAX {
            let profiles = app.store.profiles(place.as_deref(), AT_ONCE).await?;
            if profiles.is_empty() {
                return Ok(Page { items, next: None });
            }
            read = read.saturating_add(profiles.len());
            for profile in &profiles {
                if let Some(item) = passing(profile) {
                    if items.len() == full {
                        return Ok(Page { items, next: place });
                    }
                    items.push(item);
                }
                place = Some(profile.username.to_string());
            }
        }
        Ok(Page { items, next: place })
    }
}
