use super::*;
use serde::Deserialize;

/// Numbers of NumPy and SciPy, from scripts/golden/bootstrap.py.
#[derive(Deserialize)]
struct Golden {
    enumerated: Vec<Enumerated>,
    resampled: Vec<Resampled>,
    difference: Difference,
}

/// The exact distribution of a few people; its quantiles are the same for levels within `margin`.
#[derive(Deserialize)]
struct Enumerated {
    values: Vec<f64>,
    people: Vec<i64>,
    mean: f64,
    low: f64,
    high: f64,
    margin: f64,
}

/// 100,000 draws of scipy.stats.bootstrap.
#[derive(Deserialize)]
struct Resampled {
    values: Vec<f64>,
    people: Vec<i64>,
    #[serde(flatten)]
    found: Found,
}

#[derive(Deserialize)]
struct Difference {
    a: Vec<f64>,
    b: Vec<f64>,
    people: Vec<i64>,
    #[serde(flatten)]
    found: Found,
}

#[derive(Deserialize)]
struct Found {
    mean: f64,
    low: f64,
    high: f64,
    standard_error: f64,
}

impl Found {
    /// In standard errors of the mean, a bound has a standard error of 0.0085 with 100,000 draws and of 0.019 with our
    /// 20,000; 0.09 is four times what such bounds differ by.
    fn check(&self, ours: Interval) {
        let tolerance = 0.09 * self.standard_error;
        assert!((ours.mean - self.mean).abs() < 1e-12, "{} {}", ours.mean, self.mean);
        assert!((ours.low - self.low).abs() < tolerance, "{} {}", ours.low, self.low);
        assert!((ours.high - self.high).abs() < tolerance, "{} {}", ours.high, self.high);
    }
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/bootstrap.json")).expect("JSON")
}

fn identities(people: &[i64]) -> Vec<Identity> {
    people.iter().copied().map(Identity).collect()
}

fn of(values: &[f64], people: &[i64]) -> Interval {
    interval(values, &identities(people), None, Interval::DRAWS, 3)
        .expect("finite")
        .expect("two people")
}

/// Ten people with one to four queries each.
fn people_with_queries() -> (Vec<f64>, Vec<i64>) {
    let people: Vec<i64> =
        (0..10).flat_map(|person| vec![person; person as usize % 4 + 1]).collect();
    let values = (0..people.len()).map(|i| (i * 37 % 101) as f64 / 101.0).collect();
    (values, people)
}

#[test]
fn of_a_few_people_the_bounds_are_those_of_all_draws() {
    let cases = golden().enumerated;
    assert_eq!(cases.len(), 5);
    for case in cases {
        // The distribution function of 100,000 draws has a standard error below 0.0005 at either bound.
        assert!(case.margin > 0.0025);
        let people = identities(&case.people);
        let found =
            interval(&case.values, &people, None, 100_000, 0).expect("finite").expect("people");
        for (found, expected) in
            [(found.mean, case.mean), (found.low, case.low), (found.high, case.high)]
        {
            assert!((found - expected).abs() < 1e-11, "{found} {expected}");
        }
    }
}

#[test]
fn the_bounds_are_those_of_scipy() {
    let golden = golden();
    assert_eq!(golden.resampled.len(), 3);
    for case in golden.resampled {
        let people = identities(&case.people);
        let ours =
            interval(&case.values, &people, None, 20_000, 0).expect("finite").expect("people");
        case.found.check(ours);
    }
    let case = golden.difference;
    let people = identities(&case.people);
    let ours =
        difference(&case.a, &case.b, &people, None, 20_000, 0).expect("finite").expect("people");
    case.found.check(ours);
    assert!(ours.contains(ours.mean) && !ours.contains(0.0), "{ours:?}");
}

#[test]
fn the_order_of_the_queries_changes_nothing() {
    let (mut values, mut people) = people_with_queries();
    people[..5].fill(-1);
    let found = of(&values, &people);
    for turn in [1, 7, 13] {
        values.rotate_left(turn);
        people.rotate_left(turn);
        assert_eq!(of(&values, &people), found);
    }
    values.reverse();
    people.reverse();
    assert_eq!(of(&values, &people), found);
}

#[test]
fn a_method_does_not_differ_from_itself() {
    let (values, people) = people_with_queries();
    let found = difference(&values, &values, &identities(&people), None, Interval::DRAWS, 0)
        .expect("finite");
    assert_eq!(found, Some(Interval { mean: 0.0, low: 0.0, high: 0.0 }));
}

#[test]
fn a_difference_that_every_query_shows_has_no_width() {
    let (values, people) = people_with_queries();
    let better: Vec<f64> = values.iter().map(|value| value + 0.05).collect();
    let who = identities(&people);
    let found = difference(&better, &values, &who, None, Interval::DRAWS, 0)
        .expect("finite")
        .expect("people");
    for value in [found.mean, found.low, found.high] {
        assert!((value - 0.05).abs() < 1e-12, "{value}");
    }
    // Unpaired, the same values have wide intervals, which overlap.
    assert!(of(&values, &people).high > of(&better, &people).low);
}

