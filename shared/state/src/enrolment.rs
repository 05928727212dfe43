//! What is about to be proved at registration: a contact, whose code is derived and never stored (what is stored is what it
//! is derived from), or an authenticator app, whose new secret waits here sealed.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use rules::activity::{Activity, CodeOrder, Name};
use rules::factors::{TOTP_SECRET_LEN, open_pending, totp};
use rules::gate::registration_code;
use rules::ids::{Millis, Username};
use rules::method::{Method, Way};
use rules::refusal::Refusal;
use rules::secret::{Code, Keys};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::accounts::AccountChange;
use crate::fault::{Error, Fault};
use crate::key::Key;
use crate::write::{Changes, Committed, If, Write, Written, item, number};
use crate::{Call, Store};

/// Guesses at one registration code.
pub const TRIES: u32 = 5;

/// How long an unproved contact is kept, seconds.
const KEPT: i64 = 86_400;

/// Rounds in which a guess that met a concurrent one is paid again.
const ROUNDS: u32 = 5;

/// A contact to which a code was sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// By which way.
    pub way: Way,
    /// Canonical address or number; of an app, its secret, sealed, in base64.
    pub contact: String,
    /// Drawn for this contact.
    pub nonce: String,
    /// Which send, from 1.
    pub send: u32,
    /// When the last code was asked for.
    pub at: Millis,
    /// When it is too old.
    pub expires_at: Millis,
    /// Length of the code.
    pub digits: u8,
    /// Guesses paid.
    pub tries: u32,
    /// The call that paid the last one. It makes two payments of one guess each differ: met with its own values, a
    /// payment counts as done (a lost reply), and somebody else's must not look like it.
    #[serde(default)]
    pub paid_by: String,
}

/// A guess at a registration code.
pub struct Guess<'g> {
    /// Of which method's contact.
    pub method: Method,
    /// What was typed.
    pub typed: &'g Code,
    /// What codes are derived with and secrets are sealed with.
    pub keys: &'g Keys,
}

impl Guess<'_> {
    fn is_right(&self, username: &Username, pending: &Pending, now: Millis) -> bool {
        if pending.way == Way::AuthenticatorApp {
            return pending.step_of(username, self, now).is_some();
        }
        let (key, name) = (&self.keys.code, username.as_str());
        let (nonce, send) = (&pending.nonce, pending.send);
        registration_code(key, name, nonce, send, pending.digits).is(self.typed)
    }
}

impl Pending {
    /// The secret of an app that waits to be confirmed; `None` for anything else.
    pub fn secret(
        &self,
        username: &Username,
        keys: &Keys,
    ) -> Option<Zeroizing<[u8; TOTP_SECRET_LEN]>> {
        let sealed = BASE64.decode(self.contact.as_bytes()).ok()?;
        open_pending(&keys.factors, username, &sealed).ok()
    }

    /// The step whose code of this app was typed.
    pub fn step_of(&self, username: &Username, guess: &Guess<'_>, now: Millis) -> Option<i64> {
        let secret = self.secret(username, guess.keys)?;
        totp::matching(secret.as_slice(), guess.typed, now)
    }
}

/// Everything a person is about to prove.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// Whose.
    pub username: Username,
    /// By method.
    pub pending: BTreeMap<String, Pending>,
    /// Moves with every change.
    pub version: u64,
}

impl Enrolment {
    /// What is pending for a method.
    pub fn of(&self, method: Method) -> Option<&Pending> {
        self.pending.get(method.as_str())
    }
}

impl Store {
    /// What a person is about to prove.
    pub async fn enrolment(&self, username: &Username) -> Result<Option<Enrolment>, Fault> {
        self.get(Key::Enrolment(username)).await
    }

