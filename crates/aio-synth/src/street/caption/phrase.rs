//! Noun phrases of what is told, with their articles.

use super::account::{Account, Told};
use super::words;
use crate::street::person::{Age, ColourName, HairStyle, Print, Sex, Size};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// Everything that is told, as phrases that can be put into a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Phrases {
    /// Noun with its adjectives, without an article.
    pub(super) subject: String,
    /// The bare noun.
    pub(super) noun: &'static str,
    pub(super) sex: Option<Sex>,
    pub(super) upper: Vec<String>,
    pub(super) lower: Vec<String>,
    pub(super) feet: Vec<String>,
    pub(super) hair: Vec<String>,
    pub(super) worn: Vec<String>,
    /// Participle and thing: "carrying", "a bag".
    pub(super) carried: Vec<(&'static str, String)>,
}

/// "a" or "an" before a phrase.
pub(super) fn article(phrase: &str) -> &'static str {
    let first = phrase.chars().next().map(|c| c.to_ascii_lowercase());
    // Words that begin with a vowel but with the sound of a consonant do not occur but for "one" and "uni".
    let consonant = phrase.starts_with("one") || phrase.starts_with("uni");
    match first {
        Some('a' | 'e' | 'i' | 'o' | 'u') if !consonant => "an",
        _ => "a",
    }
}

fn with_article(phrase: &str) -> String {
    format!("{} {phrase}", article(phrase))
}

/// A phrase in which `#` stands for a colour that may be missing; the article "a" is made to fit.
fn fill(pattern: &str, colour: &str) -> String {
    let filled = pattern.replace('#', colour);
    let words: Vec<&str> = filled.split_whitespace().collect();
    let mut out = String::new();
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        match words.get(i + 1) {
            Some(next) if *word == "a" => out.push_str(article(next)),
            _ => out.push_str(word),
        }
    }
    out
}

/// Writes phrases in one vocabulary.
pub(super) struct Phrasing<'a> {
    pub(super) vocabulary: usize,
    pub(super) rng: &'a mut ChaCha8Rng,
}

