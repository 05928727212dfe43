//! "This wasn't me" (RST-16): what a link in a notice stands for, and what following it changes.

use rules::activity::{Activity, Modified, Name};
use rules::ids::{CorrelationId, Millis, Username};
use rules::notice::{Audience, Kind, Notice};
use rules::registration::Profile;
use rules::secret::NoticeToken;
use serde::{Deserialize, Serialize};

use crate::config::Versioned;
use crate::fault::Fault;
use crate::key::Key;
use crate::read::parse;
use crate::write::{Changes, Committed, If, Write, item};
use crate::{Call, Store};

/// How long the link in a notice works, seconds (RST-16: 72 hours).
pub const LINK_SECONDS: u32 = 72 * 3_600;

/// A change that a person was told of and may say was not theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disownable {
    /// Whose account.
    pub username: Username,
    /// The account, as distinct from a later one of the same name.
    pub uid: String,
    /// What the notice was about.
    pub notice: Kind,
    /// The thread it belongs to.
    pub correlation: CorrelationId,
    /// Dead from here on.
    pub expires_at: Millis,
    /// When somebody said that it was not theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Millis>,
}

impl Store {
    /// Keeps what a link stands for, before the notice with it goes out. The same notice offered again keeps it once.
    pub async fn offer_disowning(
        &self,
        token: &NoticeToken,
        change: &Disownable,
    ) -> Result<(), Fault> {
        let hash = token.hash();
        let key = Key::Disowning(&hash);
        let item = item(&key, change, Some(change.expires_at.seconds()))?;
        self.create(&key, item).await.map(|_| ())
    }

    /// What a link stands for, if it is still alive, with the configuration, in one request.
    pub async fn disownable(
        &self,
        token: &NoticeToken,
        now: Millis,
    ) -> Result<(Versioned, Option<Disownable>), Fault> {
        let hash = token.hash();
        let found = self.get_all(&[Key::Config, Key::Disowning(&hash)]).await?;
        let read = <[_; 2]>::try_from(found);
        let [config, change] = read.map_err(|_| Fault::Computation { what: "a batch" })?;
        let change = change.map(|i| parse::<Disownable>("disowning", i)).transpose()?;
        Ok((Self::config_of(config)?, change.filter(|c| now < c.expires_at)))
    }

    /// Ends every session and every attempt of the account, requires a reset, tells the administrators and the person and
    /// records it, in one transaction, once for each link. `false` if the link was used or the account changed meanwhile.
    pub async fn disown(
        &self,
        token: &NoticeToken,
        change: &Disownable,
        profile: &Profile,
        call: &Call,
    ) -> Result<bool, Fault> {
        let hash = token.hash();
        let used = Changes::new().set("used_at", &call.now)?;
        let once = [If::Present, If::Missing(String::from("used_at"))];
        let writes = vec![
            self.profile_write(&closed(profile, call.now))?,
            Write::update(self, "link", &Key::Disowning(&hash), &used, &once)?,
            self.record(&fact(change, profile, call), call.retention_days)?,
        ];
        Ok(self.commit(writes).await? == Committed::Done)
    }
}

/// The profile after somebody said that a change was not theirs.
fn closed(profile: &Profile, now: Millis) -> Profile {
    Profile {
        epoch: profile.epoch.saturating_add(1),
        reset_required: true,
        updated_at: now,
        ..profile.clone()
    }
}

fn fact(change: &Disownable, profile: &Profile, call: &Call) -> Activity {
    let mut row = call.activity("disowned", Name::Disowned);
    row.correlation = change.correlation;
    row.target = Some(profile.username.clone());
    row.role = Some(profile.role());
    row.reason = Some(change.notice.as_str().to_owned());
    row.modified = vec![Modified {
        field: String::from("reset_required"),
        old: Some(profile.reset_required.to_string()),
        new: Some(String::from("true")),
    }];
    let notice = |kind, to, audience| Notice { kind, to, audience, locale: call.locale.clone() };
    row.notices = vec![
        notice(Kind::Disowned, Vec::new(), Some(Audience::OtherAdministrators)),
        notice(Kind::ResetRequired, profile.notice_addresses(), None),
    ];
    row
}
