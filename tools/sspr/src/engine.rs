//! The embedded DynamoDB: two tables, the operations the product uses, and the change stream.
//!
//! It answers what the wire would: a status and a JSON body. It must not know HTTP, faults or
//! traces; those are the connector's.
//!
//! # Why not …?
//! - *the engine's own HTTP server?* It costs a socket and 80 µs a call, and faults and traces
//!   would need a proxy in between.
//! - *`Database::memory()`?* The stream's records need an index (see `crate::tables`), and that
//!   takes a second connection to the same memory: hence a named one.
//! - *expiring by the shifted clock of `/dev/clock`?* The engine takes no clock for a file. Nothing
//!   depends on it: every read and every write condition compares the expiry itself.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use dynoxide::actions::transact_write_items::{TransactWriteItem, TransactWriteItemsRequest};
use dynoxide::actions::{
    batch_get_item, batch_write_item, create_table, delete_item, get_item, get_records,
    get_shard_iterator, put_item, query, scan, transact_get_items, update_item,
};
use dynoxide::types::ConsumedCapacity;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

pub use crate::tables::{ACTIVITY, STATE};
use crate::tables::{definitions, index_stream};

/// Names given to memory databases, so that two servers in one process do not share one.
static MEMORY_NAMES: AtomicU64 = AtomicU64::new(0);

/// What the engine said, as DynamoDB would say it.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Vec<u8>,
    /// Capacity units, tables and indexes together; 0 for a refusal (the engine reports none).
    pub consumed: f64,
    /// The table, or the tables in alphabetical order, joined by a comma.
    pub table: String,
}

