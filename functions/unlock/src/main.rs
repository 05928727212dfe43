//! The Lambda function `unlock`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> edge::lambda::Outcome {
    edge::lambda::run(unlock::router).await
}
