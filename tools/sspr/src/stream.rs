//! The change stream of the activity table, fed to `deliver`: what the cloud's event source
//! mapping does, in one process.
//!
//! At least once: a record counts as delivered when `deliver` said so; after a restart everything
//! from the first undelivered record on is offered again. A record that fails is retried by itself
//! with growing pauses and holds up no other (the cloud bisects the batch to the same end).
//!
//! # Why not …?
//! - *batches?* One record at a time lets a trace be filed under the record's correlation id, and
//!   is one of the batch sizes the cloud may choose.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::dynamodb::Event;
use dynoxide::actions::get_records::Record;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Notify};

use crate::clock::Clock;
use crate::engine::Engine;
use crate::trace::{DELIVER, Traces};

/// Hands a batch to `deliver`; `true` if all of it is dealt with.
pub type Offer =
    Arc<dyn Fn(Event) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync + 'static>;

/// Records read from the stream at once.
const BATCH: usize = 100;
/// How often failed records are looked at when nothing else happens.
const BEAT: Duration = Duration::from_secs(1);
/// `deliver`'s own limit in the cloud: a run that takes longer has failed.
const LONGEST_RUN: Duration = Duration::from_secs(30);
/// The longest pause between two tries of a record.
const LONGEST_PAUSE_MS: i64 = 300_000;
/// DynamoDB keeps stream records this long.
const RETENTION_MS: i64 = 86_400_000;
/// Tries a record gets even if the clock was moved past its retention.
const FEWEST_TRIES: u32 = 10;
/// The position is written at most this often; what is offered again is de-duplicated.
const STORE_EVERY_MS: i64 = 1_000;

/// Reads the stream and feeds `deliver`. Cloning shares it.
#[derive(Clone)]
pub struct Pump(Arc<Parts>);

struct Parts {
    engine: Engine,
    offer: Offer,
    traces: Traces,
    clock: Clock,
    changed: Arc<Notify>,
    file: Option<PathBuf>,
    progress: Mutex<Progress>,
}

/// How far the stream was read, and what of it still waits.
#[derive(Default)]
struct Progress {
    read: Option<String>,
    waiting: BTreeMap<String, Waiting>,
    stored: Option<String>,
    stored_at: i64,
}

/// A record that failed.
struct Waiting {
    record: Record,
    tries: u32,
    first_at: i64,
    due_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    delivered: String,
}

/// The position kept in `file`: everything up to it was delivered.
pub fn stored_position(file: &std::path::Path) -> io::Result<Option<String>> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(serde_json::from_slice::<Stored>(&bytes)?.delivered)),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(other) => Err(other),
    }
}

impl std::fmt::Debug for Pump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pump").field("file", &self.0.file).finish_non_exhaustive()
    }
}

/// Where a pump begins and remembers how far it came.
#[derive(Debug, Default)]
pub struct Position {
    /// Everything up to here was delivered.
    pub delivered: Option<String>,
    /// Where to remember it.
    pub file: Option<PathBuf>,
}

/// What a pump reads and writes besides the stream.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Where the stream is.
    pub engine: Engine,
    /// Where `deliver`'s calls are filed.
    pub traces: Traces,
    /// By which pauses are measured.
    pub clock: Clock,
    /// Told when there is something to read.
    pub changed: Arc<Notify>,
}

impl Pump {
    /// A pump that offers everything after `position` to `offer`.
    #[must_use]
    pub fn new(around: Surroundings, position: Position, offer: Offer) -> Self {
        let Surroundings { engine, traces, clock, changed } = around;
        let Position { delivered, file } = position;
        let progress =
            Progress { read: delivered.clone(), stored: delivered, ..Progress::default() };
        let progress = Mutex::new(progress);
        Self(Arc::new(Parts { engine, offer, traces, clock, changed, file, progress }))
    }

    /// Feeds `deliver` for ever.
    pub async fn run(self) {
        loop {
            let _ = tokio::time::timeout(BEAT, self.0.changed.notified()).await;
            self.pass().await;
        }
    }

    /// Offers what is due again and everything committed before this call, once. It runs in a
    /// task of its own, so that an impatient caller does not stop it half way.
    pub async fn drain(&self) {
        let this = self.clone();
        if let Err(fault) = tokio::spawn(async move { this.pass().await }).await {
            tracing::error!(%fault, "deliver ended abnormally");
        }
    }

