//! The Lambda function `complete-reset`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> edge::lambda::Outcome {
    edge::lambda::run(complete_reset::router).await
}
