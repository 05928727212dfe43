//! The first administrator: who creates everybody else.

use edge::App;
use rules::activity::Name;
use rules::ids::Username;
use rules::password::{Credential, Parameters, Password};
use rules::registration::{Profile, Role};
use state::accounts::AccountChange;
use state::{Call, Error, Fault};

/// Name and password of the administrator to create.
pub struct FirstAdmin {
    /// Canonical name.
    pub username: Username,
    /// As typed.
    pub password: Password,
}

/// They could not be created.
#[derive(Debug, thiserror::Error)]
pub enum FirstAdminFault {
    /// Somebody without the role has the name.
    #[error("somebody who is no administrator has that name")]
    Taken,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] Fault),
}

/// Accounts looked at in one request.
const PAGE: u32 = 500;

/// Creates the administrator, with no forced change, unless the directory has one already.
pub async fn create(app: &App, admin: FirstAdmin) -> Result<(), FirstAdminFault> {
    if has_admin(app).await? {
        return Ok(());
    }
    let now = app.clock.now();
    let id = app.chance.id()?;
    let mut profile = Profile::new(admin.username.clone(), app.chance.id()?, now);
    profile.roles.insert(Role::Admin);
    let salt = app.chance.bytes()?;
    let (_, evaluation) = app.hashing.evaluate(admin.password, salt, Parameters::CURRENT).await?;
    let history = app.store.config().await?.config.password.history;
    let credential = Credential::first(&evaluation, &app.keys, history, now);
    let call = Call {
        now,
        correlation: rules::ids::CorrelationId::new(now, app.chance.number()?),
        origin: rules::activity::Origin { source_ip: String::new(), client: "sspr".to_owned() },
        network: rules::ids::Network::anywhere(),
        locale: "en".to_owned(),
        id,
        retention_days: state::RETENTION_DAYS,
    };
    let mut activity = call.activity("first-admin", Name::ManageUser);
    activity.target = Some(admin.username);
    activity.role = Some(Role::Admin);
    let created = app.store.create_account(AccountChange {
        profile: &profile,
        credential: Some((&credential, None)),
        activity: &activity,
        retention_days: call.retention_days,
    });
    match created.await {
        Ok(()) => Ok(()),
        Err(Error::Refused(_)) => Err(FirstAdminFault::Taken),
        Err(Error::Failed(fault)) => Err(fault.into()),
    }
}

async fn has_admin(app: &App) -> Result<bool, Fault> {
    let mut after: Option<String> = None;
    loop {
        let page = app.store.profiles(after.as_deref(), PAGE).await?;
        if page.iter().any(|profile| profile.role() == Role::Admin) {
            return Ok(true);
        }
        match page.last() {
            Some(last) => after = Some(last.username.as_str().to_owned()),
            None => return Ok(false),
        }
    }
}
