//! The Lambda function `sweep`: runs on a schedule, whatever the event says.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (app, _, _) = edge::lambda::start().await?;
    let serve =
        |_: LambdaEvent<Value>| async { sweep::run(&app).await.map(drop).map_err(Error::from) };
    lambda_runtime::run(service_fn(serve)).await
}
