//! Describes a person in words, as a witness or an annotator does: with omissions, errors and vague words.
//!
//! [`Attributes`] are what can be said; an account is what a writer says; sentence patterns and one of several
//! vocabularies put it into words.

mod account;
mod confusion;
mod frame;
mod patterns;
mod phrase;
mod vocabulary;
mod words;

use super::person::{Attributes, Person};
use account::Account;
use patterns::PATTERNS;
use phrase::Phrasing;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
pub use vocabulary::{attributes, vocabulary};

/// How the writers of a data set put things.
#[derive(Debug, Clone, PartialEq)]
pub struct Wording {
    /// Vocabularies in use: indices 0..4 into the lists of synonyms.
    pub vocabularies: Vec<usize>,
    /// Sentence patterns in use: indices below [`Wording::PATTERNS`].
    pub patterns: Vec<usize>,
    /// Mean probability of not mentioning an attribute. One writer in five is in a hurry and leaves out more.
    pub omission: f64,
    /// Probability that an attribute that is mentioned is wrong: a neighbouring colour, another garment.
    pub error: f64,
    /// Probability that a colour is told as dark or light only; half of it, that a garment is told as a guess.
    pub vagueness: f64,
    /// Whether colours are named; they are not where pencil drawings or infrared pictures are described.
    pub colours: bool,
}

impl Wording {
    /// Number of sentence patterns.
    pub const PATTERNS: usize = PATTERNS.len();

    /// Number of vocabularies.
    pub const VOCABULARIES: usize = words::VOCABULARIES;

    /// Sentence patterns that no writer of training data uses.
    pub const HELD_OUT_PATTERNS: [usize; 10] = [3, 9, 15, 21, 27, 33, 39, 45, 50, 54];

    /// The vocabulary that no writer of training data uses.
    const HELD_OUT_VOCABULARY: usize = 3;

    /// What writers of training data use: everything but the patterns and the vocabulary that are held out.
    #[must_use]
    pub fn training() -> Self {
        let all = Self::usual();
        let vocabularies =
            all.vocabularies.into_iter().filter(|v| *v != Self::HELD_OUT_VOCABULARY).collect();
        let patterns =
            all.patterns.into_iter().filter(|p| !Self::HELD_OUT_PATTERNS.contains(p)).collect();
        Self { vocabularies, patterns, ..Self::usual() }
    }

    /// Every pattern and vocabulary, with usual rates of omission and error.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            vocabularies: (0..words::VOCABULARIES).collect(),
            patterns: (0..PATTERNS.len()).collect(),
            omission: 0.38,
            error: 0.1,
            vagueness: 0.08,
            colours: true,
        }
    }
}

/// Writes a caption of `person`.
///
/// # Panics
/// If `wording` has no vocabulary or no pattern.
#[must_use]
pub fn caption(person: &Person, wording: &Wording, rng: &mut ChaCha8Rng) -> String {
    let account = Account::of(&Attributes::of(person), wording, rng);
    write(&account, wording, rng).1
}

/// Draws before a pattern that can always be filled is taken.
const DRAWS: usize = 64;

/// The number of a pattern, and the account in its words.
fn write(account: &Account, wording: &Wording, rng: &mut ChaCha8Rng) -> (usize, String) {
    let vocabulary = wording.vocabularies[rng.random_range(0..wording.vocabularies.len())];
    let phrases = Phrasing { vocabulary, rng }.of(account);
    for _ in 0..DRAWS {
        let number = wording.patterns[rng.random_range(0..wording.patterns.len())];
        if let Some(text) = frame::fill(PATTERNS[number], &phrases) {
            return (number, text);
        }
    }
    // The first pattern needs nothing.
    (0, frame::fill(PATTERNS[0], &phrases).unwrap_or_default())
}

#[cfg(test)]
mod tests;
