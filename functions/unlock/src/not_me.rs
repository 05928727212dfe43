//! "This wasn't me" (RST-16): the page that a notice leads to. Looking at it does nothing, for mail scanners look at every
//! link; its one button ends every session, closes the account until its password is reset, and tells the administrators.

mod words;

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use edge::page::{direction, page};
use edge::{App, Incoming, Problem, form};
use http::StatusCode;
use rules::secret::NoticeToken;
use serde::Deserialize;
use state::disowning::Disownable;
use state::{Call, Fault};
use words::{Stage, words};

/// Rounds in which a form that met a concurrent change of the account is decided again.
const ROUNDS: u32 = 3;

/// What the link carries.
#[derive(Deserialize)]
pub(crate) struct Link {
    /// The token; a link that lost it on the way is a dead one.
    #[serde(default)]
    t: String,
}

/// Shows the page with one button, and does nothing.
#[utoipa::path(get, path = "/not-me", params(("t" = String, Query, description = "From the notice.")), responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 410, body = String, content_type = "text/html", description = "Unknown, or older than 72 hours."),
))]
pub(crate) async fn show(
    State(app): State<App>,
    Incoming(call): Incoming,
    Query(link): Query<Link>,
) -> Result<Response, Problem> {
    let (screen, change) = look(&app, &call, &link.t).await?;
    let stage = match change {
        None => Stage::Gone,
        Some(Disownable { used_at: Some(_), .. }) => Stage::Already,
        Some(_) => Stage::Ask,
    };
    screen.render(stage)
}

/// Ends every session, requires a reset, tells the administrators. A second time it does nothing.
#[utoipa::path(post, path = "/not-me",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`t`: from the notice."),
    responses(
        (status = 200, body = String, content_type = "text/html"),
        (status = 400, description = "invalid_request"),
        (status = 403, description = "forbidden"),
        (status = 410, body = String, content_type = "text/html", description = "Unknown, or older than 72 hours."),
    )
)]
pub(crate) async fn act(
    State(app): State<App>,
    Incoming(call): Incoming,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let [text] = form::read(&app, &parts, body, ["t"]).await?;
    for _ in 0..ROUNDS {
        let (screen, change) = look(&app, &call, &text).await?;
        let (Some(change), Some(token)) = (change, NoticeToken::parse(&text)) else {
            return screen.render(Stage::Gone);
        };
        if change.used_at.is_some() {
            return screen.render(Stage::Already);
        }
        let (config, profile) = app.store.configured_profile(&change.username).await?;
        let Some(profile) = profile.filter(|p| p.uid == change.uid) else {
            return screen.render(Stage::Gone);
        };
        let mut call = call.clone();
        call.retention_days = config.config.retention.activity_days;
        if app.store.disown(&token, &change, &profile, &call).await? {
            return screen.render(Stage::Done);
        }
    }
    Err(Fault::Busy { operation: "not-me", code: "conflict".into() }.into())
}

/// What a token stands for now, and the screen to say it on.
async fn look(app: &App, call: &Call, text: &str) -> Result<(Screen, Option<Disownable>), Problem> {
    // What is no token at all is looked up too, as one that nobody was sent: one answer, one way to it.
    let token = NoticeToken::parse(text).unwrap_or_else(NoticeToken::nobodys);
    let (config, change) = app.store.disownable(&token, call.now).await?;
    let organisation = config.config.branding.organisation;
    let screen = Screen { locale: call.locale.clone(), organisation, token: text.to_owned() };
    Ok((screen, change))
}

/// What every stage of the page shows.
struct Screen {
    locale: String,
    organisation: String,
    token: String,
}

/// The template's values; it escapes each.
#[derive(Template)]
#[template(path = "not_me.html")]
struct View<'v> {
    locale: &'v str,
    direction: &'static str,
    organisation: &'v str,
    title: &'static str,
    paragraphs: &'static [&'static str],
    action: Option<Action<'v>>,
}

struct Action<'v> {
    token: &'v str,
    label: &'static str,
}

impl Screen {
    fn render(&self, stage: Stage) -> Result<Response, Problem> {
        let words = words(&self.locale, stage);
        let view = View {
            locale: &self.locale,
            direction: direction(&self.locale),
            organisation: &self.organisation,
            title: words.title,
            paragraphs: words.paragraphs,
            action: words.button.map(|label| Action { token: &self.token, label }),
        };
        let html = view.render().map_err(|_| Fault::Computation { what: "a page" })?;
        let status = if stage == Stage::Gone { StatusCode::GONE } else { StatusCode::OK };
        Ok(page(status, html))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_an_organisation_or_a_link_says_becomes_markup() {
        let bad = "\"><script>alert(1)</script>";
        let view = View {
            locale: "en",
            direction: "ltr",
            organisation: bad,
            title: "t",
            paragraphs: &["p"],
            action: Some(Action { token: bad, label: "l" }),
        };
        let html = view.render().unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("style=") && !html.contains("<style") && !html.contains(" on"));
    }
}
