//! 200 random cases under every protocol, against scores that follow from the definitions alone: with ties, unknown labels, distractors, duplicates, and
//! galleries and queries in another order.

use aio_eval::python::Random;
use aio_eval::{
    Entry, EvalError, EvalOptions, Features, LabelledFeatures, Metric, Protocol, QueryScore,
    Scores, Ties, distances, evaluate,
};
use aio_types::{Camera, Clothes, Identity, SourcePhoto};
use std::collections::BTreeSet;

const SEEDS: u32 = 200;
const WIDTH: usize = 4;
const QUERIES: usize = 6;
const GALLERY: usize = 14;
const TIES: [Ties; 3] = [Ties::Optimistic, Ties::Stable, Ties::Pessimistic];

/// Features and labels of one side.
#[derive(Clone)]
struct Side {
    features: Features,
    entries: Vec<Entry>,
}

impl Side {
    /// Few different features, so that many distances are equal, and labels of which some are not known.
    fn random(rows: usize, random: &mut Random) -> Self {
        let (mut values, mut entries) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            // No row is zero.
            values.push(1.0);
            values.extend((1..WIDTH).map(|_| random.below(3) as f32 - 1.0));
            let mut label = |most: u32| Some(i64::from(random.below(most))).filter(|n| *n > 0);
            let (camera, source, clothes) = (label(5), label(4), label(3));
            // −1 is a distractor.
            let identity = Identity(i64::from(random.below(5)) - 1);
            entries.push(Entry {
                camera: camera.map(Camera),
                source: source.map(SourcePhoto),
                clothes: clothes.map(Clothes),
                second_source: None,
                ..Entry::of(identity)
            });
        }
        let features = Features::new("test", rows, WIDTH, values).expect("finite");
        Self { features, entries }
    }

    fn select(&self, rows: &[usize]) -> Self {
        let entries = rows.iter().map(|row| self.entries[*row]).collect();
        Self { features: self.features.select(rows), entries }
    }

    fn labelled(&self) -> LabelledFeatures<'_> {
        LabelledFeatures { features: &self.features, entries: &self.entries }
    }
}

fn sides(seed: u32) -> (Side, Side) {
    let mut random = Random::new(seed);
    (Side::random(QUERIES, &mut random), Side::random(GALLERY, &mut random))
}

