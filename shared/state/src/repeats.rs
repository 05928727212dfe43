//! Requests under an `Idempotency-Key`: one acts, its answer is kept, sealed, for those that come again.

use rules::ids::Millis;
use rules::repeat::{KEPT_SECONDS, RUNNING_SECONDS, Record, Standing};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::Store;
use crate::fault::Fault;
use crate::key::{Item, Key};
use crate::read::parse;
use crate::write::{Changes, If, Written, item, number, text};

/// Rounds in which a request that met another one at the same moment looks again.
const ROUNDS: u32 = 3;

/// A request under a key.
pub struct Keyed<'k> {
    /// Tag of the key with everything that it is valid for.
    pub tag: &'k str,
    /// Recognises the body.
    pub fingerprint: &'k str,
    /// This request, as distinct from its repeats.
    pub holder: &'k str,
    /// When it came.
    pub now: Millis,
}

/// What a request under a key is.
#[derive(Debug, PartialEq, Eq)]
pub enum Begun {
    /// The first: it acts.
    First,
    /// A repeat: the answer of the first, as it was given to [`Store::keep_answer`].
    Repeat(Vec<u8>),
    /// A repeat of one that is under way.
    Running {
        /// Seconds.
        retry_after: u32,
    },
    /// Another request under the same key.
    Another,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    fingerprint: String,
    holder: String,
    running_until: Millis,
    expires_at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<ByteBuf>,
}

impl Stored {
    fn of(request: &Keyed<'_>) -> Self {
        Self {
            fingerprint: request.fingerprint.to_owned(),
            holder: request.holder.to_owned(),
            running_until: request.now.plus_seconds(RUNNING_SECONDS),
            expires_at: request.now.plus_seconds(KEPT_SECONDS),
            answer: None,
        }
    }

    fn record(&self) -> Record {
        Record {
            fingerprint: self.fingerprint.clone(),
            running_until: self.running_until,
            expires_at: self.expires_at,
            answered: self.answer.is_some(),
        }
    }
}

impl Store {
    /// Claims a key for a request, or says what it repeats. Of any number of equal requests at once one is the first; one
    /// that broke off holds the key for [`RUNNING_SECONDS`]. One write for a new key.
    pub async fn begin_once(&self, request: &Keyed<'_>) -> Result<Begun, Fault> {
        let key = Key::Idempotency(request.tag);
        let mine = Stored::of(request);
        let ttl = Some(mine.expires_at.seconds());
        for _ in 0..ROUNDS {
            let met = match self.create(&key, item(&key, &mine, ttl)?).await? {
                Written::Done(_) => return Ok(Begun::First),
                Written::Refused(met) => met,
            };
            if let Some(begun) = self.judge_repeat(request, &mine, met).await? {
                return Ok(begun);
            }
        }
        Err(Fault::Busy { operation: "begin_once", code: "conflict".into() })
    }

    /// What the record that was met means; `None` if it went or changed at this moment.
    async fn judge_repeat(
        &self,
        request: &Keyed<'_>,
        mine: &Stored,
        met: Item,
    ) -> Result<Option<Begun>, Fault> {
        if met.is_empty() {
            return Ok(None);
        }
        let met: Stored = parse("idempotency", met)?;
        Ok(match met.record().standing(request.fingerprint, request.now) {
            Standing::Another => Some(Begun::Another),
            Standing::Running { retry_after } => Some(Begun::Running { retry_after }),
            Standing::Answered => met.answer.map(|a| Begun::Repeat(a.into_vec())),
            Standing::Free => self.take_over(request, mine, &met).await?.then_some(Begun::First),
        })
    }

    /// Puts a request in the place of one that ran out.
    async fn take_over(
        &self,
        request: &Keyed<'_>,
        mine: &Stored,
        met: &Stored,
    ) -> Result<bool, Fault> {
        let changes = Changes::new()
            .set("fingerprint", &mine.fingerprint)?
            .set("holder", &mine.holder)?
            .set("running_until", &mine.running_until)?
            .set("expires_at", &mine.expires_at)?
            .set("ttl", &mine.expires_at.seconds())?
            .remove("answer");
        let still = [
            If::Is("holder", text(&met.holder)),
            If::Is("running_until", number(met.running_until.0)),
            If::Is("expires_at", number(met.expires_at.0)),
        ];
        Ok(match self.update(&Key::Idempotency(request.tag), &changes, &still).await? {
            Written::Done(_) => true,
            // Its own write, if the reply to it was lost.
            Written::Refused(now) => now.get("holder") == Some(&text(request.holder)),
        })
    }

    /// Keeps the answer of the first request for its repeats, unless another took the key over meanwhile.
    pub async fn keep_answer(&self, request: &Keyed<'_>, sealed: Vec<u8>) -> Result<(), Fault> {
        let changes = Changes::new().set("answer", &ByteBuf::from(sealed))?;
        self.of_holder(request, changes).await
    }

    /// Frees the key: the first request was not answered for good, and may be made again.
    pub async fn forget_request(&self, request: &Keyed<'_>) -> Result<(), Fault> {
        self.of_holder(request, Changes::new().set("expires_at", &Millis(0))?).await
    }

    async fn of_holder(&self, request: &Keyed<'_>, changes: Changes) -> Result<(), Fault> {
        let mine = [If::Is("holder", text(request.holder))];
        self.update(&Key::Idempotency(request.tag), &changes, &mine).await.map(|_| ())
    }
}
