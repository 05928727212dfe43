//! The providers: SES for mail, SNS for texts, End User Messaging for calls.

use aws_sdk_pinpointsmsvoicev2::types::VoiceMessageBodyTextType;
use aws_sdk_sesv2::types::{
    Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag,
};
use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::MessageAttributeValue;
use edge::aws::{Parts, endpoint};
use edge::settings::variable;
use rules::method::Way;

use crate::messages::{CodeText, Letter, NoticeText, Subject};

/// Clients and the addresses they send from.
#[derive(Clone)]
pub struct Senders {
    /// Mail.
    pub ses: aws_sdk_sesv2::Client,
    /// Texts.
    pub sns: aws_sdk_sns::Client,
    /// Calls.
    pub voice: aws_sdk_pinpointsmsvoicev2::Client,
    /// `MAIL_FROM`: the verified address that mail comes from.
    pub mail_from: String,
    /// `VOICE_ORIGIN`: the number that calls come from.
    pub voice_origin: Option<String>,
    /// `SMS_ORIGIN`: the number or name that texts come from; SNS chooses where there is none.
    pub sms_origin: Option<String>,
}

/// A message that no provider took; a provider's own text may hold the message, so only its code is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// Which provider.
    pub provider: &'static str,
    /// What it said, as a code.
    pub code: String,
}

impl Unsent {
    /// Whether the same message would be refused each time: it is the message or the recipient that is wrong, not the
    /// moment.
    pub fn is_final(&self) -> bool {
        FINAL.contains(&self.code.as_str())
    }
}

/// Codes of SES, SNS and End User Messaging for a message or a recipient that they will never take. What an operator can
/// mend meanwhile (a sandbox, a paused account, a missing identity) is not among them.
const FINAL: [&str; 9] = [
    INCOMPLETE,
    "MessageRejected",
    "BadRequestException",
    "InvalidParameter",
    "InvalidParameterValue",
    "ParameterValueInvalid",
    "OptedOut",
    "ValidationException",
    "ValidationError",
];

/// Our own code for a message that has not what its provider needs.
const INCOMPLETE: &str = "incomplete_message";

/// Fails with a code and nothing of the message.
fn failed(provider: &'static str, error: &impl ProvideErrorMetadata) -> Unsent {
    Unsent { provider, code: error.code().unwrap_or("no_reply").to_owned() }
}

fn incomplete(provider: &'static str) -> Unsent {
    Unsent { provider, code: String::from(INCOMPLETE) }
}

/// How SNS takes what texts come from: a number, or a sender's name (`SMS_ORIGIN`).
fn origin_attribute(origin: &str) -> &'static str {
    if origin.starts_with('+') { "AWS.MM.SMS.OriginationNumber" } else { "AWS.SNS.SMS.SenderID" }
}

