//! A name and a password at the door: the one place where a typed password is compared with an account's. Signing in and
//! changing a password come through here, so that both count to the same lock and neither tells names apart.
//!
//! The order never varies: read, pay, evaluate once, compare, and settle what was wrong. A name that is nobody's, that has
//! no password or that is disabled costs the same reads, the same writes of the same sizes and the same evaluation as any
//! other (RST-03); so does a wrong password that was given before, though it does not count again (LCK-01).

use rules::activity::Name;
use rules::ids::Username;
use rules::password::{Evaluation, Parameters, Password};
use rules::refusal::Refusal;
use rules::registration::{Directory, Profile};
use state::Call;
use state::accounts::{Account, StoredCredential};
use state::config::Versioned;

use crate::app::App;
use crate::problem::Problem;

/// Salt of the evaluation that is made for a name without a password. It protects nothing: the result is thrown away.
const NOBODYS_SALT: [u8; 16] = *b"nobody's salt 16";

/// Why a sign-in was locked, in the record.
const TOO_MANY: &str = "too_many_failures";

/// Somebody who gave the right name and password, as they are now.
pub struct Known {
    /// The configuration in force.
    pub config: Versioned,
    /// Their account, enabled.
    pub profile: Profile,
    /// Their credential.
    pub credential: StoredCredential,
    /// What the password they gave evaluates to.
    pub evaluation: Evaluation,
    /// The password they gave, for whoever must evaluate it anew.
    pub password: Option<Password>,
}

impl App {
    /// Compares a password with an account's. The try stays charged: whoever calls this redeems it, by signing in, by
    /// changing the password or by forgiving.
    ///
    /// # Refuses
    /// `AccountLocked`; `InvalidCredentials` for an unknown name, a wrong password and a disabled account alike.
    pub async fn know(
        &self,
        username: &Username,
        password: Password,
        call: &Call,
    ) -> Result<Known, Problem> {
        let door = self.store.door(username).await?;
        let paid = self.store.pay_sign_in(username, &door, &call.id, call.now).await?;
        let (salt, parameters) = match &door.account.credential {
            Some(stored) => (*stored.credential.salt(), stored.credential.parameters()),
            None => (NOBODYS_SALT, Parameters::CURRENT),
        };
        let (password, evaluation) = self.hashing.evaluate(password, salt, parameters).await?;
        let tag = evaluation.wrong_tag(&self.keys.wrong, username);
        if let Some(known) = self.recognise(&door.account, evaluation) {
            return Ok(Known { password: Some(password), ..known });
        }
        let failures = self.store.settle_wrong(username, &door, &paid, &tag).await?;
        if failures.is_some_and(|failures| failures >= door.limits().threshold) {
            // Nothing of the account in the row: it is the same for a name that is nobody's.
            let mut row = call.activity("locked", Name::SignInLocked);
            row.target = Some(username.clone());
            row.success = false;
            row.reason = Some(TOO_MANY.to_owned());
            let days = door.account.config.config.retention.activity_days;
            self.store.record_lock(&row, days).await?;
        }
        Err(Refusal::InvalidCredentials.into())
    }

    /// An account whose present password is the evaluated one, if it may be used at all.
    pub fn recognise(&self, account: &Account, evaluation: Evaluation) -> Option<Known> {
        let Account { config, profile, credential } = account;
        let right =
            |stored: &&StoredCredential| stored.credential.is_current(&evaluation, &self.keys);
        let right = credential.as_ref().filter(right);
        // A password that the directory keeps is not compared with one that was kept here before.
        let native = |p: &&Profile| p.enabled && p.directory == Directory::Native;
        let profile = profile.as_ref().filter(native);
        let (profile, credential) = profile.zip(right)?;
        let (config, profile, credential) = (config.clone(), profile.clone(), credential.clone());
        Some(Known { config, profile, credential, evaluation, password: None })
    }
}
