//! The wire of the mail, text and voice providers, as far as the product speaks it: requests of
//! unmodified SDK clients in, outbox messages out.

use std::collections::HashMap;

use serde::Deserialize;

use crate::fault::Service;
use crate::outbox::{Channel, Draft};

/// A request that no provider would have accepted.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Not the JSON the operation takes.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Something every message needs is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
}

/// The messages that a request of this service asks for.
pub fn drafts(service: Service, body: &[u8]) -> Result<Vec<Draft>, Malformed> {
    match service {
        Service::Ses => mails(body),
        Service::Sns => text(body).map(|draft| vec![draft]),
        Service::Voice => voice(body).map(|draft| vec![draft]),
        Service::Dynamodb => Err(Malformed::Missing("a message")),
    }
}

/// The answer of this service to an accepted message.
#[must_use]
pub fn accepted(service: Service, message_id: &str) -> String {
    match service {
        Service::Sns => format!(
            "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
             <PublishResult><MessageId>{message_id}</MessageId></PublishResult>\
             <ResponseMetadata><RequestId>{message_id}</RequestId></ResponseMetadata>\
             </PublishResponse>"
        ),
        Service::Ses | Service::Voice | Service::Dynamodb => {
            serde_json::json!({ "MessageId": message_id }).to_string()
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    destination: Destination,
    content: Content,
    #[serde(default)]
    email_tags: Vec<Tag>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Destination {
    to_addresses: Vec<String>,
    cc_addresses: Vec<String>,
    bcc_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Option<Simple>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Words,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Words>,
    html: Option<Words>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Words {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    name: String,
    value: String,
}

fn mails(body: &[u8]) -> Result<Vec<Draft>, Malformed> {
    let mail: SendEmail = serde_json::from_slice(body)?;
    let simple = mail.content.simple.ok_or(Malformed::Missing("Content.Simple"))?;
    let text = simple.body.text.ok_or(Malformed::Missing("Content.Simple.Body.Text"))?;
    let labels = mail.email_tags.into_iter().map(|tag| (tag.name, tag.value)).collect();
    let draft = Draft {
        subject: Some(simple.subject.data),
        html: simple.body.html.map(|html| html.data),
        ..labelled(Channel::Email, String::new(), text.data, labels)
    };
    let Destination { to_addresses, cc_addresses, bcc_addresses } = mail.destination;
    let everyone: Vec<Draft> = [to_addresses, cc_addresses, bcc_addresses]
        .into_iter()
        .flatten()
        .map(|to| Draft { to, ..draft.clone() })
        .collect();
    if everyone.is_empty() { Err(Malformed::Missing("Destination")) } else { Ok(everyone) }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendVoiceMessage {
    destination_phone_number: String,
    message_body: String,
    #[serde(default)]
    context: HashMap<String, String>,
}

fn voice(body: &[u8]) -> Result<Draft, Malformed> {
    let call: SendVoiceMessage = serde_json::from_slice(body)?;
    let SendVoiceMessage { destination_phone_number: to, message_body: text, context } = call;
    Ok(labelled(Channel::Voice, to, text, context))
}

fn text(body: &[u8]) -> Result<Draft, Malformed> {
    let mut form = form(body);
    let to = form.remove("PhoneNumber").ok_or(Malformed::Missing("PhoneNumber"))?;
    let text = form.remove("Message").ok_or(Malformed::Missing("Message"))?;
    let mut labels = HashMap::new();
    for number in 1.. {
        let entry = format!("MessageAttributes.entry.{number}");
        let name = form.remove(&format!("{entry}.Name"));
        let value = form.remove(&format!("{entry}.Value.StringValue"));
        let Some(name) = name else { break };
        labels.insert(name, value.unwrap_or_default());
    }
    Ok(labelled(Channel::Sms, to, text, labels))
}

fn labelled(
    channel: Channel,
    to: String,
    text: String,
    mut labels: HashMap<String, String>,
) -> Draft {
    Draft {
        channel,
        kind: labels.remove("kind"),
        to,
        subject: None,
        text,
        html: None,
        locale: labels.remove("locale"),
        correlation_id: labels.remove("correlation_id"),
    }
}

/// A member of a form body, if it is there.
#[must_use]
pub fn form_member(body: &[u8], name: &str) -> Option<String> {
    form(body).remove(name)
}

fn form(body: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_to_two_people_is_two_messages() {
        let body = br#"{"Destination":{"ToAddresses":["a@x"],"BccAddresses":["b@x"]},
            "Content":{"Simple":{"Subject":{"Data":"s"},"Body":{"Text":{"Data":"t"}}}},
            "EmailTags":[{"Name":"kind","Value":"notice"}]}"#;
        let drafts = drafts(Service::Ses, body).unwrap();
        let to: Vec<&str> = drafts.iter().map(|draft| draft.to.as_str()).collect();
        assert_eq!(to, ["a@x", "b@x"]);
        assert_eq!(drafts[1].kind.as_deref(), Some("notice"));
        assert_eq!(drafts[1].subject.as_deref(), Some("s"));
    }

    #[test]
    fn a_text_is_decoded_with_its_attributes() {
        let body = b"Action=Publish&PhoneNumber=%2B441632960123&Message=code+1%262\
            &MessageAttributes.entry.1.Name=kind&MessageAttributes.entry.1.Value.DataType=String\
            &MessageAttributes.entry.1.Value.StringValue=code";
        let draft = &drafts(Service::Sns, body).unwrap()[0];
        assert_eq!((draft.to.as_str(), draft.text.as_str()), ("+441632960123", "code 1&2"));
        assert_eq!(draft.kind.as_deref(), Some("code"));
    }

    #[test]
    fn what_a_provider_would_refuse_is_refused() {
        assert!(drafts(Service::Ses, b"{}").is_err());
        assert!(drafts(Service::Sns, b"Action=Publish&Message=x").is_err());
        assert!(drafts(Service::Voice, br#"{"MessageBody":"x"}"#).is_err());
    }
}
