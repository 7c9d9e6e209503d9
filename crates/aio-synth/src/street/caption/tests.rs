//! Captions against what was stated about them.

use super::frame::{is_list, places};
use super::*;
use crate::street::person::{Bag, Size};
use aio_types::rng;
use std::collections::BTreeSet;

fn people(count: u64) -> impl Iterator<Item = (Person, ChaCha8Rng)> {
    (0..count).map(|i| {
        let mut rng = rng(11, "captions", i);
        (Person::sample(&mut rng), rng)
    })
}

#[test]
fn every_pattern_differs_and_has_a_place_for_everything() {
    let distinct: BTreeSet<&str> = PATTERNS.iter().copied().collect();
    assert_eq!(distinct.len(), PATTERNS.len());
    assert!(distinct.len() >= 46);
    for pattern in PATTERNS {
        let mut letters: Vec<char> =
            places(pattern).filter(|p| is_list(p)).flat_map(str::chars).collect();
        letters.iter_mut().for_each(|c| *c = if *c == 'N' { 'B' } else { *c });
        letters.sort_unstable();
        assert_eq!(letters, ['A', 'B', 'F', 'H', 'L', 'U'], "{pattern}");
        assert_eq!(pattern.matches("{S").count(), 1, "{pattern}");
    }
}

#[test]
fn every_pattern_is_used_and_captions_vary_in_length() {
    let mut used = BTreeSet::new();
    let mut lengths = Vec::new();
    for (person, mut rng) in people(10_000) {
        let wording = Wording::usual();
        let account = Account::of(&Attributes::of(&person), &wording, &mut rng);
        let (number, text) = write(&account, &wording, &mut rng);
        used.insert(number);
        lengths.push(text.split_whitespace().count());
    }
    assert_eq!(used.len(), PATTERNS.len());
    lengths.sort_unstable();
    let at = |share: f64| lengths[(share * 9_999.0) as usize];
    assert!((20..=28).contains(&at(0.5)), "{}", at(0.5));
    assert!(at(0.1) <= 14 && at(0.95) >= 30, "{} {}", at(0.1), at(0.95));
}

/// Mean and its standard error where the values of one caption belong together.
fn rate(clusters: &[(usize, usize)]) -> (f64, f64) {
    let (yes, all) = clusters.iter().fold((0, 0), |s, c| (s.0 + c.0, s.1 + c.1));
    let mean = yes as f64 / all as f64;
    let square: f64 =
        clusters.iter().map(|(y, n)| (*y as f64 - mean * *n as f64).powi(2)).sum::<f64>();
    (mean, square.sqrt() / all as f64)
}

#[test]
fn rates_of_omission_and_error_are_those_stated() {
    let wording = Wording::usual();
    let (mut omitted, mut wrong) = (Vec::new(), Vec::new());
    for (person, mut rng) in people(10_000) {
        let a = Attributes::of(&person);
        let told = Account::of(&a, &wording, &mut rng);
        // What is there, and whether it is told.
        let mut pairs = vec![
            (true, told.age.is_some()),
            (a.stature != Size::Usual, told.stature.is_some()),
            (a.girth != Size::Usual, told.girth.is_some()),
            (a.hair.is_some(), told.hair.is_some()),
            (a.beard, told.beard),
            (a.glasses, told.glasses),
            (a.mask.is_some(), told.mask.is_some()),
            (a.hat.is_some(), told.hat.is_some()),
            (a.scarf.is_some(), told.scarf.is_some()),
            (a.top.is_some(), told.top.is_some()),
            (a.outer.is_some(), told.outer.is_some()),
            (a.bottom.is_some(), told.bottom.is_some()),
            (true, told.shoes.is_some()),
        ];
        pairs.extend((0..a.bags.len()).map(|i| (true, i < told.bags.len())));
        assert!(pairs.iter().all(|(there, told)| *there || !told), "nothing is made up");
        let there: Vec<bool> = pairs.iter().filter(|p| p.0).map(|p| p.1).collect();
        omitted.push((there.iter().filter(|told| !**told).count(), there.len()));
        let mut errors = Vec::new();
        let mut garment = |kind: bool, colour: bool| errors.extend([!kind, !colour]);
        if let (Some(a), Some(t)) = (a.top, told.top) {
            garment(a.kind == t.kind, Some(a.colour) == t.colour);
        }
        if let (Some(a), Some(t)) = (a.outer, told.outer) {
            garment(a.kind == t.kind, Some(a.colour) == t.colour);
        }
        if let (Some(a), Some(t)) = (a.bottom, told.bottom) {
            garment(a.kind == t.kind, Some(a.colour) == t.colour);
        }
        if let Some(t) = told.shoes {
            garment(a.shoes.kind == t.kind, Some(a.shoes.colour) == t.colour);
        }
        wrong.push((errors.iter().filter(|e| **e).count(), errors.len()));
    }
    // Four standard errors.
    let (mean, error) = rate(&omitted);
    assert!((mean - wording.omission).abs() < 4.0 * error && error < 0.004, "{mean} ± {error}");
    let (mean, error) = rate(&wrong);
    assert!((mean - wording.error).abs() < 4.0 * error && error < 0.003, "{mean} ± {error}");
}

