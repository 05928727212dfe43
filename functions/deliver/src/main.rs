//! The Lambda function `deliver`: batches of the activity table's stream.
#![recursion_limit = "256"] // the layout of three SDK clients in one future

use deliver::{Deliver, Senders};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (app, parts, _) = edge::lambda::start().await?;
    let deliver = Deliver::new(app, Senders::from_env(&parts)?);
    let serve =
        |event: LambdaEvent<_>| async { Ok::<_, Error>(deliver.handle(event.payload).await) };
    lambda_runtime::run(service_fn(serve)).await
}
