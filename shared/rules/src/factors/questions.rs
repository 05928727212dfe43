//! Answers to questions: what is taken at registration (REG-04), which are asked (RST-07), and what is kept of them.
//!
//! The answers to all the questions asked go through argon2id together, once, and what is kept is a keyed tag of the
//! result for every combination that may be asked. So neither the table nor a reply tells of any single answer.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{Factors, TAG_LEN};
use crate::ids::{Millis, Username};
use crate::password::{Evaluation, Password};
use crate::policy::{Config, Question};
use crate::refusal::FieldError;
use crate::secret::Key;

/// Most answers that are kept (SET-07).
pub const ANSWERS_MAX: usize = 5;

/// Fewest that are asked (SET-07).
pub const ASKED_MIN: u32 = 3;

/// Combinations of three or more out of five.
pub const COMBINATIONS: usize = 16;

/// Shortest and longest answer, in characters of its canonical form (REG-04).
const LENGTH: std::ops::RangeInclusive<usize> = 3..=40;

/// How long one draw of questions stays, seconds: nobody may shop for easy ones (RST-07).
pub const DRAW_SECONDS: u32 = 86_400;

/// An answer as given.
#[derive(Clone, Copy)]
pub struct Given<'g> {
    /// Of which question.
    pub id: &'g str,
    /// As typed.
    pub answer: &'g str,
}

/// A question's id as it is kept: 32 bits of its SHA-256, so that all ids take the same room.
pub fn short(id: &str) -> u32 {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(id.as_bytes()).into();
    u32::from_be_bytes([a, b, c, d])
}

/// An answer in the form that is compared: NFKC, case folded, trimmed, blanks collapsed (REG-04). Upper case first, so that
/// `ß` is `ss` and both small sigmas are one, as in Unicode's full case folding.
pub fn canonical(answer: &str) -> Zeroizing<String> {
    let folded: Zeroizing<String> = Zeroizing::new(
        answer.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect(),
    );
    let mut out = Zeroizing::new(String::with_capacity(folded.len()));
    for word in folded.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Everything wrong with answers that somebody wants to register, by index; empty when they may be kept.
pub fn check(given: &[Given<'_>], config: &Config, username: &Username) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    if given.len() < usize::from(config.security_questions.to_register) {
        wrong.push(FieldError::new("answers", "too_few"));
    } else if given.len() > ANSWERS_MAX {
        wrong.push(FieldError::new("answers", "too_many"));
    }
    let pool = config.question_pool();
    let (mut ids, mut answers) = (BTreeSet::new(), Vec::new());
    for (n, one) in given.iter().enumerate() {
        let question = pool.iter().find(|q| q.id() == one.id);
        if question.is_none() {
            wrong.push(FieldError::new(format!("answers[{n}].id"), "unknown_question"));
        } else if !ids.insert(one.id) {
            wrong.push(FieldError::new(format!("answers[{n}].id"), "duplicate_question"));
        }
        let answer = canonical(one.answer);
        for code in refused(&answer, question, username) {
            wrong.push(FieldError::new(format!("answers[{n}].answer"), code));
        }
        if answers.contains(&answer) {
            wrong.push(FieldError::new(format!("answers[{n}].answer"), "duplicate_answer"));
        }
        answers.push(answer);
    }
    wrong
}

/// What is wrong with one answer by itself.
fn refused(
    answer: &str,
    question: Option<&Question<'_>>,
    username: &Username,
) -> Vec<&'static str> {
    let length = answer.chars().count();
    let texts = question.map(Question::texts).unwrap_or_default();
    let refused = [
        (length < *LENGTH.start(), "too_short"),
        (length > *LENGTH.end(), "too_long"),
        (
            texts.iter().any(|text| without_mark(&canonical(text)) == without_mark(answer)),
            "is_question_text",
        ),
        (*canonical(username.as_str()) == answer, "is_username"),
    ];
    refused.into_iter().filter_map(|(is, code)| is.then_some(code)).collect()
}

/// A text without the marks that end a question: whoever repeats one may leave them out.
fn without_mark(text: &str) -> &str {
    text.trim_end_matches(|c: char| c == '?' || c == '؟' || c == ';' || c.is_whitespace())
}

/// Which combinations of `registered` answers may be asked, as bit sets of their places, ascending.
pub fn combinations(registered: usize) -> Vec<u8> {
    let all = 1u8.checked_shl(u32::try_from(registered.min(ANSWERS_MAX)).unwrap_or(0)).unwrap_or(1);
    (0..all).filter(|set| set.count_ones() >= ASKED_MIN).collect()
}

/// The members of a bit set, by place.
pub fn chosen<T>(set: u8, all: &[T]) -> Vec<&T> {
    let is_in =
        |place: usize| u32::try_from(place).is_ok_and(|p| set.checked_shr(p).unwrap_or(0) & 1 == 1);
    all.iter().enumerate().filter(|(place, _)| is_in(*place)).map(|(_, member)| member).collect()
}

