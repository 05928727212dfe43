//! Sends what was committed to be sent: codes, notices, calls for help. Fed by the activity table's stream; the only
//! function that links the mail, text and voice clients, and the one that looks at the account of a reset by sent codes
//! before its end, unless the organisation chose full disclosure.
//!
//! Texts and calls are paid for out of the organisation's budget before they go out (THR-04). What a provider will never
//! take is recorded as failed at once; what may pass is tried again.
//!
//! A row may be offered more than once, late, and out of order. A code goes out for the challenge that is still
//! outstanding, after it was decided — once — that this account may have it; a notice goes out once to each recipient,
//! remembered by message and recipient. A provider that fails makes the row come again.
//!
//! Modules: [`codes`] (may it be sent), [`notices`] (to whom), [`messages`] (in which words), [`senders`] (by whom).
//!
//! # To add a notice
//! 1. its kind in `rules::notice`; 2. its words in [`messages`]; 3. the row that carries it, where the change is
//!    committed; 4. a test.
#![deny(missing_docs)]

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use edge::App;
use rules::activity::{Activity, CodeOrder};
use state::Fault;

pub mod codes;
pub mod messages;
pub mod notices;
pub mod senders;

pub use senders::Senders;

/// The function with what it needs.
#[derive(Clone)]
pub struct Deliver {
    app: App,
    senders: Senders,
    /// The name under which this environment claims messages. It handles one batch at a time, so what it left claimed
    /// when a provider failed it may claim again at once; another environment waits for the lease to run out.
    holder: String,
}

/// Why a row has to come again.
#[derive(Debug, thiserror::Error)]
pub enum Again {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
    /// A provider failed; its own text may hold the message, so only its name is kept.
    #[error("{provider} did not take the message ({code})")]
    Provider {
        /// Which.
        provider: &'static str,
        /// What it said, as a code.
        code: String,
    },
    /// Another sender has the message at this moment.
    #[error("another sender has the message")]
    Taken,
}

impl From<senders::Unsent> for Again {
    fn from(unsent: senders::Unsent) -> Self {
        Self::Provider { provider: unsent.provider, code: unsent.code }
    }
}

impl Deliver {
    /// Builds the function.
    pub fn new(app: App, senders: Senders) -> Self {
        let holder = edge::settings::variable("AWS_LAMBDA_LOG_STREAM_NAME");
        Self { app, senders, holder: holder.unwrap_or_else(|| String::from("local")) }
    }

    /// Handles a batch; rows that have to come again are named by their sequence number.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let mut response = DynamoDbEventResponse::default();
        for record in event.records {
            let sequence = record.change.sequence_number.clone();
            if let Err(again) = self.record(record).await {
                tracing::warn!(reason = %again, "a row has to be offered again");
                let mut failure = DynamoDbBatchItemFailure::default();
                failure.item_identifier = sequence;
                response.batch_item_failures.push(failure);
            }
        }
        response
    }

    async fn record(&self, record: EventRecord) -> Result<(), Again> {
        if record.event_name != "INSERT" {
            return Ok(());
        }
        match serde_dynamo::from_item::<_, Activity>(record.change.new_image) {
            Ok(activity) => self.activity(&activity).await,
            Err(_) => {
                // No repeat would make it readable, and it must not hold up what comes after it.
                tracing::error!(event = record.event_id, "a row cannot be read and is passed over");
                Ok(())
            }
        }
    }

    /// Sends what a row asks for.
    ///
    /// # Errors
    /// When the row has to be offered again.
    pub async fn activity(&self, activity: &Activity) -> Result<(), Again> {
        match &activity.code {
            Some(CodeOrder::Gate { way, contact, send, digits }) => {
                let order =
                    codes::GateOrder { activity, way: *way, contact, send: *send, digits: *digits };
                self.gate_code(&order).await?;
            }
            Some(CodeOrder::Registration { .. }) => self.registration_code(activity).await?,
            None => {}
        }
        for notice in &activity.notices {
            self.notice(activity, notice).await?;
        }
        Ok(())
    }
}
