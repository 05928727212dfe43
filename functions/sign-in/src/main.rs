//! The Lambda function `sign-in`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> edge::lambda::Outcome {
    edge::lambda::run(sign_in::router).await
}
