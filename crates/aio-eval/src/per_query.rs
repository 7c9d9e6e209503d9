use crate::bootstrap::{Interval, difference, interval};
use crate::scores::score;
use crate::{AveragePrecision, EvalError, Ranking};
use aio_types::Identity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one query scored, as the mean over the trials that score it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QueryMean {
    /// Number of the query in its task, the same in every trial.
    pub query: usize,
    /// Whom it shows.
    pub identity: Identity,
    /// Trials that score it: those in which it has a match.
    pub trials: usize,
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
/// scored.add(0, Identity(1), &rank(&[0.1, 0.2]), AveragePrecision::Standard);
/// scored.add(0, Identity(1), &rank(&[0.2, 0.1]), AveragePrecision::Standard);
/// let mean = scored.means().next().expect("one query");
/// assert_eq!((mean.trials, mean.average_precision, mean.rank1), (2, 0.75, 0.5));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PerQuery {
    /// Sums over the trials, by the number of the query.
    sums: BTreeMap<usize, QueryMean>,
}

impl PerQuery {
    /// Adds the ranking of `query` in one trial, where it has a match. `query` is its number in the task, and not in the
    /// trial; `kind` is the average precision of the evaluation.
    pub fn add(
        &mut self,
        query: usize,
        identity: Identity,
        ranking: &Ranking,
        kind: AveragePrecision,
    ) {
        let Some(score) = score(ranking, kind) else { return };
        let counted = f64::from(u8::from(score.first_match == 0));
        let rank1 = ranking.expected_cmc(1).first().copied().unwrap_or(counted);
        let sum = self.sums.entry(query).or_insert(QueryMean {
            query,
            identity,
            trials: 0,
            average_precision: 0.0,
            inverse_negative_penalty: 0.0,
            rank1: 0.0,
            first_match: 0.0,
        });
        sum.trials += 1;
        sum.average_precision += score.average_precision;
        sum.inverse_negative_penalty += score.inverse_negative_penalty;
        sum.rank1 += rank1;
        sum.first_match += score.first_match as f64;
    }

    /// The queries that some trial scores, by number.
    pub fn means(&self) -> impl Iterator<Item = QueryMean> {
        self.sums.values().map(|sum| {
            let n = sum.trials as f64;
            QueryMean {
                average_precision: sum.average_precision / n,
                inverse_negative_penalty: sum.inverse_negative_penalty / n,
                rank1: sum.rank1 / n,
                first_match: sum.first_match / n,
                ..*sum
            }
        })
    }

    /// The mean of one value over the queries and its interval; see [`interval`].
    ///
    /// # Errors
    /// As [`interval`].
    pub fn interval(
        &self,
        value: impl Fn(&QueryMean) -> f64,
        draws: usize,
        seed: u64,
    ) -> Result<Option<Interval>, EvalError> {
        interval(&self.values(value), &self.people(), draws, seed)
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
        let label = |of: &Self| of.sums.values().map(|s| (s.query, s.identity)).collect::<Vec<_>>();
        let (here, there) = (label(self), label(other));
        if here != there {
            let at = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
            let show = |label: Option<&(usize, Identity)>| match label {
                Some((query, identity)) => format!("query {query} of person {}", identity.0),
                None => "no query".to_owned(),
            };
            return Err(EvalError::Interval {
                problem: format!(
                    "the two methods must score the same queries, but scored query {at}, counted from 0, is {} for the \
                     first and {} for the second; evaluate both on one task",
                    show(here.get(at)),
                    show(there.get(at))
                ),
            });
        }
        difference(&self.values(&value), &other.values(&value), &self.people(), draws, seed)
    }

    fn values(&self, value: impl Fn(&QueryMean) -> f64) -> Vec<f64> {
        self.means().map(|mean| value(&mean)).collect()
    }

    fn people(&self) -> Vec<Identity> {
        self.sums.values().map(|sum| sum.identity).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Entry, EvalOptions, Features, LabelledFeatures, Protocol, Scores, evaluate,
        mean_over_trials,
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

    /// Scores one trial and adds it to `scored`.
    fn trial(
        scored: &mut PerQuery,
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
                scored.add(query, identity, ranking, options.average_precision);
            },
        )
        .expect("matches")
    }

    /// Two trials of one task; query 1 has a match in the second alone.
    fn two_trials() -> PerQuery {
        let mut scored = PerQuery::default();
        let queries = side(&[(1, 1), (2, 1), (3, 1)], &[0.0, 1.0, 2.0]);
        for gallery in [
            side(&[(1, 2), (3, 2), (3, 3), (4, 2)], &[0.1, 1.2, 2.5, 2.1]),
            side(&[(1, 2), (2, 2), (3, 2), (1, 3)], &[0.9, 1.05, 0.2, 0.3]),
        ] {
            trial(&mut scored, &queries, &gallery, Protocol::Market1501);
        }
        scored
    }

    #[test]
    fn a_query_is_averaged_over_the_trials_that_score_it() {
        let means: Vec<QueryMean> = two_trials().means().collect();
        // By hand, from the angles. Query 0: rank 1, then ranks 2 and 3. Query 1: rank 1. Query 2: ranks 2 and 3, then
        // rank 4.
        let second_and_third = (1.0 / 2.0 + 2.0 / 3.0) / 2.0;
        let expected = [
            (0, 2, (1.0 + second_and_third) / 2.0, 0.5, 0.5),
            (1, 1, 1.0, 1.0, 0.0),
            (2, 2, (second_and_third + 0.25) / 2.0, 0.0, 2.0),
        ];
        assert_eq!(means.len(), expected.len());
        for (found, (query, trials, precision, rank1, first)) in means.iter().zip(expected) {
            assert_eq!((found.query, found.identity.0), (query, query as i64 + 1));
            assert_eq!((found.trials, found.rank1, found.first_match), (trials, rank1, first));
            assert!((found.average_precision - precision).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn where_every_trial_scores_every_query_the_means_are_those_of_the_trials() {
        let queries = side(&[(1, 1), (2, 1), (1, 2)], &[0.0, 1.0, 2.0]);
        let labels = [(1, 3), (2, 2), (2, 3), (1, 4), (5, 1)];
        for protocol in [Protocol::Market1501, Protocol::Cuhk03Classic, Protocol::Llcm] {
            let mut scored = PerQuery::default();
            let trials = [[1.5, 0.1, 0.7, 0.2, 1.3], [0.4, 1.2, 1.9, 0.8, 0.6]]
                .map(|angles| trial(&mut scored, &queries, &side(&labels, &angles), protocol));
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
        fewer.sums.remove(&1);
        let refused = both.difference(&fewer, |q| q.rank1, 40, 0).expect_err("different queries");
        let message = refused.to_string();
        assert!(message.contains("query 1 of person 2"), "{message}");
        assert!(message.contains("query 2 of person 3"), "{message}");
        let none = both.difference(&both, |q| q.rank1, 40, 0).expect("the same queries");
        assert_eq!(none, Some(Interval { mean: 0.0, low: 0.0, high: 0.0 }));
    }
}
