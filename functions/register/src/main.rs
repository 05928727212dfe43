//! The Lambda function `register`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> edge::lambda::Outcome {
    edge::lambda::run(register::router).await
}
