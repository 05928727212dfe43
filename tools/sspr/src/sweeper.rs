//! Runs `sweep` as its schedule would, and whenever the clock was moved.

use std::sync::Arc;
use std::time::Duration;

use edge::App;
use edge::clock::Clock;
use rules::ids::Millis;
use state::Fault;
use state::attempts::Mark;
use tokio::sync::Mutex;

use crate::trace::{SWEEP, Traces};

/// Between two runs: abandoned attempts are in the report within a minute (REP-03).
const EVERY: Duration = Duration::from_secs(20);
/// The longest life of an attempt (`reset.seconds`, api.md §7) and the minute it ends in.
const LONGEST_ATTEMPT_SECONDS: u32 = 3_600 + 60;

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

    /// One run.
    pub async fn sweep(&self) {
        self.sweep_after_jump(0).await;
    }

    /// One run after the clock was moved by so many seconds. It runs in a task of its own, so that
    /// an impatient caller does not stop it half way.
    pub async fn sweep_after_jump(&self, seconds: u32) {
        let this = self.clone();
        let run = tokio::spawn(async move {
            let _alone = this.running.lock().await;
            this.traces.of_function(SWEEP, this.run(seconds), None).await
        });
        match run.await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => tracing::error!(%fault, "sweep failed"),
            Err(fault) => tracing::error!(%fault, "sweep ended abnormally"),
        }
    }

    async fn run(&self, jumped: u32) -> Result<(), Fault> {
        if jumped > LONGEST_ATTEMPT_SECONDS {
            self.skip_to_now(jumped).await?;
        }
        sweep::run(&self.app).await.map(drop)
    }

    /// `sweep` looks at every minute since its last run: for a day, seconds. After a jump only
    /// attempts begun before it are overdue, so it is run at the moment when the last of them ended,
    /// and its mark is put at the present.
    async fn skip_to_now(&self, jumped: u32) -> Result<(), Fault> {
        let back = i64::from(jumped - LONGEST_ATTEMPT_SECONDS).saturating_mul(1_000);
        let mut then = self.app.clone();
        then.clock = Clock::default();
        then.clock.set_ahead(self.app.clock.advance(0).saturating_sub(back));
        if sweep::run(&then).await?.behind > 0 {
            return Ok(());
        }
        self.mark_now().await
    }

    /// Puts the mark of `sweep` at the present: nothing before is overdue.
    pub async fn mark_now(&self) -> Result<(), Fault> {
        let passing = Millis(self.app.clock.now().minutes().saturating_mul(60_000));
        let mark = self.app.store.sweep_mark().await?;
        let to = Mark { seen: passing, gap: passing };
        self.app.store.move_sweep_mark(mark, to).await.map(drop)
    }

    /// Sweeps for ever.
    pub async fn keep_sweeping(self) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.sweep().await;
        }
    }
}
