//! Runs `sweep` as its schedule would, and whenever the clock was moved.

use std::sync::Arc;
use std::time::Duration;

use edge::App;
use tokio::sync::Mutex;

use crate::trace::{SWEEP, Traces};

/// Between two runs: abandoned attempts are in the report within a minute (REP-03).
const EVERY: Duration = Duration::from_secs(20);

/// Runs `sweep`, one at a time. Cloning shares it.
#[derive(Clone)]
pub struct Sweeper {
    app: App,
    traces: Traces,
    running: Arc<Mutex<()>>,
}

impl Sweeper {
    /// A sweeper whose calls are filed in `traces`.
    #[must_use]
    pub fn new(app: App, traces: Traces) -> Self {
        Self { app, traces, running: Arc::default() }
    }

    /// One run, in a task of its own, so that an impatient caller does not stop it half way.
    pub async fn sweep(&self) {
        let this = self.clone();
        let run = tokio::spawn(async move {
            let _alone = this.running.lock().await;
            this.traces.of_function(SWEEP, sweep::run(&this.app), None).await
        });
        match run.await {
            Ok(Ok(_)) => {}
            Ok(Err(fault)) => tracing::error!(%fault, "sweep failed"),
            Err(fault) => tracing::error!(%fault, "sweep ended abnormally"),
        }
    }

    /// Sweeps for ever.
    pub async fn keep_sweeping(self) {
        loop {
            self.sweep().await;
            tokio::time::sleep(EVERY).await;
        }
    }
}