impl Senders {
    /// Clients from Lambda's variables.
    ///
    /// # Errors
    /// When `MAIL_FROM` is missing.
    pub fn from_env(parts: &Parts) -> Result<Self, &'static str> {
        let mut senders = Self::on(parts, variable("MAIL_FROM").ok_or("MAIL_FROM is missing")?);
        senders.voice_origin = variable("VOICE_ORIGIN");
        senders.sms_origin = variable("SMS_ORIGIN");
        Ok(senders)
    }

    /// Clients on the parts that all clients share.
    pub fn on(parts: &Parts, mail_from: String) -> Self {
        let mut ses = aws_sdk_sesv2::config::Builder::new()
            .behavior_version(aws_sdk_sesv2::config::BehaviorVersion::latest())
            .region(parts.region.clone())
            .credentials_provider(parts.credentials.clone())
            .http_client(parts.http.clone())
            .timeout_config(Parts::timeouts())
            .retry_config(Parts::retries());
        let mut sns = aws_sdk_sns::config::Builder::new()
            .behavior_version(aws_sdk_sns::config::BehaviorVersion::latest())
            .region(parts.region.clone())
            .credentials_provider(parts.credentials.clone())
            .http_client(parts.http.clone())
            .timeout_config(Parts::timeouts())
            .retry_config(Parts::retries());
        let mut voice = aws_sdk_pinpointsmsvoicev2::config::Builder::new()
            .behavior_version(aws_sdk_pinpointsmsvoicev2::config::BehaviorVersion::latest())
            .region(parts.region.clone())
            .credentials_provider(parts.credentials.clone())
            .http_client(parts.http.clone())
            .timeout_config(Parts::timeouts())
            .retry_config(Parts::retries());
        ses.set_endpoint_url(endpoint("SESV2"));
        sns.set_endpoint_url(endpoint("SNS"));
        voice.set_endpoint_url(endpoint("PINPOINT_SMS_VOICE_V2"));
        Self {
            ses: aws_sdk_sesv2::Client::from_conf(ses.build()),
            sns: aws_sdk_sns::Client::from_conf(sns.build()),
            voice: aws_sdk_pinpointsmsvoicev2::Client::from_conf(voice.build()),
            mail_from,
            voice_origin: None,
            sms_origin: None,
        }
    }

    /// Sends a code by its way.
    ///
    /// # Errors
    /// When the provider did not take it.
    pub async fn code(&self, way: Way, to: &str, text: &CodeText<'_>) -> Result<(), Unsent> {
        match way {
            Way::Email => self.mail(to, &text.letter(), &text.subject).await,
            Way::Sms => self.text(to, &text.text(), &text.subject).await,
            Way::Voice | Way::OfficeVoice => self.call(to, &text.speech(), &text.subject).await,
            Way::SecurityQuestions | Way::AuthenticatorApp | Way::RecoveryCode => Ok(()),
        }
    }

    /// Sends a notice by mail.
    ///
    /// # Errors
    /// When the provider did not take it.
    pub async fn notice(&self, to: &str, text: &NoticeText<'_>) -> Result<(), Unsent> {
        self.mail(to, &text.letter(), &text.subject).await
    }

    async fn mail(&self, to: &str, letter: &Letter, subject: &Subject<'_>) -> Result<(), Unsent> {
        let content = |data: &str| {
            Content::builder().data(data).charset("UTF-8").build().map_err(|_| incomplete("ses"))
        };
        let body = Body::builder().text(content(&letter.text())?).html(content(&letter.html())?);
        let automatic = MessageHeader::builder().name("Auto-Submitted").value("auto-generated");
        let message = Message::builder()
            .subject(content(&letter.subject)?)
            .body(body.build())
            .headers(automatic.build().map_err(|_| incomplete("ses"))?)
            .build();
        let mut call = self
            .ses
            .send_email()
            .from_email_address(format!("{} <{}>", subject.sender(), self.mail_from))
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message).build());
        for (name, value) in subject.tags() {
            let tag = MessageTag::builder().name(name).value(value).build();
            call = call.email_tags(tag.map_err(|_| incomplete("ses"))?);
        }
        call.send().await.map(|_| ()).map_err(|e| failed("ses", &e))
    }

    async fn text(&self, to: &str, text: &str, subject: &Subject<'_>) -> Result<(), Unsent> {
        let mut call = self.sns.publish().phone_number(to).message(text);
        let transactional = ("AWS.SNS.SMS.SMSType", String::from("Transactional"));
        let origin = self.sms_origin.as_deref().map(|o| (origin_attribute(o), o.to_owned()));
        for (name, value) in subject.tags().into_iter().chain([transactional]).chain(origin) {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            let value = value.build().map_err(|_| incomplete("sns"))?;
            call = call.message_attributes(name, value);
        }
        call.send().await.map(|_| ()).map_err(|e| failed("sns", &e))
    }

    async fn call(&self, to: &str, speech: &str, subject: &Subject<'_>) -> Result<(), Unsent> {
        let mut call = self
            .voice
            .send_voice_message()
            .destination_phone_number(to)
            .set_origination_identity(self.voice_origin.clone())
            .message_body(speech)
            .message_body_text_type(VoiceMessageBodyTextType::Ssml);
        for (name, value) in subject.tags() {
            call = call.context(name, value);
        }
        call.send().await.map(|_| ()).map_err(|e| failed("voice", &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_final(code: &str) -> bool {
        Unsent { provider: "sns", code: code.to_owned() }.is_final()
    }

    #[test]
    fn what_is_wrong_with_the_message_or_its_recipient_is_not_tried_again() {
        for code in [
            "MessageRejected",
            "BadRequestException",
            "InvalidParameter",
            "OptedOut",
            "ValidationException",
        ] {
            assert!(is_final(code), "{code}");
        }
        for code in [
            "no_reply",
            "Throttling",
            "InternalError",
            "SendingPausedException",
            "TooManyRequestsException",
            "AuthorizationError",
            "InternalServerException",
            "ServiceUnavailable",
        ] {
            assert!(!is_final(code), "{code}");
        }
    }

    #[test]
    fn texts_come_from_a_number_or_a_name() {
        assert_eq!(origin_attribute("+441632960000"), "AWS.MM.SMS.OriginationNumber");
        assert_eq!(origin_attribute("EXAMPLE"), "AWS.SNS.SMS.SenderID");
    }
}
