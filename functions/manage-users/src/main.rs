//! The Lambda function `manage-users`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> edge::lambda::Outcome {
    edge::lambda::run(manage_users::router).await
}
