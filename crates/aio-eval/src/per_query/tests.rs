use super::*;
use crate::{
    Entry, EvalOptions, Features, LabelledFeatures, Protocol, Scores, evaluate, mean_over_trials,
};
use aio_types::Camera;

fn side(labels: &[(i64, i64)], angles: &[f32]) -> (Features, Vec<Entry>) {
    let entry = |(identity, camera): &(i64, i64)| Entry {
        camera: Some(Camera(*camera)),
        ..Entry::of(Identity(*identity))
    };
    let values = angles.iter().flat_map(|angle| [angle.cos(), angle.sin()]).collect();
    let features = Features::new("test", labels.len(), 2, values).expect("finite");
    (features, labels.iter().map(entry).collect())
}

/// Scores a trial and adds it to `scored`; `numbers` are those of its queries in the task.
fn trial(
    scored: &mut PerQuery,
    trial: usize,
    numbers: &[usize],
    queries: &(Features, Vec<Entry>),
    gallery: &(Features, Vec<Entry>),
    protocol: Protocol,
) -> Scores {
    let options = EvalOptions::default();
    evaluate(
        LabelledFeatures { features: &queries.0, entries: &queries.1 },
        LabelledFeatures { features: &gallery.0, entries: &gallery.1 },
        protocol,
        options,
        |query, ranking| {
            let identity = queries.1[query].identity;
            scored.add(trial, numbers[query], identity, ranking, options.average_precision);
        },
    )
    .expect("matches")
}

/// Two trials of one task; query 1 has a match in the second alone.
fn two_trials() -> PerQuery {
    let mut scored = PerQuery::default();
    let queries = side(&[(1, 1), (2, 1), (3, 1)], &[0.0, 1.0, 2.0]);
    let galleries = [
        side(&[(1, 2), (3, 2), (3, 3), (4, 2)], &[0.1, 1.2, 2.5, 2.1]),
        side(&[(1, 2), (2, 2), (3, 2), (1, 3)], &[0.9, 1.05, 0.2, 0.3]),
    ];
    for (number, gallery) in galleries.iter().enumerate() {
        trial(&mut scored, number, &[0, 1, 2], &queries, gallery, Protocol::Market1501);
    }
    scored
}

#[test]
fn a_query_is_averaged_over_the_trials_that_score_it() {
    let means: Vec<QueryMean> = two_trials().means().collect();
    // By hand, from the angles. Query 0: rank 1, then ranks 2 and 3. Query 1: rank 1. Query 2: ranks 2 and 3, then
    // rank 4. The first trial scores two queries, the second three: of a query of both, it is 3/5 and 2/5.
    let second_and_third = (1.0 / 2.0 + 2.0 / 3.0) / 2.0;
    let expected = [
        (0, 2, 0.6 + 0.4 * second_and_third, 0.6, 0.4),
        (1, 1, 1.0, 1.0, 0.0),
        (2, 2, 0.6 * second_and_third + 0.4 * 0.25, 0.0, 0.6 + 0.4 * 3.0),
    ];
    assert_eq!(means.len(), expected.len());
    for (found, (query, trials, precision, rank1, first)) in means.iter().zip(expected) {
        assert_eq!((found.query, found.identity.0), (query, query as i64 + 1));
        assert_eq!(found.trials, trials);
        for (found, expected) in [
            (found.average_precision, precision),
            (found.rank1, rank1),
            (found.first_match, first),
            (found.weight, if trials == 2 { 1.0 / 2.0 + 1.0 / 3.0 } else { 1.0 / 3.0 }),
        ] {
            assert!((found - expected).abs() < 1e-12, "query {query}: {found} {expected}");
        }
    }
}

/// One of the values of a query.
type Value = fn(&QueryMean) -> f64;

