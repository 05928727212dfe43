//! The idiom `renew`: a shared lease. One request, whether it is taken anew or still running, and the item either way.

use aws_sdk_dynamodb::types::AttributeValue;
use rules::ids::Millis;

use super::single::{is_transaction_conflict, met_by_update};
use super::{CONFLICT_RETRIES, Words, number, pause, text};
use crate::Store;
use crate::fault::{Fault, seal};
use crate::key::{Item, Key};

/// What is renewed.
pub(crate) struct Renewal<'r> {
    /// The attribute that says since when it runs.
    pub since: &'r str,
    /// How long it runs, seconds.
    pub seconds: u32,
    /// An attribute that is only set if it is not there.
    pub first: (&'r str, AttributeValue),
    /// By how much the time to clean up moves with each renewal, seconds; from now if there is none. At least `seconds`
    /// and the two days by which DynamoDB may be late, or the item could go while it runs.
    pub kept: u32,
}

impl Store {
    /// Takes the lease anew if it is absent or over and returns the item as it is now. What is returned, and what it
    /// costs, is the same whoever made the item. Sent again after a lost reply, it meets its own lease.
    pub(crate) async fn renew(
        &self,
        key: &Key<'_>,
        renewal: &Renewal<'_>,
        now: Millis,
    ) -> Result<Item, Fault> {
        for round in 0..=CONFLICT_RETRIES {
            pause(round, key.pair().0.as_bytes()).await;
            let (update, condition, words) = expressions(key, renewal, now);
            match self.send_update(key, update, Some(condition), words).await {
                Ok(item) => return Ok(item),
                Err(error) => match met_by_update(&error) {
                    Some(met) => return Ok(met),
                    None if is_transaction_conflict(&error) => {}
                    None => return Err(seal("UpdateItem", &error)),
                },
            }
        }
        Err(Fault::Busy { operation: "UpdateItem", code: "conflict".into() })
    }
}

fn expressions(key: &Key<'_>, renewal: &Renewal<'_>, now: Millis) -> (String, String, Words) {
    let mut words = Words::default();
    let since = words.name(renewal.since);
    let first = words.name(renewal.first.0);
    let (ttl, kind) = (words.name("ttl"), words.name("kind"));
    let over = now.0.saturating_sub(i64::from(renewal.seconds).saturating_mul(1000));
    let first_value = words.value(renewal.first.1.clone());
    let (now_value, over) = (words.value(number(now.0)), words.value(number(over)));
    let (second, kept) = (words.value(number(now.seconds())), words.value(number(renewal.kept)));
    let kind_value = words.value(text(key.kind()));
    let update = format!(
        "SET {since} = {now_value}, {first} = if_not_exists({first}, {first_value}), \
         {ttl} = if_not_exists({ttl}, {second}) + {kept}, {kind} = {kind_value}"
    );
    let condition = format!("attribute_not_exists({since}) OR {since} <= {over}");
    (update, condition, words)
}