#[test]
fn the_interval_scales_and_turns_with_the_values() {
    let (values, people) = people_with_queries();
    let found = of(&values, &people);
    let doubled = of(&values.iter().map(|v| v * 2.0).collect::<Vec<_>>(), &people);
    assert_eq!(
        doubled,
        Interval { mean: 2.0 * found.mean, low: 2.0 * found.low, high: 2.0 * found.high }
    );
    let turned = of(&values.iter().map(|v| 1.0 - v).collect::<Vec<_>>(), &people);
    assert!((turned.low - (1.0 - found.high)).abs() < 1e-12, "{turned:?} {found:?}");
    assert!((turned.high - (1.0 - found.low)).abs() < 1e-12, "{turned:?} {found:?}");
}

#[test]
fn a_query_of_nobody_known_is_a_person_of_its_own() {
    let values = [0.1, 0.3, 0.35, 0.6, 0.62, 0.8];
    let plain = of(&values, &[1, 2, 3, 4, 5, 6]);
    assert_eq!(of(&values, &[-1; 6]), plain);
    assert_eq!(of(&values, &[-3, -2, -1, -1, -1, 7]), plain);
}

#[test]
fn queries_of_one_person_are_drawn_together() {
    // Twelve queries of three people count like three queries, not like twelve.
    let four_each: Vec<f64> = [0.2, 0.5, 0.9].iter().flat_map(|v| [*v; 4]).collect();
    let people: Vec<i64> = [1, 2, 3].iter().flat_map(|p| [*p; 4]).collect();
    let (once, together) = (of(&[0.2, 0.5, 0.9], &[1, 2, 3]), of(&four_each, &people));
    let apart = of(&four_each, &[-1; 12]);
    assert!((together.low - once.low).abs() < 1e-12 && (together.high - once.high).abs() < 1e-12);
    assert!(apart.high - apart.low < 0.7 * (once.high - once.low), "{apart:?} {once:?}");
}

#[test]
fn the_seed_decides() {
    let (values, people) = people_with_queries();
    let people = identities(&people);
    let with = |seed| interval(&values, &people, None, 500, seed).expect("finite");
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
}

#[test]
fn fewer_than_two_people_have_no_interval() {
    assert_eq!(interval(&[], &[], None, Interval::DRAWS, 0), Ok(None));
    assert_eq!(interval(&[0.5, 1.0], &identities(&[4, 4]), None, Interval::DRAWS, 0), Ok(None));
    assert_eq!(difference(&[0.5], &[1.0], &identities(&[-1]), None, Interval::DRAWS, 0), Ok(None));
}

#[test]
fn a_query_of_weight_three_counts_like_three_of_its_value() {
    let (values, people) = ([0.2, 0.9, 0.4, 0.6], [1, 2, 2, 3]);
    let weights = [3.0, 1.0, 2.0, 1.0];
    let who = identities(&people);
    let found = interval(&values, &who, Some(&weights), Interval::DRAWS, 3);
    let repeated = of(&[0.2, 0.2, 0.2, 0.9, 0.4, 0.4, 0.6], &[1, 1, 1, 2, 2, 2, 3]);
    let found = found.expect("finite").expect("three people");
    // (3·0.2 + 0.9 + 2·0.4 + 0.6) / 7
    assert!((found.mean - 2.9 / 7.0).abs() < 1e-12, "{found:?}");
    assert!((found.low - repeated.low).abs() < 1e-12, "{found:?} {repeated:?}");
    assert!((found.high - repeated.high).abs() < 1e-12, "{found:?} {repeated:?}");
    // Only the ratios of weights matter, and equal ones are none.
    let scaled = interval(&values, &who, Some(&[0.25; 4]), Interval::DRAWS, 3).expect("finite");
    assert_eq!(scaled, Some(of(&values, &people)));
}

#[test]
fn what_cannot_be_drawn_is_named() {
    let people = identities(&[1, 2]);
    let message = |found: Result<Option<Interval>, EvalError>| found.expect_err("bad").to_string();
    assert_eq!(
        message(interval(&[0.5, f64::NAN], &people, None, Interval::DRAWS, 0)),
        "interval: values: value 1, counted from 0, is NaN"
    );
    assert_eq!(
        message(interval(&[0.5], &people, None, Interval::DRAWS, 0)),
        "interval: values hold 1 values for 2 queries"
    );
    assert_eq!(
        message(difference(&[0.5, 1.0], &[f64::INFINITY, 0.0], &people, None, Interval::DRAWS, 0)),
        "interval: values of the second method: value 0, counted from 0, is inf"
    );
    assert_eq!(
        message(interval(&[0.5, 1.0], &people, Some(&[1.0, 0.0]), Interval::DRAWS, 0)),
        "interval: weights: value 1, counted from 0, is 0, expected more than 0"
    );
    assert_eq!(
        message(interval(&[0.5, 1.0], &people, Some(&[1.0]), Interval::DRAWS, 0)),
        "interval: weights hold 1 values for 2 queries"
    );
    assert!(message(interval(&[0.5, 1.0], &people, None, 39, 0)).contains("39 draws"));
}
