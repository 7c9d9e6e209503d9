//! The words of three vocabularies.

use crate::person::{Bag, Colour, Hat, Lower, Pattern, Shoes, Upper};

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

pub(super) fn hair_colour_word(colour: Colour, vocabulary: usize) -> &'static str {
    match colour {
        Colour::Yellow => ["blond", "fair", "blonde"][vocabulary % 3],
        Colour::Orange => ["ginger", "red", "ginger"][vocabulary % 3],
        other => colour_word(other, vocabulary),
    }
}

pub(super) fn upper_word(upper: Upper, v: usize) -> &'static str {
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

pub(super) fn lower_word(lower: Lower, v: usize) -> &'static str {
    let words: [&str; 3] = match lower {
        Lower::Trousers => ["trousers", "pants", "slacks"],
        Lower::Jeans => ["jeans", "skinny jeans", "tight jeans"],
        Lower::Shorts => ["shorts", "shorts", "short pants"],
        Lower::Skirt => ["skirt", "short skirt", "skirt"],
        Lower::LongSkirt => ["long skirt", "long skirt", "maxi skirt"],
    };
    words[v % 3]
}

pub(super) fn pattern_words(pattern: Pattern, v: usize) -> Option<&'static str> {
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

pub(super) fn shoes_word(shoes: Shoes, v: usize) -> &'static str {
    let words: [&str; 3] = match shoes {
        Shoes::Sneakers => ["shoes", "sneakers", "trainers"],
        Shoes::Boots => ["boots", "high boots", "boots"],
        Shoes::Sandals => ["sandals", "sandals", "open shoes"],
    };
    words[v % 3]
}

pub(super) fn bag_word(bag: Bag, v: usize) -> Option<&'static str> {
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

pub(super) fn hat_word(hat: Hat, v: usize) -> Option<&'static str> {
    Some(
        match hat {
            Hat::None => return None,
            Hat::Cap => ["cap", "baseball cap", "peaked cap"],
            Hat::Beanie => ["beanie", "knit hat", "woollen hat"],
            Hat::SunHat => ["sun hat", "wide hat", "brimmed hat"],
        }[v % 3],
    )
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
