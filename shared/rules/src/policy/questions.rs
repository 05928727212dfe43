//! The security questions that may be registered (SET-08): the predefined ones, in our own wording, and the
//! organisation's own.

use super::Config;
use super::document::CustomQuestion;

/// Ids of the 35 predefined questions. Stable: answers are stored under them, so none is ever renamed or removed.
pub const PREDEFINED_QUESTIONS: [&str; 35] = [
    "first-pet",
    "first-teacher",
    "first-school",
    "first-job",
    "first-employer",
    "first-manager",
    "first-car",
    "first-phone",
    "first-computer-game",
    "first-concert",
    "first-film",
    "first-flight",
    "first-trip-abroad",
    "first-dish-cooked",
    "first-friend",
    "first-kiss",
    "first-home-street",
    "childhood-friend",
    "childhood-nickname",
    "childhood-hero",
    "childhood-dream-job",
    "childhood-toy",
    "childhood-book",
    "childhood-holiday-place",
    "childhood-neighbour",
    "parents-meeting-place",
    "mother-birthplace",
    "father-birthplace",
    "grandmother-name",
    "grandfather-job",
    "oldest-cousin",
    "wedding-place",
    "partner-meeting-place",
    "memorable-new-year",
    "missed-meal",
];

/// Their English wording, in the same order. Everybody can be asked in English, so this one is complete; another language
/// is another such list in [`wording`].
const ENGLISH: [&str; 35] = [
    "What was the first animal that lived with you called?",
    "Which teacher do you remember from your very first school year?",
    "What was the name of the school where you learned to read?",
    "What did you do in the first job you were paid for?",
    "Which business or person paid you your first wages?",
    "What was the first name of your first manager?",
    "Which make and model was the first car you drove regularly?",
    "Which make was the first mobile phone you owned?",
    "Which computer game did you play before any other?",
    "Who was on stage at the first concert you went to?",
    "Which film was the first you saw in a cinema?",
    "Where did your first flight take you?",
    "Which place did you visit on your first journey abroad?",
    "Which dish did you first learn to cook by yourself?",
    "What was the family name of the first friend you remember?",
    "What was the first name of the person you first kissed?",
    "In which street was the first home you can remember?",
    "Who was your closest friend when you were ten?",
    "What did your family call you when you were small?",
    "Who was your hero when you were a child?",
    "What did you want to become when you were a child?",
    "Which toy did you never want to give away?",
    "Which book was read to you most often as a child?",
    "Where did your family spend the holiday you remember best?",
    "What was the name of the neighbours next to your childhood home?",
    "In which town did your parents first meet?",
    "In which town was your mother born?",
    "In which town was your father born?",
    "What was the first name of the grandmother you knew best?",
    "What did one of your grandfathers do for a living?",
    "What is the first name of your oldest cousin?",
    "In which town was the wedding you remember best?",
    "Where did you first meet your partner?",
    "Where were you on the New Year's Eve you remember best?",
    "Which dish from home do you miss most when you are away?",
];

/// The predefined questions in a language, if it has them.
fn wording(locale: &str) -> Option<&'static [&'static str; 35]> {
    (locale == "en").then_some(&ENGLISH)
}

/// A question that may be registered and asked.
#[derive(Debug, Clone, Copy)]
pub enum Question<'c> {
    /// One of ours, by its place among [`PREDEFINED_QUESTIONS`].
    Predefined(usize),
    /// One of the organisation's own.
    Custom(&'c CustomQuestion),
}

impl<'c> Question<'c> {
    /// Its id, under which answers are stored.
    pub fn id(&self) -> &'c str {
        match self {
            Self::Predefined(place) => {
                PREDEFINED_QUESTIONS.get(*place).copied().unwrap_or_default()
            }
            Self::Custom(question) => &question.id,
        }
    }

    /// Its text in a language; in the organisation's default language or in English where it has none.
    pub fn text(&self, locale: &str, default: &str) -> &'c str {
        [locale, default, "en"].into_iter().find_map(|l| self.text_in(l)).unwrap_or_default()
    }

    fn text_in(&self, locale: &str) -> Option<&'c str> {
        match self {
            Self::Predefined(place) => wording(locale)?.get(*place).copied(),
            Self::Custom(question) => question.text.get(locale).map(String::as_str),
        }
    }

    /// Its text in every language that has one.
    pub fn texts(&self) -> Vec<&'c str> {
        match self {
            Self::Predefined(_) => self.text_in("en").into_iter().collect(),
            Self::Custom(question) => question.text.values().map(String::as_str).collect(),
        }
    }
}

impl Config {
    /// The questions in use: the predefined ones that the organisation chose, then its own.
    pub fn question_pool(&self) -> Vec<Question<'_>> {
        let place = |id: &String| PREDEFINED_QUESTIONS.iter().position(|known| known == id);
        let settings = &self.security_questions;
        let predefined = settings.predefined.iter().filter_map(place).map(Question::Predefined);
        predefined.chain(settings.custom.iter().map(Question::Custom)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_thirty_five_different_questions_and_the_contracts_example_is_one() {
        let ids: BTreeSet<&str> = PREDEFINED_QUESTIONS.into_iter().collect();
        assert_eq!(ids.len(), 35);
        assert!(ids.contains("first-pet"));
        let plain = |id: &str| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        assert!(ids.iter().all(|id| plain(id)));
    }

    #[test]
    fn every_predefined_question_has_a_text_of_its_own_that_keeps_to_the_rules_for_texts() {
        let config = Config::default();
        let pool = config.question_pool();
        let texts: BTreeSet<&str> = pool.iter().map(|q| q.text("en", "en")).collect();
        assert_eq!(texts.len(), 35);
        assert!(texts.iter().all(|t| (3..=200).contains(&t.chars().count()) && t.ends_with('?')));
        assert_eq!(pool[0].id(), "first-pet");
    }

    #[test]
    fn a_text_falls_back_to_the_default_language_and_then_to_english() {
        let text = [("de", "Welche Farbe?"), ("en", "Which colour?")];
        let text = text.map(|(l, t)| (l.to_owned(), t.to_owned())).into();
        let custom = CustomQuestion { id: "colour".into(), text };
        let question = Question::Custom(&custom);
        assert_eq!(question.text("de", "fr"), "Welche Farbe?");
        assert_eq!(question.text("nl", "de"), "Welche Farbe?");
        assert_eq!(question.text("nl", "fr"), "Which colour?");
        assert_eq!(Question::Predefined(0).text("nl", "de"), ENGLISH[0]);
    }
}
