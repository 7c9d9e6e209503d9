#[cfg(test)]
mod tests;

use crate::bootstrap::{Interval, difference, interval};
use crate::scores::score;
use crate::{AveragePrecision, EvalError, QueryScore, Ranking};
use aio_types::Identity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one query scored, as the mean over the trials that score it.
///
/// The score of a task is a mean over trials, each of which is a mean over its queries. A trial of n queries counts each of
/// them 1/n, here as there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QueryMean {
    /// Number of the query in its task, the same in every trial.
    pub query: usize,
    /// Whom it shows.
    pub identity: Identity,
    /// Trials that score it: those in which it has a match.
    pub trials: usize,
    /// How much it counts in the score of the task: the sum, over these trials, of 1/n for the n queries of the trial.
    pub weight: f64,
    /// Average precision.
    pub average_precision: f64,
    /// Inverse negative penalty.
    pub inverse_negative_penalty: f64,
    /// Fraction of the trials in which the first match is at rank 1; the probability of it where the protocol draws one
    /// entry per identity.
    pub rank1: f64,
    /// Place of the first match, from 0, as the protocol counts it.
    #[serde(rename = "first_hit")]
    pub first_match: f64,
}

/// A query and how much it counts. Two methods are compared on the same ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountedQuery {
    /// Number of the query in its task.
    pub query: usize,
    /// Whom it shows.
    pub identity: Identity,
    /// Its weight, in any unit.
    pub weight: f64,
}

/// What a query scored in one trial.
#[derive(Debug, Clone, Copy, PartialEq)]
struct TrialScore {
    trial: usize,
    score: QueryScore,
    rank1: f64,
}

/// Collects what every query scores while [`evaluate`](crate::evaluate) runs, over one trial or several.
///
/// ```
/// # use aio_eval::{AveragePrecision, Entry, PerQuery, Protocol, Ranking, Ties};
/// # use aio_types::Identity;
/// let entry = |identity| Entry::of(Identity(identity));
/// let rank = |distances: &[f32]| {
///     Ranking::new(&entry(1), &[entry(1), entry(2)], distances, Protocol::None, Ties::Stable, 0)
/// };
/// let mut scored = PerQuery::default();
/// scored.add(0, 7, Identity(1), &rank(&[0.1, 0.2]), AveragePrecision::Standard);
/// scored.add(1, 7, Identity(1), &rank(&[0.2, 0.1]), AveragePrecision::Standard);
/// let mean = scored.means().next().expect("one query");
/// assert_eq!((mean.query, mean.trials, mean.average_precision, mean.rank1), (7, 2, 0.75, 0.5));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PerQuery {
    /// Whom a query shows and what it scored, by its number.
    scored: BTreeMap<usize, (Identity, Vec<TrialScore>)>,
    /// Queries that a trial scores.
    sizes: BTreeMap<usize, usize>,
}

impl PerQuery {
    /// Adds the ranking of `query` in a trial, where it has a match. `query` is its number in the task, and not in the
    /// trial; `kind` is the average precision of the evaluation.
    pub fn add(
        &mut self,
        trial: usize,
        query: usize,
        identity: Identity,
        ranking: &Ranking,
        kind: AveragePrecision,
    ) {
        let Some(score) = score(ranking, kind) else { return };
        let counted = f64::from(u8::from(score.first_match == 0));
        let rank1 = ranking.expected_cmc(1).first().copied().unwrap_or(counted);
        let (_, trials) = self.scored.entry(query).or_insert((identity, Vec::new()));
        trials.push(TrialScore { trial, score, rank1 });
        *self.sizes.entry(trial).or_default() += 1;
    }

    /// The queries that some trial scores, by number. Their weighted mean is the mean over the trials.
    pub fn means(&self) -> impl Iterator<Item = QueryMean> {
        self.scored.iter().map(|(query, (identity, trials))| {
            let weight = self.weight(trials);
            let mean = |value: fn(&TrialScore) -> f64| {
                let sum: f64 = trials.iter().map(|of| self.share(of.trial) * value(of)).sum();
                sum / weight
            };
            QueryMean {
                query: *query,
                identity: *identity,
                trials: trials.len(),
                weight,
                average_precision: mean(|of| of.score.average_precision),
                inverse_negative_penalty: mean(|of| of.score.inverse_negative_penalty),
                rank1: mean(|of| of.rank1),
                first_match: mean(|of| of.score.first_match as f64),
            }
        })
    }

    /// The mean of one value over the trials and its interval; see [`interval`].
    ///
    /// # Errors
    /// As [`interval`].
    pub fn interval(
        &self,
        value: impl Fn(&QueryMean) -> f64,
        draws: usize,
        seed: u64,
    ) -> Result<Option<Interval>, EvalError> {
        let (people, weights) = self.people();
        interval(&self.values(value), &people, Some(&weights), draws, seed)
    }

    /// The mean of how much higher one value is here than in `other`, and its interval; see [`difference`].
    ///
    /// # Errors
    /// [`EvalError::Interval`] if `other` did not score the same queries, and as [`difference`].
    pub fn difference(
        &self,
        other: &Self,
        value: impl Fn(&QueryMean) -> f64,
        draws: usize,
        seed: u64,
    ) -> Result<Option<Interval>, EvalError> {
        check_same_queries(self.counted(), other.counted())?;
        let (people, weights) = self.people();
        difference(
            &self.values(&value),
            &other.values(&value),
            &people,
            Some(&weights),
            draws,
            seed,
        )
    }

    fn counted(&self) -> impl Iterator<Item = CountedQuery> {
        self.scored.iter().map(|(query, (identity, trials))| CountedQuery {
            query: *query,
            identity: *identity,
            weight: self.weight(trials),
        })
    }

    fn people(&self) -> (Vec<Identity>, Vec<f64>) {
        self.counted().map(|query| (query.identity, query.weight)).unzip()
    }

    fn values(&self, value: impl Fn(&QueryMean) -> f64) -> Vec<f64> {
        self.means().map(|mean| value(&mean)).collect()
    }

    /// How much a trial counts each of its queries.
    fn share(&self, trial: usize) -> f64 {
        1.0 / self.sizes[&trial] as f64
    }

    fn weight(&self, trials: &[TrialScore]) -> f64 {
        trials.iter().map(|of| self.share(of.trial)).sum()
    }
}

/// Refuses two methods that were not scored on the same queries, or count them differently.
///
/// # Errors
/// [`EvalError::Interval`] naming the first query that differs.
pub fn check_same_queries(
    first: impl IntoIterator<Item = CountedQuery>,
    second: impl IntoIterator<Item = CountedQuery>,
) -> Result<(), EvalError> {
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let show = |query: Option<CountedQuery>| match query {
        Some(CountedQuery { query, identity, weight }) => {
            format!("query {query} of person {} with weight {weight}", identity.0)
        }
        None => "no query".to_owned(),
    };
    for at in 0.. {
        let (here, there) = (first.next(), second.next());
        if here != there {
            return Err(EvalError::Interval {
                problem: format!(
                    "the two methods must score the same queries, but scored query {at}, counted from 0, is {} for the \
                     first and {} for the second; evaluate both on one task",
                    show(here),
                    show(there)
                ),
            });
        }
        if here.is_none() {
            break;
        }
    }
    Ok(())
}
