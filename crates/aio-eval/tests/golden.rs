//! Numbers from outside: hand-computed values, the reference implementations' definitions, and invariances.

use aio_eval::{
    AveragePrecision, Entry, EvalError, EvalOptions, Features, LabelledFeatures, Metric, Protocol,
    Ranking, Relevance, Ties, chance, evaluate, single_shot,
};
use aio_types::{Camera, Identity, SourcePhoto};

/// An entry; a label of −1 is not known.
fn entry(identity: i64, camera: i64, source: i64) -> Entry {
    let known = |label: i64| (label != -1).then_some(label);
    Entry {
        camera: known(camera).map(Camera),
        source: known(source).map(SourcePhoto),
        ..Entry::of(Identity(identity))
    }
}

fn labelled<'a>(features: &'a Features, entries: &'a [Entry]) -> LabelledFeatures<'a> {
    LabelledFeatures { features, entries }
}

/// A ranking whose hits are given, in order.
fn ranking(hits: &[i64]) -> Ranking {
    let gallery: Vec<Entry> = hits
        .iter()
        .enumerate()
        .map(|(i, hit)| entry(if *hit == 1 { 7 } else { 100 + i as i64 }, -1, -1))
        .collect();
    let distances: Vec<f32> = (0..hits.len()).map(|i| i as f32).collect();
    Ranking::new(&entry(7, -1, -1), &gallery, &distances, Protocol::None, Ties::Stable, 0)
}

#[test]
fn average_precision_and_inp_match_the_golden_values() {
    let cases: [(&[i64], f64, f64, f64); 3] = [
        (&[1, 0, 1, 0, 0], 0.833_333_3, 0.791_666_7, 0.666_666_7),
        (&[0, 1, 0, 1, 1], 0.533_333_3, 0.405_555_6, 0.6),
        (&[0, 0, 1], 0.333_333_3, 0.166_666_7, 0.333_333_3),
    ];
    for (hits, standard, trapezoid, inp) in cases {
        let ranking = ranking(hits);
        let near = |value: Option<f64>, expected: f64| {
            assert!(
                (value.expect("a hit") - expected).abs() < 1e-6,
                "{hits:?}: {value:?} {expected}"
            )
        };
        near(ranking.average_precision(AveragePrecision::Standard), standard);
        near(ranking.average_precision(AveragePrecision::Trapezoid), trapezoid);
        near(ranking.inverse_negative_penalty(), inp);
    }
}

#[test]
fn market_drops_the_same_person_at_the_same_camera_only() {
    let query = entry(1, 1, -1);
    let sees = |e: Entry| !Protocol::Market1501.is_junk(&query, &e);
    assert!(!sees(entry(1, 1, -1)) && sees(entry(1, 2, -1)) && sees(entry(2, 1, -1)));
}

#[test]
fn sysu_drops_the_same_place_whoever_is_there() {
    let query = entry(1, 3, -1);
    let sees = |camera| !Protocol::SysuMm01.is_junk(&query, &entry(9, camera, -1));
    assert!(!sees(2) && sees(1) && sees(4) && sees(5));
    assert!(!Protocol::SysuMm01.is_junk(&entry(1, 6, -1), &entry(1, 2, -1)));
}

#[test]
fn sysu_counts_identities_in_cmc_and_images_in_ap() {
    // Ranked: two images of person 2, then the match. Over images it is third, over identities second.
    let gallery = [entry(2, 1, -1), entry(2, 4, -1), entry(1, 5, -1)];
    let ranking = |protocol| {
        Ranking::new(&entry(1, 6, -1), &gallery, &[0.1, 0.2, 0.3], protocol, Ties::Stable, 2)
    };
    assert_eq!(ranking(Protocol::None).first_match(), Some(2));
    let ranking = ranking(Protocol::SysuMm01);
    assert_eq!(ranking.first_match(), Some(1));
    assert_eq!(ranking.nearest, [(0, Relevance::NonMatch), (1, Relevance::NonMatch)]);
    assert!(
        (ranking.average_precision(AveragePrecision::Standard).expect("a hit") - 1.0 / 3.0).abs()
            < 1e-12
    );
}

