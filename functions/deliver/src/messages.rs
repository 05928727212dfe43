//! The words of every message. Mail is text and HTML from the same paragraphs; texts fit one segment; calls read the
//! code three times.
//!
//! # Why not …?
//! - *Why no link to a page that takes the code?* Mails with links to sign-in pages are what phishing looks like. The one
//!   link there is, in notices, leads to a page that asks for nothing.

mod words;

use std::fmt::Write as _;

use rules::activity::Activity;
use rules::ids::CorrelationId;
use rules::method::Method;
use rules::notice::Kind;
use rules::policy::Config;
use rules::secret::Code;

use words::words;

/// What every message says of itself.
pub struct Subject<'s> {
    kind: Kind,
    locale: &'s str,
    correlation: CorrelationId,
    organisation: &'s str,
    colour: &'s str,
    origin: Option<&'s str>,
}

impl<'s> Subject<'s> {
    /// For a message of a kind, within an attempt or request.
    pub fn new(
        kind: Kind,
        locale: &'s str,
        correlation: CorrelationId,
        config: &'s Config,
    ) -> Self {
        Self {
            kind,
            locale,
            correlation,
            organisation: &config.branding.organisation,
            colour: &config.branding.colour,
            origin: config.telecom.sms_origin.as_deref(),
        }
    }

    /// The sender's display name: the organisation's, as a quoted string.
    pub fn sender(&self) -> String {
        let name: String = self.organisation.chars().filter(|c| !c.is_control()).collect();
        format!("\"{}\"", name.replace(['"', '\\'], ""))
    }

    /// What a provider may keep with the message.
    pub fn tags(&self) -> Vec<(&'static str, String)> {
        vec![
            ("kind", self.kind.family().to_owned()),
            ("locale", self.locale.to_owned()),
            ("correlation_id", self.correlation.to_string()),
        ]
    }
}

/// A mail before it is text or HTML.
pub struct Letter {
    /// The subject line.
    pub subject: String,
    paragraphs: Vec<String>,
    code: Option<String>,
    link: Option<String>,
    organisation: String,
    colour: String,
    locale: String,
    support_code: String,
}

impl Letter {
    fn new(about: &Subject<'_>, subject: String, paragraphs: Vec<String>) -> Self {
        Self {
            subject,
            paragraphs,
            code: None,
            link: None,
            organisation: about.organisation.to_owned(),
            colour: about.colour.to_owned(),
            locale: about.locale.to_owned(),
            support_code: about.correlation.to_string(),
        }
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Some(code) = &self.code {
            let _ = write!(text, "{code}\n\n");
        }
        for paragraph in &self.paragraphs {
            let _ = write!(text, "{paragraph}\n\n");
        }
        if let Some(link) = &self.link {
            let _ = write!(text, "{NOT_ME_LINK}\n{link}\n\n");
        }
        let _ = write!(text, "{}\nSupport code: {}\n", self.organisation, self.support_code);
        text
    }

