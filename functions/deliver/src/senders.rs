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

use crate::Again;
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
}

/// Fails with a code and nothing of the message.
fn failed(provider: &'static str, error: &impl ProvideErrorMetadata) -> Again {
    Again::Provider { provider, code: error.code().unwrap_or("no_reply").to_owned() }
}

fn incomplete(provider: &'static str) -> Again {
    Again::Provider { provider, code: String::from("incomplete_message") }
}

impl Senders {
    /// Clients from Lambda's variables.
    ///
    /// # Errors
    /// When `MAIL_FROM` is missing.
    pub fn from_env(parts: &Parts) -> Result<Self, &'static str> {
        let mut senders = Self::on(parts, variable("MAIL_FROM").ok_or("MAIL_FROM is missing")?);
        senders.voice_origin = variable("VOICE_ORIGIN");
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
        }
    }

    /// Sends a code by its way.
    ///
    /// # Errors
    /// When the provider did not take it.
    pub async fn code(&self, way: Way, to: &str, text: &CodeText<'_>) -> Result<(), Again> {
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
    pub async fn notice(&self, to: &str, text: &NoticeText<'_>) -> Result<(), Again> {
        self.mail(to, &text.letter(), &text.subject).await
    }

    async fn mail(&self, to: &str, letter: &Letter, subject: &Subject<'_>) -> Result<(), Again> {
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

    async fn text(&self, to: &str, text: &str, subject: &Subject<'_>) -> Result<(), Again> {
        let mut call = self.sns.publish().phone_number(to).message(text);
        let transactional = ("AWS.SNS.SMS.SMSType", String::from("Transactional"));
        for (name, value) in subject.tags().into_iter().chain([transactional]) {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            let value = value.build().map_err(|_| incomplete("sns"))?;
            call = call.message_attributes(name, value);
        }
        call.send().await.map(|_| ()).map_err(|e| failed("sns", &e))
    }

    async fn call(&self, to: &str, speech: &str, subject: &Subject<'_>) -> Result<(), Again> {
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
