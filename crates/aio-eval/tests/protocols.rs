//! Protocols against numbers from torchreid, scikit-learn and the published definitions (scripts/golden/protocols.py).

use aio_eval::{
    Entry, EvalOptions, Features, LabelledFeatures, Metric, Protocol, Ranking, Ties, Unmatched,
    chance, evaluate, open_set, unmatched,
};
use aio_types::{Camera, Clothes, Identity, SourcePhoto};
use serde::Deserialize;

#[derive(Deserialize)]
struct Side {
    features: Vec<f32>,
    ids: Vec<i64>,
    cameras: Vec<i64>,
}

#[derive(Deserialize)]
struct Expected {
    map: f64,
    cmc: Vec<f64>,
}

#[derive(Deserialize)]
struct Golden {
    query: Side,
    gallery: Side,
    cuhk03_classic: Expected,
    llcm: Expected,
    rates: Vec<f64>,
    verification: Vec<f64>,
    identification: Vec<f64>,
    genuine_queries: usize,
    intruders: usize,
    genuine_pairs: u64,
    impostor_pairs: u64,
    absent: usize,
    hidden: usize,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/protocols.json")).expect("JSON")
}

fn entry(identity: i64, camera: Option<i64>) -> Entry {
    Entry { camera: camera.map(Camera), ..Entry::of(Identity(identity)) }
}

fn labelled<'a>(features: &'a Features, entries: &'a [Entry]) -> LabelledFeatures<'a> {
    LabelledFeatures { features, entries }
}

fn side(side: &Side) -> (Features, Vec<Entry>) {
    let entries = side
        .ids
        .iter()
        .zip(&side.cameras)
        .map(|(identity, camera)| entry(*identity, Some(*camera)))
        .collect();
    (Features::new("golden", side.ids.len(), 6, side.features.clone()).expect("finite"), entries)
}

fn scores(golden: &Golden, protocol: Protocol) -> aio_eval::Scores {
    let ((q, queries), (g, gallery)) = (side(&golden.query), side(&golden.gallery));
    let options = EvalOptions { metric: Metric::Euclidean, max_rank: 20, ..EvalOptions::default() };
    evaluate(labelled(&q, &queries), labelled(&g, &gallery), protocol, options, |_, _| {})
        .expect("scores")
}

#[test]
fn llcm_counts_identities_and_hides_the_same_camera() {
    let golden = golden();
    let found = scores(&golden, Protocol::Llcm);
    assert!((found.map - golden.llcm.map).abs() < 1e-6, "{} {}", found.map, golden.llcm.map);
    for (k, (a, b)) in found.cmc.iter().zip(&golden.llcm.cmc).enumerate() {
        assert!((a - b).abs() < 1e-9, "rank {}: {a} {b}", k + 1);
    }
}

#[test]
fn cuhk03_classic_is_what_torchreids_draws_tend_to() {
    let golden = golden();
    let found = scores(&golden, Protocol::Cuhk03Classic);
    assert!((found.map - golden.cuhk03_classic.map).abs() < 1e-6);
    for (k, (a, b)) in found.cmc.iter().zip(&golden.cuhk03_classic.cmc).enumerate() {
        // 4,000 draws for each of some twenty queries: one standard error is below 0.002.
        assert!((a - b).abs() < 0.008, "rank {}: {a} {b}", k + 1);
    }
    assert!(found.cmc.windows(2).all(|w| w[0] <= w[1] + 1e-12));
}

#[test]
fn the_expectation_over_galleries_by_hand() {
    // Two strangers' pictures, one nearer and one farther than the match; a third person is always nearer.
    let entry_of = |identity| entry(identity, Some(identity));
    let gallery = [entry_of(2), entry_of(1), entry_of(2), entry_of(3)];
    let query = entry(1, Some(9));
    let ranking = Ranking::new(
        &query,
        &gallery,
        &[0.1, 0.2, 0.3, 0.05],
        Protocol::Cuhk03Classic,
        Ties::Stable,
        0,
    );
    assert_eq!(ranking.expected_cmc(4), [0.0, 0.5, 1.0, 1.0]);
    assert!(
        Ranking::new(
            &query,
            &gallery,
            &[0.1, 0.2, 0.3, 0.05],
            Protocol::Market1501,
            Ties::Stable,
            0
        )
        .expected_cmc(4)
        .is_empty()
    );
}

