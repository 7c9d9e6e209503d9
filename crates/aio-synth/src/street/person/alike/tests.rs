//! Shares of what people wear, and look-alikes.

use super::*;
use crate::street::person::{Bottom, ColourName, Fabric, Pattern, Top};
use aio_types::rng;

fn people(name: &str, count: u64) -> impl Iterator<Item = Person> {
    (0..count).map(move |i| Person::sample(&mut rng(1, name, i)))
}

/// Main colours of the outermost garment of the upper body and of the legs.
fn main_looks(person: &Person) -> Vec<crate::street::person::Look> {
    let outfit = &person.outfit;
    let mut looks = vec![outfit.outer.map_or(outfit.top.1, |outer| outer.1)];
    if outfit.top.0 != Top::Dress || outfit.bottom.0 == Bottom::Leggings {
        looks.push(outfit.bottom.1);
    }
    looks
}

/// Clothes in shops and surveys: black, white, grey, navy and denim make up about 60 %.
#[test]
fn three_fifths_of_clothes_are_neutral() {
    let looks: Vec<_> = people("people", 10_000).flat_map(|p| main_looks(&p)).collect();
    let share = |of: &dyn Fn(&crate::street::person::Look) -> bool| {
        looks.iter().filter(|look| of(look)).count() as f32 / looks.len() as f32
    };
    let dyed = share(&|look| look.colour.shade.neutral());
    assert!((0.55..0.65).contains(&dyed), "{dyed}");
    // The same by the colours themselves.
    let seen = share(&|look| {
        use ColourName::{Black, DarkGrey, Grey, LightGrey, Navy, White};
        look.fabric == Fabric::Denim
            || [Black, DarkGrey, Grey, LightGrey, Navy, White]
                .contains(&ColourName::of(look.colour.rgb))
    });
    assert!((0.55..0.68).contains(&seen), "{seen}");
}

#[test]
fn a_quarter_of_tops_has_a_pattern_bottoms_are_darker_and_nearly_half_carry_something() {
    let (mut patterned, mut carries) = (0, 0);
    let (mut upper, mut lower) = (0.0, 0.0);
    for person in people("shares", 10_000) {
        patterned += usize::from(person.outfit.top.1.pattern != Pattern::Plain);
        carries += usize::from(!person.bags.is_empty());
        upper += person.outfit.top.1.colour.luminance();
        lower += person.outfit.bottom.1.colour.luminance();
    }
    assert!((2_000..3_000).contains(&patterned), "{patterned}");
    assert!((4_000..5_000).contains(&carries), "{carries}");
    assert!(lower < 0.75 * upper, "{lower} {upper}");
}

#[test]
fn look_alikes_differ_in_as_many_attributes_as_asked_for_and_all_can_be_named() {
    for i in 0..600 {
        let rng = &mut rng(2, "people", i);
        let person = Person::sample(rng);
        let changes = 1 + i as usize % 3;
        let other = person.look_alike(rng, changes);
        let named = Attributes::of(&person).differences(&Attributes::of(&other));
        assert_eq!(named.len(), changes);
        assert_eq!(person.differences(&other), named);
    }
}

#[test]
fn members_of_a_family_differ_from_each_other() {
    for i in 0..60 {
        let all = Person::family(&Fashion::town(), &mut rng(4, "family", i), 8);
        let named: Vec<Attributes> = all.iter().map(Attributes::of).collect();
        for (k, a) in named.iter().enumerate() {
            assert!((1..=3).contains(&a.distance(&named[0])) || k == 0);
            assert!(named[..k].iter().all(|b| a != b));
        }
    }
}

#[test]
fn fashions_differ_in_what_people_wear() {
    let share = |fashion: &Fashion, of: fn(&Person) -> bool| {
        let count = (0..2_000).filter(|i| of(&Person::dressed(fashion, &mut rng(5, "domain", *i))));
        count.count() as f32 / 2_000.0
    };
    let coated = |p: &Person| p.outfit.outer.is_some();
    let (town, leisure) = (Fashion::town(), Fashion::leisure());
    assert!(share(&town, coated) > 0.5 && share(&leisure, coated) < 0.2);
    let shorts = |p: &Person| p.outfit.bottom.0 == Bottom::Shorts;
    assert!(share(&leisure, shorts) > 5.0 * share(&town, shorts));
}

#[test]
fn a_person_is_a_function_of_the_seed() {
    let of = |i| Person::sample(&mut rng(3, "people", i));
    assert_eq!(of(0), of(0));
    assert!((1..50).all(|i| of(i) != of(0)));
}
