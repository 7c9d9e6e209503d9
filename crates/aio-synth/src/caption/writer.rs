use super::Wording;
use super::words::{
    bag_word, colour_word, hair_colour_word, hat_word, lower_word, pattern_words, shoes_word,
    upper_word,
};
use crate::person::{Build, Colour, Hair, Person, Presentation, Upper};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The writer of one caption, with one vocabulary.
pub(super) struct Writer<'a> {
    pub(super) wording: &'a Wording,
    pub(super) vocabulary: usize,
    pub(super) rng: &'a mut ChaCha8Rng,
}

impl Writer<'_> {
    fn mentions(&mut self) -> bool {
        !self.rng.random_bool(self.wording.omission)
    }

    fn colour(&mut self, colour: Colour) -> &'static str {
        if !self.wording.colours {
            return "";
        }
        let named = if self.rng.random_bool(self.wording.error) {
            Colour::ALL[self.rng.random_range(0..Colour::ALL.len())]
        } else {
            colour
        };
        colour_word(named, self.vocabulary)
    }

    fn choose(&mut self, words: &[&'static str]) -> &'static str {
        words[self.rng.random_range(0..words.len())]
    }

    pub(super) fn subject(&mut self, person: &Person) -> String {
        let noun = match person.presentation {
            Presentation::Man => self.choose(&["man", "guy", "male"]),
            Presentation::Woman => self.choose(&["woman", "lady", "female"]),
        };
        let noun = if self.rng.random_bool(0.15) { "person" } else { noun };
        let build = match person.build {
            Build::Slim => Some(["slim", "thin", "slender"][self.vocabulary]),
            Build::Average => None,
            Build::Heavy => Some(["heavy", "stout", "large"][self.vocabulary]),
        };
        match build.filter(|_| self.mentions()) {
            Some(build) => format!("{build} {noun}"),
            None => noun.to_owned(),
        }
    }

    pub(super) fn upper(&mut self, person: &Person) -> String {
        let v = self.vocabulary;
        let mut text = format!(
            "a {} {}",
            self.colour(person.upper_colour.colour),
            upper_word(person.upper, v)
        );
        let layered = matches!(person.upper, Upper::Jacket | Upper::Coat);
        let second = self.colour(person.second_colour.colour);
        if layered && self.mentions() {
            text += &format!(" over a {second} top");
        } else if let Some(pattern) =
            pattern_words(person.pattern, v).filter(|_| !layered && self.mentions())
        {
            let bare = pattern.strip_prefix("a ").unwrap_or(pattern);
            text += &format!(
                " with {}{second} {bare}",
                if bare.len() < pattern.len() { "a " } else { "" }
            );
        }
        text
    }

    pub(super) fn clauses(&mut self, person: &Person) -> Vec<String> {
        let v = self.vocabulary;
        let mut clauses = Vec::new();
        if !person.wears_dress() && self.mentions() {
            let (colour, lower) =
                (self.colour(person.lower_colour.colour), lower_word(person.lower, v));
            let article = if lower.ends_with("skirt") { "a " } else { "" };
            clauses
                .push(format!("{} {article}{colour} {lower}", self.choose(&["wearing", "with"])));
        }
        if self.mentions() {
            let (colour, shoes) =
                (self.colour(person.shoe_colour.colour), shoes_word(person.shoes, v));
            clauses.push(format!("{} {colour} {shoes}", self.choose(&["wearing", "in", "with"])));
        }
        if self.mentions() {
            let colour = if self.wording.colours {
                hair_colour_word(person.hair_colour.colour, v)
            } else {
                ""
            };
            clauses.push(match person.hair {
                Hair::Bald => {
                    ["with a bald head", "who is bald", "with a shaved head"][v].to_owned()
                }
                Hair::Short => format!("with short {colour} hair"),
                Hair::Long => format!("with long {colour} hair"),
                Hair::Curly => format!("with {} {colour} hair", ["curly", "bushy", "curly"][v]),
                Hair::Ponytail => format!("with a {colour} ponytail"),
                Hair::Bun => format!("with {colour} hair in a bun"),
            });
        }
        if let Some(hat) = hat_word(person.hat, v).filter(|_| self.mentions()) {
            clauses.push(format!("wearing a {} {hat}", self.colour(person.hat_colour.colour)));
        }
        if person.glasses && self.mentions() {
            clauses.push(["wearing glasses", "with glasses", "with spectacles"][v].to_owned());
        }
        if let Some(bag) = bag_word(person.bag, v).filter(|_| self.mentions()) {
            let colour = self.colour(person.bag_colour.colour);
            clauses.push(format!(
                "{} a {colour} {bag}",
                self.choose(&["carrying", "holding", "with"])
            ));
        }
        if let Some(scarf) = person.scarf.filter(|_| self.mentions()) {
            clauses.push(format!("wearing a {} scarf", self.colour(scarf.colour)));
        }
        clauses.shuffle(self.rng);
        clauses
    }
}