#[test]
fn open_set_rates_are_those_of_scikit_learn_and_of_the_definition() {
    let golden = golden();
    let ((q, queries), (g, gallery)) = (side(&golden.query), side(&golden.gallery));
    let found = open_set(
        labelled(&q, &queries),
        labelled(&g, &gallery),
        Protocol::Market1501,
        Metric::Euclidean,
        &golden.rates,
    )
    .expect("rates");
    assert_eq!(
        (found.genuine_pairs, found.impostor_pairs),
        (golden.genuine_pairs, golden.impostor_pairs)
    );
    assert_eq!(
        (found.genuine_queries, found.impostor_queries),
        (golden.genuine_queries, golden.intruders)
    );
    for (i, rate) in golden.rates.iter().enumerate() {
        assert_eq!(found.verification[i].false_accepts, *rate);
        let near = |a: Option<f64>, b: f64| {
            assert!((a.expect("a rate") - b).abs() < 1e-9, "at {rate}: {a:?} {b}")
        };
        near(found.verification[i].true_accepts, golden.verification[i]);
        near(found.identification[i].true_accepts, golden.identification[i]);
    }
    let error = open_set(
        labelled(&q, &queries),
        labelled(&g, &gallery),
        Protocol::None,
        Metric::Cosine,
        &[1.5],
    )
    .expect_err("a rate above one");
    assert!(error.to_string().contains("1.5"), "{error}");
    let alone = open_set(
        labelled(&q, &queries[..]),
        labelled(&q, &queries),
        Protocol::None,
        Metric::Cosine,
        &[0.1],
    )
    .expect("nobody is an intruder");
    assert_eq!((alone.impostor_queries, alone.identification[0].true_accepts), (0, None));
}

#[test]
fn people_who_are_not_known_are_counted_one_by_one() {
    let gallery = [-1, -1, -1, 1].map(|identity| entry(identity, None));
    let distances = [0.1, 0.2, 0.3, 0.4];
    for protocol in [Protocol::Llcm, Protocol::SysuMm01, Protocol::Market1501] {
        let query = entry(1, None);
        let ranking = Ranking::new(&query, &gallery, &distances, protocol, Ties::Stable, 0);
        assert_eq!(ranking.first_match(), Some(3), "{protocol:?}");
    }
    let (query, protocol) = (entry(1, None), Protocol::Cuhk03Classic);
    let ranking = Ranking::new(&query, &gallery, &distances, protocol, Ties::Stable, 0);
    assert_eq!(ranking.expected_cmc(5), [0.0, 0.0, 0.0, 1.0, 1.0]);
    // Two entries of one person are drawn from, those of nobody are not.
    let gallery = [2, 1, 2, -1, -1].map(|identity| entry(identity, None));
    let distances = [0.1, 0.2, 0.3, 0.15, 0.4];
    let ranking = Ranking::new(&query, &gallery, &distances, protocol, Ties::Stable, 0);
    assert_eq!(ranking.expected_cmc(3), [0.0, 0.5, 1.0]);
}

#[test]
fn people_who_are_not_known_are_neither_genuine_nor_impostors() {
    let row = |values: &[f32]| Features::new("rows", values.len(), 1, values.to_vec());
    let (query, gallery) = (row(&[0.0, 0.0, 9.0]), row(&[1.0, 2.0, 0.5, 8.0]));
    let (query, gallery) = (query.expect("finite"), gallery.expect("finite"));
    let queries = [1, -1, 3].map(|identity| entry(identity, None));
    let entries = [1, 2, -1, -1].map(|identity| entry(identity, None));
    let found = open_set(
        LabelledFeatures { features: &query, entries: &queries },
        LabelledFeatures { features: &gallery, entries: &entries },
        Protocol::None,
        Metric::Euclidean,
        &[0.0],
    )
    .expect("rates");
    // 1 with 1; 1 with 2, 3 with 1 and 3 with 2.
    assert_eq!((found.genuine_pairs, found.impostor_pairs), (1, 3));
    assert_eq!((found.genuine_queries, found.impostor_queries), (1, 1));
    assert_eq!(found.verification[0].true_accepts, Some(1.0));
    // Somebody who is not known is nearer to the query of 1 than 1 is.
    assert_eq!(found.identification[0].true_accepts, Some(0.0));
}

#[test]
fn queries_without_a_match_are_counted_by_reason() {
    let golden = golden();
    let ((_, queries), (_, gallery)) = (side(&golden.query), side(&golden.gallery));
    let found = unmatched(&queries, &gallery, Protocol::Market1501);
    assert_eq!(found, Unmatched { absent: golden.absent, only_junk: golden.hidden });
    assert_eq!(scores(&golden, Protocol::Market1501).skipped, golden.absent + golden.hidden);
    assert_eq!(unmatched(&queries, &gallery, Protocol::None).only_junk, 0);
}

