//! What the page says. A language is one more line of [`LANGUAGES`]; English stands in for those that are not written yet.

/// How far somebody has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The button is there to be pressed.
    Ask,
    /// It was pressed now.
    Done,
    /// It was pressed before.
    Already,
    /// The link leads nowhere, or nowhere any more.
    Gone,
}

/// Title, text and the button's label.
pub(super) struct Words {
    pub title: &'static str,
    pub paragraphs: &'static [&'static str],
    pub button: Option<&'static str>,
}

/// The words of a stage in a language.
pub(super) fn words(locale: &str, stage: Stage) -> Words {
    let written = LANGUAGES.iter().find(|(language, _)| *language == locale);
    written.map_or(english(stage), |(_, words)| words(stage))
}

/// The words of a language.
type Speaker = fn(Stage) -> Words;

/// Languages that the page is written in.
const LANGUAGES: [(&str, Speaker); 1] = [("en", english)];

fn english(stage: Stage) -> Words {
    match stage {
        Stage::Ask => Words {
            title: "Was this not you?",
            paragraphs: &[
                "You were told of a change of your account. If you made it yourself, close this page: nothing happens.",
                "If you did not, press the button. Everybody who is signed in to your account is signed out, the \
                 password stops working until it is reset, and your administrators are told.",
            ],
            button: Some("This wasn’t me: close my account until I reset the password"),
        },
        Stage::Done => Words {
            title: "Your account is closed until you reset the password",
            paragraphs: &[
                "Everybody was signed out, and your administrators were told.",
                "Now reset your password. Check on the way that every address and number you are shown is your own; \
                 if one is not, ask your help desk first.",
            ],
            button: None,
        },
        Stage::Already => Words {
            title: "This was already done",
            paragraphs: &[
                "Everybody was signed out and your administrators were told when the button was pressed first. \
                 Nothing more was changed now.",
                "If you have not reset your password since, do it now.",
            ],
            button: None,
        },
        Stage::Gone => Words {
            title: "This link no longer works",
            paragraphs: &[
                "Links in our messages work for three days. Nothing was changed.",
                "If you are worried about your account, reset your password or call your help desk.",
            ],
            button: None,
        },
    }
}
