//! Answers to questions: `PUT /v1/registration/questions`. No organisation can switch questions on yet, so a well-formed
//! body is told that; the answers are not looked at.

use edge::{Json, Problem};
use rules::refusal::Refusal;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::view::Registration;
use crate::visit::Visit;

/// Answers to the questions that the person chose.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Questions {
    #[expect(dead_code, reason = "read for its shape until questions can be switched on")]
    answers: Vec<Answer>,
}

/// An answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    #[expect(dead_code, reason = "read for its shape until questions can be switched on")]
    id: String,
    #[expect(dead_code, reason = "read for its shape until questions can be switched on")]
    answer: String,
}

/// Registers answers to questions.
#[utoipa::path(
    put, path = "/v1/registration/questions", request_body = Questions,
    responses(
        (status = 200, body = Registration), (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"),
        (status = 403, description = "reset_refused, reauthentication_required"),
        (status = 422, description = "method_not_enabled"),
    )
)]
pub(crate) async fn put(
    visit: Visit,
    Json(_): Json<Questions>,
) -> Result<Json<Registration>, Problem> {
    visit.require_fresh()?;
    Err(Refusal::MethodNotEnabled.into())
}