    /// Drains and writes the position whatever the time.
    pub async fn finish(&self) {
        self.drain().await;
        let mut progress = self.0.progress.lock().await;
        progress.stored_at = i64::MIN;
        self.store(&mut progress).await;
    }

    /// How many records wait for another try.
    pub async fn waiting(&self) -> usize {
        self.0.progress.lock().await.waiting.len()
    }

    async fn pass(&self) {
        let mut progress = self.0.progress.lock().await;
        self.retry(&mut progress).await;
        loop {
            // A read takes some 50 µs and waits for no disk: not worth another thread.
            let records = match self.0.engine.changes(progress.read.as_deref(), BATCH) {
                Ok(records) if records.is_empty() => break,
                Ok(records) => records,
                Err(fault) => {
                    tracing::error!(%fault, "the stream could not be read");
                    break;
                }
            };
            for record in records {
                self.offer_first(record, &mut progress).await;
            }
        }
        self.store(&mut progress).await;
    }

    async fn offer_first(&self, record: Record, progress: &mut Progress) {
        let number = record.dynamodb.sequence_number.clone();
        if !self.offer(&record).await {
            let now = self.0.clock.now();
            let waiting = Waiting { record, tries: 1, first_at: now, due_at: now + pause(1) };
            progress.waiting.insert(number.clone(), waiting);
        }
        progress.read = Some(number);
    }

    async fn retry(&self, progress: &mut Progress) {
        let now = self.0.clock.now();
        let due: Vec<String> = progress
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.due_at <= now)
            .map(|(number, _)| number.clone())
            .collect();
        for number in due {
            let Some(waiting) = progress.waiting.get_mut(&number) else { continue };
            waiting.tries += 1;
            waiting.due_at = now + pause(waiting.tries);
            let stale = waiting.tries > FEWEST_TRIES && now - waiting.first_at > RETENTION_MS;
            let delivered = self.offer(&waiting.record).await;
            if stale && !delivered {
                tracing::error!(record = number, "given up: the cloud would put it aside now");
            }
            if delivered || stale {
                progress.waiting.remove(&number);
            }
        }
    }

    /// One run of `deliver`; `true` if the record is dealt with.
    async fn offer(&self, record: &Record) -> bool {
        let event = match event(record) {
            Ok(event) => event,
            Err(fault) => {
                tracing::error!(%fault, "a stream record could not be read");
                return true;
            }
        };
        let run = tokio::time::timeout(LONGEST_RUN, (self.0.offer)(event));
        let delivered = self.0.traces.of_function(DELIVER, run, correlation_id(record)).await;
        delivered.unwrap_or(false)
    }

    async fn store(&self, progress: &mut Progress) {
        let Some(file) = self.0.file.clone() else { return };
        let delivered = progress.delivered();
        let now = self.0.clock.now();
        if delivered == progress.stored || now < progress.stored_at.saturating_add(STORE_EVERY_MS) {
            return;
        }
        let Some(position) = delivered.clone() else { return };
        let written = tokio::task::spawn_blocking(move || {
            crate::data::replace(&file, &serde_json::to_vec(&Stored { delivered: position })?)
        });
        match written.await.map_err(io::Error::other).and_then(std::convert::identity) {
            Ok(()) => (progress.stored, progress.stored_at) = (delivered, now),
            Err(fault) => tracing::error!(%fault, "the stream's position could not be written"),
        }
    }
}

impl Progress {
    /// Everything up to here was delivered: the record before the first that waits, else the last.
    fn delivered(&self) -> Option<String> {
        match self.waiting.first_key_value() {
            None => self.read.clone(),
            Some((number, _)) => {
                number.parse::<u128>().ok().map(|number| number.saturating_sub(1).to_string())
            }
        }
    }
}

/// 2, 4, 8 … seconds.
fn pause(tries: u32) -> i64 {
    1_000_i64.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE_MS)
}

/// The batch of one as Lambda would get it.
fn event(record: &Record) -> Result<Event, serde_json::Error> {
    let mut record = serde_json::to_value(record)?;
    if let Some(members) = record.as_object_mut() {
        let arn = dynoxide::streams::stream_arn(crate::engine::ACTIVITY, "local");
        members.insert("eventSourceARN".to_owned(), arn.into());
        members.insert("awsRegion".to_owned(), "us-east-1".into());
    }
    serde_json::from_value(serde_json::json!({ "Records": [record] }))
}