/// The engine did not open.
#[derive(Debug, thiserror::Error)]
pub enum EngineFault {
    /// The engine refused.
    #[error("the embedded database refused: {0}")]
    Refused(#[from] DynoxideError),
    /// SQLite refused the index on the stream.
    #[error("the embedded database's stream could not be indexed: {0}")]
    Index(#[from] rusqlite::Error),
    /// The path is not UTF-8.
    #[error("the data folder's path is not UTF-8")]
    Path,
    /// A request of ours was not what the engine expects.
    #[error("a request to the embedded database was malformed: {0}")]
    Request(#[from] serde_json::Error),
}

/// The embedded database. Cloning shares it.
#[derive(Clone)]
pub struct Engine {
    db: Database,
    /// Whether a call may wait for the disk.
    on_disk: bool,
    /// Whether this opening made the tables.
    is_new: bool,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("on_disk", &self.on_disk).finish_non_exhaustive()
    }
}

impl Engine {
    /// A new, empty database that ends with the last clone.
    pub fn memory() -> Result<Self, EngineFault> {
        let number = MEMORY_NAMES.fetch_add(1, Ordering::Relaxed);
        let name = format!("file:sspr-{}-{number}?mode=memory&cache=shared", std::process::id());
        Self::open_at(&name, None, false)
    }

    /// Opens or creates the database in a file. Stream records up to `delivered` and older than
    /// 24 h are dropped, as DynamoDB would.
    pub fn file(path: &Path, delivered: Option<&str>) -> Result<Self, EngineFault> {
        let path = path.to_str().ok_or(EngineFault::Path)?;
        Self::open_at(path, delivered, true)
    }

    fn open_at(name: &str, delivered: Option<&str>, on_disk: bool) -> Result<Self, EngineFault> {
        let mut engine = Self { db: Database::new(name)?, on_disk, is_new: false };
        index_stream(name, delivered)?;
        engine.is_new = engine.create_missing_tables()?;
        Ok(engine)
    }

    /// Whether there were any.
    fn create_missing_tables(&self) -> Result<bool, EngineFault> {
        let mut missing = false;
        for definition in definitions() {
            let request: create_table::CreateTableRequest = serde_json::from_value(definition)?;
            let name = request.table_name.clone();
            if self.db.get_table_metadata(&name)?.is_some() {
                continue;
            }
            missing = true;
            self.db.create_table(request)?;
            self.db.update_time_to_live(serde_json::from_value(json!({
                "TableName": name,
                "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": true},
            }))?)?;
        }
        Ok(missing)
    }

    /// Whether this opening made the tables: nothing can have happened before.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether a call may wait for the disk.
    #[must_use]
    pub fn is_on_disk(&self) -> bool {
        self.on_disk
    }

    /// Deletes what expired and says how many. It reads every row: call it seldom.
    pub fn expire(&self) -> Result<usize, EngineFault> {
        Ok(self.db.sweep_ttl()?)
    }

    /// Changes of `activity` after `position` (all that are kept if `None`), oldest first.
    pub fn changes(
        &self,
        position: Option<&str>,
        limit: usize,
    ) -> Result<Vec<get_records::Record>, EngineFault> {
        let (kind, position) = match position {
            Some(position) => ("AFTER_SEQUENCE_NUMBER", Some(position.to_owned())),
            None => ("TRIM_HORIZON", None),
        };
        let iterator = self.db.get_shard_iterator(get_shard_iterator::GetShardIteratorRequest {
            stream_arn: dynoxide::streams::stream_arn(ACTIVITY, "local"),
            shard_id: dynoxide::streams::shard_id(ACTIVITY),
            shard_iterator_type: kind.to_owned(),
            sequence_number: position,
        })?;
        let request = get_records::GetRecordsRequest {
            shard_iterator: iterator.shard_iterator.unwrap_or_default(),
            limit: Some(limit),
        };
        Ok(self.db.get_records(request)?.records)
    }

    /// Answers one operation of DynamoDB's JSON protocol. It blocks.
    #[must_use]
    pub fn call(&self, operation: &str, body: &[u8]) -> Answer {
        let mut meter = Meter::default();
        let (status, body) = match self.dispatch(operation, body, &mut meter) {
            Ok(body) => (200, body),
            Err(refusal) => (refusal.status_code(), refusal.to_json().into_bytes()),
        };
        Answer { status, body, consumed: meter.units, table: meter.table }
    }

    fn dispatch(
        &self,
        operation: &str,
        body: &[u8],
        meter: &mut Meter,
    ) -> Result<Vec<u8>, DynoxideError> {
        // The engine's typed requests and answers spell these members alike, without a trait.
        macro_rules! metered {
            ($call:ident, $request:ty, $tables:expr) => {{
                let tables: fn(&$request) -> String = $tables;
                let mut request: $request = decode(body)?;
                meter.table = tables(&request);
                let asked = request.return_consumed_capacity.is_some();
                request.return_consumed_capacity.get_or_insert_with(|| "TOTAL".to_owned());
                let mut answer = self.db.$call(request)?;
                meter.units = units(&answer.consumed_capacity);
                if !asked {
                    answer.consumed_capacity = None;
                }
                encode(&answer)
            }};
        }
        match operation {
            "GetItem" => metered!(get_item, get_item::GetItemRequest, |r| r.table_name.clone()),
            "PutItem" => metered!(put_item, put_item::PutItemRequest, |r| r.table_name.clone()),
            "UpdateItem" => {
                metered!(update_item, update_item::UpdateItemRequest, |r| r.table_name.clone())
            }
            "DeleteItem" => {
                metered!(delete_item, delete_item::DeleteItemRequest, |r| r.table_name.clone())
            }
            "Query" => metered!(query, query::QueryRequest, |r| r.table_name.clone()),
            "Scan" => metered!(scan, scan::ScanRequest, |r| r.table_name.clone()),
            "BatchGetItem" => {
                metered!(batch_get_item, batch_get_item::BatchGetItemRequest, |r| names(
                    r.request_items.keys()
                ))
            }
            "BatchWriteItem" => {
                metered!(batch_write_item, batch_write_item::BatchWriteItemRequest, |r| names(
                    r.request_items.keys()
                ))
            }
            "TransactGetItems" => {
                metered!(
                    transact_get_items,
                    transact_get_items::TransactGetItemsRequest,
                    |r| names(r.transact_items.iter().map(|item| &item.get.table_name))
                )
            }
            "TransactWriteItems" => {
                metered!(transact_write_items, TransactWriteItemsRequest, |r| names(
                    r.transact_items.iter().filter_map(written_table)
                ))
            }
            _ => self.describe(operation, body),
        }
    }

    /// The operations that consume no capacity.
    fn describe(&self, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
        match operation {
            "DescribeTable" => encode(&self.db.describe_table(decode(body)?)?),
            "ListTables" => encode(&self.db.list_tables(decode(body)?)?),
            "DescribeTimeToLive" => encode(&self.db.describe_time_to_live(decode(body)?)?),
            _ => Err(DynoxideError::UnsupportedCapability(operation.to_owned())),
        }
    }
}

/// What a call cost and where.
#[derive(Default)]
struct Meter {
    units: f64,
    table: String,
}

/// The sum of what an answer says was consumed, in one entry or in one a table.
fn units<'a, C>(consumed: &'a Option<C>) -> f64
where
    C: AsEntries + 'a,
{
    consumed.as_ref().map_or(0.0, |c| c.entries().iter().map(|entry| entry.capacity_units).sum())
}

/// Operations on one item answer one entry, the others one a table.
trait AsEntries {
    fn entries(&self) -> &[ConsumedCapacity];
}

