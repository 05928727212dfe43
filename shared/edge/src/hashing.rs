//! Password hashing with a bound: as many hashes at once as there is kept memory for; others wait their turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rules::password::{Evaluation, Hasher, Parameters, Password};
use state::Fault;
use tokio::sync::Semaphore;

/// Hashers with their kept memory. Copies share them.
#[derive(Clone)]
pub struct Hashing {
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Hasher>>>,
    evaluations: Arc<AtomicU64>,
}

const FAULT: Fault = Fault::Computation { what: "a password hash" };

impl Hashing {
    /// At most `at_once` hashes side by side; their memory is taken at the first use of each.
    pub fn new(at_once: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(at_once)),
            idle: Arc::new(Mutex::new(Vec::new())),
            evaluations: Arc::new(AtomicU64::new(0)),
        }
    }

    /// One evaluation of argon2id, away from the request loop. The password comes back with it.
    pub async fn evaluate(
        &self,
        password: Password,
        salt: [u8; 16],
        parameters: Parameters,
    ) -> Result<(Password, Evaluation), Fault> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| FAULT)?;
        let idle = Arc::clone(&self.idle);
        self.evaluations.fetch_add(1, Ordering::Relaxed);
        let work = move || {
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut hasher = kept.unwrap_or_else(Hasher::lazy);
            let evaluation = hasher.evaluate(&password, &salt, parameters);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(hasher);
            drop(permit);
            evaluation.map(|e| (password, e))
        };
        let result = tokio::task::spawn_blocking(work).await.map_err(|_| FAULT)?;
        result.map_err(|_| FAULT)
    }

    /// Evaluations so far.
    pub fn evaluations(&self) -> u64 {
        self.evaluations.load(Ordering::Relaxed)
    }
}
