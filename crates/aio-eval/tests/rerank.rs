//! Re-ranking against numbers that the authors' `re_ranking_ranklist.py` computes, and properties.

use aio_eval::{
    Entry, EvalError, EvalOptions, Features, LabelledFeatures, Metric, Protocol, Rerank, evaluate,
};
use aio_types::{Camera, Identity, SourcePhoto};

/// F_ij = sin(1.3 i + 0.7 j) + 0.1 ((7 i + 3 j) mod 5), rows of unit length.
fn features(rows: std::ops::Range<usize>) -> Features {
    let count = rows.len();
    let values = rows
        .flat_map(|i| {
            let row: Vec<f64> = (0..4)
                .map(|j| {
                    (1.3 * i as f64 + 0.7 * j as f64).sin() + 0.1 * ((7 * i + 3 * j) % 5) as f64
                })
                .collect();
            let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
            row.into_iter().map(move |v| (v / length) as f32)
        })
        .collect();
    Features::new("golden", count, 4, values).expect("finite")
}

const GOLDEN: [[f64; 9]; 3] = [
    [
        0.999_894_98,
        0.399_489_88,
        0.126_023_42,
        0.712_871_85,
        1.0,
        0.967_593_45,
        0.377_240_06,
        0.131_669_38,
        0.821_955_95,
    ],
    [
        0.989_065_71,
        0.819_774_03,
        0.609_989_72,
        0.002_602_57,
        0.648_767_77,
        1.0,
        0.789_760_49,
        0.593_461_83,
        0.226_380_36,
    ],
    [
        0.752_959_54,
        1.0,
        0.936_412_68,
        0.593_130_83,
        0.004_045_48,
        0.793_317_87,
        0.996_565_45,
        0.917_258_89,
        0.458_804_11,
    ],
];

fn reranked(queries: &Features, gallery: &Features, rerank: Rerank) -> Vec<Vec<f32>> {
    let mut rows = Vec::new();
    let visit = |first: usize, block: ndarray::ArrayView2<f32>| {
        assert_eq!(first, rows.len());
        rows.extend(block.outer_iter().map(|row| row.to_vec()));
    };
    rerank
        .distances(queries, gallery, Metric::Euclidean, &|_| {}, visit)
        .expect("sound parameters");
    rows
}

#[test]
fn the_golden_distances_come_out() {
    let rows = reranked(&features(0..3), &features(3..12), Rerank { k1: 4, k2: 2, lambda: 0.3 });
    assert_eq!(rows.len(), GOLDEN.len());
    for (row, golden) in rows.iter().zip(GOLDEN) {
        assert_eq!(row.len(), golden.len());
        for (value, expected) in row.iter().zip(golden) {
            assert!((f64::from(*value) - expected).abs() < 1e-5, "{row:?}\n{golden:?}");
        }
    }
}

#[test]
fn with_lambda_one_the_order_is_that_of_plain_distances() {
    let (queries, gallery) = (features(0..5), features(5..40));
    let entries = |range: std::ops::Range<i64>| {
        let entry = |i: i64| Entry {
            camera: Some(Camera(i % 2)),
            source: Some(SourcePhoto(i)),
            ..Entry::of(Identity(i % 5))
        };
        range.map(entry).collect::<Vec<_>>()
    };
    let (q, g) = (entries(0..5), entries(5..40));
    let score = |rerank| {
        let options = EvalOptions { rerank, metric: Metric::Euclidean, ..EvalOptions::default() };
        let queries = LabelledFeatures { features: &queries, entries: &q };
        let gallery = LabelledFeatures { features: &gallery, entries: &g };
        evaluate(queries, gallery, Protocol::Market1501, options, |_, _| {})
    };
    let plain = score(None).expect("scores");
    let same = score(Some(Rerank { k1: 6, k2: 3, lambda: 1.0 })).expect("scores");
    assert_eq!((plain.map, plain.cmc), (same.map, same.cmc));
    let error = score(Some(Rerank { k1: 6, k2: 9, lambda: 1.0 })).expect_err("k2 beyond k1 + 1");
    assert_eq!(
        error,
        EvalError::Rerank { problem: "k2 is 9; it must lie between 1 and k1 + 1 = 7".into() }
    );
}

#[test]
fn permuting_the_gallery_permutes_the_distances() {
    let (queries, gallery) = (features(0..6), features(6..36));
    let order: Vec<usize> = (0..30).map(|i| (i * 7 + 3) % 30).collect();
    let rerank = Rerank { k1: 5, k2: 3, lambda: 0.3 };
    let (plain, permuted) =
        (reranked(&queries, &gallery, rerank), reranked(&queries, &gallery.select(&order), rerank));
    assert_eq!((plain.len(), permuted.len()), (6, 6));
    for (a, b) in plain.iter().zip(&permuted) {
        assert_eq!((a.len(), b.len()), (30, 30));
        for (j, from) in order.iter().enumerate() {
            assert!((b[j] - a[*from]).abs() < 1e-5, "{} {}", b[j], a[*from]);
        }
    }
}

#[test]
fn samples_that_are_all_alike_have_finite_distances() {
    let alike = Features::new("alike", 5, 2, vec![1.0; 10]).expect("finite");
    let rows = reranked(&alike, &alike, Rerank { k1: 3, k2: 2, lambda: 0.3 });
    assert!(rows.iter().flatten().all(|v| v.is_finite()), "{rows:?}");
}

#[test]
fn more_neighbours_than_samples_are_all_samples() {
    let (queries, gallery) = (features(0..3), features(3..12));
    let of = |k1| Rerank { k1, k2: 2, lambda: 0.3 };
    // Half of 24 neighbours are all twelve samples.
    let all = reranked(&queries, &gallery, of(24));
    for k1 in [1 << 56, usize::MAX] {
        assert_eq!(reranked(&queries, &gallery, of(k1)), all, "{k1}");
        assert_eq!(of(k1).memory(3, 9), of(11).memory(3, 9), "{k1}");
    }
}
