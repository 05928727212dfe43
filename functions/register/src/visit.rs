//! One request of a signed-in person: who they are, what is in force for them, and how their account is changed.

use axum::extract::FromRequestParts;
use edge::{App, Caller, Incoming, Problem};
use http::request::Parts;
use rules::activity::{Activity, Modified, Name, RegistrationChange, RegistrationRow};
use rules::factors::Factors;
use rules::ids::Username;
use rules::method::Method;
use rules::notice::{Kind, Notice};
use rules::policy::Config;
use rules::refusal::Refusal;
use rules::registration::{
    ADMINISTRATOR_METHODS, Contact, Ineligible, Profile, Scope, Standing, eligibility, standing,
};
use state::accounts::AccountChange;
use state::{Call, Error, Fault};

/// Rounds in which a change that met a concurrent change of the account is decided again.
pub(crate) const ROUNDS: u32 = 3;

/// What the record says of a secret that is registered.
pub(crate) const ON_FILE: &str = "registered";

/// Somebody signed in and in scope, with what is in force.
pub(crate) struct Visit {
    pub(crate) app: App,
    pub(crate) call: Call,
    pub(crate) caller: Caller,
    pub(crate) config: Config,
    scope: Scope,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Incoming(mut call) = Incoming::from_request_parts(parts, app).await?;
        let caller = Caller::from_request_parts(parts, app).await?;
        let config = app.store.config().await?.config;
        let scope = app.store.scope(&config).await?;
        in_scope(&caller.profile, &config, &scope)
            .map_err(|why| Problem { why: Some(why), ..Refusal::ResetRefused(Some(why)).into() })?;
        call.retention_days = config.retention.activity_days;
        Ok(Self { app: app.clone(), call, caller, config, scope })
    }
}

/// Refuses somebody for whom reset is not meant, and says why (REG-02): they are signed in as themselves.
fn in_scope(profile: &Profile, config: &Config, scope: &Scope) -> Result<(), Ineligible> {
    match eligibility(Some(profile), config, scope) {
        // What registering mends, or does not depend on.
        Ok(_) | Err(Ineligible::NotRegistered | Ineligible::WritebackOff) => Ok(()),
        Err(
            why @ (Ineligible::UnknownUser
            | Ineligible::AccountDisabled
            | Ineligible::NotEnabled
            | Ineligible::NotInScope
            | Ineligible::AdministratorsDisabled),
        ) => Err(why),
    }
}

/// A change of the account that was decided on.
pub(crate) struct Amendment {
    /// The profile after it; its version is the one that was read.
    pub(crate) profile: Profile,
    pub(crate) activity: Activity,
    /// The method whose contact about to be proved is forgotten with it.
    pub(crate) forget: Option<Method>,
}

impl Visit {
    pub(crate) fn username(&self) -> &Username {
        &self.caller.profile.username
    }

    /// The account as it is now.
    pub(crate) fn profile(&self) -> &Profile {
        &self.caller.profile
    }

    /// # Refuses
    /// `ReauthenticationRequired` (REG-01).
    pub(crate) fn require_fresh(&self) -> Result<(), Refusal> {
        self.caller.require_fresh(self.call.now)
    }

    /// Methods that may be registered, in the order in which people see them: the enabled ones; an administrator's own,
    /// fixed ones.
    pub(crate) fn methods(&self) -> Vec<Method> {
        let enabled = |m: &Method| self.config.methods.is_enabled(*m);
        let fixed = |m: &Method| ADMINISTRATOR_METHODS.contains(m);
        let administrator = self.profile().is_administrator();
        let offered = |m: &Method| if administrator { fixed(m) } else { enabled(m) };
        Method::ALL.into_iter().filter(offered).collect()
    }

    /// # Refuses
    /// `MethodNotEnabled` for a method that may not be registered.
    pub(crate) fn require(&self, method: Method) -> Result<(), Refusal> {
        let offered = self.methods().contains(&method);
        if offered { Ok(()) } else { Err(Refusal::MethodNotEnabled) }
    }

