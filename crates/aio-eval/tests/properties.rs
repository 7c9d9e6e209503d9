//! What must never change a number: the order of queries and gallery, duplicates, the scale of features, how many queries are scored at once, and the
//! number of threads.

use aio_eval::python::Random;
use aio_eval::{
    Entry, EvalOptions, Features, LabelledFeatures, Metric, Protocol, Rerank, Scores, distances,
    evaluate, open_set,
};
use aio_types::{Camera, Identity, SourcePhoto};

const WIDTH: usize = 24;

/// Features and labels of one side.
#[derive(Clone)]
struct Side {
    features: Features,
    entries: Vec<Entry>,
}

impl Side {
    /// Several pictures of each of some people, as noisy copies of one vector per person.
    fn random(people: usize, each: usize, seed: u32) -> Self {
        let mut of_people = Random::new(7);
        let mut noise = Random::new(seed);
        let unit = |random: &mut Random| (random.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0;
        let centres: Vec<f32> = (0..people * WIDTH).map(|_| unit(&mut of_people)).collect();
        let (mut values, mut entries) = (Vec::new(), Vec::new());
        for row in 0..people * each {
            let person = row / each;
            let centre = &centres[person * WIDTH..(person + 1) * WIDTH];
            values.extend(centre.iter().map(|value| value + 1.5 * unit(&mut noise)));
            entries.push(Entry {
                camera: Some(Camera((row % 3) as i64)),
                source: Some(SourcePhoto(row as i64)),
                ..Entry::of(Identity(person as i64))
            });
        }
        Self { features: of(values), entries }
    }

    fn select(&self, rows: &[usize]) -> Self {
        let entries = rows.iter().map(|row| self.entries[*row]).collect();
        Self { features: self.features.select(rows), entries }
    }

    fn scaled(&self, factor: impl Fn(usize) -> f32) -> Self {
        let values = self.features.view();
        let scaled = values.indexed_iter().map(|((row, _), value)| value * factor(row)).collect();
        Self { features: of(scaled), ..self.clone() }
    }

    fn labelled(&self) -> LabelledFeatures<'_> {
        LabelledFeatures { features: &self.features, entries: &self.entries }
    }
}

fn of(values: Vec<f32>) -> Features {
    Features::new("test", values.len() / WIDTH, WIDTH, values).expect("finite")
}

/// Every way of scoring that has its own code.
fn ways() -> Vec<EvalOptions> {
    let plain = EvalOptions::default();
    let euclidean = EvalOptions { metric: Metric::Euclidean, ..plain };
    let expanded = EvalOptions { expand: 2, ..plain };
    let reranked = EvalOptions { rerank: Some(Rerank { k1: 6, k2: 3, lambda: 0.3 }), ..plain };
    vec![plain, euclidean, expanded, reranked]
}

fn score(queries: &Side, gallery: &Side, options: EvalOptions) -> Scores {
    let scored =
        evaluate(queries.labelled(), gallery.labelled(), Protocol::Market1501, options, |_, _| {});
    scored.expect("scores")
}

fn sides() -> (Side, Side) {
    let (queries, gallery) = (Side::random(9, 3, 1), Side::random(9, 7, 2));
    let map = score(&queries, &gallery, EvalOptions::default()).map;
    assert!((0.3..0.95).contains(&map), "numbers that could change: {map}");
    (queries, gallery)
}

/// An order of so many rows: `step` has no common divisor with their number.
fn order(rows: usize, step: usize) -> Vec<usize> {
    (0..rows).map(|row| (row * step + 5) % rows).collect()
}

#[test]
fn the_order_of_gallery_and_queries_changes_nothing() {
    let (queries, gallery) = sides();
    for options in ways() {
        let expected = score(&queries, &gallery, options);
        let shuffled = order(63, 10);
        let found = score(&queries, &gallery.select(&shuffled), options);
        assert_eq!(found.by_query.len(), expected.by_query.len());
        for (a, b) in found.by_query.iter().zip(&expected.by_query) {
            let (a, b) = (a.expect("a match"), b.expect("a match"));
            assert!((a.average_precision - b.average_precision).abs() < 1e-12, "{options:?}");
            assert_eq!(a.first_match, b.first_match, "{options:?}");
        }
        // Re-ranking compares queries with each other, too; their order still changes nothing.
        let shuffled = order(27, 4);
        let found = score(&queries.select(&shuffled), &gallery, options);
        for (place, row) in shuffled.iter().enumerate() {
            let (a, b) = (found.by_query[place], expected.by_query[*row]);
            let (a, b) = (a.expect("a match"), b.expect("a match"));
            assert!((a.average_precision - b.average_precision).abs() < 1e-12, "{options:?}");
        }
    }
}