    /// Keeps a contact to be proved and orders its code, in one transaction; for an app nothing is sent. `read` is the
    /// enrolment as read.
    ///
    /// # Refuses
    /// `Conflict` if another request did the same meanwhile.
    pub async fn enrol(
        &self,
        username: &Username,
        read: Option<&Enrolment>,
        pending: Pending,
        call: &Call,
    ) -> Result<(), Error> {
        let key = Key::Enrolment(username);
        let order = pending.way.sends().then(|| ordered(username, &pending, call));
        let version = read.map_or(0, |e| e.version);
        let mut all = read.map(|e| e.pending.clone()).unwrap_or_default();
        all.insert(pending.way.method().as_str().to_owned(), pending);
        let next = Enrolment {
            username: username.clone(),
            pending: all,
            version: version.saturating_add(1),
        };
        let condition =
            if read.is_some() { If::Is("version", number(version)) } else { If::Absent };
        let ttl = call.now.seconds().saturating_add(KEPT);
        let put = Write::put(self, "enrolment", &key, item(&key, &next, Some(ttl))?, &[condition])?;
        let mut writes = vec![put];
        if let Some(order) = order {
            writes.push(self.record(&order, call.retention_days)?);
        }
        match self.commit(writes).await? {
            Committed::Done => Ok(()),
            Committed::Refused(_) => Err(Refusal::Conflict.into()),
        }
    }

    /// Judges a registration code: pays, then compares. What was pending is returned with the enrolment as it is now.
    ///
    /// # Refuses
    /// `NoChallenge`, `CodeExpired`, `Throttled` after [`TRIES`] guesses, `ProofIncorrect`.
    pub async fn prove_contact(
        &self,
        username: &Username,
        guess: &Guess<'_>,
        call: &Call,
    ) -> Result<(Enrolment, Pending), Error> {
        let (method, now) = (guess.method, call.now);
        for _ in 0..ROUNDS {
            let mut enrolment = self.enrolment(username).await?.ok_or(Refusal::NoChallenge)?;
            let mut pending = enrolment.of(method).cloned().ok_or(Refusal::NoChallenge)?;
            if now >= pending.expires_at {
                return Err(Refusal::CodeExpired.into());
            }
            if pending.tries >= TRIES {
                let retry_after = now.seconds_until(pending.expires_at).max(1);
                return Err(Refusal::Throttled { retry_after }.into());
            }
            pending.tries = pending.tries.saturating_add(1);
            let stem = format!("pending.{}", method.as_str());
            let paid = Changes::new()
                .set(format!("{stem}.tries"), &pending.tries)?
                .set(format!("{stem}.paid_by"), &call.id)?;
            let version = enrolment.version;
            let written = self.advance(&Key::Enrolment(username), version, paid).await?;
            if matches!(written, Written::Refused(_)) {
                continue;
            }
            enrolment.version = version.saturating_add(1);
            if guess.is_right(username, &pending, now) {
                return Ok((enrolment, pending));
            }
            let attempts_left = TRIES.saturating_sub(pending.tries);
            return Err(Refusal::ProofIncorrect { attempts_left }.into());
        }
        Err(Fault::Busy { operation: "prove", code: "conflict".into() }.into())
    }

    /// A datum was proved, or removed: the profile after it, the sealed secrets where they change, what was pending
    /// forgotten, the record and its notices, in one transaction.
    ///
    /// # Refuses
    /// `Conflict` if account or enrolment changed meanwhile.
    pub async fn settle(
        &self,
        enrolment: &Enrolment,
        method: Method,
        change: &AccountChange<'_>,
        sealed: Option<&[u8]>,
    ) -> Result<(), Error> {
        let version = enrolment.version;
        let done = Changes::new()
            .remove(&format!("pending.{}", method.as_str()))
            .set("version", &version.saturating_add(1))?;
        let still = [If::Is("version", number(version))];
        let mut writes = vec![
            Write::update(self, "enrolment", &Key::Enrolment(&enrolment.username), &done, &still)?,
            self.profile_write(change.profile)?,
            self.record(change.activity, change.retention_days)?,
        ];
        if let Some(sealed) = sealed {
            writes.push(self.factors_write(&enrolment.username, sealed)?);
        }
        match self.commit(writes).await? {
            Committed::Done => Ok(()),
            Committed::Refused(_) => Err(Refusal::Conflict.into()),
        }
    }
}

/// The order to send the code of a contact.
fn ordered(username: &Username, pending: &Pending, call: &Call) -> Activity {
    let mut row = call.activity("code", Name::Progress);
    row.target = Some(username.clone());
    row.locale = Some(call.locale.clone());
    row.code = Some(CodeOrder::Registration {
        way: pending.way,
        contact: pending.contact.clone(),
        nonce: pending.nonce.clone(),
        send: pending.send,
        digits: pending.digits,
    });
    row
}