fn correlation_id(record: &Record) -> Option<String> {
    let id = record.dynamodb.new_image.as_ref()?.get("correlation")?;
    if let dynoxide::AttributeValue::S(id) = id { Some(id.clone()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ACTIVITY;
    use std::sync::Mutex as SyncMutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[derive(Clone, Default)]
    struct Deliver {
        seen: Arc<SyncMutex<Vec<String>>>,
        fails_on_two: Arc<AtomicBool>,
    }

    impl Deliver {
        fn offer(&self) -> Offer {
            let this = self.clone();
            Arc::new(move |event| {
                let event = serde_json::to_value(&event).unwrap();
                let key = event["Records"][0]["dynamodb"]["NewImage"]["pk"]["S"].clone();
                let key = key.as_str().unwrap().to_owned();
                let fine = !(key == "two" && this.fails_on_two.load(Ordering::SeqCst));
                this.seen.lock().unwrap().push(key);
                Box::pin(async move { fine })
            })
        }

        fn seen(&self) -> Vec<String> {
            std::mem::take(&mut *self.seen.lock().unwrap())
        }
    }

    fn around(engine: Engine) -> Surroundings {
        let (traces, clock) = (Traces::default(), Clock::new());
        Surroundings { engine, traces, clock, changed: Arc::default() }
    }

    fn put(engine: &Engine, pk: &str) {
        let item = serde_json::json!({"pk": {"S": pk}, "sk": {"S": "a"}, "at": {"N": "1"}});
        let body = serde_json::json!({"TableName": ACTIVITY, "Item": item});
        assert_eq!(engine.call("PutItem", body.to_string().as_bytes()).status, 200);
    }

    #[tokio::test]
    async fn a_drain_offers_what_was_committed_before_it_once() {
        let around = around(Engine::memory().unwrap());
        let deliver = Deliver::default();
        let pump = Pump::new(around.clone(), Position::default(), deliver.offer());
        put(&around.engine, "one");
        put(&around.engine, "two");
        pump.drain().await;
        assert_eq!(deliver.seen(), ["one", "two"]);
        pump.drain().await;
        assert!(deliver.seen().is_empty());
    }

    #[tokio::test]
    async fn a_failed_record_is_retried_by_itself_when_the_clock_moves() {
        let around = around(Engine::memory().unwrap());
        let deliver = Deliver::default();
        deliver.fails_on_two.store(true, Ordering::SeqCst);
        let pump = Pump::new(around.clone(), Position::default(), deliver.offer());
        for pk in ["one", "two", "three"] {
            put(&around.engine, pk);
        }
        pump.drain().await;
        assert_eq!(deliver.seen(), ["one", "two", "three"]);
        pump.drain().await;
        assert!(deliver.seen().is_empty(), "not before its pause is over");
        deliver.fails_on_two.store(false, Ordering::SeqCst);
        around.clock.advance(2).unwrap();
        pump.drain().await;
        assert_eq!((deliver.seen(), pump.waiting().await), (vec!["two".to_owned()], 0));
    }

    #[tokio::test]
    async fn a_restart_begins_at_the_first_undelivered_record() {
        let folder = crate::data::scratch("stream");
        let (file, db) = (folder.join("stream.json"), folder.join("db"));
        let deliver = Deliver::default();
        deliver.fails_on_two.store(true, Ordering::SeqCst);
        let around_first = around(Engine::file(&db, None).unwrap());
        let position = Position { delivered: None, file: Some(file.clone()) };
        let pump = Pump::new(around_first.clone(), position, deliver.offer());
        for pk in ["one", "two", "three"] {
            put(&around_first.engine, pk);
        }
        pump.finish().await;
        drop((pump, around_first));
        deliver.seen();

        let delivered = stored_position(&file).unwrap();
        let engine = Engine::file(&db, delivered.as_deref()).unwrap();
        let position = Position { delivered, file: Some(file) };
        let pump = Pump::new(around(engine), position, deliver.offer());
        pump.drain().await;
        assert_eq!(deliver.seen(), ["two", "three"]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn pauses_grow_to_five_minutes() {
        assert_eq!([pause(1), pause(2), pause(8), pause(99)], [2_000, 4_000, 256_000, 300_000]);
    }
}