/// The text alone, without what the writer meant: backpacks are named as often as omission and error say.
#[test]
fn backpacks_are_named_as_often_as_stated() {
    let wording = Wording::usual();
    let names = ["backpack", "rucksack", "knapsack"];
    let (mut named, mut all, mut invented) = (0.0, 0.0, 0.0);
    for (person, mut rng) in people(10_000) {
        let text = caption(&person, &wording, &mut rng);
        let told = names.iter().any(|name| text.contains(name));
        if person.bags.iter().any(|(bag, _)| *bag == Bag::Backpack) {
            all += 1.0;
            named += f64::from(u8::from(told));
        } else if told {
            invented += 1.0;
        }
    }
    let expected = (1.0 - wording.omission) * (1.0 - wording.error);
    let error = (expected * (1.0 - expected) / all).sqrt();
    assert!((named / all - expected).abs() < 4.0 * error, "{} of {all}, {expected}", named / all);
    assert_eq!(invented, 0.0);
}

#[test]
fn sentences_are_well_formed() {
    for (person, mut rng) in people(10_000) {
        let mut wording = Wording::usual();
        wording.colours = rng.random_bool(0.5);
        let text = caption(&person, &wording, &mut rng);
        let words: Vec<&str> = text.split(' ').collect();
        for pair in words.windows(2) {
            let vowel =
                pair[1].starts_with(['a', 'e', 'i', 'o', 'u']) && !pair[1].starts_with("one");
            match pair[0].to_lowercase().as_str() {
                "a" => assert!(!vowel, "{text}"),
                "an" => assert!(vowel, "{text}"),
                "and" => assert_ne!(pair[1], "and", "{text}"),
                _ => {}
            }
            assert!(pair[0] != pair[1], "{text}");
        }
        assert!(text.starts_with(char::is_uppercase) && text.ends_with('.'), "{text}");
        for part in text.split(". ") {
            assert!(part.starts_with(char::is_uppercase), "{text}");
        }
        for wrong in ["  ", " ,", " .", "..", "#", "{", "}", "[", "]", ",.", ", ."] {
            assert!(!text.contains(wrong), "{wrong:?} in {text}");
        }
    }
}

#[test]
fn colours_are_named_only_where_the_wording_names_them() {
    let mut wording = Wording { colours: false, error: 0.0, ..Wording::usual() };
    wording.vocabularies = vec![1];
    for (person, mut rng) in people(500) {
        let text = caption(&person, &wording, &mut rng);
        for name in ["red ", "blue", "black", "white", "green", "grey", "gray", "brown", "dark "] {
            // "tired", "covered" and the like do not occur.
            assert!(!text.contains(name), "{name} in {text}");
        }
    }
}

#[test]
fn a_caption_is_a_function_of_person_wording_and_generator() {
    let (person, rng) = people(1).next().expect("one person");
    let of = |mut rng: ChaCha8Rng| caption(&person, &Wording::usual(), &mut rng);
    assert_eq!(of(rng.clone()), of(rng.clone()));
    let mut other = rng.clone();
    let _: u32 = other.random();
    let all: BTreeSet<String> =
        (0..50).map(|_| caption(&person, &Wording::usual(), &mut other)).collect();
    assert!(all.len() > 45, "{} of 50 differ", all.len());
}

#[test]
fn hardly_a_caption_tells_of_no_garment() {
    let none = people(5_000).filter(|(person, rng)| {
        let a = Attributes::of(person);
        let told = Account::of(&a, &Wording::usual(), &mut rng.clone());
        told.top.is_none() && told.outer.is_none() && told.bottom.is_none() && told.shoes.is_none()
    });
    // Only people in a dress or with hidden garments have two garments, of which a hasty writer may tell none.
    assert!(none.count() < 100);
}
