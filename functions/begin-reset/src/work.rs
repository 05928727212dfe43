//! The proof of work before a reset, where the organisation asks for one (RST-17).

use edge::problem::WorkItem;
use edge::{App, Problem};
use http::StatusCode;
use rules::proof_of_work::{self, Scheme};
use state::{Call, Fault};

/// Whether a proof of work is right, and presented for the first time.
pub(crate) async fn is_done(app: &App, call: &Call, solution: Option<&str>) -> Result<bool, Fault> {
    let key = &app.keys.proof;
    match solution.and_then(|s| proof_of_work::solved(key, &call.network, s, call.now)) {
        Some(solved) => app.store.accept_proof(&solved, call).await,
        None => Ok(false),
    }
}

/// The refusal that carries a challenge, as hard as the network's begins of this hour make it.
pub(crate) async fn asked(app: &App, call: &Call) -> Result<Problem, Fault> {
    let begun = app.store.begun(&call.network, call.now).await?;
    let nonce = app.chance.bytes()?;
    let given = proof_of_work::challenge(&app.keys.proof, &call.network, begun, nonce, call.now);
    let work = WorkItem {
        algorithm: Scheme::published().algorithm,
        challenge: given.text,
        bits: given.bits,
        expires_in: proof_of_work::SECONDS,
    };
    let (title, code) = ("A moment of computing is asked for", "proof_of_work_required");
    let detail =
        "Solve the challenge and begin again with the solution; a page does this by itself.";
    let refused = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, title, detail);
    Ok(Problem { proof_of_work: Some(Box::new(work)), ..refused })
}
