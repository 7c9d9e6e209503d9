use super::Pairs;

/// Most methods whose pairings are counted: 8! = 40,320.
const MOST_COUNTED: usize = 8;

/// The two-sided p-value of `balance`, the concordant minus the discordant pairs of `methods`, and whether it is exact.
///
/// Neither list has one value alone.
pub(super) fn two_sided(methods: &[(f64, f64)], balance: i64) -> (f64, bool) {
    if methods.len() <= MOST_COUNTED {
        (counted(methods, balance), true)
    } else {
        (approximated(methods, balance), false)
    }
}

/// The fraction of all pairings of the two lists whose balance is as far from 0 or further.
fn counted(methods: &[(f64, f64)], balance: i64) -> f64 {
    let mut methods = methods.to_vec();
    let (mut far, mut all) = (0usize, 0usize);
    each_pairing(&mut methods, 0, &mut |pairing| {
        all += 1;
        far += usize::from(Pairs::of(pairing).balance().abs() >= balance.abs());
    });
    far as f64 / all as f64
}

/// Calls `visit` with every order of the second list from `fixed` on.
fn each_pairing(methods: &mut [(f64, f64)], fixed: usize, visit: &mut impl FnMut(&[(f64, f64)])) {
    if fixed == methods.len() {
        return visit(methods);
    }
    for other in fixed..methods.len() {
        swap_second(methods, fixed, other);
        each_pairing(methods, fixed + 1, visit);
        swap_second(methods, fixed, other);
    }
}

fn swap_second(methods: &mut [(f64, f64)], i: usize, j: usize) {
    (methods[i].1, methods[j].1) = (methods[j].1, methods[i].1);
}

/// The normal approximation, without a correction for continuity. The variance of the balance with ties is that of Kendall
/// (Rank Correlation Methods, 4th edition, 1970, chapter 4).
fn approximated(methods: &[(f64, f64)], balance: i64) -> f64 {
    let n = methods.len() as f64;
    let first = Groups::of(methods.iter().map(|(a, _)| *a));
    let second = Groups::of(methods.iter().map(|(_, b)| *b));
    let ordered = n * (n - 1.0);
    let variance = (ordered * (2.0 * n + 5.0) - first.spread - second.spread) / 18.0
        + first.pairs * second.pairs / (2.0 * ordered)
        + first.triples * second.triples / (9.0 * ordered * (n - 2.0));
    libm::erfc(balance.unsigned_abs() as f64 / (2.0 * variance).sqrt())
}

/// Sums over the groups of t equal scores of one list.
#[derive(Default)]
struct Groups {
    /// Σ t(t − 1).
    pairs: f64,
    /// Σ t(t − 1)(t − 2).
    triples: f64,
    /// Σ t(t − 1)(2t + 5).
    spread: f64,
}

impl Groups {
    fn of(scores: impl Iterator<Item = f64>) -> Self {
        let mut scores: Vec<f64> = scores.collect();
        scores.sort_unstable_by(f64::total_cmp);
        let mut sums = Self::default();
        for group in scores.chunk_by(|a, b| a == b) {
            let t = group.len() as f64;
            sums.pairs += t * (t - 1.0);
            sums.triples += t * (t - 1.0) * (t - 2.0);
            sums.spread += t * (t - 1.0) * (2.0 * t + 5.0);
        }
        sums
    }
}
