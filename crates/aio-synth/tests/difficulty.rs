//! How hard the benchmark is, by construction: people can be told apart by what can be said of them, many of them look
//! alike, and test domains share nothing with the others but the world.

use aio_synth::benchmark::domains::{self, Domain, Purpose};
use aio_synth::street::caption::{Wording, caption, vocabulary};
use aio_synth::street::person::{Attributes, Fashion, Person};
use aio_types::rng;
use std::collections::BTreeSet;

/// Words that only writers of test domains use.
const HELD_OUT: [&str; 23] = [
    "anorak", "bobble", "coffee", "cyan", "frizzy", "frock", "fuchsia", "jersey", "jumper",
    "knapsack", "lemon", "mauve", "mottled", "plum", "pram", "pumps", "scarlet", "shawl",
    "singlet", "skinny", "slogan", "toting", "visor",
];

/// Pieces of sentence patterns that only writers of test domains use.
const HELD_OUT_PIECES: [&str; 6] = [
    "This is ",
    "It was ",
    "Clothes: ",
    " feet are in ",
    "Somebody passed: ",
    "The person on the photo is ",
];

fn all() -> Vec<Domain> {
    domains::all(0)
}

/// People who are searched for, drawn as the benchmark draws them.
fn test_people(domain: &Domain, count: usize) -> Vec<Person> {
    let whole = domain.name == "pku-sketch" || domain.purpose == Purpose::Development;
    domain.groups(0, if whole { "people" } else { "test" }, count).concat()
}

fn words(text: &str) -> BTreeSet<String> {
    text.to_lowercase().split(|c: char| !c.is_alphabetic()).map(str::to_owned).collect()
}

#[test]
fn a_perfect_reader_of_attributes_finds_nearly_everybody() {
    for domain in all().iter().filter(|domain| domain.purpose != Purpose::Training) {
        let count = match (domain.name, domain.purpose) {
            ("market1501", _) => 600,
            // Of whom every split tests 50.
            ("pku-sketch", _) => 200,
            (_, Purpose::Development) => 100,
            _ => 120,
        };
        let named: Vec<Attributes> =
            test_people(domain, count).iter().map(Attributes::of).collect();
        // Of people with the same attributes the reader takes any.
        let found: f64 = named
            .iter()
            .map(|query| 1.0 / named.iter().filter(|entry| *entry == query).count() as f64)
            .sum();
        assert!(found >= 0.95 * count as f64, "{}: {found} of {count}", domain.name);
    }
}

#[test]
fn a_quarter_of_the_people_or_more_look_alike() {
    for domain in all() {
        for count in [3, 7, 24, 30, 120, 600] {
            let groups = domain.groups(0, "test", count);
            assert_eq!(groups.iter().map(Vec::len).sum::<usize>(), count);
            let families: Vec<_> = groups.iter().filter(|group| group.len() > 1).collect();
            let alike: usize = families.iter().map(|family| family.len()).sum();
            assert!(4 * alike >= count, "{}: {alike} of {count}", domain.name);
            for family in families {
                assert!((3..=6).contains(&family.len()));
                let named: Vec<Attributes> = family.iter().map(Attributes::of).collect();
                for (i, one) in named.iter().enumerate() {
                    for other in &named[..i] {
                        assert!((1..=6).contains(&one.distance(other)), "{}", domain.name);
                    }
                }
            }
        }
    }
}

#[test]
fn no_two_domains_share_a_camera_an_artist_a_fashion_or_an_identity() {
    let all = all();
    assert_eq!(all.len(), 10);
    let people: Vec<Vec<Person>> = all.iter().map(|domain| test_people(domain, 40)).collect();
    let cameras = |domain: &Domain| {
        let street = &domain.street;
        street.visible.iter().chain(&street.infrared).cloned().collect::<Vec<_>>()
    };
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all.iter().enumerate().take(i) {
            let pair = format!("{} and {}", a.name, b.name);
            for camera in cameras(a) {
                assert!(
                    cameras(b).iter().all(|c| c.eye != camera.eye && c.place != camera.place),
                    "{pair}"
                );
            }
            for artist in &a.street.artists {
                assert!(!b.street.artists.contains(artist), "{pair}");
            }
            assert_ne!(a.fashion, b.fashion, "{pair}");
            assert!(people[i].iter().all(|person| !people[j].contains(person)), "{pair}");
        }
    }
}

#[test]
fn words_and_patterns_that_are_held_out_are_those_of_test_domains_alone() {
    let texts = |wording: &Wording, count: u64| -> Vec<String> {
        (0..count)
            .map(|i| {
                let rng = &mut rng(2, "held out", i);
                caption(&Person::dressed(&Fashion::world(), rng), wording, rng)
            })
            .collect()
    };
    for domain in all() {
        let test = domain.purpose == Purpose::Test;
        let captions = texts(&domain.wording, 12_000);
        let used: BTreeSet<String> = captions.iter().flat_map(|text| words(text)).collect();
        for word in HELD_OUT {
            assert_eq!(used.contains(word), test, "{}: {word}", domain.name);
        }
        for piece in HELD_OUT_PIECES {
            let contained = captions.iter().any(|text| text.contains(piece));
            assert_eq!(contained, test, "{}: {piece}", domain.name);
        }
        if test {
            let seen = Wording::training();
            let known =
                |list: &[usize], of: &[usize]| list.iter().filter(|i| of.contains(i)).count();
            let (patterns, vocabularies) = (&domain.wording.patterns, &domain.wording.vocabularies);
            assert!(2 * known(patterns, &seen.patterns) > patterns.len(), "{}", domain.name);
            assert!(2 * known(vocabularies, &seen.vocabularies) > vocabularies.len());
        }
    }
}

#[test]
fn patterns_of_training_use_the_vocabulary_of_attributes_and_nothing_held_out() {
    let training = Wording::training();
    assert!(training.patterns.len() >= 46);
    let held_out: BTreeSet<&str> = HELD_OUT.into();
    let mut used = BTreeSet::new();
    for pattern in &training.patterns {
        let wording = Wording { patterns: vec![*pattern], ..training.clone() };
        for i in 0..2_000 {
            let rng = &mut rng(3, "vocabulary", 2_000 * *pattern as u64 + i);
            let person = Person::dressed(&Fashion::world(), rng);
            let found = words(&caption(&person, &wording, rng));
            assert!(found.iter().all(|word| !held_out.contains(word.as_str())), "{found:?}");
            used.extend(found);
        }
    }
    // Some colours are worn by nobody and told by mistake alone.
    let vocabulary = vocabulary();
    let unused: Vec<&String> = vocabulary.iter().filter(|word| !used.contains(*word)).collect();
    assert!(100 * unused.len() <= vocabulary.len(), "{unused:?}");
}