#[test]
fn junk_stands_in_the_list_and_counts_for_nothing() {
    let gallery = [entry(1, 1, -1), entry(2, 1, -1), entry(1, 2, -1), entry(1, 1, -1)];
    let ranking = Ranking::new(
        &entry(1, 1, -1),
        &gallery,
        &[0.1, 0.2, 0.3, 0.4],
        Protocol::Market1501,
        Ties::Stable,
        2,
    );
    assert_eq!(
        ranking.nearest,
        [(0, Relevance::Junk), (1, Relevance::NonMatch), (2, Relevance::Match)]
    );
    assert_eq!(ranking.first_match(), Some(1));
}

#[test]
fn tri_drops_the_photograph_that_the_query_was_made_from() {
    let query = entry(1, -1, 5);
    assert!(Protocol::Tri.is_junk(&query, &entry(1, -1, 5)));
    assert!(
        !Protocol::Tri.is_junk(&query, &entry(1, -1, 6))
            && !Protocol::Tri.is_junk(&query, &entry(2, -1, 5))
    );
}

fn random_features(rows: usize, seed: u32) -> Features {
    let mut random = aio_eval::python::Random::new(seed);
    let values =
        (0..rows * 8).map(|_| (random.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0).collect();
    Features::new("test", rows, 8, values).expect("finite")
}

fn people(count: usize, per: usize) -> Vec<Entry> {
    (0..count * per).map(|i| entry((i / per) as i64, (i % per) as i64, i as i64)).collect()
}

#[test]
fn permuting_the_gallery_changes_nothing() {
    let (queries, gallery) = (people(6, 2), people(6, 5));
    let (q, g) = (random_features(12, 1), random_features(30, 2));
    let order: Vec<usize> = (0..30).map(|i| (i * 7) % 30).collect();
    let permuted: Vec<Entry> = order.iter().map(|i| gallery[*i]).collect();
    for metric in [Metric::Cosine, Metric::Euclidean] {
        let options = EvalOptions { metric, ..EvalOptions::default() };
        let a = evaluate(
            labelled(&q, &queries),
            labelled(&g, &gallery),
            Protocol::Market1501,
            options,
            |_, _| {},
        )
        .expect("scores");
        let b = evaluate(
            labelled(&q, &queries),
            labelled(&g.select(&order), &permuted),
            Protocol::Market1501,
            options,
            |_, _| {},
        )
        .expect("scores");
        assert_eq!((a.map, a.minp, a.cmc), (b.map, b.minp, b.cmc));
    }
}

#[test]
fn perfect_features_score_one_and_skipped_queries_are_counted() {
    let gallery = people(4, 2);
    let values: Vec<f32> = gallery
        .iter()
        .flat_map(|e| (0..8).map(move |c| f32::from(u8::from(Identity(c) == e.identity))))
        .collect();
    let g = Features::new("gallery", 8, 8, values).expect("finite");
    let mut queries = people(4, 2);
    queries[0].identity = Identity(50);
    let scores = evaluate(
        labelled(&g, &queries),
        labelled(&g, &gallery),
        Protocol::Market1501,
        EvalOptions::default(),
        |_, _| {},
    )
    .expect("scores");
    assert_eq!(
        (scores.map, scores.minp, scores.rank(1), scores.skipped, scores.queries),
        (1.0, 1.0, 1.0, 1, 8)
    );
}

#[test]
fn chance_agrees_with_the_expected_average_precision_of_a_random_order() {
    // E[AP] = H_n/n + (R − 1)/(n − 1) · (1 − H_n/n) for R hits among n.
    let (queries, gallery) = (people(10, 20), people(10, 4));
    let (n, r) = (40.0, 4.0);
    let h: f64 = (1..=40).map(|i| 1.0 / f64::from(i)).sum();
    let expected = h / n + (r - 1.0) / (n - 1.0) * (1.0 - h / n);
    let scores =
        chance(&queries, &gallery, Protocol::None, EvalOptions::default(), 3, 20).expect("scores");
    assert!((scores.map - expected).abs() < 0.005, "{} {expected}", scores.map);
    assert!((scores.rank(1) - r / n).abs() < 0.01, "{}", scores.rank(1));
}

#[test]
fn a_single_shot_gallery_holds_one_entry_per_person_and_camera() {
    let gallery: Vec<Entry> = (0..60).map(|i| entry(i / 12, 1 + (i / 3) % 4, i)).collect();
    let chosen = single_shot(&gallery, &[1, 2, 4].map(Camera), 0);
    assert_eq!(chosen.len(), 15);
    assert_ne!(chosen, single_shot(&gallery, &[1, 2, 4].map(Camera), 1));
    // random.seed(0); random.choice over three files, five times: CPython prints 1 1 0 1 2.
    let places: Vec<usize> = chosen[..5].iter().map(|i| i % 3).collect();
    assert_eq!(places, [1, 1, 0, 1, 2]);
}

#[test]
fn bad_features_are_refused_by_row() {
    let error = Features::new("gallery", 2, 2, vec![0.0, 1.0, f32::NAN, 0.0]).expect_err("NaN");
    assert!(matches!(error, EvalError::NotFinite { row: 1, column: 0, .. }), "{error}");
    assert!(Features::new("gallery", 2, 3, vec![0.0; 5]).is_err());
    let (q, g) = (random_features(2, 1), random_features(2, 2));
    let strangers = [entry(8, 0, 0), entry(9, 0, 0)];
    let result = evaluate(
        labelled(&q, &people(2, 1)),
        labelled(&g, &strangers),
        Protocol::None,
        EvalOptions::default(),
        |_, _| {},
    );
    assert_eq!(result, Err(EvalError::NoMatches { queries: 2, protocol: "none" }));
}

/// A ranking by sorting everything, the slow way.
fn sorted(
    query: &Entry,
    gallery: &[Entry],
    distances: &[f32],
    protocol: Protocol,
) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> =
        (0..gallery.len()).filter(|i| !protocol.is_junk(query, &gallery[*i])).collect();
    order.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b)));
    let hits = order
        .iter()
        .enumerate()
        .filter(|(_, i)| gallery[**i].identity == query.identity)
        .map(|(place, _)| place)
        .collect();
    (order, hits)
}

