//! Features of any finite size: distances never overflow to 0, and what cannot be compared is refused by row.

use aio_eval::{
    Entry, EvalError, EvalOptions, Features, LabelledFeatures, Metric, OpenSet, Protocol, Rerank,
    Scores, distances, evaluate, open_set,
};
use aio_types::Identity;

/// Queries and gallery of a few people, each number times `factor`.
struct Sides {
    queries: Features,
    gallery: Features,
    labels: [Vec<Entry>; 2],
}

fn sides(factor: f32) -> Sides {
    let side = |rows: usize, shift: usize| {
        let value = |i: usize| ((i * 37 + shift * 11) % 19) as f32 - 9.0;
        let values = (0..rows * 5).map(|i| value(i) * factor).collect();
        Features::new("features", rows, 5, values).expect("finite")
    };
    let label = |i: usize| Entry::of(Identity(i as i64 % 4));
    Sides {
        queries: side(8, 0),
        gallery: side(24, 1),
        labels: [(0..8).map(label).collect(), (0..24).map(label).collect()],
    }
}

impl Sides {
    fn scores(&self, metric: Metric, rerank: Option<Rerank>) -> Result<Scores, EvalError> {
        let options = EvalOptions { metric, rerank, ..EvalOptions::default() };
        let (queries, gallery) = self.labelled();
        evaluate(queries, gallery, Protocol::None, options, |_, _| {})
    }

    fn open_set(&self, metric: Metric) -> Result<OpenSet, EvalError> {
        let (queries, gallery) = self.labelled();
        open_set(queries, gallery, Protocol::None, metric, &[0.1])
    }

    fn labelled(&self) -> (LabelledFeatures<'_>, LabelledFeatures<'_>) {
        let [queries, gallery] = &self.labels;
        (
            LabelledFeatures { features: &self.queries, entries: queries },
            LabelledFeatures { features: &self.gallery, entries: gallery },
        )
    }
}

fn reranking() -> Option<Rerank> {
    Some(Rerank { k1: 4, k2: 2, lambda: 0.3 })
}

#[test]
fn the_cosine_of_features_of_any_size_is_the_same() {
    let usual = sides(1.0);
    let expected = distances(&usual.queries, &usual.gallery, Metric::Cosine).expect("finite");
    for exponent in [-140, -100, -60, 60, 66, 100, 123] {
        let scaled = sides(2f64.powi(exponent) as f32);
        let found = distances(&scaled.queries, &scaled.gallery, Metric::Cosine).expect("finite");
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-6, "2^{exponent}: {found}, {expected}");
        }
        for rerank in [None, reranking()] {
            let (a, b) =
                (scaled.scores(Metric::Cosine, rerank), usual.scores(Metric::Cosine, rerank));
            assert_eq!(a.expect("scores").map, b.expect("scores").map, "2^{exponent}");
        }
    }
    // One row that is far larger than the others changes nothing for these.
    let mut values: Vec<f32> = usual.gallery.view().iter().copied().collect();
    values[5..10].iter_mut().for_each(|v| *v *= 1e30);
    let gallery = Features::new("gallery", 24, 5, values).expect("finite");
    let found = distances(&usual.queries, &gallery, Metric::Cosine).expect("finite");
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-6, "{found}, {expected}");
    }
}

#[test]
fn euclidean_distances_that_would_overflow_or_vanish_are_refused_by_row() {
    let usual = sides(1.0);
    for (factor, is_refused) in
        [(1e19, true), (1e30, true), (1e-20, true), (1e15, false), (1e-6, false)]
    {
        let scaled = sides(factor);
        for rerank in [None, reranking()] {
            let found = scaled.scores(Metric::Euclidean, rerank);
            if is_refused {
                let error = found.expect_err("out of range").to_string();
                assert!(error.contains("row") && error.contains("has length"), "{error}");
            } else {
                let expected = usual.scores(Metric::Euclidean, rerank).expect("scores");
                assert_eq!(found.expect("scores").map, expected.map, "{factor}");
            }
        }
        assert_eq!(scaled.open_set(Metric::Euclidean).is_err(), is_refused, "{factor}");
    }
    let mut values: Vec<f32> = usual.gallery.view().iter().copied().collect();
    values[7] = 4e19;
    let gallery = Features::new("gallery", 24, 5, values).expect("finite");
    let error = distances(&usual.queries, &gallery, Metric::Euclidean).expect_err("too long");
    assert!(matches!(error, EvalError::Length { what: "gallery", row: 1, .. }), "{error}");
}

#[test]
fn rows_of_zeros_are_compared_as_before() {
    let zeros = Features::new("zeros", 1, 2, vec![0.0; 2]).expect("finite");
    let gallery = Features::new("gallery", 2, 2, vec![0.0, 0.0, 3.0, 4.0]).expect("finite");
    let cosine = distances(&zeros, &gallery, Metric::Cosine).expect("compared");
    assert_eq!(cosine, [1.0, 1.0]);
    let euclidean = distances(&zeros, &gallery, Metric::Euclidean).expect("compared");
    assert_eq!(euclidean, [0.0, 5.0]);
}

#[test]
fn values_that_are_not_finite_are_refused_by_row() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let error =
            Features::new("gallery", 2, 2, vec![0.0, 1.0, 2.0, value]).expect_err("refused");
        let EvalError::NotFinite { row, column, .. } = error else { panic!("{error}") };
        assert_eq!((row, column), (1, 1));
    }
}
