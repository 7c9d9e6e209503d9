//! Intervals of means over queries, from drawing the people again.

#[cfg(test)]
mod tests;

use crate::EvalError;
use crate::percentile::{LEVEL, bounds, check_draws, check_values};
use aio_types::{Identity, rng};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// A mean over queries with its percentile interval at [`Self::LEVEL`], in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean over all queries.
    pub mean: f64,
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

impl Interval {
    /// The fraction of the draws that lies between the bounds.
    pub const LEVEL: f64 = LEVEL;

    /// Draws of an interval that is reported. With these, the bounds of two seeds differ by about a twentieth of the
    /// interval's half width.
    pub const DRAWS: usize = 2000;

    /// Whether `value` lies between the bounds, ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The mean of `values` and its interval, by a bootstrap over people.
///
/// `values` holds one number per query, `people` whom the query shows, `weights` how much it counts: all the same without
/// them. A draw takes as many people as there are, with replacement, each with all their queries. Its mean is the weighted
/// sum of the values of the drawn people divided by the sum of their weights. The interval is the percentile interval of
/// `draws` such means; it depends on `seed`, and not on the order of the queries. A query whose identity is not known
/// (below 0) is a person of its own. `None` with fewer than two people.
///
/// Sources: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13, for the percentile interval; Field
/// and Welsh, Bootstrapping clustered data (Journal of the Royal Statistical Society B, 2007), the randomised cluster
/// bootstrap, for drawing whole clusters.
///
/// # Errors
/// [`EvalError::Interval`] if the lengths differ, a value is NaN or infinite, a weight is not positive, or `draws` is below
/// 40.
///
/// ```
/// # use aio_eval::interval;
/// # use aio_types::Identity;
/// let people = [1, 1, 2].map(Identity);
/// let found = interval(&[1.0, 0.0, 1.0], &people, None, 1000, 0)?.expect("two people");
/// // Of two people a draw takes the first twice, both, or the second twice: 1/2, 2/3 or 1.
/// assert_eq!((found.low, found.mean, found.high), (0.5, 2.0 / 3.0, 1.0));
/// # Ok::<(), aio_eval::EvalError>(())
/// ```
pub fn interval(
    values: &[f64],
    people: &[Identity],
    weights: Option<&[f64]>,
    draws: usize,
    seed: u64,
) -> Result<Option<Interval>, EvalError> {
    check_draws(draws).map_err(refused)?;
    check_values("values", values, people.len(), "queries").map_err(refused)?;
    check_weights(weights, people.len())?;
    Ok(resampled(values.iter().copied(), people, weights, draws, seed))
}

/// The mean of `a − b` and its interval: two methods on the same queries, in the same order.
///
/// A draw takes the same people for both, so that what makes a person hard for both cancels. Otherwise as [`interval`]. An
/// interval without 0 is a difference that other people of the same kind would probably show as well.
///
/// # Errors
/// As [`interval`].
pub fn difference(
    a: &[f64],
    b: &[f64],
    people: &[Identity],
    weights: Option<&[f64]>,
    draws: usize,
    seed: u64,
) -> Result<Option<Interval>, EvalError> {
    check_draws(draws).map_err(refused)?;
    check_values("values of the first method", a, people.len(), "queries").map_err(refused)?;
    check_values("values of the second method", b, people.len(), "queries").map_err(refused)?;
    check_weights(weights, people.len())?;
    let differences = a.iter().zip(b).map(|(a, b)| a - b);
    Ok(resampled(differences, people, weights, draws, seed))
}

fn check_weights(weights: Option<&[f64]>, queries: usize) -> Result<(), EvalError> {
    let Some(weights) = weights else { return Ok(()) };
    check_values("weights", weights, queries, "queries").map_err(refused)?;
    match weights.iter().position(|weight| *weight <= 0.0) {
        None => Ok(()),
        Some(at) => Err(refused(format!(
            "weights: value {at}, counted from 0, is {}, expected more than 0",
            weights[at]
        ))),
    }
}

fn refused(problem: String) -> EvalError {
    EvalError::Interval { problem }
}

/// One query.
#[derive(Debug, Clone, Copy)]
struct Weighted {
    value: f64,
    person: Identity,
    weight: f64,
}

/// The queries of one person.
#[derive(Debug, Clone, Copy)]
struct Person {
    /// Of the values, each times its weight.
    sum: f64,
    weight: f64,
}

fn resampled(
    values: impl Iterator<Item = f64>,
    people: &[Identity],
    weights: Option<&[f64]>,
    draws: usize,
    seed: u64,
) -> Option<Interval> {
    let weight = |query: usize| weights.map_or(1.0, |weights| weights[query]);
    let query = |(query, (value, person)): (usize, (f64, &Identity))| Weighted {
        value,
        person: *person,
        weight: weight(query),
    };
    let people = by_person(values.zip(people).enumerate().map(query).collect());
    if people.len() < 2 {
        return None;
    }
    let mut random = rng(seed, "bootstrap over people", 0);
    // The numbers of a draw at once: one by one they take most of the time.
    let mut bytes = vec![0; 4 * people.len()];
    let means = (0..draws)
        .map(|_| {
            random.fill_bytes(&mut bytes);
            let (numbers, _) = bytes.as_chunks();
            mean(numbers.iter().map(|number| people[scaled(*number, people.len())]))
        })
        .collect();
    let (low, high) = bounds(means);
    Some(Interval { mean: mean(people.iter().copied()), low, high })
}

/// A random number below `count`, from four random bytes. The numbers differ in probability by at most one part in
/// 2³²/`count`.
fn scaled(random: [u8; 4], count: usize) -> usize {
    ((u64::from(u32::from_le_bytes(random)) * count as u64) >> 32) as usize
}

/// One entry per person. Queries are sorted first, so that their order changes neither the entries nor a rounding.
fn by_person(mut queries: Vec<Weighted>) -> Vec<Person> {
    queries.sort_unstable_by(|a, b| {
        let value = a.value.total_cmp(&b.value).then(a.weight.total_cmp(&b.weight));
        a.person.cmp(&b.person).then(value)
    });
    let same_person = |a: &Weighted, b: &Weighted| a.person == b.person && a.person.is_known();
    let person = |of: &[Weighted]| Person {
        sum: of.iter().map(|query| query.weight * query.value).sum(),
        weight: of.iter().map(|query| query.weight).sum(),
    };
    queries.chunk_by(same_person).map(person).collect()
}

fn mean(people: impl Iterator<Item = Person>) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for person in people {
        sum += person.sum;
        weight += person.weight;
    }
    sum / weight
}
