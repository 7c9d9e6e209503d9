//! The question that helps most: words that the captions of the best results have and deny.

use super::dialogue::Dialogue;
use super::mentions::{Mentions, Reply};
use crate::record::Record;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Best results that are told apart. Further ones are rarely looked at.
pub const CANDIDATES: usize = 20;

/// Words that may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase<'a> {
    /// The words.
    pub words: &'a str,
    /// Candidates whose captions have them: at least one, and not all.
    pub yes: usize,
    /// Candidates whose captions deny them ([`Mentions::reply`]).
    pub no: usize,
}

/// Every phrase that the captions of some candidates have, and not all, and that may tell something new, in the order of the alphabet.
#[must_use]
pub fn questions<'a>(candidates: &[&'a Mentions], dialogue: &Dialogue) -> Vec<Phrase<'a>> {
    let phrases: BTreeSet<&str> = candidates.iter().flat_map(|c| c.phrases()).collect();
    let of_words = |words: &'a str| {
        let count = |wanted| candidates.iter().filter(|c| c.reply(words) == wanted).count();
        Phrase { words, yes: count(Reply::Yes), no: count(Reply::No) }
    };
    let new = phrases.into_iter().filter(|words| dialogue.may_ask(words)).map(of_words);
    new.filter(|phrase| phrase.yes < candidates.len()).collect()
}

/// The words that split the candidates best. None if nothing tells them apart. The order of the candidates does not matter.
///
/// Best are the words that many captions have and many deny: the smaller of the two numbers counts first, then their sum. Where nothing is
/// denied, those that half of the candidates have. Then longer phrases, and the order of the alphabet. Without the denials, words such as
/// "hair" would be asked for, which half of all captions mention and which hold for everybody.
///
/// ```
/// # use aio_gallery::{Dialogue, Mentions, best_question};
/// let captions = ["a red coat", "a red coat and a hat", "a blue coat", "a green shirt"];
/// let candidates = captions.map(|caption| Mentions::of([caption]));
/// let asked = best_question(&candidates.each_ref(), &Dialogue::default());
/// assert_eq!(asked, Some("red coat"));
/// ```
#[must_use]
pub fn best_question<'a>(candidates: &[&'a Mentions], dialogue: &Dialogue) -> Option<&'a str> {
    let total = candidates.len();
    let order = |Phrase { words, yes, no }: &Phrase| {
        let smaller = (*yes).min(*no);
        let silent = if smaller > 0 { total - yes - no } else { 0 };
        let length = words.split(' ').count();
        (Reverse(smaller), silent, (2 * yes).abs_diff(total), Reverse(length))
    };
    questions(candidates, dialogue).into_iter().min_by_key(order).map(|phrase| phrase.words)
}

/// Words that tell the best results apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The words, from the captions of the results.
    pub words: String,
    /// Results that were compared; those of one identity count once.
    pub candidates: usize,
    /// The best row of each whose captions have the words.
    pub with: Vec<u64>,
    /// The best row of each whose captions do not have them.
    pub without: Vec<u64>,
}

impl Question {
    /// The best question about the best results of a search, at most [`CANDIDATES`]: numbers of rows and what is known of them, nearest
    /// first. Results of one identity count once; results without a caption do not count.
    #[must_use]
    pub fn about<'a>(
        results: impl IntoIterator<Item = (u64, &'a Record)>,
        dialogue: &Dialogue,
    ) -> Option<Self> {
        let people = people(results);
        let mentions: Vec<&Mentions> = people.iter().map(|person| &person.mentions).collect();
        let words = best_question(&mentions, dialogue)?.to_owned();
        let (with, without): (Vec<_>, Vec<_>) =
            people.iter().partition(|person| person.mentions.reply(&words) == Reply::Yes);
        let rows = |of: Vec<&Person>| of.iter().map(|person| person.row).collect();
        Some(Self { candidates: people.len(), with: rows(with), without: rows(without), words })
    }
}

/// How many people among the results of a search a question can be about, at most [`CANDIDATES`]: those with a caption. Results of one
/// identity count once.
#[must_use]
pub fn described<'a>(results: impl IntoIterator<Item = (u64, &'a Record)>) -> usize {
    people(results).len()
}

/// A person among the results.
struct Person<'a> {
    identity: Option<&'a str>,
    /// The best row.
    row: u64,
    mentions: Mentions,
}

fn people<'a>(results: impl IntoIterator<Item = (u64, &'a Record)>) -> Vec<Person<'a>> {
    let mut found: Vec<Person> = Vec::new();
    for (row, record) in results {
        let Some(caption) = &record.caption else { continue };
        let identity = record.identity.as_deref();
        let same = found.iter_mut().find(|c| identity.is_some() && c.identity == identity);
        if let Some(person) = same {
            person.mentions.add(caption);
        } else if found.len() < CANDIDATES {
            let mentions = Mentions::of([caption.as_str()]);
            found.push(Person { identity, row, mentions });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(row: u64, identity: Option<&str>, caption: Option<&str>) -> (u64, Record) {
        let record = Record {
            identity: identity.map(str::to_owned),
            caption: caption.map(str::to_owned),
            ..Record::default()
        };
        (row, record)
    }

    fn about(results: &[(u64, Record)], dialogue: &Dialogue) -> Option<Question> {
        Question::about(results.iter().map(|(row, record)| (*row, record)), dialogue)
    }

    #[test]
    fn the_words_that_split_the_candidates_in_half_are_asked_for() {
        let mut results = [
            result(4, Some("a"), Some("A woman in a red coat with a hat")),
            result(7, Some("a"), Some("a lady in a red coat and a scarf")),
            result(1, Some("b"), Some("A man in a red coat")),
            result(2, Some("c"), Some("a man, wearing a blue coat, with a scarf")),
            result(9, Some("d"), Some("a man in a green shirt")),
            result(3, None, None),
        ];
        // "red coat" holds for two of four, and the blue coat denies it. "scarf" holds for two, too, and nothing denies it.
        let found = about(&results, &Dialogue::default()).expect("a question");
        let expected = Question {
            words: "red coat".into(),
            candidates: 4,
            with: vec![4, 1],
            without: vec![2, 9],
        };
        assert_eq!(found, expected);
        let mut dialogue = Dialogue::new(Some("a red coat"));
        let next = about(&results, &dialogue).expect("another");
        assert_eq!((next.words.as_str(), next.with), ("scarf", vec![4, 2]));
        dialogue.add("scarf", Reply::Unknown);
        // "blue coat" is answered by the sentence. "green shirt", "hat" and "shirt" hold for one of four.
        let last = about(&results, &dialogue).expect("another");
        assert_eq!(last.words, "green shirt");
        results.reverse();
        let turned = about(&results, &Dialogue::default()).expect("a question");
        assert_eq!((turned.words.as_str(), turned.with), ("red coat", vec![1, 7]));
    }

    #[test]
    fn equal_captions_and_none_leave_nothing_to_ask() {
        let dialogue = Dialogue::default();
        assert_eq!(about(&[], &dialogue), None);
        let same = [result(1, None, Some("a red coat")), result(2, None, Some("a red coat"))];
        assert_eq!(about(&same, &dialogue), None);
    }
}
