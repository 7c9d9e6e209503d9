//! Tags of a person: what a caption that leaves nothing out says, as classes.

use super::person::{
    Bag, Build, Colour, Hair, Hat, Lower, Pattern, Person, Presentation, Shoes, Upper,
};

const COLOURS: usize = Colour::ALL.len();

/// Number of classes of each tag, in the order of [`tags`].
pub const CLASSES: [usize; 19] = [
    Presentation::ALL.len(),
    Build::ALL.len(),
    Hair::ALL.len(),
    Hat::ALL.len(),
    2,
    Upper::ALL.len(),
    Pattern::ALL.len(),
    Lower::ALL.len(),
    Shoes::ALL.len(),
    Bag::ALL.len(),
    2,
    COLOURS,
    COLOURS,
    COLOURS,
    COLOURS,
    COLOURS,
    COLOURS,
    COLOURS,
    COLOURS,
];

/// The tags of `person`; what is not worn has no colour, and without `colours` nothing has.
///
/// In this order: presentation, build, hair, hat, glasses, upper garment, pattern, lower garment, shoes, bag, scarf;
/// colours of the hair, the hat, the upper garment, its pattern or what shows under it, the lower garment, the shoes,
/// the bag and the scarf.
#[must_use]
pub fn tags(person: &Person, colours: bool) -> [Option<usize>; CLASSES.len()] {
    let colour = |dyed: Colour, worn: bool| (colours && worn).then_some(dyed as usize);
    let layered = matches!(person.upper, Upper::Jacket | Upper::Coat);
    let legs = !person.wears_dress();
    [
        Some(person.presentation as usize),
        Some(person.build as usize),
        Some(person.hair as usize),
        Some(person.hat as usize),
        Some(usize::from(person.glasses)),
        Some(person.upper as usize),
        (!layered).then_some(person.pattern as usize),
        legs.then_some(person.lower as usize),
        Some(person.shoes as usize),
        Some(person.bag as usize),
        Some(usize::from(person.scarf.is_some())),
        colour(person.hair_colour.colour, person.hair != Hair::Bald),
        colour(person.hat_colour.colour, person.hat != Hat::None),
        colour(person.upper_colour.colour, true),
        colour(person.second_colour.colour, layered || person.pattern != Pattern::Plain),
        colour(person.lower_colour.colour, legs),
        colour(person.shoe_colour.colour, true),
        colour(person.bag_colour.colour, person.bag != Bag::None),
        person.scarf.and_then(|scarf| colour(scarf.colour, true)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::Palette;
    use aio_types::rng;

    #[test]
    fn tags_are_classes_and_only_what_is_worn_has_a_colour() {
        let rng = &mut rng(3, "tags", 0);
        for _ in 0..200 {
            let palette = Palette::sample(rng, 0.05);
            let person = Person::sample(rng, &palette);
            let all = tags(&person, true);
            assert!(
                all.iter().zip(CLASSES).all(|(tag, classes)| tag.is_none_or(|t| t < classes)),
                "{all:?}"
            );
            assert_eq!(
                all[15].is_some(),
                all[7].is_some(),
                "a lower garment has a colour: {all:?}"
            );
            assert_eq!(all[12].is_some(), person.hat != Hat::None);
            assert_eq!(all[17].is_some(), person.bag != Bag::None);
            assert_eq!(all[10] == Some(1), all[18].is_some());
            let grey = tags(&person, false);
            assert_eq!(grey[..11], all[..11]);
            assert_eq!(grey[11..], [None; 8]);
        }
    }
}