    pub(crate) fn standing(&self, profile: &Profile) -> Standing {
        standing(profile, &self.config, &self.scope, self.call.now)
    }

    /// Whether as many methods are registered as required, and nobody asked for registration anew.
    pub(crate) fn is_complete(&self, profile: &Profile) -> bool {
        let standing = self.standing(profile);
        standing.registered >= standing.required && !profile.registration_required
    }

    /// The profile after a datum was registered: confirmed as a whole if that completes it.
    pub(crate) fn registered(&self, mut next: Profile) -> Profile {
        let before = self.profile();
        next.updated_at = self.call.now;
        next.registration_required = false;
        if self.is_complete(&next) {
            next.confirmed_at = Some(self.call.now);
            next.skips = 0;
        } else {
            next.registration_required = before.registration_required;
        }
        next
    }

    /// The record of a datum that was registered, with a notice to the contact of before, the new one and every notice
    /// address. `old` and `new` are what may be shown of it.
    pub(crate) fn fact(
        &self,
        next: &Profile,
        method: Method,
        (old, new): (Option<String>, Option<String>),
        change: RegistrationChange,
    ) -> Activity {
        let completes = self.is_complete(next) && !self.is_complete(self.profile());
        let name = if completes { Name::Registered } else { Name::SecurityInfoSaved };
        let mut row = self.row(name, Some(method), change);
        row.modified = vec![Modified { field: method.as_str().to_owned(), old, new }];
        row.notices = self.notice(Kind::MethodChanged, method, next.notice_addresses());
        row
    }

    /// [`Visit::fact`] of a datum of which nothing may be shown but that it is there.
    pub(crate) fn secret_fact(&self, next: &Profile, method: Method, was_there: bool) -> Activity {
        let word = || String::from(ON_FILE);
        let change =
            if was_there { RegistrationChange::Updated } else { RegistrationChange::Registered };
        self.fact(next, method, (was_there.then(word), Some(word())), change)
    }

    /// The record of a datum that is removed, with a notice to every address.
    pub(crate) fn removal(&self, method: Method, old: Option<String>) -> Activity {
        let change = RegistrationChange::Removed;
        let mut row = self.row(Name::SecurityInfoRemoved, Some(method), change);
        row.modified = vec![Modified { field: method.as_str().to_owned(), old, new: None }];
        let addresses = self.profile().notice_addresses();
        row.notices = self.notice(Kind::MethodRemoved, method, addresses);
        row
    }

    /// A row about what became of a datum.
    pub(crate) fn row(
        &self,
        name: Name,
        method: Option<Method>,
        change: RegistrationChange,
    ) -> Activity {
        let mut row = self.call.activity("registration", name);
        row.target = Some(self.username().clone());
        row.role = Some(self.profile().role());
        row.registration = Some(RegistrationRow { method, change });
        row
    }

    /// The notice of a change of a method: to its address of before, proved or not, and to the addresses given, each
    /// once; none if there is no address.
    pub(crate) fn notice(&self, kind: Kind, method: Method, others: Vec<String>) -> Vec<Notice> {
        let before = self.profile().email.iter().filter(|_| method == Method::Email);
        let mut to: Vec<String> = before.map(|c| c.value.clone()).collect();
        for address in others {
            if !to.iter().any(|known| known.eq_ignore_ascii_case(&address)) {
                to.push(address);
            }
        }
        if to.is_empty() {
            return Vec::new();
        }
        vec![Notice { kind, to, audience: None, locale: self.call.locale.clone() }]
    }

    /// Reads the account again, after somebody else changed it.
    ///
    /// # Refuses
    /// `InvalidToken` if the sign-in did not survive that.
    pub(crate) async fn read_again(&mut self) -> Result<(), Error> {
        let (session, profile) = self.app.store.caller(&self.caller.token, self.call.now).await?;
        self.caller.session = session;
        self.caller.profile = profile;
        Ok(())
    }

