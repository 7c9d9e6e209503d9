//! The words that the attribute head distinguishes, and where they stand in a caption.

use super::words::is_attribute_word;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The attribute words that may be masked, with their class numbers.
#[derive(Debug, Clone, Default)]
pub struct AttributeVocabulary {
    classes: BTreeMap<String, usize>,
}

/// An attribute word of a tokenised caption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeWord {
    /// Its class.
    pub class: usize,
    /// Position of its first piece.
    pub first: usize,
    /// Position behind its last piece.
    pub end: usize,
}

/// In how many captions every attribute word occurs.
#[derive(Debug, Clone, Default)]
pub struct WordCount {
    captions: usize,
    having: BTreeMap<String, usize>,
}

impl WordCount {
    /// Adds the lower-case words of a caption.
    pub fn add(&mut self, words: impl IntoIterator<Item = String>) {
        self.captions += 1;
        let different: BTreeSet<String> =
            words.into_iter().filter(|word| is_attribute_word(word)).collect();
        for word in different {
            *self.having.entry(word).or_default() += 1;
        }
    }

    /// Captions so far.
    #[must_use]
    pub fn captions(&self) -> usize {
        self.captions
    }

    /// The `most` words that occur in the most captions, but in no fewer than `fewest`. Of equally frequent words, the first of the alphabet are taken.
    #[must_use]
    pub fn most_frequent(&self, most: usize, fewest: usize) -> AttributeVocabulary {
        let mut words: Vec<(&String, usize)> = self
            .having
            .iter()
            .filter(|(_, count)| **count >= fewest)
            .map(|(word, count)| (word, *count))
            .collect();
        // The sort is stable, and the words are in the order of the alphabet.
        words.sort_by_key(|(_, count)| Reverse(*count));
        AttributeVocabulary::new(words.into_iter().take(most).map(|(word, _)| word.clone()))
    }
}

impl AttributeVocabulary {
    /// A vocabulary of lower-case words; classes follow their alphabetic order.
    #[must_use]
    pub fn new(words: impl IntoIterator<Item = String>) -> Self {
        let sorted: BTreeSet<String> = words.into_iter().collect();
        Self { classes: sorted.into_iter().zip(0..).collect() }
    }

    /// Number of classes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The words in the order of their classes.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.classes.keys().map(String::as_str)
    }

    /// The class of a lower-case word.
    #[must_use]
    pub fn class(&self, word: &str) -> Option<usize> {
        self.classes.get(word).copied()
    }

    /// The attribute words of a tokenised caption, from its start to its end.
    ///
    /// `word_of` has the position in `words` that each piece belongs to; `words` are the caption's words.
    #[must_use]
    pub fn find(&self, word_of: &[Option<usize>], words: &[String]) -> Vec<AttributeWord> {
        let (mut found, mut first) = (Vec::new(), 0);
        while first < word_of.len() {
            let word = word_of[first];
            let is_other = |position: &usize| word_of[*position] != word;
            let end = (first..word_of.len()).find(is_other).unwrap_or(word_of.len());
            if let Some(class) = word.and_then(|w| self.class(&words[w])) {
                found.push(AttributeWord { class, first, end });
            }
            first = end;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_attribute_words_are_taken_and_rare_ones_are_not() {
        let captions =
            ["a man in a red red coat", "a red hat", "the green coat", "a hat and a red bag"];
        let mut count = WordCount::default();
        for caption in captions {
            count.add(caption.split(' ').map(str::to_owned));
        }
        let chosen = |most, fewest| {
            let vocabulary = count.most_frequent(most, fewest);
            vocabulary.words().map(str::to_owned).collect::<Vec<_>>()
        };
        // red is in three captions, coat and hat are in two, the others in one.
        assert_eq!(count.captions(), 4);
        assert_eq!(chosen(9, 2), ["coat", "hat", "red"]);
        assert_eq!(chosen(2, 1), ["coat", "red"], "coat comes before hat");
        assert_eq!(chosen(9, 1), ["bag", "coat", "green", "hat", "man", "red"]);
        assert!(chosen(9, 5).is_empty());
    }
}
