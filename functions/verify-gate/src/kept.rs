//! Gates by what the person has for themselves: answers to questions, an app, a recovery code.
//!
//! For every name the same requests of the same sizes and the same work, whoever has it, until a proof is right. Only then
//! is the account looked at, and whatever speaks against it is answered like a wrong proof.

use edge::request::Within;
use edge::{App, Json, Problem};
use rules::activity::{Activity, Modified, Name, RegistrationChange, RegistrationRow};
use rules::attempt::Attempt;
use rules::factors::Factors;
use rules::factors::proving::{Account, Grant, Right, answers, app_code, grant, recovery_code};
use rules::factors::questions::{Draw, Given, asked_text, together};
use rules::factors::recovery::RecoveryCode;
use rules::gate::Challenge;
use rules::ids::Username;
use rules::method::{Method, Way};
use rules::notice::{Kind, Notice};
use rules::password::Parameters;
use rules::policy::Question;
use rules::refusal::Refusal;
use rules::registration::Profile;
use rules::secret::{Code, ResetToken};
use serde::Serialize;
use state::attempts::Pass;
use state::{Call, Fault};
use utoipa::ToSchema;

use crate::Typed;

/// Rounds in which a right proof that met a concurrent change is decided again.
const ROUNDS: u32 = 5;

/// What is wanted of the person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Wanted {
    #[schema(value_type = String)]
    method: Way,
    /// Of `security_questions`: all of them are to be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    questions: Option<Vec<AskedQuestion>>,
}

/// A question.
#[derive(Serialize, ToSchema)]
pub(crate) struct AskedQuestion {
    id: String,
    text: String,
}

/// Says what is wanted. Somebody without answers, and nobody, is asked plausible questions that stay the same.
pub(crate) async fn challenge(
    app: &App,
    call: &Call,
    token: &ResetToken,
    way: Way,
) -> Result<Within<Json<Wanted>>, Problem> {
    let attempt = app.store.pay_challenge(token, way, call).await?;
    let username = attempt.username.clone();
    let blank = Factors::blank().seal(&app.keys.factors, &username, app.chance.bytes()?);
    let drawn = app.store.drawn(&username, blank, call.now);
    if way != Way::SecurityQuestions {
        drawn.await?;
        let wanted = state::attempts::Wanted { way, questions: None };
        let attempt = app.store.challenge_kept(token, attempt, wanted, call).await?;
        return Ok(Within(attempt.correlation, Json(Wanted { method: way, questions: None })));
    }
    let (kept, config) = tokio::try_join!(drawn, app.store.config())?;
    let config = config.config;
    let factors = opened(app, &username, &kept.sealed)?;
    let at = kept.drawn_at.unwrap_or(call.now);
    let asked = Draw { key: &app.keys.draw, username: &username, at }.questions(&factors, &config);
    let (locale, default) = (&attempt.locale, &config.branding.default_locale);
    let shown = |question: &Question<'_>| AskedQuestion {
        id: question.id().to_owned(),
        text: question.text(locale, default).to_owned(),
    };
    let questions = Some(asked.iter().map(shown).collect());
    let wanted = state::attempts::Wanted { way, questions: Some(asked_text(&asked)) };
    let attempt = app.store.challenge_kept(token, attempt, wanted, call).await?;
    Ok(Within(attempt.correlation, Json(Wanted { method: way, questions })))
}

fn opened(app: &App, username: &Username, sealed: &[u8]) -> Result<Factors, Fault> {
    let opened = Factors::open(&app.keys.factors, username, sealed);
    opened.map_err(|_| Fault::Corrupt { kind: "factors" })
}

/// One proof of one attempt.
pub(crate) struct Visit<'v> {
    pub(crate) app: &'v App,
    pub(crate) call: &'v Call,
    pub(crate) token: &'v ResetToken,
    /// Replaces the token if the gate is passed.
    pub(crate) next: &'v ResetToken,
}

