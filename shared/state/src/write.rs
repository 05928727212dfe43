//! The six write idioms. Nobody else builds an expression that decides.
//!
//! - [`Store::create`]: only if absent.
//! - [`Write::claim`]: a guard that something is unique, inside a commit.
//! - [`Store::advance`]: only if the version is still the one read; absolute values.
//! - [`Store::count`]: a relative charge, only where counting too much is the safe side.
//! - [`Store::lease`]: only if absent or expired. [`Store::renew`] is one that nobody holds: whoever comes renews it once
//!   it is over, and everybody learns what is there.
//! - [`Store::commit`]: several named writes, all or nothing; a refusal comes back by the name of the write.
//!
//! A reply can be lost after the write was applied, and the SDK then sends it again. `create`, `advance` and `lease`
//! recognise their own write in the item that refused them; `commit` sends one client token for one content; `count`
//! counts twice, which costs a try and grants nothing.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure as OnFailure,
    TransactWriteItem, Update,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Store;
use crate::fault::{Fault, seal};
use crate::key::{Item, Key};

mod count;
mod renew;
mod single;
mod words;

pub(crate) use count::counts;
pub(crate) use count::stem;
pub use count::{Charged, Place};
pub(crate) use renew::Renewal;
pub use single::Written;
pub use words::Changes;
pub(crate) use words::Words;

/// Most often that a conflicting write is tried again.
pub const CONFLICT_RETRIES: u32 = 5;