#[test]
fn duplicates_change_no_mean_and_no_first_place() {
    let (queries, gallery) = sides();
    let twice = |rows: usize| (0..rows).chain(0..rows).collect::<Vec<_>>();
    let plain = EvalOptions::default();
    let expected = score(&queries, &gallery, plain);
    let found = score(&queries.select(&twice(27)), &gallery, plain);
    assert!((found.map - expected.map).abs() < 1e-12 && (found.minp - expected.minp).abs() < 1e-12);
    assert!((found.rank(1) - expected.rank(1)).abs() < 1e-12);
    // Each entry and its duplicate stand side by side, so that the nearest one stays the nearest.
    let found = score(&queries, &gallery.select(&twice(63)), plain);
    assert!((found.rank(1) - expected.rank(1)).abs() < 1e-12);
    for (a, b) in found.by_query.iter().zip(&expected.by_query) {
        let (a, b) = (a.expect("a match"), b.expect("a match"));
        assert_eq!(a.first_match, 2 * b.first_match);
    }
}

#[test]
fn the_scale_of_features_changes_nothing() {
    let (queries, gallery) = sides();
    for options in ways() {
        let expected = score(&queries, &gallery, options);
        // A power of two is exact. All rows alike for Euclidean distances, each row for itself for cosines.
        for exponent in [-30, -3, 5, 30] {
            let factor = |row: usize| match options.metric {
                Metric::Euclidean => 2.0f32.powi(exponent),
                Metric::Cosine => 2.0f32.powi(exponent + (row % 5) as i32),
            };
            let found = score(&queries.scaled(factor), &gallery.scaled(factor), options);
            assert_eq!(found, expected, "2^{exponent}, {options:?}");
        }
    }
}

#[test]
fn queries_that_are_scored_one_by_one_score_the_same() {
    let (queries, gallery) = sides();
    for options in ways().into_iter().filter(|options| options.rerank.is_none()) {
        let expected = score(&queries, &gallery, options);
        for rows in [1, 2, 5] {
            for first in (0..27).step_by(rows) {
                let block: Vec<usize> = (first..27.min(first + rows)).collect();
                let found = score(&queries.select(&block), &gallery, options);
                for (place, row) in block.iter().enumerate() {
                    assert_eq!(found.by_query[place], expected.by_query[*row], "{options:?}");
                }
            }
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (queries, gallery) = sides();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let scores: Vec<Scores> =
                ways().into_iter().map(|options| score(&queries, &gallery, options)).collect();
            let rates = open_set(
                queries.labelled(),
                gallery.labelled(),
                Protocol::Market1501,
                Metric::Cosine,
                &[0.01, 0.1],
            );
            (scores, rates.expect("rates"))
        })
    };
    let expected = on(1);
    for threads in [2, 3, 8] {
        assert!(on(threads) == expected, "{threads} threads");
    }
}

#[test]
fn euclidean_distances_survive_a_large_common_part() {
    // Rows near 10,000 that differ by 1 or so: in |a|² + |b|² − 2ab with 32 bits only rounding is left of the difference.
    let side = Side::random(20, 2, 3);
    let shifted: Vec<f32> = side.features.view().iter().map(|v| 10_000.0 + v).collect();
    let shifted = of(shifted);
    for query in 0..shifted.rows() {
        let first = shifted.select(&[query]);
        let found = distances(&first, &shifted, Metric::Euclidean).expect("of one width");
        assert_eq!(found[query], 0.0, "a row is where it is");
        let values = shifted.view();
        for (other, found) in found.iter().enumerate() {
            let squared: f64 = values
                .row(query)
                .iter()
                .zip(values.row(other))
                .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
                .sum();
            let expected = squared.sqrt();
            let error = (f64::from(*found) - expected).abs();
            assert!(error <= 1e-6 * expected, "{query}, {other}: {found}, expected {expected}");
        }
    }
}