fn scored(queries: &Side, gallery: &Side, protocol: Protocol, ties: Ties) -> Option<Scores> {
    let options = EvalOptions { ties, ..EvalOptions::default() };
    match evaluate(queries.labelled(), gallery.labelled(), protocol, options, |_, _| {}) {
        Ok(scores) => Some(scores),
        Err(EvalError::NoMatches { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Average precision, inverse negative penalty and first match of a query, by sorting the whole gallery.
fn by_definition(
    query: usize,
    queries: &Side,
    gallery: &Side,
    protocol: Protocol,
    ties: Ties,
) -> Option<QueryScore> {
    let of_query = &queries.entries[query];
    let from = distances(&queries.features.select(&[query]), &gallery.features, Metric::Cosine);
    let from = from.expect("of one width");
    let is_match = |i: usize| of_query.shows_the_person_of(&gallery.entries[i]);
    let mut order: Vec<usize> =
        (0..GALLERY).filter(|i| !protocol.is_junk(of_query, &gallery.entries[*i])).collect();
    let among_equals = |i: usize| match ties {
        Ties::Optimistic => !is_match(i),
        Ties::Stable => false,
        Ties::Pessimistic => is_match(i),
    };
    order.sort_by(|a, b| {
        let distance = from[*a].partial_cmp(&from[*b]).expect("numbers");
        distance.then_with(|| (among_equals(*a), *a).cmp(&(among_equals(*b), *b)))
    });
    let ranks: Vec<usize> =
        (1..).zip(&order).filter(|(_, i)| is_match(**i)).map(|(rank, _)| rank).collect();
    let (first, last) = (*ranks.first()?, *ranks.last()?);
    let precisions = (1..).zip(&ranks).map(|(found, rank)| f64::from(found) / *rank as f64);
    let before = order[..first - 1].iter();
    let first_match = match protocol.counts_identities() {
        true => {
            let identities = before.map(|i| gallery.entries[*i].identity.0);
            // Those below 0 are nobody's, so that no two are one person.
            let (people, unknown): (Vec<_>, Vec<_>) = identities.partition(|number| *number >= 0);
            unknown.len() + BTreeSet::from_iter(people).len()
        }
        false => first - 1,
    };
    Some(QueryScore {
        average_precision: precisions.sum::<f64>() / ranks.len() as f64,
        inverse_negative_penalty: ranks.len() as f64 / last as f64,
        first_match,
    })
}

fn assert_alike(found: Option<QueryScore>, expected: Option<QueryScore>, what: &str) {
    match (found, expected) {
        (Some(a), Some(b)) => {
            assert!(
                (a.average_precision - b.average_precision).abs() < 1e-12,
                "{what}: {a:?} {b:?}"
            );
            let penalties = [a, b].map(|score| score.inverse_negative_penalty);
            assert!((penalties[0] - penalties[1]).abs() < 1e-12, "{what}: {a:?} {b:?}");
            assert_eq!(a.first_match, b.first_match, "{what}");
        }
        (a, b) => assert_eq!(a, b, "{what}"),
    }
}

/// A random order of so many rows.
fn shuffled(rows: usize, random: &mut Random) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    for last in (1..rows).rev() {
        order.swap(last, random.below(last as u32 + 1) as usize);
    }
    order
}

/// Calls `check` for every case, protocol and order of ties.
fn for_all(mut check: impl FnMut(u32, Protocol, Ties, &Side, &Side, &str)) {
    for seed in 0..SEEDS {
        let (queries, gallery) = sides(seed);
        for protocol in Protocol::ALL {
            for ties in TIES {
                let what = format!("seed {seed}, {}, {ties:?}", protocol.name());
                check(seed, protocol, ties, &queries, &gallery, &what);
            }
        }
    }
}

#[test]
fn scores_are_those_of_the_definitions_in_any_order_of_the_gallery() {
    let (mut compared, mut unmatched) = (0, 0);
    for_all(|seed, protocol, ties, queries, gallery, what| {
        let order = shuffled(GALLERY, &mut Random::new(seed + SEEDS));
        for gallery in [gallery, &gallery.select(&order)] {
            let scores = scored(queries, gallery, protocol, ties);
            for query in 0..QUERIES {
                let expected = by_definition(query, queries, gallery, protocol, ties);
                let found = scores.as_ref().and_then(|scores| scores.by_query[query]);
                assert_alike(found, expected, what);
                *if expected.is_some() { &mut compared } else { &mut unmatched } += 1;
            }
        }
    });
    assert!(compared > 30_000 && unmatched > 1_000, "{compared} {unmatched}");
}

#[test]
fn ties_bound_each_other_and_the_outer_two_do_not_depend_on_the_order() {
    let mut differing = 0;
    for_all(|seed, protocol, ties, queries, gallery, what| {
        let order = shuffled(GALLERY, &mut Random::new(seed + SEEDS));
        let Some(scores) = scored(queries, gallery, protocol, ties) else { return };
        if ties != Ties::Stable {
            let again = scored(queries, &gallery.select(&order), protocol, ties);
            let again = again.expect("the same matches");
            for (a, b) in again.by_query.iter().zip(&scores.by_query) {
                assert_alike(*a, *b, what);
            }
            return;
        }
        let bound = |ties| scored(queries, gallery, protocol, ties).expect("the same matches").map;
        let (low, high) = (bound(Ties::Pessimistic), bound(Ties::Optimistic));
        assert!(low <= scores.map + 1e-12 && scores.map <= high + 1e-12, "{what}");
        differing += usize::from(low < high);
    });
    assert!(differing > 1_000, "ties matter in {differing} cases");
}

#[test]
fn neither_the_order_nor_the_number_of_queries_changes_a_query() {
    for_all(|seed, protocol, ties, queries, gallery, what| {
        let Some(scores) = scored(queries, gallery, protocol, ties) else { return };
        let mut order = shuffled(QUERIES, &mut Random::new(seed + SEEDS));
        order.extend(0..QUERIES);
        let again = scored(&queries.select(&order), gallery, protocol, ties).expect("matches");
        for (found, query) in again.by_query.iter().zip(&order) {
            assert_eq!(*found, scores.by_query[*query], "{what}");
        }
        assert!((again.map - scores.map).abs() < 1e-12, "{what}");
        assert_eq!(again.skipped, 2 * scores.skipped, "{what}");
    });
}

#[test]
fn the_number_of_threads_changes_no_bit_under_any_protocol() {
    let pools = [1, 2, 3, 8].map(|threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool")
    });
    for_all(|_, protocol, ties, queries, gallery, what| {
        let of =
            |pool: &rayon::ThreadPool| pool.install(|| scored(queries, gallery, protocol, ties));
        let expected = of(&pools[0]);
        for pool in &pools[1..] {
            assert!(of(pool) == expected, "{what}");
        }
    });
}