    /// As HTML: no remote content, and nothing to click but the link of a notice.
    pub fn html(&self) -> String {
        let mut body = String::new();
        if let Some(code) = &self.code {
            let _ = write!(
                body,
                "<p style=\"font-size:28px;letter-spacing:4px;direction:ltr\"><strong>{}</strong></p>",
                escape(code)
            );
        }
        for paragraph in &self.paragraphs {
            let _ = write!(body, "<p>{}</p>", escape(paragraph));
        }
        if let Some(link) = &self.link {
            let _ = write!(body, "<p><a href=\"{}\">{NOT_ME_LINK}</a></p>", escape(link));
        }
        format!(
            "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title></head>\
             <body style=\"font-family:sans-serif;max-width:36em;margin:1em auto;padding:0 1em\">\
             <p style=\"border-bottom:3px solid {}\"><strong>{}</strong></p>{body}\
             <p style=\"color:#595959\">Support code: {}</p></body></html>",
            escape(&self.locale),
            escape(&self.subject),
            escape(&self.colour),
            escape(&self.organisation),
            self.support_code
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A code and what is said with it.
pub struct CodeText<'c> {
    /// What the message says of itself.
    pub subject: Subject<'c>,
    /// The code.
    pub code: &'c Code,
    /// How long it is valid.
    pub minutes: u32,
}

impl CodeText<'_> {
    /// As a mail.
    pub fn letter(&self) -> Letter {
        let organisation = self.subject.organisation;
        let what = if self.subject.kind == Kind::RegistrationCode {
            "Enter this code to confirm that this address is yours. Once confirmed, it can help you reset your password."
        } else {
            "Somebody, we hope you, asked to reset a password or unlock an account. Enter this code on the page where \
             you began."
        };
        let paragraphs = vec![
            what.to_owned(),
            format!(
                "It is valid for {} minutes. Nobody from {organisation} will ever ask you for it.",
                self.minutes
            ),
            String::from(
                "If it was not you, ignore this message: without the code nothing happens.",
            ),
        ];
        let subject = format!("{organisation}: your code");
        let mut letter = Letter::new(&self.subject, subject, paragraphs);
        letter.code = Some(self.code.reveal().to_owned());
        letter
    }

    /// As a text of one segment: 160 characters of GSM-7, so a long organisation's name is cut. With an origin the last
    /// line binds the code to it, so that phones fill it in there only.
    pub fn text(&self) -> String {
        let code = self.code.reveal();
        let rest = format!(" code: {code}. Valid {} min. Never share it.", self.minutes);
        let bound = self.subject.origin.map(|o| format!("\n@{o} #{code}")).unwrap_or_default();
        let room = SEGMENT.saturating_sub(rest.chars().count() + bound.chars().count());
        let name: String = self.subject.organisation.chars().take(room).collect();
        format!("{name}{rest}{bound}")
    }

    /// As speech (SSML): the code three times, slowly, digit by digit.
    pub fn speech(&self) -> String {
        let spaced: Vec<String> = self.code.reveal().chars().map(|c| c.to_string()).collect();
        let digits = spaced.join(" <break time=\"500ms\"/> ");
        let organisation = escape(self.subject.organisation);
        let once = format!("Your code is <break time=\"500ms\"/> {digits}. <break time=\"1s\"/>");
        format!(
            "<speak>Hello. This is {organisation}. <prosody rate=\"slow\">{once} Again. {once} Once more. {once}\
             </prosody> Goodbye.</speak>"
        )
    }
}

/// Characters of one text segment in the GSM-7 alphabet (3GPP TS 23.038).
pub const SEGMENT: usize = 160;

/// A notice and what it is about.
pub struct NoticeText<'n> {
    /// What the message says of itself.
    pub subject: Subject<'n>,
    /// The fact.
    pub activity: &'n Activity,
    /// Where the person can say that it was not them.
    pub link: Option<String>,
}

impl NoticeText<'_> {
    /// As a mail.
    pub fn letter(&self) -> Letter {
        let who = self.activity.target.as_ref().map(ToString::to_string).unwrap_or_default();
        let at = self.activity.at.rfc3339();
        let (subject, first, advice) = words(self.subject.kind);
        let organisation = self.subject.organisation;
        let when = format!("Account: {who}. Time: {at} (UTC).");
        let mut paragraphs = vec![first.to_owned(), when, advice.to_owned()];
        let method = self.activity.registration.as_ref().and_then(|r| r.method);
        if let Some(method) = method {
            paragraphs.insert(1, format!("What: {}.", named(method)));
        }
        let mut letter =
            Letter::new(&self.subject, format!("{organisation}: {subject}"), paragraphs);
        letter.link.clone_from(&self.link);
        letter
    }
}

/// What the link says.
const NOT_ME_LINK: &str =
    "This wasn’t me: sign everybody out and close the account until the password is reset";

/// A method as people call it.
fn named(method: Method) -> &'static str {
    match method {
        Method::Email => "email address",
        Method::MobilePhone => "mobile phone",
        Method::OfficePhone => "office phone",
        Method::SecurityQuestions => "answers to security questions",
        Method::AuthenticatorApp => "authenticator app",
        Method::RecoveryCode => "recovery code",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::ids::Millis;
    use rules::secret::Keys;

    fn config(organisation: &str) -> Config {
        let mut config = Config::default();
        config.branding.organisation = organisation.to_owned();
        config
    }

    fn with<T>(organisation: &str, see: impl Fn(CodeText<'_>) -> T) -> T {
        let config = config(organisation);
        let code = Code::derive(&Keys::derive(&[1; 32]).code, &[b"x"], 8);
        let correlation = CorrelationId::new(Millis(0), 1);
        let subject = Subject::new(Kind::Code, "en", correlation, &config);
        see(CodeText { subject, code: &code, minutes: 5 })
    }

    #[test]
    fn a_text_fits_one_segment_whatever_the_organisation_is_called() {
        for name in ["Example Org", &"Very Long Name ".repeat(20)] {
            assert!(with(name, |t| t.text().chars().count()) <= SEGMENT);
        }
    }

    #[test]
    fn a_call_reads_the_code_three_times() {
        let speech = with("A & B", |t| t.speech());
        assert_eq!(speech.matches("Your code is").count(), 3);
        assert!(speech.contains("A &amp; B"));
    }

    #[test]
    fn nothing_an_organisation_is_called_can_become_markup_or_another_header() {
        let html = with("<b onload=x>\"'", |t| t.letter().html());
        assert!(!html.contains("<b onload"));
        let sender = with("Evil\"\r\nBcc: x", |t| t.subject.sender());
        assert!(!sender.contains('\n') && sender.matches('"').count() == 2);
    }
}