#[test]
fn the_mean_is_that_over_trials_of_other_queries_and_sizes() {
    // Query 1 is in all trials; the second trial leaves one of its queries without a match.
    let angles = [0.0, 1.0, 2.0, 0.4];
    let people = [(1, 1), (2, 1), (3, 1), (1, 2)];
    let of = |numbers: &[usize]| {
        let labels: Vec<(i64, i64)> = numbers.iter().map(|number| people[*number]).collect();
        side(&labels, &numbers.iter().map(|number| angles[*number]).collect::<Vec<f32>>())
    };
    let galleries = [
        side(&[(1, 3), (2, 3), (3, 3), (2, 4)], &[1.5, 0.1, 0.7, 1.2]),
        side(&[(2, 3), (3, 3), (4, 3), (3, 4)], &[0.2, 1.3, 1.9, 0.4]),
        side(&[(1, 3), (2, 3), (2, 4)], &[0.9, 0.3, 0.5]),
    ];
    let numbers: [&[usize]; 3] = [&[0, 1, 2, 3], &[0, 1, 2], &[1]];
    let (mut scored, mut trials) = (PerQuery::default(), Vec::new());
    for (number, (numbers, gallery)) in numbers.into_iter().zip(&galleries).enumerate() {
        let queries = of(numbers);
        let of_trial = trial(&mut scored, number, numbers, &queries, gallery, Protocol::Market1501);
        trials.push(of_trial);
    }
    assert_eq!(trials.iter().map(|t| t.queries - t.skipped).collect::<Vec<_>>(), [4, 2, 1]);
    let expected = mean_over_trials(&trials);
    let values: [(Value, f64); 3] = [
        (|query| query.average_precision, expected.map),
        (|query| query.inverse_negative_penalty, expected.minp),
        (|query| query.rank1, expected.rank(1)),
    ];
    for (value, expected) in values {
        let found = scored.interval(value, 40, 0).expect("finite").expect("three people");
        assert!((found.mean - expected).abs() < 1e-12, "{found:?} {expected}");
        let unweighted = scored.means().map(|query| value(&query)).sum::<f64>() / 4.0;
        assert!((unweighted - expected).abs() > 0.01, "{unweighted} {expected}");
    }
    let weights: Vec<f64> = scored.means().map(|query| query.weight).collect();
    let expected = [0.25, 0.25 + 0.5 + 1.0, 0.25 + 0.5, 0.25];
    assert!(weights.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{weights:?}");
}

#[test]
fn where_every_trial_scores_every_query_the_means_are_those_of_the_trials() {
    let queries = side(&[(1, 1), (2, 1), (1, 2)], &[0.0, 1.0, 2.0]);
    let labels = [(1, 3), (2, 2), (2, 3), (1, 4), (5, 1)];
    for protocol in [Protocol::Market1501, Protocol::Cuhk03Classic, Protocol::Llcm] {
        let mut scored = PerQuery::default();
        let angles = [[1.5, 0.1, 0.7, 0.2, 1.3], [0.4, 1.2, 1.9, 0.8, 0.6]];
        let trials = [0, 1].map(|number| {
            let gallery = side(&labels, &angles[number]);
            trial(&mut scored, number, &[0, 1, 2], &queries, &gallery, protocol)
        });
        let expected = mean_over_trials(&trials);
        let mean = |value: fn(&QueryMean) -> f64| {
            scored.interval(value, 40, 0).expect("finite").expect("two people").mean
        };
        let name = protocol.name();
        assert!((mean(|q| q.average_precision) - expected.map).abs() < 1e-12, "{name}");
        assert!((mean(|q| q.inverse_negative_penalty) - expected.minp).abs() < 1e-12, "{name}");
        assert!((mean(|q| q.rank1) - expected.rank(1)).abs() < 1e-12, "{name}");
    }
}

#[test]
fn methods_on_different_queries_are_not_compared() {
    let both = two_trials();
    let mut fewer = both.clone();
    fewer.scored.remove(&1);
    let refused = both.difference(&fewer, |q| q.rank1, 40, 0).expect_err("different queries");
    let message = refused.to_string();
    assert!(message.contains("query 1 of person 2"), "{message}");
    assert!(message.contains("query 2 of person 3"), "{message}");
    // The same queries, which count otherwise.
    let mut otherwise = both.clone();
    otherwise.sizes.insert(0, 5);
    let refused = both.difference(&otherwise, |q| q.rank1, 40, 0).expect_err("other trials");
    assert!(refused.to_string().contains("with weight 0.5333"), "{refused}");
    let none = both.difference(&both, |q| q.rank1, 40, 0).expect("the same queries");
    assert_eq!(none, Some(Interval { mean: 0.0, low: 0.0, high: 0.0 }));
}
