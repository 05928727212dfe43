//! The Lambda function `begin-reset`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> edge::lambda::Outcome {
    edge::lambda::run(begin_reset::router).await
}
