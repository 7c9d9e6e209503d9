//! Describes a person in words: a small grammar with synonyms, omissions and errors.

mod words;
mod writer;

pub use words::{colour_word, vocabulary};

use super::person::{Colour, Hair, Person, Presentation};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use words::{bag_word, hair_colour_word, lower_word, shoes_word, upper_word};
use writer::Writer;

/// How the writers of a data set put things.
#[derive(Debug, Clone)]
pub struct Wording {
    /// Vocabularies in use: indices 0..3 into the synonym lists.
    pub vocabularies: Vec<usize>,
    /// Probability of not mentioning an attribute.
    pub omission: f64,
    /// Probability of naming a wrong colour.
    pub error: f64,
    /// Whether colours are named; they are not where pencil drawings or infrared pictures are described.
    pub colours: bool,
}

/// Writes a caption of `person`.
#[must_use]
pub fn caption(person: &Person, wording: &Wording, rng: &mut ChaCha8Rng) -> String {
    let vocabulary = wording.vocabularies[rng.random_range(0..wording.vocabularies.len())];
    let mut writer = Writer { wording, vocabulary, rng };
    let subject = writer.subject(person);
    let upper = writer.upper(person);
    let clauses = writer.clauses(person);
    let opening = match writer.rng.random_range(0..3) {
        0 => format!("A {subject} wearing {upper}"),
        1 => format!("The {subject} is wearing {upper}"),
        _ => format!("A {subject} in {upper}"),
    };
    let half = clauses.len().div_ceil(2);
    let (first, second) = clauses.split_at(half);
    let mut text =
        std::iter::once(opening).chain(first.iter().cloned()).collect::<Vec<_>>().join(", ");
    if !second.is_empty() {
        let pronoun = match person.presentation {
            Presentation::Man => "He",
            Presentation::Woman => "She",
        };
        text += &format!(". {pronoun} is seen {}", second.join(" and "));
    }
    // Colours that are not named leave gaps behind.
    text.split_whitespace().collect::<Vec<_>>().join(" ") + "."
}

/// The comma-separated attribute string in the form of SYNTH-PEDES: who, hair, upper, lower, shoes, carried.
#[must_use]
pub fn attributes(person: &Person) -> String {
    let word = |c: Colour| colour_word(c, 0);
    let hair = match person.hair {
        Hair::Bald => "bald".to_owned(),
        _ => format!("{} hair", hair_colour_word(person.hair_colour.colour, 0)),
    };
    let lower = if person.wears_dress() {
        "unknown".to_owned()
    } else {
        format!("{} {}", word(person.lower_colour.colour), lower_word(person.lower, 0))
    };
    let carried = bag_word(person.bag, 0)
        .map_or("unknown".to_owned(), |bag| format!("{} {bag}", word(person.bag_colour.colour)));
    let who = match person.presentation {
        Presentation::Man => "man",
        Presentation::Woman => "woman",
    };
    [
        who.to_owned(),
        hair,
        format!("{} {}", word(person.upper_colour.colour), upper_word(person.upper, 0)),
        lower,
        format!("{} {}", word(person.shoe_colour.colour), shoes_word(person.shoes, 0)),
        carried,
    ]
    .join(",")
}
