//! Describes a person in words: a small grammar with synonyms, omissions and errors.

use super::person::{
    Bag, Build, Colour, Hair, Hat, Lower, Pattern, Person, Presentation, Shoes, Upper,
};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// How the writers of a data set put things.
#[derive(Debug, Clone)]
pub struct Wording {
    /// Vocabularies in use: indices 0..3 into the synonym lists.
    pub vocabularies: Vec<usize>,
    /// Probability of not mentioning an attribute.
    pub omission: f64,
    /// Probability of naming a wrong colour.
    pub error: f64,
    /// Whether colours are named; whoever describes a pencil drawing or an infrared picture cannot.
    pub colours: bool,
}

/// The word of one vocabulary for a colour.
#[must_use]
pub fn colour_word(colour: Colour, vocabulary: usize) -> &'static str {
    let words: [&str; 3] = match colour {
        Colour::Black => ["black", "black", "dark"],
        Colour::White => ["white", "white", "white"],
        Colour::Grey => ["grey", "gray", "silver"],
        Colour::Red => ["red", "red", "crimson"],
        Colour::Orange => ["orange", "orange", "orange"],
        Colour::Yellow => ["yellow", "yellow", "golden"],
        Colour::Green => ["green", "green", "olive"],
        Colour::Blue => ["blue", "blue", "azure"],
        Colour::Navy => ["navy", "dark blue", "indigo"],
        Colour::Purple => ["purple", "violet", "purple"],
        Colour::Pink => ["pink", "pink", "rose"],
        Colour::Brown => ["brown", "brown", "chestnut"],
        Colour::Beige => ["beige", "tan", "khaki"],
        Colour::Teal => ["teal", "turquoise", "cyan"],
    };
    words[vocabulary % 3]
}

fn hair_colour_word(colour: Colour, vocabulary: usize) -> &'static str {
    match colour {
        Colour::Yellow => ["blond", "fair", "blonde"][vocabulary % 3],
        Colour::Orange => ["ginger", "red", "ginger"][vocabulary % 3],
        other => colour_word(other, vocabulary),
    }
}

fn upper_word(upper: Upper, v: usize) -> &'static str {
    let words: [&str; 3] = match upper {
        Upper::TShirt => ["t-shirt", "tee", "short-sleeved top"],
        Upper::Shirt => ["shirt", "button-up shirt", "blouse"],
        Upper::Hoodie => ["hoodie", "hooded sweatshirt", "hooded sweater"],
        Upper::Jacket => ["jacket", "open jacket", "blazer"],
        Upper::Coat => ["coat", "long coat", "overcoat"],
        Upper::TankTop => ["tank top", "sleeveless shirt", "vest"],
        Upper::Dress => ["dress", "dress", "gown"],
    };
    words[v % 3]
}

fn lower_word(lower: Lower, v: usize) -> &'static str {
    let words: [&str; 3] = match lower {
        Lower::Trousers => ["trousers", "pants", "slacks"],
        Lower::Jeans => ["jeans", "skinny jeans", "tight jeans"],
        Lower::Shorts => ["shorts", "shorts", "short pants"],
        Lower::Skirt => ["skirt", "short skirt", "skirt"],
        Lower::LongSkirt => ["long skirt", "long skirt", "maxi skirt"],
    };
    words[v % 3]
}

fn pattern_words(pattern: Pattern, v: usize) -> Option<&'static str> {
    Some(
        match pattern {
            Pattern::Plain => return None,
            Pattern::Horizontal => ["horizontal stripes", "striped bands", "sideways stripes"],
            Pattern::Vertical => ["vertical stripes", "pinstripes", "upright stripes"],
            Pattern::Checked => ["checks", "a plaid pattern", "squares"],
            Pattern::Dotted => ["dots", "polka dots", "spots"],
            Pattern::Logo => ["a logo", "a printed badge", "a graphic"],
        }[v % 3],
    )
}

fn shoes_word(shoes: Shoes, v: usize) -> &'static str {
    let words: [&str; 3] = match shoes {
        Shoes::Sneakers => ["shoes", "sneakers", "trainers"],
        Shoes::Boots => ["boots", "high boots", "boots"],
        Shoes::Sandals => ["sandals", "sandals", "open shoes"],
    };
    words[v % 3]
}

fn bag_word(bag: Bag, v: usize) -> Option<&'static str> {
    Some(
        match bag {
            Bag::None => return None,
            Bag::Backpack => ["backpack", "rucksack", "knapsack"],
            Bag::ShoulderBag => ["shoulder bag", "messenger bag", "satchel"],
            Bag::Handbag => ["handbag", "purse", "tote"],
            Bag::Suitcase => ["suitcase", "rolling case", "trolley"],
        }[v % 3],
    )
}

fn hat_word(hat: Hat, v: usize) -> Option<&'static str> {
    Some(
        match hat {
            Hat::None => return None,
            Hat::Cap => ["cap", "baseball cap", "peaked cap"],
            Hat::Beanie => ["beanie", "knit hat", "woollen hat"],
            Hat::SunHat => ["sun hat", "wide hat", "brimmed hat"],
        }[v % 3],
    )
}

struct Writer<'a> {
    wording: &'a Wording,
    vocabulary: usize,
    rng: &'a mut ChaCha8Rng,
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

    fn subject(&mut self, person: &Person) -> String {
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

    fn upper(&mut self, person: &Person) -> String {
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

    fn clauses(&mut self, person: &Person) -> Vec<String> {
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

/// Every attribute word the grammar can produce: colours, garments, patterns, hair, things carried.
///
/// The attribute head masks these words; the list is the synthetic counterpart of the keyword lists of
/// UNIReID (`datasets/bases.py`).
#[must_use]
pub fn vocabulary() -> Vec<String> {
    let mut words = std::collections::BTreeSet::new();
    for v in 0..3 {
        let phrases = Colour::ALL
            .iter()
            .flat_map(|c| [colour_word(*c, v), hair_colour_word(*c, v)])
            .chain(Upper::ALL.iter().map(|u| upper_word(*u, v)))
            .chain(Lower::ALL.iter().map(|l| lower_word(*l, v)))
            .chain(Shoes::ALL.iter().map(|s| shoes_word(*s, v)))
            .chain(Pattern::ALL.iter().filter_map(|p| pattern_words(*p, v)))
            .chain(Bag::ALL.iter().filter_map(|b| bag_word(*b, v)))
            .chain(Hat::ALL.iter().filter_map(|h| hat_word(*h, v)))
            .chain([
                "curly",
                "bushy",
                "long",
                "short",
                "ponytail",
                "bun",
                "bald",
                "glasses",
                "spectacles",
                "scarf",
            ]);
        for phrase in phrases {
            words.extend(phrase.split([' ', '-']).filter(|w| w.len() > 1).map(str::to_owned));
        }
    }
    words.into_iter().filter(|w| w != "top" && w != "in").collect()
}
