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
    let request = Request { app: &app, call: &call, caller: &caller, part: "users" };
    for _ in 0..ROUNDS {
        let (config, old) = app.store.configured_profile(&username).await?;
        let config = config.config;
        let status = if old.is_some() { StatusCode::OK } else { StatusCode::CREATED };
        let mut plan = request.plan(&typed, &given, old, &config)?;
        let credential = match given.initial_password.take() {
            Some(password) => {
                let (password, credential) = request.first(password, &mut plan, &config).await?;
                given.initial_password = Some(password);
                Some(credential)
            }
            None => None,
        };
        if request.carry_out(&plan, credential.as_ref(), &config).await? {
            let record = app.store.lockout(&username).await?;
            let user = User::of(plan.new, record.as_ref(), &config, call.now);
            return Ok((status, Json(user)));
        }
    }
    Err(Refusal::Conflict.into())
}

/// Who asks for changes of accounts, and how the record names what comes of it.
#[derive(Clone, Copy)]
pub struct Request<'r> {
    pub app: &'r App,
    pub call: &'r Call,
    pub caller: &'r Caller,
    /// Tells the rows of one call apart.
    pub part: &'r str,
}

/// What a creation or a change of an account comes to: decided, not yet done.
pub struct Plan {
    /// What it is; nothing if nobody has the name.
    pub old: Option<Profile>,
    /// What it becomes.
    pub new: Profile,
    row: Activity,
}

impl Plan {
    /// Whether there is anything to do.
    pub fn changes(&self) -> bool {
        self.old.is_none() || !self.row.modified.is_empty()
    }
}

impl Request<'_> {
    /// Decides what the account of a name becomes.
    ///
    /// # Refuses
    /// Wrong members, contacts that cannot be used, what is out of the caller's reach.
    pub fn plan(
        &self,
        typed: &str,
        given: &UserChange,
        old: Option<Profile>,
        config: &Config,
    ) -> Result<Plan, Problem> {
        match old {
            Some(old) => self.plan_change(given, old, config),
            None => self.plan_creation(typed, given, config),
        }
    }

    fn plan_change(
        &self,
        given: &UserChange,
        old: Profile,
        config: &Config,
    ) -> Result<Plan, Problem> {
        if given.initial_password.is_some() {
            return Err(Problem::field("initial_password", "only_at_creation"));
        }
        let mut new = old.clone();
        // A contact's version is the account's at that write, so that it never comes back.
        let version = u32::try_from(old.version.saturating_add(1)).unwrap_or(u32::MAX);
        apply(given, &mut new, config, version)?;
        may_put(&self.caller.profile, Some(&old), &new)?;
        let mut row = self.row(&new, modified(Some(&old), &new));
        if !row.modified.is_empty() {
            row.notices.extend(announcement(&old, &new, self.call));
            end_sessions(&old, &mut new);
            new.updated_at = self.call.now;
        }
        Ok(Plan { old: Some(old), new, row })
    }

    fn plan_creation(
        &self,
        typed: &str,
        given: &UserChange,
        config: &Config,
    ) -> Result<Plan, Problem> {
        let username = Username::parse_new(typed);
        let username = username.map_err(|e| Problem::field("username", e.code()))?;
        let mut new = Profile::new(username, self.app.chance.id()?, self.call.now);
        new.must_change_password = given.initial_password.is_some();
        apply(given, &mut new, config, 1)?;
        may_put(&self.caller.profile, None, &new)?;
        let row = self.row(&new, modified(None, &new));
        Ok(Plan { old: None, new, row })
    }

    /// Does what was planned, in one transaction; `false` if another change of the account came first.
    pub async fn carry_out(
        &self,
        plan: &Plan,
        credential: Option<&Credential>,
        config: &Config,
    ) -> Result<bool, Error> {
        if !plan.changes() {
            return Ok(true);
        }
        let change = AccountChange {
            profile: &plan.new,
            credential: credential.map(|c| (c, None)),
            activity: &plan.row,
            retention_days: config.retention.activity_days,
        };
        let store = &self.app.store;
        let done = match &plan.old {
            None => store.create_account(change).await,
            Some(old) if unseats(old, Some(&plan.new)) => {
                store.change_account_as(&self.caller.profile, change).await
            }
            Some(_) => store.change_account(change).await,
        };
        match done {
            Err(Error::Refused(Refusal::Conflict)) => Ok(false),
            done => done.map(|()| true),
        }
    }

    fn row(&self, profile: &Profile, modified: Vec<Modified>) -> Activity {
        let mut row = fact(self.call, Name::ManageUser, self.caller, profile);
        row.id = self.call.activity(self.part, Name::ManageUser).id;
        row.modified = modified;
        row
    }

    /// The first credential of a planned creation. The password comes back with it, for another round.
    async fn first(
        &self,
        password: Password,
        plan: &mut Plan,
        config: &Config,
    ) -> Result<(Password, Credential), Problem> {
        let profile = &plan.new;
        if profile.directory == Directory::OnPremises {
            return Err(Problem::field("initial_password", "not_allowed"));
        }
        let policy = config.password_policy();
        let reasons =
            check(&password, &policy, &Context::of(Some(profile), &config.branding.organisation));
        if !reasons.is_empty() {
            return Err(Refusal::PasswordRejected(reasons).into());
        }
        let salt = self.app.chance.bytes()?;
        let hashed = self.app.hashing.evaluate(password, salt, Parameters::CURRENT).await?;
        let (password, evaluation) = hashed;
        let new = Some(String::from("set"));
        plan.row.modified.push(Modified { field: "initial_password".into(), old: None, new });
        let (keys, now) = (&self.app.keys, self.call.now);
        Ok((password, Credential::first(&evaluation, keys, policy.history, now)))
    }
}