/// The answers together as one text to hash, whatever order they were given in.
pub fn together(given: &[Given<'_>]) -> Password {
    let mut all: Vec<(u32, Zeroizing<String>)> =
        given.iter().map(|g| (short(g.id), canonical(g.answer))).collect();
    all.sort_by(|a, b| (a.0, a.1.as_str()).cmp(&(b.0, b.1.as_str())));
    let room: usize = all.iter().map(|(_, answer)| answer.len().saturating_add(24)).sum();
    let mut text = String::with_capacity(room);
    for (id, answer) in &all {
        text.push_str(&format!("{id:08x}:{}:", answer.chars().count()));
        text.push_str(answer);
    }
    Password::new(text)
}

/// What is kept of answers that were hashed together, for one account.
pub fn tag(evaluation: &Evaluation, key: &Key, account: &[u8; 8]) -> [u8; TAG_LEN] {
    let verifier = Zeroizing::new(evaluation.verifier(key));
    let parts: [&[u8]; 3] = [b"answers", account, verifier.as_slice()];
    let [tag @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = key.hmac(&parts);
    tag
}

/// Who is asked, and since when the draw stands.
#[derive(Clone, Copy)]
pub struct Draw<'d> {
    /// What draws are made with.
    pub key: &'d Key,
    /// The name that was typed, whether or not anybody has it.
    pub username: &'d Username,
    /// When the questions were first drawn; they stay for [`DRAW_SECONDS`].
    pub at: Millis,
}

impl Draw<'_> {
    /// The questions to ask: `to_reset` of those registered that are still in use. Somebody without enough of them, and
    /// nobody, is asked as many of a set of as many as must be registered, which stays the same for the name.
    pub fn questions<'c>(&self, factors: &Factors, config: &'c Config) -> Vec<Question<'c>> {
        let pool = config.question_pool();
        let settings = &config.security_questions;
        let decoys = self.ranked("decoy", &pool, usize::from(settings.to_register));
        let is_registered = |q: &&Question<'_>| factors.answers.ids.contains(&short(q.id()));
        let registered: Vec<Question<'c>> = pool.iter().filter(is_registered).copied().collect();
        let wanted = usize::from(settings.to_reset);
        let from = if registered.len() >= wanted { registered } else { decoys };
        self.ranked("draw", &from, wanted)
    }

    /// The first `count` of some questions in an order of chance that is this name's alone.
    fn ranked<'c>(&self, label: &str, from: &[Question<'c>], count: usize) -> Vec<Question<'c>> {
        let at = if label == "draw" { self.at.0.to_be_bytes() } else { [0; 8] };
        let rank = |question: &Question<'_>| {
            let name = self.username.as_str().as_bytes();
            self.key.hmac(&[label.as_bytes(), name, &at, question.id().as_bytes()])
        };
        let mut ranked: Vec<([u8; 32], Question<'c>)> =
            from.iter().map(|q| (rank(q), *q)).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().take(count).map(|(_, question)| question).collect()
    }
}

/// The questions asked as an attempt keeps them: one text of one length for so many.
pub fn asked_text(questions: &[Question<'_>]) -> String {
    questions.iter().map(|q| HEXLOWER.encode(&short(q.id()).to_be_bytes())).collect()
}

/// The inverse of [`asked_text`].
pub fn asked_ids(text: &str) -> Vec<u32> {
    let bytes = HEXLOWER.decode(text.as_bytes()).unwrap_or_default();
    bytes
        .chunks_exact(4)
        .filter_map(|c| c.first_chunk::<4>())
        .map(|c| u32::from_be_bytes(*c))
        .collect()
}

/// Whether answers are right: to exactly the questions asked, each one. `evaluation` is of the answers [`together`]; it is
/// made, and compared, whatever else is wrong with them.
pub fn are_right(
    asked: &[u32],
    given: &[Given<'_>],
    evaluation: &Evaluation,
    key: &Key,
    factors: &Factors,
) -> bool {
    let mut wanted = asked.to_vec();
    let mut answered: Vec<u32> = given.iter().map(|g| short(g.id)).collect();
    wanted.sort_unstable();
    answered.sort_unstable();
    let kept = &factors.answers;
    let places = combinations(kept.ids.len());
    let place = places.iter().position(|set| {
        let ids: Vec<u32> = chosen(*set, &kept.ids).into_iter().copied().collect();
        ids == wanted
    });
    let kept_tag = place.and_then(|place| kept.tags.get(place)).copied().unwrap_or_default();
    let right = kept_tag.ct_eq(&tag(evaluation, key, &factors.account));
    let all = Choice::from(u8::from(place.is_some() && wanted == answered && kept.version > 0));
    bool::from(right & all)
}

#[cfg(test)]
mod tests;