/// A condition on one attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum If {
    /// The item is not there.
    Absent,
    /// The item is there.
    Present,
    /// The attribute has this value.
    Is(&'static str, AttributeValue),
    /// The attribute is below this number.
    Below(&'static str, AttributeValue),
    /// The attribute is above this number.
    Above(&'static str, AttributeValue),
    /// The attribute is this number or more.
    AtLeast(String, AttributeValue),
    /// The attribute is not there; dots lead into maps.
    Missing(String),
    /// The attribute, a set, has this member.
    Contains(&'static str, AttributeValue),
}

/// One write of a commit, with the name by which it refuses.
pub struct Write {
    name: &'static str,
    what: TransactWriteItem,
    /// What the client token is made of.
    content: String,
}

impl Write {
    fn new(name: &'static str, what: TransactWriteItem) -> Self {
        // Debug of a HashMap has no stable order, but the same Write value always prints the same, and it is the same
        // value that is sent again.
        let content = format!("{name}{what:?}");
        Self { name, what, content }
    }

    /// Writes a whole item if there is none under its key.
    pub fn create(
        store: &Store,
        name: &'static str,
        key: &Key<'_>,
        item: Item,
    ) -> Result<Self, Fault> {
        Self::put(store, name, key, item, &[If::Absent])
    }

    /// Claims a key as unique: as `create`, with nothing but the key in the item.
    pub fn claim(store: &Store, name: &'static str, key: &Key<'_>) -> Result<Self, Fault> {
        Self::put(store, name, key, key.item(), &[If::Absent])
    }

    /// Writes a whole item on conditions.
    pub fn put(
        store: &Store,
        name: &'static str,
        key: &Key<'_>,
        item: Item,
        conditions: &[If],
    ) -> Result<Self, Fault> {
        let mut words = Words::default();
        let condition = words.conditions(conditions);
        let (names, values) = words.into_parts();
        let put = Put::builder()
            .table_name(key.table_name(store))
            .set_item(Some(item))
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .build()
            .map_err(|_| Fault::Computation { what: "a put" })?;
        Ok(Self::new(name, TransactWriteItem::builder().put(put).build()))
    }

    /// Changes an item on conditions.
    pub fn update(
        store: &Store,
        name: &'static str,
        key: &Key<'_>,
        changes: &Changes,
        conditions: &[If],
    ) -> Result<Self, Fault> {
        let mut words = Words::default();
        let update = words.update(changes);
        let condition = words.conditions(conditions);
        let (names, values) = words.into_parts();
        let update = Update::builder()
            .table_name(key.table_name(store))
            .set_key(Some(key.item()))
            .update_expression(update)
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .build()
            .map_err(|_| Fault::Computation { what: "an update" })?;
        Ok(Self::new(name, TransactWriteItem::builder().update(update).build()))
    }

    /// Removes an item, there or not.
    pub fn delete(store: &Store, name: &'static str, key: &Key<'_>) -> Result<Self, Fault> {
        Self::delete_if(store, name, key, &[])
    }

    /// Removes an item on conditions.
    pub fn delete_if(
        store: &Store,
        name: &'static str,
        key: &Key<'_>,
        conditions: &[If],
    ) -> Result<Self, Fault> {
        let mut words = Words::default();
        let condition = words.conditions(conditions);
        let (names, values) = words.into_parts();
        let delete = Delete::builder()
            .table_name(key.table_name(store))
            .set_key(Some(key.item()))
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .build()
            .map_err(|_| Fault::Computation { what: "a delete" })?;
        Ok(Self::new(name, TransactWriteItem::builder().delete(delete).build()))
    }

    /// Only checks.
    pub fn check(
        store: &Store,
        name: &'static str,
        key: &Key<'_>,
        conditions: &[If],
    ) -> Result<Self, Fault> {
        let mut words = Words::default();
        let condition = words.conditions(conditions).unwrap_or_default();
        let (names, values) = words.into_parts();
        let check = ConditionCheck::builder()
            .table_name(key.table_name(store))
            .set_key(Some(key.item()))
            .condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(OnFailure::None)
            .build()
            .map_err(|_| Fault::Computation { what: "a check" })?;
        Ok(Self::new(name, TransactWriteItem::builder().condition_check(check).build()))
    }
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// All of it.
    Done,
    /// None of it: the write of this name met a condition that did not hold.
    Refused(&'static str),
}

impl Store {
    /// Commits all writes or none. At least one of them must be of this call alone (a row of the record, a new token, a
    /// version): writes of the same content within ten minutes are taken for a repeat.
    pub async fn commit(&self, writes: Vec<Write>) -> Result<Committed, Fault> {
        let mut content = Sha256::new();
        for write in &writes {
            content.update(write.content.as_bytes());
        }
        let digest: [u8; 32] = content.finalize().into();
        let token: String = data_encoding::HEXLOWER.encode(&digest).chars().take(36).collect();
        for round in 0..=CONFLICT_RETRIES {
            pause(round, &digest).await;
            let items: Vec<TransactWriteItem> = writes.iter().map(|w| w.what.clone()).collect();
            let call = self.client.transact_write_items().set_transact_items(Some(items));
            let Err(error) = call.client_request_token(&token).send().await else {
                return Ok(Committed::Done);
            };
            match refused_at(&error) {
                Some(place) => {
                    let name = writes.get(place).map_or("unknown", |w| w.name);
                    return Ok(Committed::Refused(name));
                }
                None if is_conflict(&error) => {}
                None => return Err(seal("TransactWriteItems", &error)),
            }
        }
        Err(Fault::Busy { operation: "TransactWriteItems", code: "conflict".into() })
    }
}

type CommitError = SdkError<TransactWriteItemsError>;

fn reasons(error: &CommitError) -> Vec<&str> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return Vec::new();
    };
    cancelled.cancellation_reasons().iter().map(|r| r.code().unwrap_or("None")).collect()
}

fn refused_at(error: &CommitError) -> Option<usize> {
    reasons(error).iter().position(|code| *code == "ConditionalCheckFailed")
}

fn is_conflict(error: &CommitError) -> bool {
    reasons(error).iter().any(|code| {
        matches!(*code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
    })
}

/// Waits before a repeat: nothing before the first try, then 10, 20, 40, 80, 160 ms, each spread over half to one and a
/// half by the content, so that equal writers do not meet again.
pub(crate) async fn pause(round: u32, content: &[u8]) {
    let Some(doublings) = round.checked_sub(1) else { return };
    let place = usize::try_from(round).unwrap_or_default();
    let spread = u64::from(content.get(place).copied().unwrap_or(128));
    let base = 10u64 << doublings.min(6);
    tokio::time::sleep(Duration::from_millis(base / 2 + base * spread / 256)).await;
}

/// The item of a value under a key: its fields, the key, the kind, and the time from which it may be cleaned up.
pub fn item<T: Serialize>(key: &Key<'_>, value: &T, ttl: Option<i64>) -> Result<Item, Fault> {
    let item = serde_dynamo::to_item(value);
    let mut item: Item = item.map_err(|_| Fault::Computation { what: "an item" })?;
    item.extend(key.item());
    item.insert("kind".into(), AttributeValue::S(key.kind().into()));
    if let Some(ttl) = ttl {
        item.insert("ttl".into(), AttributeValue::N(ttl.to_string()));
    }
    Ok(item)
}

/// A number as an attribute.
pub fn number(n: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(n.to_string())
}

/// A text as an attribute.
pub fn text(s: impl Into<String>) -> AttributeValue {
    AttributeValue::S(s.into())
}
