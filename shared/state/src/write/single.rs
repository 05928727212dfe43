//! The idioms on one item: `create`, `advance`, `lease`.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure,
};

use super::{CONFLICT_RETRIES, Changes, If, Words, number, pause, text};
use crate::Store;
use crate::fault::{Fault, seal};
use crate::key::{Item, Key};

/// What became of a write.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// It was applied; the item as it is now, where the idiom returns it.
    Done(Item),
    /// Its condition did not hold; the item that was met, empty if there was none.
    Refused(Item),
}

impl Store {
    /// Writes an item if there is none under its key. A lost reply is recognised: meeting the very item that is being
    /// written counts as done.
    pub async fn create(&self, key: &Key<'_>, item: Item) -> Result<Written, Fault> {
        for round in 0..=CONFLICT_RETRIES {
            pause(round, key.pair().0.as_bytes()).await;
            let mut words = Words::default();
            let condition = words.conditions(&[If::Absent]);
            let (names, _) = words.into_parts();
            let result = self
                .client
                .put_item()
                .table_name(key.table_name(self))
                .set_item(Some(item.clone()))
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .return_values_on_condition_check_failure(OnFailure::AllOld)
                .send()
                .await;
            let Err(error) = result else { return Ok(Written::Done(item)) };
            match met_by_put(&error) {
                Some(met) if met == item => return Ok(Written::Done(item)),
                Some(met) => return Ok(Written::Refused(met)),
                None if is_transaction_conflict(&error) => {}
                None => return Err(seal("PutItem", &error)),
            }
        }
        Err(Fault::Busy { operation: "PutItem", code: "conflict".into() })
    }

    /// Changes an item if its `version` is still the one read, and makes it one higher; every value is absolute. A lost
    /// reply is recognised: meeting the next version with the same values counts as done.
    pub async fn advance(
        &self,
        key: &Key<'_>,
        version: u64,
        changes: Changes,
    ) -> Result<Written, Fault> {
        let changes = changes.set("version", &version.saturating_add(1))?;
        match self.update(key, &changes, &[If::Is("version", number(version))]).await? {
            Written::Refused(met) if is_ours(&met, &changes) => Ok(Written::Done(met)),
            written @ (Written::Done(_) | Written::Refused(_)) => Ok(written),
        }
    }

    /// Takes an item for a while if nobody has it: `holder` until `until`, seconds since 1970. Taking it again as the
    /// same holder renews it.
    pub async fn lease(
        &self,
        key: &Key<'_>,
        holder: &str,
        now: i64,
        until: i64,
    ) -> Result<Written, Fault> {
        let changes = Changes::new()
            .set("holder", &holder)?
            .set("leased_until", &until)?
            .set("kind", &key.kind())?
            .set("ttl", &until.saturating_add(86_400))?;
        for conditions in [
            vec![If::Missing("leased_until".into())],
            vec![If::Below("leased_until", number(now))],
            vec![If::Is("holder", text(holder))],
        ] {
            if let done @ Written::Done(_) = self.update(key, &changes, &conditions).await? {
                return Ok(done);
            }
        }
        Ok(Written::Refused(Item::new()))
    }

    /// Removes an item, there or not. Not a [`Store::commit`] of one write: that would have the same content, and so the
    /// same client token, each time, and the second of two within ten minutes would do nothing. Sent again after a lost
    /// reply, it removes what was written in between too: only for items that are safe to lose.
    pub(crate) async fn remove(&self, key: &Key<'_>) -> Result<(), Fault> {
        for round in 0..=CONFLICT_RETRIES {
            pause(round, key.pair().0.as_bytes()).await;
            let delete = self.client.delete_item().table_name(key.table_name(self));
            match delete.set_key(Some(key.item())).send().await {
                Ok(_) => return Ok(()),
                Err(error) if is_transaction_conflict(&error) => {}
                Err(error) => return Err(seal("DeleteItem", &error)),
            }
        }
        Err(Fault::Busy { operation: "DeleteItem", code: "conflict".into() })
    }

    /// A conditional update that returns the item after it, or the item it met.
    pub(crate) async fn update(
        &self,
        key: &Key<'_>,
        changes: &Changes,
        conditions: &[If],
    ) -> Result<Written, Fault> {
        for round in 0..=CONFLICT_RETRIES {
            pause(round, key.pair().0.as_bytes()).await;
            let mut words = Words::default();
            let update = words.update(changes);
            let condition = words.conditions(conditions);
            match self.send_update(key, update, condition, words).await {
                Ok(item) => return Ok(Written::Done(item)),
                Err(error) => match met_by_update(&error) {
                    Some(met) => return Ok(Written::Refused(met)),
                    None if is_transaction_conflict(&error) => {}
                    None => return Err(seal("UpdateItem", &error)),
                },
            }
        }
        Err(Fault::Busy { operation: "UpdateItem", code: "conflict".into() })
    }

    /// One UpdateItem, ALL_NEW when it is applied and ALL_OLD when it is not.
    pub(super) async fn send_update(
        &self,
        key: &Key<'_>,
        update: String,
        condition: Option<String>,
        words: Words,
    ) -> Result<Item, SdkError<UpdateItemError>> {
        let (names, values) = words.into_parts();
        let out = self
            .client
            .update_item()
            .table_name(key.table_name(self))
            .set_key(Some(key.item()))
            .update_expression(update)
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send()
            .await?;
        Ok(out.attributes.unwrap_or_default())
    }
}

fn is_ours(met: &Item, changes: &Changes) -> bool {
    let same = |(name, value): &(String, AttributeValue)| at(met, name) == Some(value);
    changes.set.iter().all(same)
}

fn at<'i>(item: &'i Item, path: &str) -> Option<&'i AttributeValue> {
    let mut parts = path.split('.');
    let mut value = item.get(parts.next()?)?;
    for part in parts {
        let AttributeValue::M(map) = value else { return None };
        value = map.get(part)?;
    }
    Some(value)
}

fn met_by_put(error: &SdkError<PutItemError>) -> Option<Item> {
    if let Some(PutItemError::ConditionalCheckFailedException(e)) = error.as_service_error() {
        return Some(e.item().cloned().unwrap_or_default());
    }
    None
}

/// What UpdateItem fails with.
pub(super) type UpdateError = SdkError<UpdateItemError>;

pub(super) fn met_by_update(error: &SdkError<UpdateItemError>) -> Option<Item> {
    if let Some(UpdateItemError::ConditionalCheckFailedException(e)) = error.as_service_error() {
        return Some(e.item().cloned().unwrap_or_default());
    }
    None
}

pub(super) fn is_transaction_conflict<E>(error: &SdkError<E>) -> bool
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    error.as_service_error().and_then(|e| e.code()) == Some("TransactionConflictException")
}
