//! The functions, assembled: what the cloud deploys one by one, in one router.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use deliver::{Deliver, Senders};
use edge::App;
use edge::aws::Parts;

use crate::stream::Offer;
use crate::trace::{self, Traces};

/// The address mails come from here; in the cloud `MAIL_FROM`.
const MAIL_FROM: &str = "no-reply@sspr.example";
/// The number calls come from here; in the cloud `VOICE_ORIGIN`.
const VOICE_ORIGIN: &str = "+441632960000";

/// Makes the routes of one function.
type Routes = fn(App) -> Router;

/// The functions that answer requests, under the names they are deployed by.
const FUNCTIONS: [(&str, Routes); 11] = [
    ("sign-in", sign_in::router),
    ("register", register::router),
    ("begin-reset", begin_reset::router),
    ("verify-gate", verify_gate::router),
    ("complete-reset", complete_reset::router),
    ("unlock", unlock::router),
    ("change", change::router),
    ("configure", configure::router),
    ("manage-users", manage_users::router),
    ("report", report::router),
    ("portal", portal::router),
];

/// Every route of every function, each telling the trace whose it is.
pub fn routes(app: &App) -> Router {
    FUNCTIONS.into_iter().fold(Router::new(), |all, (name, router)| {
        let named = from_fn(move |request: Request, next: Next| async move {
            trace::serving(name);
            next.run(request).await
        });
        all.merge(router(app.clone()).route_layer(named))
    })
}

/// Wraps all routes: headers, problem documents, and the trace of each request under the support
/// code of its answer.
pub fn complete(routes: Router, app: App, traces: Traces) -> Router {
    edge::request::complete(routes, app).layer(from_fn_with_state(traces, traced))
}

async fn traced(State(traces): State<Traces>, request: Request, next: Next) -> Response {
    let id_of = |response: &Response| {
        let id = response.headers().get(edge::request::CORRELATION)?;
        id.to_str().ok().map(str::to_owned)
    };
    traces.of(next.run(request), id_of).await
}

/// `deliver`, as the stream calls it.
pub fn deliver(app: App, parts: &Parts) -> Offer {
    let mut senders = Senders::on(parts, MAIL_FROM.to_owned());
    senders.voice_origin = Some(VOICE_ORIGIN.to_owned());
    let deliver = Deliver::new(app, senders);
    Arc::new(move |event| {
        let deliver = deliver.clone();
        Box::pin(async move { deliver.handle(event).await.batch_item_failures.is_empty() })
    })
}