#[test]
fn what_is_not_known_is_equal_to_nothing() {
    let (source, clothes) = (Some(SourcePhoto(7)), Some(Clothes(5)));
    let known = Entry { source, clothes, ..entry(1, Some(3)) };
    let unknown = entry(1, None);
    let stranger = entry(2, None);
    for protocol in Protocol::ALL {
        for (query, other) in
            [(&unknown, &unknown), (&unknown, &known), (&known, &unknown), (&unknown, &stranger)]
        {
            assert!(!protocol.is_junk(query, other), "{}: {query:?} {other:?}", protocol.name());
        }
        let compares =
            protocol.needs_cameras() || protocol.needs_sources() || protocol.needs_clothes();
        assert_eq!(protocol.is_junk(&known, &known), compares, "{}", protocol.name());
        // What no rule hides from a query is its match.
        assert_eq!(unmatched(&[unknown], &[unknown], protocol), Unmatched::default());
        // Two people whom nobody knows are not one person: a query of them has no match.
        let nobody = Entry { identity: Identity(-1), ..known };
        let absent = unmatched(&[nobody], &[nobody], protocol);
        assert_eq!(absent, Unmatched { absent: 1, only_junk: 0 }, "{}", protocol.name());
        let ranking = Ranking::new(&nobody, &[nobody], &[0.0], protocol, Ties::Stable, 0);
        assert!(!ranking.has_match(), "{}", protocol.name());
    }
}

#[test]
fn the_reasons_of_unmatched_queries_are_said_in_words() {
    let counted = Unmatched { absent: 2, only_junk: 3 };
    assert_eq!(counted.total(), 5);
    let words = counted.explain(Protocol::SysuMm01).expect("a reason");
    assert!(
        words.contains("2 show people whom the gallery does not show")
            && words.contains(
                "of 3 the protocol `sysu-mm01` hides every match (entries at the same place)"
            ),
        "{words}"
    );
    assert_eq!(Unmatched::default().explain(Protocol::None), None);
}

#[test]
fn ties_bound_every_order() {
    // All features are alike: stable keeps the gallery's order, the bounds are the best and the worst that an order can do.
    let entry = |identity| entry(identity, None);
    let gallery = [entry(2), entry(1), entry(3), entry(1)];
    let (q, g) = (
        Features::new("q", 1, 1, vec![1.0]).expect("one"),
        Features::new("g", 4, 1, vec![1.0; 4]).expect("four"),
    );
    let map = |ties| {
        let options = EvalOptions { ties, ..EvalOptions::default() };
        evaluate(
            labelled(&q, &[entry(1)]),
            labelled(&g, &gallery),
            Protocol::None,
            options,
            |_, _| {},
        )
        .expect("scores")
        .map
    };
    assert_eq!(map(Ties::Optimistic), 1.0);
    assert_eq!(map(Ties::Stable), (1.0 / 2.0 + 2.0 / 4.0) / 2.0);
    assert_eq!(map(Ties::Pessimistic), (1.0 / 3.0 + 2.0 / 4.0) / 2.0);
}

#[test]
fn a_pooled_query_finds_its_person_by_the_euclidean_distance_too() {
    // Two views of length 10 each; the right entry is as long, the wrong ones are short.
    let views = Features::new("views", 2, 2, vec![10.0, 0.0, 8.0, 6.0]).expect("finite");
    let gallery = Features::new("gallery", 3, 2, vec![0.0, 1.0, -1.0, 0.0, 9.0, 3.0]);
    let gallery = gallery.expect("finite");
    let entries = [entry(2, None), entry(3, None), entry(1, None)];
    for metric in [Metric::Cosine, Metric::Euclidean] {
        let query = views.pooled(&[2], metric);
        let query = LabelledFeatures { features: &query, entries: &[entry(1, None)] };
        let gallery = LabelledFeatures { features: &gallery, entries: &entries };
        let options = EvalOptions { metric, ..EvalOptions::default() };
        let scores = evaluate(query, gallery, Protocol::None, options, |_, _| {}).expect("scores");
        assert_eq!(scores.map, 1.0, "{metric:?}");
    }
}

#[test]
fn chance_has_no_spread_without_trials_and_pooling_is_the_mean_of_directions() {
    let features =
        Features::new("views", 3, 2, vec![2.0, 0.0, 0.0, 5.0, 3.0, 4.0]).expect("finite");
    let pooled = |metric| {
        let pooled = features.pooled(&[2, 1], metric);
        pooled.view().into_iter().copied().collect::<Vec<_>>()
    };
    assert_eq!(pooled(Metric::Cosine), [0.5, 0.5, 0.6, 0.8]);
    // Times the mean lengths (2 + 5) / 2 and 5.
    let by_hand = [1.75, 1.75, 3.0, 4.0];
    let near = |(a, b): (f32, f32)| (a - b).abs() < 1e-5;
    let euclidean = pooled(Metric::Euclidean);
    assert!(euclidean.iter().copied().zip(by_hand).all(near), "{euclidean:?}");
    let entries = [entry(1, None)];
    assert_eq!(
        chance(&entries, &entries, Protocol::None, EvalOptions::default(), 0, 3)
            .expect("one")
            .spread
            .expect("three draws")
            .map,
        0.0
    );
}