impl Phrasing<'_> {
    /// All phrases of an account.
    pub(super) fn of(&mut self, account: &Account) -> Phrases {
        let v = self.vocabulary;
        let (subject, noun) = self.subject(account);
        let mut phrases = Phrases { subject, noun, sex: account.sex, ..Phrases::default() };
        let top = account.top.map(|told| self.thing(&told, words::top(told.kind)[v], false));
        let outer = account.outer.map(|told| self.thing(&told, words::outer(told.kind)[v], false));
        phrases.upper = match (outer, top) {
            (Some(outer), Some(top)) => match self.rng.random_range(0..4) {
                0 => vec![outer, top],
                1 => vec![format!("{top} under {outer}")],
                _ => vec![format!("{outer} over {top}")],
            },
            (outer, top) => outer.into_iter().chain(top).collect(),
        };
        if let Some(told) = account.bottom {
            let noun = words::bottom(told.kind)[v];
            phrases.lower.push(self.thing(&told, noun, !noun.ends_with("skirt")));
        }
        if let Some(told) = account.shoes {
            phrases.feet.push(self.thing(&told, words::shoes(told.kind)[v], true));
        }
        if let Some(told) = account.hair {
            phrases.hair.push(self.hair(&told));
        }
        if account.beard {
            phrases.hair.push(["a beard", "a beard", "a full beard", "facial hair"][v].to_owned());
        }
        if account.glasses {
            phrases.worn.push(["glasses", "glasses", "spectacles", "eyeglasses"][v].to_owned());
        }
        if let Some(told) = account.hat {
            phrases.worn.push(self.thing(&told, words::hat(told.kind)[v], false));
        }
        if let Some(told) = account.mask {
            let noun = ["face mask", "mask", "surgical mask", "mask over the mouth"][v];
            phrases.worn.push(self.thing(&told, noun, false));
        }
        if let Some(told) = account.scarf {
            let noun = ["scarf", "scarf", "neck scarf", "shawl"][v];
            phrases.worn.push(self.thing(&told, noun, false));
        }
        for told in &account.bags {
            let (verbs, nouns) = words::bag(told.kind);
            let noun = self.thing(told, nouns[v], false);
            phrases.carried.push((verbs[v], noun));
        }
        phrases
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of.choose(self.rng).copied().unwrap_or("")
    }

    fn subject(&mut self, account: &Account) -> (String, &'static str) {
        let v = self.vocabulary;
        let child = account.age == Some(Age::Child);
        let noun = match (account.sex, child) {
            (Some(Sex::Female), false) => self.pick(&["woman", "woman", "lady", "female"]),
            (Some(Sex::Male), false) => self.pick(&["man", "man", "guy", "male"]),
            (Some(Sex::Female), true) => "girl",
            (Some(Sex::Male), true) => "boy",
            (None, true) => "child",
            (None, false) => self.pick(&["person", "pedestrian", "person", "figure"]),
        };
        let mut adjectives = Vec::new();
        match account.stature {
            Some(Size::Small) => adjectives.push(["short", "short", "small", "rather short"][v]),
            Some(Size::Large) => adjectives.push(["tall", "tall", "very tall", "tall"][v]),
            _ => {}
        }
        match account.girth {
            Some(Size::Small) => adjectives.push(["slim", "thin", "slender", "skinny"][v]),
            Some(Size::Large) => adjectives.push(["heavy", "stout", "stocky", "overweight"][v]),
            _ => {}
        }
        match account.age {
            Some(Age::Child) => adjectives.push(["young", "little", "young", "small"][v]),
            Some(Age::Young) => adjectives.push(["young", "young", "youthful", "young"][v]),
            Some(Age::Middle) => {
                adjectives.push(["middle-aged", "middle-aged", "mature", "grown-up"][v]);
            }
            Some(Age::Old) => adjectives.push(["elderly", "old", "older", "aged"][v]),
            None => {}
        }
        adjectives.dedup();
        adjectives.push(noun);
        (adjectives.join(" "), noun)
    }

    fn colour<K>(
        &self,
        told: &Told<K>,
        words: [&'static str; words::VOCABULARIES],
    ) -> &'static str {
        match told.colour {
            None => "",
            Some(colour) if told.dim => dim(colour, self.vocabulary),
            Some(_) => words[self.vocabulary],
        }
    }

    fn thing<K>(&mut self, told: &Told<K>, noun: &str, plural: bool) -> String {
        let v = self.vocabulary;
        let colour = told.colour.map_or("", |name| self.colour(told, words::colour(name)));
        let mut phrase = format!("{colour} {noun}");
        if let Some((print, second)) = told.print {
            let second = told.colour.map_or("", |_| words::colour(second)[v]);
            // What has the garment's colour has no colour of its own to name.
            let second = if second == colour { "" } else { second };
            let striped = matches!(print, Print::Stripes | Print::Checks);
            phrase = if striped && self.rng.random_bool(0.4) {
                let pattern = match print {
                    Print::Checks => ["checked", "plaid", "chequered", "checked"][v],
                    _ => ["striped", "striped", "stripy", "striped"][v],
                };
                let both = if second.is_empty() {
                    colour.to_owned()
                } else {
                    format!("{colour} and {second}")
                };
                format!("{both} {pattern} {noun}")
            } else {
                // "dotted in" needs a colour.
                let pattern = words::print(print)[v];
                let pattern =
                    if second.is_empty() { pattern.trim_end_matches(" in #") } else { pattern };
                format!("{phrase} {}", fill(pattern, second))
            };
        }
        let phrase = phrase.split_whitespace().collect::<Vec<_>>().join(" ");
        if told.unsure {
            let guess = ["some kind of", "some sort of", "what looks like", "some type of"][v];
            let article = if guess == "what looks like" && !plural { article(&phrase) } else { "" };
            return format!("{guess} {article} {phrase}")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
        }
        if plural { phrase } else { with_article(&phrase) }
    }

    fn hair(&mut self, told: &Told<HairStyle>) -> String {
        let v = self.vocabulary;
        let colour = told.colour.map_or("", |name| self.colour(told, words::hair_colour(name)));
        // A bald head that is taken for cropped hair has no colour.
        fill(words::hair(told.kind)[v], colour)
    }
}

/// "dark" or "light".
fn dim(colour: ColourName, vocabulary: usize) -> &'static str {
    match colour.lightness() {
        ..0.5 => ["dark", "dark", "dark-coloured", "darkish"][vocabulary],
        0.5..0.7 => ["medium-toned", "plain", "mid-toned", "dull"][vocabulary],
        _ => ["light", "light", "light-coloured", "pale"][vocabulary],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_follow_the_first_sound() {
        for (phrase, expected) in [
            ("umbrella", "an"),
            ("orange cap", "an"),
            ("one-piece dress", "a"),
            ("hoodie", "a"),
            ("T-shirt", "a"),
            ("elderly woman", "an"),
        ] {
            assert_eq!(article(phrase), expected, "{phrase}");
        }
        assert_eq!(fill("with a # logo", "orange"), "with an orange logo");
        assert_eq!(fill("with a # logo", ""), "with a logo");
    }
}
