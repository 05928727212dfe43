//! What an attempt does only where the organisation chose `account_disclosure: full`: it looks at the account at once.

use rules::activity::{Name, Outcome};
use rules::attempt::{Attempt, Purpose, Status};
use rules::method::Way;
use rules::refusal::{FieldError, Refusal};
use rules::registration::{Ineligible, Role};
use subtle::ConstantTimeEq;

use super::{kept, reset_row};
use crate::fault::{Error, Fault};
use crate::key::Key;
use crate::write::{Committed, Write, item};
use crate::{Call, Store};

/// The contact a code is asked for: as typed, with whether it is the registered one.
pub(super) struct Named {
    /// In canonical form; empty for a way without one.
    pub(super) contact: String,
    /// Whether it is known not to be the registered one.
    pub(super) mismatch: bool,
}

impl Store {
    /// Keeps an attempt that was refused at begin, ended, with its row in the report. `false` if its id is taken.
    pub async fn begin_refused(
        &self,
        attempt: &Attempt,
        why: Ineligible,
        role: Option<Role>,
        call: &Call,
    ) -> Result<bool, Fault> {
        let call = call.clone().within(attempt);
        let mut attempt = attempt.clone();
        attempt.status = Status::Ended;
        attempt.steps = attempt.stepped("refused", call.now);
        let key = Key::Attempt(attempt.correlation);
        let ttl = attempt.expires_at.seconds().saturating_add(kept(attempt.retention_days));
        let name = match attempt.purpose {
            Purpose::Reset => Name::ResetPassword,
            Purpose::Unlock => Name::Unlock,
        };
        let detail = why.detail().to_owned();
        let mut row = call.activity("end", name);
        row.target = Some(attempt.username.clone());
        row.role = role;
        row.success = false;
        row.reason = Some(detail.clone());
        row.reset = Some(reset_row(&attempt, Outcome::Failed, detail, call.now));
        let writes = vec![
            Write::create(self, "attempt", &key, item(&key, &attempt, Some(ttl))?)?,
            self.record(&row, call.retention_days)?,
        ];
        Ok(self.commit(writes).await? == Committed::Done)
    }

    /// The contact to which a code shall go. Only an attempt that may show its account looks at it.
    ///
    /// # Refuses
    /// `InvalidRequest` when a contact has to be typed and was not; `MethodNotAvailable` when the account has none any more.
    pub(super) async fn named(
        &self,
        attempt: &Attempt,
        way: Way,
        typed: Option<&str>,
    ) -> Result<Named, Error> {
        if !way.needs_contact() {
            return Ok(Named { contact: String::new(), mismatch: false });
        }
        let missing = || Refusal::InvalidRequest(vec![FieldError::new("contact", "required")]);
        if attempt.disclosed.is_none() {
            let contact = typed.ok_or_else(missing)?.to_owned();
            return Ok(Named { contact, mismatch: false });
        }
        let (config, profile) = self.configured_profile(&attempt.username).await?;
        let accept = config.config.accept_directory_data;
        let known = profile.as_ref().and_then(|p| p.usable_contact(way, accept));
        let known = known.ok_or(Refusal::MethodNotAvailable)?.value.clone();
        match typed {
            None if way == Way::Email => Ok(Named { contact: known, mismatch: false }),
            None => Err(missing().into()),
            Some(typed) => {
                let same: bool = known.as_bytes().ct_eq(typed.as_bytes()).into();
                Ok(Named { contact: typed.to_owned(), mismatch: !same })
            }
        }
    }
}