impl AsEntries for ConsumedCapacity {
    fn entries(&self) -> &[ConsumedCapacity] {
        std::slice::from_ref(self)
    }
}

impl AsEntries for Vec<ConsumedCapacity> {
    fn entries(&self) -> &[ConsumedCapacity] {
        self
    }
}

fn names<'a>(tables: impl Iterator<Item = &'a String>) -> String {
    let distinct: BTreeSet<&str> = tables.map(String::as_str).collect();
    distinct.into_iter().collect::<Vec<_>>().join(",")
}

fn written_table(item: &TransactWriteItem) -> Option<&String> {
    let put = item.put.as_ref().map(|put| &put.table_name);
    let update = item.update.as_ref().map(|update| &update.table_name);
    let delete = item.delete.as_ref().map(|delete| &delete.table_name);
    let check = item.condition_check.as_ref().map(|check| &check.table_name);
    put.or(update).or(delete).or(check)
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|e| DynoxideError::SerializationException(e.to_string()))
}

fn encode<T: Serialize>(answer: &T) -> Result<Vec<u8>, DynoxideError> {
    serde_json::to_vec(answer).map_err(|e| DynoxideError::InternalServerError(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(engine: &Engine, table: &str, pk: &str) -> Answer {
        let item = json!({"pk": {"S": pk}, "sk": {"S": "a"}, "user": {"S": "u"}});
        engine.call("PutItem", json!({"TableName": table, "Item": item}).to_string().as_bytes())
    }

    fn text(answer: &Answer) -> &str {
        std::str::from_utf8(&answer.body).unwrap()
    }

    #[test]
    fn both_tables_are_there_with_index_and_expiry() {
        let engine = Engine::memory().unwrap();
        let tables = engine.call("ListTables", b"{}");
        assert_eq!(text(&tables), r#"{"TableNames":["activity","state"]}"#);
        let ttl = engine.call("DescribeTimeToLive", br#"{"TableName":"activity"}"#);
        assert!(text(&ttl).contains(r#""AttributeName":"ttl""#), "{}", text(&ttl));
    }

    #[test]
    fn two_memory_databases_share_nothing() {
        let (one, two) = (Engine::memory().unwrap(), Engine::memory().unwrap());
        put(&one, STATE, "x");
        let scan = two.call("Scan", br#"{"TableName":"state"}"#);
        assert!(text(&scan).contains(r#""Count":0"#), "{}", text(&scan));
    }

    #[test]
    fn capacity_is_measured_without_the_caller_seeing_it() {
        let engine = Engine::memory().unwrap();
        let answer = put(&engine, ACTIVITY, "x");
        assert_eq!((answer.status, answer.consumed), (200, 2.0), "one table, one index");
        assert_eq!(text(&answer), "{}");
        let asked = json!({"TableName": STATE, "ReturnConsumedCapacity": "TOTAL",
            "Key": {"pk": {"S": "x"}, "sk": {"S": "a"}}, "ConsistentRead": true});
        let answer = engine.call("GetItem", asked.to_string().as_bytes());
        assert_eq!(answer.consumed, 1.0);
        assert!(text(&answer).contains("ConsumedCapacity"));
    }

    #[test]
    fn a_transaction_names_every_table_and_sums_their_units() {
        let engine = Engine::memory().unwrap();
        let item = json!({"pk": {"S": "x"}, "sk": {"S": "a"}, "user": {"S": "u"}});
        let body = json!({"TransactItems": [
            {"Put": {"TableName": STATE, "Item": item}},
            {"Put": {"TableName": ACTIVITY, "Item": item}},
        ]});
        let answer = engine.call("TransactWriteItems", body.to_string().as_bytes());
        assert_eq!((answer.table.as_str(), answer.consumed), ("activity,state", 5.0));
    }

    #[test]
    fn changes_are_read_on_from_a_position_and_survive_reopening() {
        let folder = crate::data::scratch("engine-changes");
        let path = folder.join("db");
        let engine = Engine::file(&path, None).unwrap();
        put(&engine, ACTIVITY, "one");
        put(&engine, ACTIVITY, "two");
        let first = engine.changes(None, 1).unwrap();
        let position = first[0].dynamodb.sequence_number.clone();
        drop(engine);
        let engine = Engine::file(&path, Some(&position)).unwrap();
        let rest = engine.changes(Some(&position), 10).unwrap();
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].event_name, "INSERT");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn an_unknown_operation_is_refused_as_not_implemented() {
        let engine = Engine::memory().unwrap();
        assert_eq!(engine.call("CreateBackup", b"{}").status, 501);
        assert_eq!(engine.call("GetItem", b"{").status, 400);
    }
}
