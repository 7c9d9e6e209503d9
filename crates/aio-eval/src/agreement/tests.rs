use super::*;
use crate::Interval;
use serde::Deserialize;

/// Numbers of SciPy, from scripts/golden/bootstrap.py.
#[derive(Deserialize)]
struct Golden {
    agreement: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    a: Vec<f64>,
    b: Vec<f64>,
    tau: f64,
    p: f64,
    exact: bool,
}

fn cases() -> Vec<Case> {
    let golden: Golden =
        serde_json::from_str(include_str!("../../tests/golden/bootstrap.json")).expect("JSON");
    golden.agreement
}

fn of(a: &[f64], b: &[f64]) -> Agreement {
    agreement(a, b, Interval::DRAWS, 0).expect("finite").expect("defined")
}

#[test]
fn tau_and_p_are_those_of_scipy() {
    let cases = cases();
    assert_eq!(cases.len(), 11);
    for case in cases {
        let found = of(&case.a, &case.b);
        assert!((found.tau - case.tau).abs() < 1e-12, "{found:?} {}", case.tau);
        assert!((found.p - case.p).abs() < 1e-12, "{found:?} {}", case.p);
        assert_eq!(found.exact, case.exact, "{found:?}");
    }
}

#[test]
fn pairs_are_counted_by_how_the_lists_order_them() {
    // By hand. First list: methods 0 and 1 tied. Second list: 0, 1 and 3 tied. (0, 1) is tied in both, (0, 3) and (1, 3)
    // in the second; (0, 2) and (1, 2) are alike; (2, 3) is not.
    let found = of(&[1.0, 1.0, 2.0, 3.0], &[5.0, 5.0, 6.0, 5.0]);
    assert_eq!((found.methods, found.concordant, found.discordant), (4, 2, 1));
    assert_eq!((found.tied_in_first, found.tied_in_second, found.tied_in_both), (0, 2, 1));
    assert_eq!(found.tau, 1.0 / (5.0_f64 * 3.0).sqrt());
}

#[test]
fn exchanging_the_lists_exchanges_the_ties_alone() {
    for case in cases() {
        let (there, back) = (of(&case.a, &case.b), of(&case.b, &case.a));
        assert_eq!((there.tau, there.concordant), (back.tau, back.concordant));
        assert_eq!(
            (there.tied_in_first, there.tied_in_second),
            (back.tied_in_second, back.tied_in_first)
        );
        assert!((there.p - back.p).abs() < 1e-12);
        let pairs = there.concordant + there.discordant + there.tied_in_both;
        let n = there.methods;
        assert_eq!(pairs + there.tied_in_first + there.tied_in_second, n * (n - 1) / 2);
    }
}

#[test]
fn scores_count_by_their_order_alone() {
    for case in cases() {
        let grown: Vec<f64> = case.a.iter().map(|score| score.powi(3) * 5.0 - 2.0).collect();
        let turned: Vec<f64> = case.b.iter().map(|score| -score).collect();
        let (found, grown) = (of(&case.a, &case.b), of(&grown, &case.b));
        assert_eq!(found, grown);
        let turned = of(&case.a, &turned);
        assert_eq!(turned.tau, -found.tau);
        assert_eq!((turned.concordant, turned.p), (found.discordant, found.p));
    }
}

#[test]
fn the_order_of_the_methods_changes_nothing() {
    for mut case in cases() {
        let found = of(&case.a, &case.b);
        case.a.rotate_left(1);
        case.b.rotate_left(1);
        assert_eq!(of(&case.a, &case.b), found);
    }
}

#[test]
fn bounds_are_the_quantiles_of_draws_over_methods() {
    // Three methods, b in the order 1, 3, 2. Of 27 draws 3 hold one method alone and are drawn again. The other 24 are by
    // their methods: {0, 1} and {0, 2}, 6 draws each with τ-b = 1; {1, 2}, 6 draws with −1; all three, 6 draws with 1/3.
    let found = of(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]);
    assert_eq!((found.tau, found.bounds), (1.0 / 3.0, Some((-1.0, 1.0))));
    let alike = of(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!((alike.tau, alike.bounds), (1.0, Some((1.0, 1.0))));
    assert_eq!(of(&[1.0, 2.0], &[2.0, 1.0]).bounds, None);
    for case in cases().iter().filter(|case| case.a.len() >= 14) {
        let found = of(&case.a, &case.b);
        let (low, high) = found.bounds.expect("more than two methods");
        assert!(-1.0 <= low && low < found.tau && found.tau < high && high <= 1.0, "{found:?}");
    }
}

#[test]
fn lists_without_an_order_have_no_agreement() {
    assert_eq!(agreement(&[], &[], Interval::DRAWS, 0), Ok(None));
    assert_eq!(agreement(&[1.0], &[2.0], Interval::DRAWS, 0), Ok(None));
    assert_eq!(agreement(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0], Interval::DRAWS, 0), Ok(None));
}

#[test]
fn what_cannot_be_compared_is_named() {
    let message =
        |a: &[f64], b: &[f64], draws| agreement(a, b, draws, 0).expect_err("bad").to_string();
    assert_eq!(
        message(&[1.0, 2.0], &[1.0], Interval::DRAWS),
        "rank agreement: scores of the second list hold 1 values for 2 methods"
    );
    assert_eq!(
        message(&[1.0, f64::NAN], &[1.0, 2.0], Interval::DRAWS),
        "rank agreement: scores of the first list: value 1, counted from 0, is NaN"
    );
    assert!(message(&[1.0, 2.0], &[1.0, 2.0], 0).contains("0 draws"));
}
