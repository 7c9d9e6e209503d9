//! What captions say, in groups of words.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Longest phrase that is asked for, in words.
const LONGEST: usize = 3;

/// Words that end a group, and words for persons: whether somebody is a man or a woman is no attribute to ask for.
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

/// The basic colour terms of English, in the order in which languages have them.
const COLOURS: &[&str] = &[
    "black", "white", "red", "green", "yellow", "blue", "brown", "purple", "pink", "orange",
    "grey", "gray",
];

/// An answer to the question whether words hold for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// They hold.
    Yes,
    /// They do not hold.
    No,
    /// It is not known.
    Unknown,
}

impl Reply {
    /// 1, −1, or 0 where it is not known.
    pub(super) fn sign(self) -> f32 {
        match self {
            Self::Yes => 1.0,
            Self::No => -1.0,
            Self::Unknown => 0.0,
        }
    }
}

/// What captions say of a person: groups of words, each up to its noun, in lower case.
///
/// "A man in a dark red coat, with a bag" mentions "dark red coat" and "bag".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions(BTreeSet<String>);

impl Mentions {
    /// What captions say together.
    #[must_use]
    pub fn of<'a>(captions: impl IntoIterator<Item = &'a str>) -> Self {
        let mut mentions = Self::default();
        captions.into_iter().for_each(|caption| mentions.add(caption));
        mentions
    }

    /// Words of an answer as captions mention them: "A red coat." is "red coat". None unless they are the words of one thing.
    pub(super) fn asked(words: &str) -> Option<String> {
        let mut groups = Self::of([words]).0.into_iter();
        groups.next().filter(|_| groups.next().is_none())
    }

    /// Adds what a further caption says.
    pub(super) fn add(&mut self, caption: &str) {
        let text = caption.to_lowercase();
        for part in
            text.split(|c: char| !(c.is_alphanumeric() || c.is_whitespace() || "-'".contains(c)))
        {
            // Quotation marks and dashes around words are no part of them, and a dash between words parts them.
            let words = part.split_whitespace().map(|word| word.trim_matches(['-', '\'']));
            let words: Vec<&str> = words.collect();
            let is_between = |word: &&str| word.is_empty() || BETWEEN.contains(word);
            let groups = words.split(is_between).filter(|group| !group.is_empty());
            self.0.extend(groups.map(|group| group.join(" ")));
        }
    }

    /// Whether nothing is mentioned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every phrase that can be asked for: the last words of a group, at most three. The noun stands last.
    pub(super) fn phrases(&self) -> BTreeSet<&str> {
        self.0.iter().flat_map(|group| endings(group)).collect()
    }

    /// The groups of words.
    pub(super) fn groups(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// What the captions say of `words`: yes if a group ends with them; no if a group has their noun in another colour; unknown otherwise.
    ///
    /// The noun is the last word. Colours are the basic colour terms of English (Berlin and Kay, Basic Color Terms, 1969): that a coat is blue
    /// denies that it is red. Other words exclude nothing: a long coat may be red. Synonyms are different words. What is not mentioned is
    /// not denied.
    ///
    /// ```
    /// # use aio_gallery::{Mentions, Reply};
    /// let said = Mentions::of(["a man in a dark red coat, with a bag"]);
    /// assert_eq!(said.reply("red coat"), Reply::Yes);
    /// assert_eq!(said.reply("blue coat"), Reply::No);
    /// assert_eq!(said.reply("long coat"), Reply::Unknown);
    /// assert_eq!(said.reply("blue bag"), Reply::Unknown);
    /// assert_eq!(said.reply("hat"), Reply::Unknown);
    /// ```
    #[must_use]
    pub fn reply(&self, words: &str) -> Reply {
        let asked = colours(words);
        let mut reply = Reply::Unknown;
        for group in self.groups().filter(|group| noun(group) == noun(words)) {
            if ends_with(group, words) {
                return Reply::Yes;
            }
            let said = colours(group);
            if !asked.is_empty() && !said.is_empty() && asked.is_disjoint(&said) {
                reply = Reply::No;
            }
        }
        reply
    }
}

/// The last word.
pub(super) fn noun(words: &str) -> &str {
    words.rsplit(' ').next().unwrap_or(words)
}

/// Whether the last words of `group` are `words`.
pub(super) fn ends_with(group: &str, words: &str) -> bool {
    group.strip_suffix(words).is_some_and(|before| before.is_empty() || before.ends_with(' '))
}

/// The colours that words name. Both spellings of grey are one.
fn colours(words: &str) -> BTreeSet<&str> {
    let parts = words.split([' ', '-']).filter(|part| COLOURS.contains(part));
    parts.map(|part| if part == "gray" { "grey" } else { part }).collect()
}

/// The last word of a group, its last two words, and so on, at most [`LONGEST`].
fn endings(group: &str) -> impl Iterator<Item = &str> {
    let before_words = group.rmatch_indices(' ').map(|(place, _)| place + 1).chain([0]);
    before_words.take(LONGEST).map(|start| &group[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_end_with_their_noun() {
        let said = Mentions::of([
            "A man in a dark red coat, with a short-sleeved top. He is holding a bag",
        ]);
        let expected = ["bag", "coat", "dark red coat", "red coat", "short-sleeved top", "top"];
        assert_eq!(said.phrases().into_iter().collect::<Vec<_>>(), expected);
        let long = Mentions::of(["a very long dark red coat"]);
        let expected = ["coat", "dark red coat", "red coat"];
        assert_eq!(long.phrases().into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn dashes_part_groups_and_quotation_marks_are_no_part_of_words() {
        for caption in [
            "a woman - red coat - t-shirt",
            "'a red coat' and a 't-shirt'",
            "-red coat -- a t-shirt-",
        ] {
            let said = Mentions::of([caption]);
            assert_eq!(said.groups().collect::<Vec<_>>(), ["red coat", "t-shirt"], "{caption}");
            assert_eq!(said.reply("red coat"), Reply::Yes, "{caption}");
        }
        assert_eq!(Mentions::asked("'red coat'").as_deref(), Some("red coat"));
        assert!(Mentions::of(["- ' --"]).is_empty());
    }

    #[test]
    fn nothing_is_denied_of_what_is_not_mentioned() {
        let said = Mentions::of(["a red coat", "a coat and a blue hat", "dark-grey trousers"]);
        for (words, expected) in [
            ("coat", Reply::Yes),
            ("red coat", Reply::Yes),
            // The second caption is silent, the first says another colour.
            ("blue coat", Reply::No),
            ("light blue coat", Reply::No),
            // Nothing is said against it.
            ("dark red coat", Reply::Unknown),
            ("long coat", Reply::Unknown),
            // No basic colour term.
            ("navy coat", Reply::Unknown),
            ("black trousers", Reply::No),
            ("gray trousers", Reply::Unknown),
            ("light-gray trousers", Reply::Unknown),
            ("hat", Reply::Yes),
            ("red hat", Reply::No),
            ("scarf", Reply::Unknown),
            // Part of a word.
            ("at", Reply::Unknown),
        ] {
            assert_eq!(said.reply(words), expected, "{words}");
        }
        assert_eq!(Mentions::of(["a hat"]).reply("red hat"), Reply::Unknown);
        assert_eq!(Mentions::default().reply("hat"), Reply::Unknown);
        // One caption is enough.
        assert_eq!(Mentions::of(["a red hat", "a blue hat"]).reply("blue hat"), Reply::Yes);
    }
}
