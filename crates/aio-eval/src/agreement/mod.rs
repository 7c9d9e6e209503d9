//! How far two lists of scores order the same methods alike.

mod p_value;
#[cfg(test)]
mod tests;

use crate::EvalError;
use crate::percentile::{bounds, check_draws, check_values};
use aio_types::rng;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Rank agreement of two lists of scores of the same methods.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Methods compared.
    pub methods: usize,
    /// Kendall's τ-b: 1 for one order, −1 for the reverse order.
    pub tau: f64,
    /// The interval of τ-b at [`Interval::LEVEL`](crate::Interval::LEVEL), lower bound first; `None` with two methods.
    pub bounds: Option<(f64, f64)>,
    /// Pairs of methods that both lists order alike.
    pub concordant: usize,
    /// Pairs of methods that the lists order differently.
    pub discordant: usize,
    /// Pairs that are equal in the first list alone.
    pub tied_in_first: usize,
    /// Pairs that are equal in the second list alone.
    pub tied_in_second: usize,
    /// Pairs that are equal in both lists.
    pub tied_in_both: usize,
    /// Two-sided p-value of no agreement: the probability that a random pairing of the two lists has at least as large a
    /// difference between concordant and discordant pairs, of either sign.
    pub p: f64,
    /// Whether `p` counts every pairing (up to eight methods) or is the normal approximation.
    pub exact: bool,
}

/// Rank agreement of `a` and `b`, which hold one score per method, in the same order of methods.
///
/// With C concordant and D discordant pairs, `τ-b = (C − D) / √((C + D + A)(C + D + B))`, where A and B pairs are tied in
/// one list alone (Kendall, The Treatment of Ties in Ranking Problems, Biometrika 1945). `None` where it is not defined:
/// fewer than two methods, or a list whose scores are all equal.
///
/// The bounds are the percentile interval of `draws` bootstrap draws over *methods*, from `seed`; a draw that leaves τ-b
/// undefined is drawn again. They say how much τ-b depends on which methods were compared. Neither they nor `p` cover the
/// noise of the scores, which means alone do not show. If every pair is concordant, every draw has τ-b = 1.
///
/// # Errors
/// [`EvalError::Agreement`] if the lengths differ, a score is NaN or infinite, or `draws` is below 40.
///
/// ```
/// # use aio_eval::agreement;
/// let found = agreement(&[0.1, 0.2, 0.3, 0.4], &[0.5, 0.6, 0.8, 0.7], 1000, 0)?.expect("defined");
/// assert_eq!((found.concordant, found.discordant), (5, 1));
/// assert_eq!(found.tau, 4.0 / 6.0);
/// # Ok::<(), aio_eval::EvalError>(())
/// ```
pub fn agreement(
    a: &[f64],
    b: &[f64],
    draws: usize,
    seed: u64,
) -> Result<Option<Agreement>, EvalError> {
    let refused = |problem| EvalError::Agreement { problem };
    check_draws(draws).map_err(refused)?;
    check_values("scores of the first list", a, a.len(), "methods").map_err(refused)?;
    check_values("scores of the second list", b, a.len(), "methods").map_err(refused)?;
    // Adding 0 turns −0 into 0, which it equals but would not sort beside.
    let mut methods: Vec<(f64, f64)> = a.iter().zip(b).map(|(a, b)| (a + 0.0, b + 0.0)).collect();
    // One order, so that the draws do not depend on the order of the methods.
    methods.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let pairs = Pairs::of(&methods);
    let Some(tau) = pairs.tau() else { return Ok(None) };
    let (p, exact) = p_value::two_sided(&methods, pairs.balance());
    let Pairs { concordant, discordant, tied_in_first, tied_in_second, tied_in_both } = pairs;
    Ok(Some(Agreement {
        methods: methods.len(),
        tau,
        bounds: (methods.len() > 2).then(|| bounds(drawn(&methods, draws, seed))),
        concordant,
        discordant,
        tied_in_first,
        tied_in_second,
        tied_in_both,
        p,
        exact,
    }))
}

/// τ-b of `draws` draws of methods with replacement, of those for which it is defined.
fn drawn(methods: &[(f64, f64)], draws: usize, seed: u64) -> Vec<f64> {
    let random = &mut rng(seed, "bootstrap over methods", 0);
    let mut sample = methods.to_vec();
    let mut found = Vec::with_capacity(draws);
    // τ-b of the methods is defined, so it is of a draw of them: this ends.
    while found.len() < draws {
        sample.fill_with(|| methods[random.random_range(0..methods.len())]);
        found.extend(Pairs::of(&sample).tau());
    }
    found
}

/// Numbers of pairs of methods, by how the two lists order them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Pairs {
    concordant: usize,
    discordant: usize,
    tied_in_first: usize,
    tied_in_second: usize,
    tied_in_both: usize,
}

impl Pairs {
    fn of(methods: &[(f64, f64)]) -> Self {
        let mut found = Self::default();
        for (i, (a, b)) in methods.iter().enumerate() {
            for (other_a, other_b) in &methods[..i] {
                let count = match (a == other_a, b == other_b) {
                    (true, true) => &mut found.tied_in_both,
                    (true, false) => &mut found.tied_in_first,
                    (false, true) => &mut found.tied_in_second,
                    (false, false) if (a > other_a) == (b > other_b) => &mut found.concordant,
                    (false, false) => &mut found.discordant,
                };
                *count += 1;
            }
        }
        found
    }

    /// Concordant minus discordant pairs.
    fn balance(&self) -> i64 {
        self.concordant as i64 - self.discordant as i64
    }

    /// Kendall's τ-b; `None` if a list has one value alone.
    fn tau(&self) -> Option<f64> {
        let ordered = self.concordant + self.discordant;
        let by_first = (ordered + self.tied_in_second) as f64;
        let by_second = (ordered + self.tied_in_first) as f64;
        let pairs = (by_first * by_second).sqrt();
        (pairs > 0.0).then(|| self.balance() as f64 / pairs)
    }
}