#[test]
fn counting_places_agrees_with_sorting_even_where_distances_are_equal() {
    let mut random = aio_eval::python::Random::new(9);
    for round in 0..200 {
        let gallery: Vec<Entry> = (0..40)
            .map(|i| entry(i64::from(random.next_u32() % 6), i64::from(random.next_u32() % 3), i))
            .collect();
        let distances: Vec<f32> = (0..40).map(|_| (random.next_u32() % 9) as f32 - 4.0).collect();
        let query = entry(round % 6, round % 3, round);
        for protocol in [Protocol::Market1501, Protocol::SysuMm01, Protocol::None] {
            let (order, hits) = sorted(&query, &gallery, &distances, protocol);
            let ranking = Ranking::new(&query, &gallery, &distances, protocol, Ties::Stable, 12);
            let visible = ranking
                .nearest
                .iter()
                .filter(|(_, relevance)| *relevance != Relevance::Junk)
                .map(|(i, _)| *i);
            assert_eq!(visible.collect::<Vec<_>>(), order[..12.min(order.len())]);
            let nearest: Vec<usize> = ranking.nearest.iter().map(|(i, _)| *i).collect();
            assert_eq!(
                nearest,
                sorted(&query, &gallery, &distances, Protocol::None).0[..nearest.len()],
                "with the hidden ones nothing is left out"
            );
            assert_eq!(ranking.has_match(), !hits.is_empty());
            let expected = hits
                .iter()
                .enumerate()
                .map(|(j, place)| (j + 1) as f64 / (place + 1) as f64)
                .sum::<f64>()
                / hits.len() as f64;
            let found = ranking.average_precision(AveragePrecision::Standard).unwrap_or(f64::NAN);
            assert!(hits.is_empty() || (found - expected).abs() < 1e-12, "{found} {expected}");
            let last = hits.last().map(|last| hits.len() as f64 / (last + 1) as f64);
            assert_eq!(ranking.inverse_negative_penalty(), last);
        }
    }
}
