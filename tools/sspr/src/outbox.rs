//! What would have been mailed, texted or called: kept for people and tests to read.
//!
//! With a file, a message is on the disk before the provider's answer is given: what was
//! acknowledged to the product is still there after a kill.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, rfc3339};

/// Messages kept in memory; a file keeps all.
pub const MESSAGES_KEPT: usize = 20_000;

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A mail.
    Email,
    /// A text.
    Sms,
    /// A call.
    Voice,
}

/// What the product asked a provider to send to one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// How it travels.
    pub channel: Channel,
    /// What it is: `code`, `notice`, `contact_admin`, …
    pub kind: Option<String>,
    /// Address or number.
    pub to: String,
    /// Mails only.
    pub subject: Option<String>,
    /// What is read or spoken.
    pub text: String,
    /// Mails only.
    pub html: Option<String>,
    /// The language it is written in.
    pub locale: Option<String>,
    /// The attempt or request it belongs to.
    pub correlation_id: Option<String>,
}

/// A message as `/dev/outbox` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// 1, 2, 3, …
    pub id: u64,
    /// When the provider took it, in the product's time.
    pub at: String,
    /// The message.
    #[serde(flatten)]
    pub draft: Draft,
}

/// How many messages were taken since the start, by channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Mails.
    pub emails: u64,
    /// Texts.
    pub texts: u64,
    /// Calls.
    pub voice: u64,
}

/// The messages, in memory and, with a file, on disk.
#[derive(Debug)]
pub struct Outbox {
    clock: Clock,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    messages: VecDeque<Message>,
    last_id: u64,
    taken: Taken,
    file: Option<File>,
}

impl Outbox {
    /// An outbox that ends with the process.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, kept: Mutex::default() }
    }

    /// An outbox kept in `path`. A last line cut short by a kill was never acknowledged: dropped.
    pub fn kept_in(path: &Path, clock: Clock) -> io::Result<Self> {
        let mut file =
            OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path)?;
        let mut kept = Kept::default();
        let whole = kept.read(&mut file)?;
        file.set_len(whole)?;
        kept.file = Some(file);
        Ok(Self { clock, kept: Mutex::new(kept) })
    }

    /// Whether taking a message waits for the disk.
    #[must_use]
    pub fn is_on_disk(&self) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).file.is_some()
    }

    /// Takes a message and says its number. It is on the disk when this returns.
    pub fn take(&self, draft: Draft) -> io::Result<u64> {
        let at = rfc3339(self.clock.now());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let message = Message { id: kept.last_id + 1, at, draft };
        if let Some(file) = &mut kept.file {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            file.write_all(&line)?;
            file.sync_data()?;
        }
        kept.count(message.draft.channel);
        let id = message.id;
        kept.push(message);
        Ok(id)
    }

    /// Messages after `since_id`, oldest first, all or those to one recipient.
    #[must_use]
    pub fn messages(&self, to: Option<&str>, since_id: u64) -> Vec<Message> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.messages
            .iter()
            .filter(|message| message.id > since_id)
            .filter(|message| to.is_none_or(|to| message.draft.to.eq_ignore_ascii_case(to)))
            .cloned()
            .collect()
    }

    /// How many were taken since the start.
    #[must_use]
    pub fn taken(&self) -> Taken {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).taken
    }
}

impl Kept {
    /// Reads what is stored and says how many bytes of it are whole lines.
    fn read(&mut self, file: &mut File) -> io::Result<u64> {
        let mut lines = io::BufReader::new(file);
        let (mut whole, mut line) = (0, Vec::new());
        loop {
            line.clear();
            let bytes = io::BufRead::read_until(&mut lines, b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                return Ok(whole);
            }
            let message: Message = serde_json::from_slice(&line)?;
            self.push(message);
            whole += bytes as u64;
        }
    }

    fn push(&mut self, message: Message) {
        self.last_id = message.id;
        if self.messages.len() >= MESSAGES_KEPT {
            self.messages.pop_front();
        }
        self.messages.push_back(message);
    }

    fn count(&mut self, channel: Channel) {
        match channel {
            Channel::Email => self.taken.emails += 1,
            Channel::Sms => self.taken.texts += 1,
            Channel::Voice => self.taken.voice += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(to: &str) -> Draft {
        Draft {
            channel: Channel::Sms,
            kind: Some("code".to_owned()),
            to: to.to_owned(),
            subject: None,
            text: "12345678".to_owned(),
            html: None,
            locale: None,
            correlation_id: None,
        }
    }

    #[test]
    fn messages_are_numbered_and_filtered() {
        let outbox = Outbox::new(Clock::new());
        for to in ["+441", "+442", "+441"] {
            outbox.take(draft(to)).unwrap();
        }
        let ids = |to, since| {
            outbox.messages(to, since).iter().map(|message| message.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(None, 0), [1, 2, 3]);
        assert_eq!(ids(Some("+441"), 1), [3]);
        assert_eq!(outbox.taken(), Taken { texts: 3, ..Taken::default() });
    }

    #[test]
    fn the_file_survives_reopening_and_a_line_cut_short() {
        let folder = crate::data::scratch("outbox");
        let path = folder.join("outbox.jsonl");
        let outbox = Outbox::kept_in(&path, Clock::new()).unwrap();
        outbox.take(draft("+441")).unwrap();
        let first = outbox.messages(None, 0);
        drop(outbox);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(br#"{"id":2,"at":"20"#).unwrap();
        let outbox = Outbox::kept_in(&path, Clock::new()).unwrap();
        assert_eq!(outbox.messages(None, 0), first);
        assert_eq!(outbox.take(draft("+442")).unwrap(), 2);
        drop(outbox);
        let outbox = Outbox::kept_in(&path, Clock::new()).unwrap();
        assert_eq!(outbox.messages(None, 0).len(), 2);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_message_is_shown_with_the_members_of_the_contract() {
        let outbox = Outbox::new(Clock::new());
        outbox.take(draft("+441")).unwrap();
        let shown = serde_json::to_value(&outbox.messages(None, 0)[0]).unwrap();
        let members: Vec<&str> =
            shown.as_object().unwrap().keys().map(std::string::String::as_str).collect();
        let expected = [
            "at",
            "channel",
            "correlation_id",
            "html",
            "id",
            "kind",
            "locale",
            "subject",
            "text",
            "to",
        ];
        assert_eq!(members, expected);
    }
}
