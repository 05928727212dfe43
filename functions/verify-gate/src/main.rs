//! The Lambda function `verify-gate`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> edge::lambda::Outcome {
    edge::lambda::run(verify_gate::router).await
}
