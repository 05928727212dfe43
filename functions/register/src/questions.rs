//! Answers to questions: `PUT /v1/registration/questions`. All of them at once; what was there before is replaced.

use edge::{App, Json, Problem};
use rules::factors::facts::AnsweredQuestions;
use rules::factors::questions::{Given, check, chosen, combinations, short, tag, together};
use rules::factors::{Answers, account_tag};
use rules::method::Method;
use rules::password::Parameters;
use rules::refusal::Refusal;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::view::{self, Registration};
use crate::visit::{Amendment, Visit};

/// Answers to the questions that the person chose.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Questions {
    answers: Vec<Answer>,
}

/// An answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    id: String,
    /// 3 to 40 characters.
    answer: String,
}

/// Registers answers to questions, in place of any that are there.
#[utoipa::path(
    put, path = "/v1/registration/questions", request_body = Questions,
    responses(
        (status = 200, body = Registration), (status = 400, description = "invalid_request"),
        (status = 401, description = "invalid_token"),
        (status = 403, description = "reset_refused, reauthentication_required"),
        (status = 409, description = "conflict"),
        (status = 422, description = "answers_rejected, method_not_enabled"),
    )
)]
pub(crate) async fn put(
    mut visit: Visit,
    Json(body): Json<Questions>,
) -> Result<Json<Registration>, Problem> {
    visit.require_fresh()?;
    visit.require(Method::SecurityQuestions)?;
    let given = body.answers.iter().map(|a| Given { id: &a.id, answer: &a.answer });
    let mut given: Vec<Given<'_>> = given.collect();
    let wrong = check(&given, &visit.config, visit.username());
    if !wrong.is_empty() {
        return Err(Refusal::AnswersRejected(wrong).into());
    }
    given.sort_by_key(|g| short(g.id));
    let answers = hashed(&visit.app, &given, &account_tag(&visit.profile().uid)).await?;
    visit
        .amend_secrets(|visit, factors| {
            let before = visit.profile();
            let mut next = before.clone();
            let (at, version) = (visit.call.now, before.next_version());
            factors.answers = answers.clone();
            factors.answers.version = version;
            next.questions = Some(AnsweredQuestions { at, version, ids: answers.ids.clone() });
            let profile = visit.registered(next);
            let was_there = before.questions.is_some();
            let activity = visit.secret_fact(&profile, Method::SecurityQuestions, was_there);
            Ok(Some(Amendment { profile, activity, forget: None }))
        })
        .await?;
    Ok(Json(view::of(&visit)))
}

/// The answers as they are kept: one evaluation for each combination that may be asked, sixteen at most, one after the other.
async fn hashed(app: &App, given: &[Given<'_>], account: &[u8; 8]) -> Result<Answers, Problem> {
    let salt = app.chance.bytes()?;
    let mut tags = Vec::new();
    for set in combinations(given.len()) {
        let some: Vec<Given<'_>> = chosen(set, given).into_iter().copied().collect();
        let evaluated = app.hashing.evaluate(together(&some), salt, Parameters::CURRENT).await?;
        tags.push(tag(&evaluated.1, &app.keys.tags, account));
    }
    let ids = given.iter().map(|g| short(g.id)).collect();
    Ok(Answers { version: 0, ids, salt, tags })
}
