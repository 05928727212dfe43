//! Sealed secrets, one item per name. A name that nobody has gets a blank one the moment it is asked for, so that from
//! then on every name is read, and answered, alike.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use rules::factors::questions::DRAW_SECONDS;
use rules::ids::{Millis, Username};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::accounts::AccountChange;
use crate::fault::{Error, Fault};
use crate::key::Key;
use crate::read::parse;
use crate::write::{Changes, Renewal, Write};

/// How much longer a blank is kept with each draw, seconds: a week.
const KEPT: u32 = 7 * 86_400;

/// When secrets that belong to somebody may be cleaned up, seconds since 1970: in 2100. They go with the account; the
/// attribute is there so that such an item takes no more and no less room than a blank.
const KEPT_FOR_GOOD: i64 = 4_102_444_800;

/// What is kept under a name.
#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    /// The sealed text.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    /// When questions were last drawn.
    #[serde(default)]
    pub drawn_at: Option<Millis>,
}

impl Store {
    /// What is kept under a name.
    pub async fn factors(&self, username: &Username) -> Result<Option<Kept>, Fault> {
        self.get(Key::Factors(username)).await
    }

    /// What is kept under a name, with a draw of questions that stands: a new one if there is none or the last is a day
    /// old. `blank` is kept for a name without anything. One request of one size for every name.
    pub async fn drawn(
        &self,
        username: &Username,
        blank: Vec<u8>,
        now: Millis,
    ) -> Result<Kept, Fault> {
        let renewal = Renewal {
            since: "drawn_at",
            seconds: DRAW_SECONDS,
            first: ("sealed", AttributeValue::B(Blob::new(blank))),
            kept: KEPT,
        };
        parse("factors", self.renew(&Key::Factors(username), &renewal, now).await?)
    }

    /// The write of changed secrets inside a commit that the account's version guards: nothing else writes them.
    pub(crate) fn factors_write(&self, username: &Username, sealed: &[u8]) -> Result<Write, Fault> {
        let key = Key::Factors(username);
        let changes = Changes::new()
            .set("sealed", &serde_bytes::Bytes::new(sealed))?
            .set("kind", &key.kind())?
            .set("ttl", &KEPT_FOR_GOOD)?;
        Write::update(self, "factors", &key, &changes, &[])
    }

    /// [`Store::change_account`] with changed secrets.
    ///
    /// # Refuses
    /// `Conflict` if the account changed since it was read.
    pub async fn change_factors(
        &self,
        change: AccountChange<'_>,
        sealed: &[u8],
    ) -> Result<(), Error> {
        let factors = self.factors_write(&change.profile.username, sealed)?;
        self.change_account_and(change, vec![factors]).await
    }
}
