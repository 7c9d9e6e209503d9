//! Words and phrases for attributes, apart from sentences.

use super::super::person::{
    Attributes, Bag, Bottom, ColourName, Fabric, Garment, HairStyle, Hat, Outer, Person, Print,
    Sex, Shoes, Top,
};
use super::{Wording, words};
use std::collections::BTreeSet;

/// Words that a place of a phrase needs but that name no attribute.
const EMPTY: [&str; 18] = [
    "and", "around", "as", "chest", "down", "from", "head", "in", "of", "on", "one", "over",
    "some", "the", "to", "top", "up", "with",
];

/// Every attribute word that writers of training data use, in lower case: colours, garments, patterns, hair, what is
/// worn on the head and what is carried.
///
/// Pre-training asks which of them a caption says; the list is the counterpart of the keyword lists of UNIReID
/// (`datasets/bases.py`).
#[must_use]
pub fn vocabulary() -> Vec<String> {
    let tables = tables();
    let phrases = Wording::training().vocabularies.into_iter().flat_map(|v| {
        tables.iter().map(move |row| row[v]).chain([
            "glasses",
            "spectacles",
            "beard",
            "mask",
            "scarf",
        ])
    });
    let words: BTreeSet<String> = phrases
        .flat_map(|phrase| phrase.split([' ', '-']))
        .filter(|word| word.len() > 1 && !EMPTY.contains(word))
        .map(str::to_lowercase)
        .collect();
    words.into_iter().collect()
}

/// Every row of the lists of synonyms.
fn tables() -> Vec<[&'static str; Wording::VOCABULARIES]> {
    use Bag as B;
    use Bottom as L;
    use Fabric as F;
    use HairStyle as H;
    use Outer as O;
    use Print as P;
    use Shoes as S;
    use Top as T;
    let mut rows: Vec<_> = ColourName::ALL
        .iter()
        .flat_map(|name| [words::colour(*name), words::hair_colour(*name)])
        .collect();
    let tops =
        [T::TShirt, T::LongSleeve, T::Polo, T::Shirt, T::Sweater, T::Hoodie, T::Vest, T::Dress];
    rows.extend(tops.map(words::top));
    let fabrics = [F::Leather, F::Padded, F::Denim, F::Nylon, F::Knit, F::Cotton];
    rows.extend(fabrics.map(|fabric| words::outer((O::Jacket, fabric))));
    rows.extend(fabrics.map(|fabric| words::outer((O::Coat, fabric))));
    rows.extend([O::Blazer, O::Gilet].map(|kind| words::outer((kind, F::Cotton))));
    let bottoms =
        [L::Trousers, L::Jeans, L::Leggings, L::Joggers, L::Shorts, L::ShortSkirt, L::LongSkirt];
    rows.extend(bottoms.map(words::bottom));
    rows.extend([S::Trainers, S::Boots, S::Leather, S::Sandals, S::Heels].map(words::shoes));
    rows.extend([Hat::Cap, Hat::Beanie, Hat::Brimmed, Hat::Headscarf].map(words::hat));
    let bags = [
        B::Backpack,
        B::ShoulderBag,
        B::Handbag,
        B::ShoppingBag,
        B::Trolley,
        B::Umbrella,
        B::Pushchair,
        B::Bicycle,
    ];
    rows.extend(bags.map(|bag| words::bag(bag).1));
    let prints = [
        P::Stripes,
        P::UprightStripes,
        P::Checks,
        P::Dots,
        P::AllOver,
        P::Logo,
        P::Letters,
        P::Band,
        P::TwoTone,
        P::Reflective,
    ];
    rows.extend(prints.map(words::print));
    let hair = [H::Bald, H::Cropped, H::Short, H::Bob, H::Long, H::Ponytail, H::Bun, H::Curly];
    rows.extend(hair.map(words::hair));
    rows
}

/// The comma-separated attribute string in the form of SYNTH-PEDES: who, hair, upper, lower, shoes, carried; what is
/// not seen is `unknown`.
#[must_use]
pub fn attributes(person: &Person) -> String {
    let a = Attributes::of(person);
    let unknown = || "unknown".to_owned();
    let who = match a.sex {
        Sex::Female => "woman",
        Sex::Male => "man",
    };
    let hair = match (a.hair, a.hair_colour) {
        (Some(HairStyle::Bald), _) => "bald".to_owned(),
        (Some(_), Some(colour)) => format!("{} hair", words::hair_colour(colour)[0]),
        _ => unknown(),
    };
    let upper = match (a.outer, a.top) {
        (Some(garment), _) => named(&garment, words::outer),
        (None, Some(garment)) => named(&garment, words::top),
        (None, None) => unknown(),
    };
    let lower = a.bottom.map_or_else(unknown, |garment| named(&garment, words::bottom));
    let carried = a.bags.first().map_or_else(unknown, |(bag, colour)| {
        format!("{} {}", words::colour(*colour)[0], words::bag(*bag).1[0])
    });
    [who.to_owned(), hair, upper, lower, named(&a.shoes, words::shoes), carried].join(",")
}

fn named<K: Copy>(
    garment: &Garment<K>,
    noun: fn(K) -> [&'static str; Wording::VOCABULARIES],
) -> String {
    format!("{} {}", words::colour(garment.colour)[0], noun(garment.kind)[0])
}
