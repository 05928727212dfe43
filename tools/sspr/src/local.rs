//! The product on this machine: store, clock, messages and functions, without a socket.

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use aws_sdk_dynamodb::config::{Credentials, Region, SharedHttpClient};
use axum::Router;
use edge::App;
use edge::aws::Parts;
use edge::chance::Chance;
use state::{Fault, Store, Tables};
use tokio::sync::Notify;

use crate::bundle;
use crate::clock::Clock;
use crate::connector::Connector;
use crate::data::{Folder, FolderFault};
use crate::dev::{self, Dev};
use crate::engine::{ACTIVITY, Engine, EngineFault, STATE};
use crate::fault::Faults;
use crate::outbox::Outbox;
use crate::stream::{self, Position, Pump, Surroundings};
use crate::sweeper::Sweeper;
use crate::trace::Traces;

/// Between two expiries of old rows, at least.
const EXPIRE_EVERY: Duration = Duration::from_secs(5);
/// An expiry reads every row: it may take this part of the time.
const EXPIRE_SHARE: u32 = 50;

/// It did not start.
#[derive(Debug, thiserror::Error)]
pub enum LocalFault {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderFault),
    /// The database.
    #[error(transparent)]
    Engine(#[from] EngineFault),
    /// A file in the folder.
    #[error("cannot read {file} in the data folder: {source}")]
    File {
        /// Its name.
        file: &'static str,
        /// What was wrong.
        source: std::io::Error,
    },
    /// The store or chance.
    #[error("{0}")]
    Store(#[from] Fault),
}

/// Everything in one process. Dropping it unlocks the folder.
pub struct Local {
    /// Time.
    pub clock: Clock,
    /// Messages.
    pub outbox: Arc<Outbox>,
    /// Faults to come.
    pub faults: Arc<Faults>,
    /// Calls made.
    pub traces: Traces,
    /// The store underneath.
    pub engine: Engine,
    /// Feeds `deliver`.
    pub pump: Pump,
    /// Runs `sweep`.
    pub sweeper: Sweeper,
    /// What the functions were built with.
    pub app: App,
    _folder: Option<Folder>,
}

/// What is kept in a folder, or in memory.
struct Kept {
    clock: Clock,
    outbox: Outbox,
    engine: Engine,
    position: Position,
    secret: [u8; crate::data::ROOT_SECRET_BYTES],
    folder: Option<Folder>,
}

impl Kept {
    fn in_memory() -> Result<Self, LocalFault> {
        let clock = Clock::new();
        Ok(Self {
            outbox: Outbox::new(clock.clone()),
            clock,
            engine: Engine::memory()?,
            position: Position::default(),
            secret: Chance.bytes()?,
            folder: None,
        })
    }

    fn in_folder(path: &Path) -> Result<Self, LocalFault> {
        let folder = Folder::open(path)?;
        let secret = folder.root_secret(Chance.bytes()?)?;
        let clock = Clock::kept_in(folder.file("clock.json")).map_err(file("clock.json"))?;
        let outbox = Outbox::kept_in(&folder.file("outbox.jsonl"), clock.clone())
            .map_err(file("outbox.jsonl"))?;
        let at = folder.file("stream.json");
        let delivered = stream::stored_position(&at).map_err(file("stream.json"))?;
        let engine = Engine::file(&folder.file("sspr.db"), delivered.as_deref())?;
        let position = Position { delivered, file: Some(at) };
        Ok(Self { clock, outbox, engine, position, secret, folder: Some(folder) })
    }
}

fn file(file: &'static str) -> impl FnOnce(std::io::Error) -> LocalFault {
    move |source| LocalFault::File { file, source }
}

impl Local {
    /// Opens the product on a folder, or in memory without one.
    pub fn open(data: Option<&Path>) -> Result<Self, LocalFault> {
        Self::open_at(data, None)
    }

    /// The same, reached at a URL: links in messages begin with it.
    pub fn open_at(data: Option<&Path>, url: Option<&str>) -> Result<Self, LocalFault> {
        let kept = data.map_or_else(Kept::in_memory, Kept::in_folder)?;
        let Kept { clock, outbox, engine, position, secret, folder } = kept;
        let (outbox, faults, traces) =
            (Arc::new(outbox), Arc::new(Faults::default()), Traces::default());
        let changed = Arc::new(Notify::new());
        let connector = Connector::new(
            engine.clone(),
            Arc::clone(&outbox),
            Arc::clone(&faults),
            Arc::clone(&changed),
        );
        let parts = parts(connector);
        let mut app = app(&parts, &secret, &clock);
        app.public_url = url.map(Into::into);
        let around = Surroundings {
            engine: engine.clone(),
            traces: traces.clone(),
            clock: clock.clone(),
            changed,
        };
        let pump = Pump::new(around, position, bundle::deliver(app.clone(), &parts));
        let sweeper = Sweeper::new(app.clone(), traces.clone());
        Ok(Self { clock, outbox, faults, traces, engine, pump, sweeper, app, _folder: folder })
    }

    /// Every route; those of a developer too if `with_dev`.
    pub fn router(&self, with_dev: bool) -> Router {
        let mut routes = bundle::routes(&self.app);
        if with_dev {
            routes = routes.merge(dev::router(Dev {
                outbox: Arc::clone(&self.outbox),
                clock: self.clock.clone(),
                faults: Arc::clone(&self.faults),
                traces: self.traces.clone(),
                pump: self.pump.clone(),
                sweeper: self.sweeper.clone(),
                hashing: self.app.hashing.clone(),
            }));
        }
        bundle::complete(routes, self.app.clone(), self.traces.clone())
    }

    /// Starts what runs beside requests: deliveries, the schedule, expiry. They end with the
    /// runtime.
    pub async fn start_background(&self) -> Result<(), Fault> {
        if self.engine.is_new() {
            self.sweeper.mark_now().await?;
        }
        tokio::spawn(self.pump.clone().run());
        tokio::spawn(self.sweeper.clone().keep_sweeping());
        tokio::spawn(keep_expiring(self.engine.clone()));
        Ok(())
    }
}

fn parts(connector: Connector) -> Parts {
    Parts {
        region: Region::new("us-east-1"),
        credentials: Credentials::new("local", "local", None, None, "local"),
        http: SharedHttpClient::new(connector),
    }
}

fn app(parts: &Parts, secret: &[u8], clock: &Clock) -> App {
    let tables = Tables { state: STATE.to_owned(), activity: ACTIVITY.to_owned() };
    let cores = available_parallelism().map_or(1, NonZero::get);
    let mut app = App::new(Store::new(parts.dynamodb(), tables), secret, cores);
    app.clock = clock.shared();
    app.https = false;
    app
}

async fn keep_expiring(engine: Engine) {
    let mut pause = EXPIRE_EVERY;
    loop {
        tokio::time::sleep(pause).await;
        let (engine, begun) = (engine.clone(), tokio::time::Instant::now());
        match tokio::task::spawn_blocking(move || engine.expire()).await {
            Ok(Ok(_)) => {}
            Ok(Err(fault)) => tracing::error!(%fault, "expired rows could not be deleted"),
            Err(fault) => tracing::error!(%fault, "expiry ended abnormally"),
        }
        pause = EXPIRE_EVERY.max(begun.elapsed().saturating_mul(EXPIRE_SHARE));
    }
}
