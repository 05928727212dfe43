//! Creating an account, or changing what an administrator may set of one.

use axum::extract::{Path, State};
use edge::{App, Caller, Incoming, Json, Problem};
use http::StatusCode;
use rules::activity::{Activity, Modified, Name};
use rules::ids::Username;
use rules::password::{Context, Credential, Parameters, Password, check};
use rules::policy::Config;
use rules::refusal::Refusal;
use rules::registration::{Directory, Profile};
use state::accounts::AccountChange;
use state::{Call, Error};

use crate::access::{Manager, may_put, unseats};
use crate::edit::{UserChange, apply};
use crate::effects::{announcement, end_sessions, modified};
use crate::view::User;
use crate::{ROUNDS, fact};

/// Creates an account, or changes one: a member left out keeps its value, null takes it away.
#[utoipa::path(put, path = "/v1/admin/users/{username}", params(("username" = String, Path)),
    request_body = UserChange, responses(
        (status = 200, body = User, description = "Changed."),
        (status = 201, body = User, description = "Created."),
        (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"), (status = 403, description = "forbidden"),
        (status = 409, description = "conflict"),
        (status = 422, description = "invalid_contact, password_rejected"),
    ))]
pub async fn put(
    State(app): State<App>,
    Incoming(call): Incoming,
    Manager(caller): Manager,
    Path(typed): Path<String>,
    Json(mut given): Json<UserChange>,
) -> Result<(StatusCode, Json<User>), Problem> {
    let username = Username::parse(&typed);
    let username = username.map_err(|e| Problem::field("username", e.code()))?;
    let request = Request { app: &app, call: &call, caller: &caller };
    for _ in 0..ROUNDS {
        let (config, old) = app.store.configured_profile(&username).await?;
        let config = config.config;
        let (status, done) = match old {
            Some(old) => (StatusCode::OK, request.change(&given, old, &config).await),
            None => {
                let created = request.create(&typed, &mut given, &config).await;
                (StatusCode::CREATED, created)
            }
        };
        if let Some(profile) = done? {
            let record = app.store.lockout(&username).await?;
            let user = User::of(profile, record.as_ref(), &config, call.now);
            return Ok((status, Json(user)));
        }
    }
    Err(Refusal::Conflict.into())
}

struct Request<'r> {
    app: &'r App,
    call: &'r Call,
    caller: &'r Caller,
}

impl Request<'_> {
    /// One round of a change; `None` if it met another one.
    async fn change(
        &self,
        given: &UserChange,
        old: Profile,
        config: &Config,
    ) -> Result<Option<Profile>, Problem> {
        if given.initial_password.is_some() {
            return Err(Problem::field("initial_password", "only_at_creation"));
        }
        let mut new = old.clone();
        // A contact's version is the account's at that write, so that it never comes back.
        let version = u32::try_from(old.version.saturating_add(1)).unwrap_or(u32::MAX);
        apply(given, &mut new, config, version)?;
        may_put(&self.caller.profile, Some(&old), &new)?;
        let mut row = self.row(&new, modified(Some(&old), &new));
        if row.modified.is_empty() {
            return Ok(Some(old));
        }
        row.notices.extend(announcement(&old, &new, self.call));
        end_sessions(&old, &mut new);
        new.updated_at = self.call.now;
        let change = self.written(&new, None, &row, config);
        let done = if unseats(&old, Some(&new)) {
            self.app.store.change_account_as(&self.caller.profile, change).await
        } else {
            self.app.store.change_account(change).await
        };
        Ok(settled(done, new)?)
    }

    /// One round of a creation; `None` if somebody else made the account meanwhile.
    async fn create(
        &self,
        typed: &str,
        given: &mut UserChange,
        config: &Config,
    ) -> Result<Option<Profile>, Problem> {
        let username = Username::parse_new(typed);
        let username = username.map_err(|e| Problem::field("username", e.code()))?;
        let mut profile = Profile::new(username, self.app.chance.id()?, self.call.now);
        profile.must_change_password = given.initial_password.is_some();
        apply(given, &mut profile, config, 1)?;
        may_put(&self.caller.profile, None, &profile)?;
        let mut row = self.row(&profile, modified(None, &profile));
        let credential = match given.initial_password.take() {
            Some(password) => {
                let new = Some(String::from("set"));
                row.modified.push(Modified { field: "initial_password".into(), old: None, new });
                let (password, credential) = self.first(password, &profile, config).await?;
                given.initial_password = Some(password);
                Some(credential)
            }
            None => None,
        };
        let change = self.written(&profile, credential.as_ref(), &row, config);
        Ok(settled(self.app.store.create_account(change).await, profile)?)
    }

    fn row(&self, profile: &Profile, modified: Vec<Modified>) -> Activity {
        let mut row = fact(self.call, Name::ManageUser, self.caller, profile);
        row.modified = modified;
        row
    }

    fn written<'w>(
        &self,
        profile: &'w Profile,
        credential: Option<&'w Credential>,
        activity: &'w Activity,
        config: &Config,
    ) -> AccountChange<'w> {
        let credential = credential.map(|c| (c, None));
        let retention_days = config.retention.activity_days;
        AccountChange { profile, credential, activity, retention_days }
    }

    /// The first credential. The password comes back with it, for another round.
    async fn first(
        &self,
        password: Password,
        profile: &Profile,
        config: &Config,
    ) -> Result<(Password, Credential), Problem> {
        if profile.directory == Directory::OnPremises {
            return Err(Problem::field("initial_password", "not_allowed"));
        }
        let policy = config.password_policy();
        let reasons = check(&password, &policy, &context(profile, &config.branding.organisation));
        if !reasons.is_empty() {
            return Err(Refusal::PasswordRejected(reasons).into());
        }
        let salt = self.app.chance.bytes()?;
        let hashed = self.app.hashing.evaluate(password, salt, Parameters::CURRENT).await?;
        let (password, evaluation) = hashed;
        let (keys, now) = (&self.app.keys, self.call.now);
        Ok((password, Credential::first(&evaluation, keys, policy.history, now)))
    }
}

fn settled(done: Result<(), Error>, profile: Profile) -> Result<Option<Profile>, Error> {
    match done {
        Err(Error::Refused(Refusal::Conflict)) => Ok(None),
        done => done.map(|()| Some(profile)),
    }
}

fn context<'p>(profile: &'p Profile, organisation: &'p str) -> Context<'p> {
    Context {
        username: profile.username.as_str(),
        first_name: profile.first_name.as_deref(),
        last_name: profile.last_name.as_deref(),
        display_name: profile.display_name.as_deref(),
        organisation,
    }
}
