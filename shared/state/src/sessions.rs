//! Signed-in people. Only the hash of a token is stored; an epoch on the account kills every older session at once.

use rules::ids::{Millis, Username};
use rules::refusal::Refusal;
use rules::registration::Profile;
use rules::secret::AccessToken;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::fault::{Error, Fault};
use crate::key::Key;
use crate::write::{If, Write, item};

/// How long a sign-in lasts, seconds (api.md §3).
pub const SESSION_SECONDS: u32 = 3_600;

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub username: Username,
    /// The account, as distinct from a later one of the same name.
    pub uid: String,
    /// The account's epoch at sign-in.
    pub epoch: u64,
    /// When the password was given.
    pub signed_in_at: Millis,
    /// Dead from here on.
    pub expires_at: Millis,
}

impl Session {
    /// A session that begins now.
    pub fn begin(profile: &Profile, now: Millis) -> Self {
        Self {
            username: profile.username.clone(),
            uid: profile.uid.clone(),
            epoch: profile.epoch,
            signed_in_at: now,
            expires_at: now.plus_seconds(SESSION_SECONDS),
        }
    }
}

impl Store {
    /// The write that keeps a session.
    pub(crate) fn session_write(&self, token: &AccessToken, s: &Session) -> Result<Write, Fault> {
        let hash = token.hash();
        let key = Key::Session(&hash);
        Write::create(self, "session", &key, item(&key, s, Some(s.expires_at.seconds()))?)
    }

    /// Who presents a token, as they are now.
    ///
    /// # Refuses
    /// `InvalidToken` if the session is unknown, over, or of an earlier epoch, or the account is gone or disabled.
    pub async fn caller(
        &self,
        token: &AccessToken,
        now: Millis,
    ) -> Result<(Session, Profile), Error> {
        let session: Option<Session> = self.get(Key::Session(&token.hash())).await?;
        let session = session.filter(|s| now < s.expires_at).ok_or(Refusal::InvalidToken)?;
        let profile = self.profile(&session.username).await?.ok_or(Refusal::InvalidToken)?;
        let same = profile.uid == session.uid && profile.epoch == session.epoch;
        if same && profile.enabled {
            Ok((session, profile))
        } else {
            Err(Refusal::InvalidToken.into())
        }
    }

    /// Ends one session; ending it twice is no error.
    pub async fn end_session(&self, token: &AccessToken) -> Result<(), Fault> {
        let delete =
            Write::delete_if(self, "session", &Key::Session(&token.hash()), &[If::Present])?;
        self.commit(vec![delete]).await.map(|_| ())
    }
}