    /// Decides and commits until nobody was in between; nothing is written where nothing is to change. Afterwards the
    /// visit holds the account as it is.
    ///
    /// # Refuses
    /// As `decide`; `Conflict`.
    pub(crate) async fn amend(
        &mut self,
        decide: impl Fn(&Self) -> Result<Option<Amendment>, Refusal>,
    ) -> Result<(), Problem> {
        for _ in 0..ROUNDS {
            let Some(amendment) = decide(self)? else { return Ok(()) };
            match self.commit(&amendment, None).await {
                Ok(()) => {
                    self.caller.profile = amendment.profile;
                    return Ok(());
                }
                Err(Error::Refused(Refusal::Conflict)) => self.read_again().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refusal::Conflict.into())
    }

    /// [`Visit::amend`] of an account with its sealed secrets, which `decide` changes.
    ///
    /// # Refuses
    /// As `decide`; `Conflict`.
    pub(crate) async fn amend_secrets(
        &mut self,
        decide: impl Fn(&Self, &mut Factors) -> Result<Option<Amendment>, Refusal>,
    ) -> Result<(), Problem> {
        for _ in 0..ROUNDS {
            let mut factors = self.factors().await?;
            let Some(amendment) = decide(self, &mut factors)? else { return Ok(()) };
            let sealed = self.seal(&factors)?;
            match self.commit(&amendment, Some(&sealed)).await {
                Ok(()) => {
                    self.caller.profile = amendment.profile;
                    return Ok(());
                }
                Err(Error::Refused(Refusal::Conflict)) => self.read_again().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refusal::Conflict.into())
    }

    /// The account's sealed secrets; blank where there are none, or those of an earlier account of the name.
    pub(crate) async fn factors(&self) -> Result<Factors, Problem> {
        let blank = Factors::of(&self.profile().uid);
        let Some(kept) = self.app.store.factors(self.username()).await? else { return Ok(blank) };
        let opened = Factors::open(&self.app.keys.factors, self.username(), &kept.sealed);
        let opened = opened.map_err(|_| Fault::Corrupt { kind: "factors" })?;
        Ok(if opened.account == blank.account { opened } else { blank })
    }

    /// The secrets as they are kept.
    pub(crate) fn seal(&self, factors: &Factors) -> Result<Vec<u8>, Fault> {
        let nonce = self.app.chance.bytes()?;
        Ok(factors.seal(&self.app.keys.factors, self.username(), nonce))
    }

    async fn commit(&self, amendment: &Amendment, sealed: Option<&[u8]>) -> Result<(), Error> {
        let change = AccountChange {
            profile: &amendment.profile,
            credential: None,
            activity: &amendment.activity,
            retention_days: self.call.retention_days,
        };
        if let Some(method) = amendment.forget {
            let enrolment = self.app.store.enrolment(self.username()).await?;
            let pending = enrolment.filter(|e| e.of(method).is_some());
            if let Some(enrolment) = pending {
                return self.app.store.settle(&enrolment, method, &change, sealed).await;
            }
        }
        match sealed {
            Some(sealed) => self.app.store.change_factors(change, sealed).await,
            None => self.app.store.change_account(change).await,
        }
    }
}

/// The contact of a method, proved or not; none for a method without one.
pub(crate) fn contact(profile: &Profile, method: Method) -> Option<&Contact> {
    match method {
        Method::Email => profile.email.as_ref(),
        Method::MobilePhone => profile.mobile_phone.as_ref(),
        Method::OfficePhone => profile.office_phone.as_ref(),
        Method::SecurityQuestions | Method::AuthenticatorApp | Method::RecoveryCode => None,
    }
}

/// The profile with another contact for a method that the person registers themselves.
///
/// # Refuses
/// `MethodNotEnabled` for any other method.
pub(crate) fn with_contact(
    profile: &Profile,
    method: Method,
    contact: Option<Contact>,
) -> Result<Profile, Refusal> {
    let mut next = profile.clone();
    match method {
        Method::Email => next.email = contact,
        Method::MobilePhone => next.mobile_phone = contact,
        Method::OfficePhone
        | Method::SecurityQuestions
        | Method::AuthenticatorApp
        | Method::RecoveryCode => return Err(Refusal::MethodNotEnabled),
    }
    Ok(next)
}