/// Judges a proof and passes the gate if it is right.
///
/// # Refuses
/// As [`state::Store::pay_proof`]; `ProofIncorrect`.
pub(crate) async fn verify(visit: &Visit<'_>, way: Way, typed: &Typed) -> Result<Attempt, Problem> {
    let Visit { app, call, token, next } = visit;
    let (mut attempt, payment) = app.store.pay_proof(token, way, call).await?;
    let answered = attempt.answerable(way, call.now)?.clone();
    let right = judged(visit, &attempt, &answered, typed).await?;
    for _ in 0..ROUNDS {
        let challenge = attempt.answerable(way, call.now)?.clone();
        if challenge != answered {
            return Err(Refusal::NoChallenge.into());
        }
        let granted = match &right {
            Some(right) => granted(visit, &attempt, &challenge, right).await?,
            None => None,
        };
        let Some(grant) = granted else {
            app.store.refuse_proof(&mut attempt, way, payment, call).await?;
            return Err(Refusal::NoChallenge.into());
        };
        let row = grant.profile.as_ref().filter(|_| way == Way::RecoveryCode);
        let row = row.map(|profile| used(call, &attempt, profile));
        let pass = Pass { grant: &grant, next: next.hash(), row };
        if app.store.pass_kept(&mut attempt, &pass, call.now).await? {
            return Ok(attempt);
        }
        attempt = app.store.admitted(token, call.now).await?;
    }
    Err(Fault::Busy { operation: "verify", code: "conflict".into() }.into())
}

/// Judges what was typed against the sealed secrets. Answers cost one evaluation of argon2, right or wrong, of somebody's or
/// of nobody's.
async fn judged(
    visit: &Visit<'_>,
    attempt: &Attempt,
    challenge: &Challenge,
    typed: &Typed,
) -> Result<Option<Right>, Problem> {
    let (app, username) = (visit.app, &attempt.username);
    let factors = match app.store.factors(username).await? {
        Some(kept) => opened(app, username, &kept.sealed)?,
        None => Factors::blank(),
    };
    let right = match typed {
        Typed::Answers(all) => {
            let given = all.iter().map(|a| Given { id: &a.id, answer: &a.answer });
            let given: Vec<Given<'_>> = given.collect();
            let (salt, parameters) = (factors.answers.salt, Parameters::CURRENT);
            let hashed = app.hashing.evaluate(together(&given), salt, parameters).await?;
            answers(challenge, &given, &hashed.1, &app.keys, &factors)
        }
        Typed::Code(text) if challenge.way == Way::RecoveryCode => {
            recovery_code(&RecoveryCode::typed(text), &app.keys, username, &factors)
        }
        Typed::Code(text) => app_code(&Code::typed(text), &factors, visit.call.now),
    };
    Ok(right)
}

/// Looks at the account of a right proof.
async fn granted(
    visit: &Visit<'_>,
    attempt: &Attempt,
    challenge: &Challenge,
    right: &Right,
) -> Result<Option<Grant>, Problem> {
    let store = &visit.app.store;
    let (config, profile) = store.configured_profile(&attempt.username).await?;
    let Some(profile) = profile else { return Ok(None) };
    let config = &config.config;
    let scope = store.scope(config).await?;
    let eligible = attempt.eligibility(Some(&profile), config, &scope);
    let account = Account { profile: &profile, eligible, config };
    Ok(grant(attempt, challenge, right, account, visit.call.now))
}

/// The record of a recovery code that was used up, with the notice of it.
fn used(call: &Call, attempt: &Attempt, profile: &Profile) -> Activity {
    let mut row = call.clone().within(attempt).activity("recovery", Name::SecurityInfoRemoved);
    let method = Method::RecoveryCode;
    row.target = Some(profile.username.clone());
    row.role = Some(profile.role());
    row.registration =
        Some(RegistrationRow { method: Some(method), change: RegistrationChange::Removed });
    row.modified = vec![Modified {
        field: method.as_str().to_owned(),
        old: Some(String::from("registered")),
        new: None,
    }];
    let to = profile.notice_addresses();
    if !to.is_empty() {
        let (kind, locale) = (Kind::RecoveryCodeUsed, attempt.locale.clone());
        row.notices = vec![Notice { kind, to, audience: None, locale }];
    }
    row
}
