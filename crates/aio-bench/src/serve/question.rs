//! The question that helps most: words of captions that hold for half of the best results.

use super::wire::Question;
use aio_gallery::Hit;
use std::collections::{BTreeMap, BTreeSet};

/// Best results that are told apart. Further ones are rarely looked at.
const CANDIDATES: usize = 20;
/// Longest phrase, in words.
const LONGEST: usize = 3;

/// Words that end a phrase, and words for persons: whether somebody is a man or a woman is no attribute to ask for.
const BETWEEN: &[&str] = &[
    "a",
    "an",
    "and",
    "are",
    "as",
    "at",
    "by",
    "carries",
    "carrying",
    "dressed",
    "for",
    "from",
    "has",
    "have",
    "having",
    "he",
    "her",
    "him",
    "his",
    "holding",
    "holds",
    "in",
    "is",
    "it",
    "its",
    "of",
    "on",
    "or",
    "over",
    "pair",
    "seen",
    "she",
    "some",
    "the",
    "their",
    "them",
    "they",
    "this",
    "to",
    "under",
    "up",
    "walking",
    "was",
    "wearing",
    "wears",
    "who",
    "whose",
    "with",
    "adult",
    "boy",
    "female",
    "gentleman",
    "girl",
    "guy",
    "lady",
    "male",
    "man",
    "men",
    "pedestrian",
    "people",
    "person",
    "someone",
    "woman",
    "women",
];

/// The words that split the best results most evenly; longer phrases first, then in the order of the alphabet. Results of one identity count
/// once; results without a caption do not count. `known` is the query's sentence, whose words are not asked for again.
pub(super) fn question(hits: &[Hit], known: Option<&str>) -> Option<Question> {
    let candidates = candidates(hits);
    let known: BTreeSet<String> = phrases(known.unwrap_or_default());
    let mut having: BTreeMap<&str, usize> = BTreeMap::new();
    for phrase in candidates.iter().flat_map(|candidate| &candidate.phrases) {
        *having.entry(phrase).or_default() += 1;
    }
    let total = candidates.len();
    let words = having
        .into_iter()
        .filter(|(phrase, count)| *count < total && !known.contains(*phrase))
        .min_by_key(|(phrase, count)| {
            let length = phrase.split(' ').count();
            ((2 * count).abs_diff(total), std::cmp::Reverse(length))
        })?
        .0
        .to_owned();
    let (with, without): (Vec<_>, Vec<_>) =
        candidates.iter().partition(|candidate| candidate.phrases.contains(&words));
    let rows = |of: Vec<&Candidate>| of.iter().map(|candidate| candidate.row).collect();
    Some(Question { candidates: total, with: rows(with), without: rows(without), words })
}

/// A person among the results.
struct Candidate<'a> {
    identity: Option<&'a str>,
    /// The best row.
    row: u64,
    phrases: BTreeSet<String>,
}

fn candidates(hits: &[Hit]) -> Vec<Candidate<'_>> {
    let mut found: Vec<Candidate> = Vec::new();
    for hit in hits {
        let Some(caption) = &hit.record.caption else { continue };
        let identity = hit.record.identity.as_deref();
        let same = found.iter_mut().find(|c| identity.is_some() && c.identity == identity);
        if let Some(candidate) = same {
            candidate.phrases.extend(phrases(caption));
        } else if found.len() < CANDIDATES {
            found.push(Candidate { identity, row: hit.row, phrases: phrases(caption) });
        }
    }
    found
}

/// What stands between small words: "a red coat with a bag" has "red coat", "coat", and "bag".
fn phrases(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let text = text.to_lowercase();
    for part in
        text.split(|c: char| !(c.is_alphanumeric() || c.is_whitespace() || "-'".contains(c)))
    {
        let words: Vec<&str> = part.split_whitespace().collect();
        for chunk in words.split(|word| BETWEEN.contains(word)) {
            // The noun stands last.
            let longest = chunk.len().min(LONGEST);
            found.extend((1..=longest).map(|count| chunk[chunk.len() - count..].join(" ")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_gallery::Record;

    fn hit(row: u64, identity: Option<&str>, caption: Option<&str>) -> Hit {
        let record = Record {
            identity: identity.map(str::to_owned),
            caption: caption.map(str::to_owned),
            ..Record::default()
        };
        Hit { row, similarity: 0.5, probability: None, record }
    }

    #[test]
    fn phrases_end_with_their_noun() {
        let found =
            phrases("A man in a dark red coat, with a short-sleeved top. He is holding a bag");
        let expected = ["bag", "coat", "dark red coat", "red coat", "short-sleeved top", "top"];
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_words_that_split_the_candidates_in_half_are_asked_for() {
        let hits = [
            hit(4, Some("a"), Some("A woman in a red coat with a hat")),
            hit(7, Some("a"), Some("a lady in a red coat and a scarf")),
            hit(1, Some("b"), Some("A man in a red coat")),
            hit(2, Some("c"), Some("a man, wearing a blue coat, with a scarf")),
            hit(9, Some("d"), Some("a man in a green shirt")),
            hit(3, None, None),
        ];
        // "red coat" and "scarf" hold for two of four; the longer one is asked for.
        let found = question(&hits, None).expect("a question");
        let expected = Question {
            words: "red coat".into(),
            candidates: 4,
            with: vec![4, 1],
            without: vec![2, 9],
        };
        assert_eq!(found, expected);
        let next = question(&hits, Some("a red coat")).expect("another");
        assert_eq!((next.words.as_str(), next.with), ("scarf", vec![4, 2]));
    }

    #[test]
    fn equal_captions_and_none_leave_nothing_to_ask() {
        assert_eq!(question(&[], None), None);
        let same = [hit(1, None, Some("a red coat")), hit(2, None, Some("a red coat"))];
        assert_eq!(question(&same, None), None);
    }
}
