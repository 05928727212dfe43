//! The outbox as a page for a person to look at. Everything shown was written by others: nothing
//! reaches the page unescaped, and a mail's HTML is shown in a frame without any rights.

use std::fmt::Write;

use crate::outbox::{Channel, Message};

/// What the page may load: nothing; its own style sheet is inline.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--quiet:#8888}\
*{box-sizing:border-box}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:46rem}\
h1{font-size:1.4rem;margin:0}\
h2{font-size:1.05rem;margin:.3rem 0}\
header{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:end;justify-content:space-between}\
form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end}\
label{display:grid;font-size:.85rem}\
input,button{font:inherit;padding:.25rem .5rem;max-width:100%}\
article{border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem;margin:1rem 0}\
dl{display:flex;flex-wrap:wrap;gap:0 1rem;margin:0;font-size:.85rem}\
dl div{display:flex;gap:.35rem}\
dt{opacity:.75}\
dd{margin:0;overflow-wrap:anywhere}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.5rem 0 0;font:inherit}\
iframe{width:100%;height:20rem;border:1px solid var(--line);background:#fff}\
summary{cursor:pointer;font-size:.85rem}";

/// The page: newest message first. `to` is the filter in force.
#[must_use]
pub fn outbox(messages: &[Message], to: Option<&str>) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Outbox</title>\
         <style>{STYLE}</style></head><body><header><h1>Outbox</h1>\
         <form method=\"get\"><label>To <input name=\"to\" value=\"{}\"></label>\
         <button>Show</button></form></header><main>",
        escape(to.unwrap_or_default())
    );
    if messages.is_empty() {
        page.push_str("<p>No messages.</p>");
    }
    for message in messages.iter().rev() {
        article(&mut page, message);
    }
    page.push_str("</main></body></html>");
    page
}

fn article(page: &mut String, message: &Message) {
    let draft = &message.draft;
    let channel = match draft.channel {
        Channel::Email => "Mail",
        Channel::Sms => "Text",
        Channel::Voice => "Call",
    };
    page.push_str("<article>");
    let subject = draft.subject.as_deref().unwrap_or(channel);
    // Writing to a String cannot fail.
    let _ = write!(page, "<h2>{}</h2><dl>", escape(subject));
    let number = message.id.to_string();
    let facts = [
        ("Number", Some(number.as_str())),
        ("By", Some(channel)),
        ("To", Some(draft.to.as_str())),
        ("At", Some(message.at.as_str())),
        ("Kind", draft.kind.as_deref()),
        ("Language", draft.locale.as_deref()),
        ("Support code", draft.correlation_id.as_deref()),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            let _ = write!(page, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(value));
        }
    }
    let _ = write!(page, "</dl><pre>{}</pre>", escape(&draft.text));
    if let Some(html) = &draft.html {
        let _ = write!(
            page,
            "<details><summary>As HTML</summary><iframe sandbox title=\"Mail {}\" srcdoc=\"{}\">\
             </iframe></details>",
            message.id,
            escape(html)
        );
    }
    page.push_str("</article>");
}

/// Makes text harmless in HTML, XML and attributes in either quote.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::Draft;

    const HOSTILE: &str = "\"><script>alert('1&2')</script>";

    #[test]
    fn markup_is_made_harmless() {
        assert_eq!(escape("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
        assert_eq!(escape("übung 🗝"), "übung 🗝");
    }

    #[test]
    fn nothing_in_a_message_reaches_the_page_as_markup() {
        let hostile = || Some(HOSTILE.to_owned());
        let draft = Draft {
            channel: Channel::Email,
            kind: hostile(),
            to: HOSTILE.to_owned(),
            subject: hostile(),
            text: HOSTILE.to_owned(),
            html: hostile(),
            locale: hostile(),
            correlation_id: hostile(),
        };
        let page = outbox(&[Message { id: 1, at: HOSTILE.to_owned(), draft }], Some(HOSTILE));
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("\"\"><"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 9);
    }

    #[test]
    fn the_newest_message_comes_first() {
        let message = |id: u64, text: &str| Message {
            id,
            at: String::new(),
            draft: Draft {
                channel: Channel::Sms,
                kind: None,
                to: "+44".to_owned(),
                subject: None,
                text: text.to_owned(),
                html: None,
                locale: None,
                correlation_id: None,
            },
        };
        let page = outbox(&[message(1, "older"), message(2, "newer")], None);
        assert!(page.find("newer") < page.find("older"));
        assert!(outbox(&[], None).contains("No messages."));
    }
}
