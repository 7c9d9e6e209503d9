use crate::{AveragePrecision, EvalError, Protocol, Ranking};
use serde::{Deserialize, Serialize};

/// What one query scored.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QueryScore {
    /// Average precision.
    pub average_precision: f64,
    /// Inverse negative penalty.
    pub inverse_negative_penalty: f64,
    /// Place of the first match, from 0, as the protocol counts it.
    #[serde(rename = "first_hit")]
    pub first_match: usize,
}

/// Means over the queries that have a match; all values are fractions in 0..1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Queries given.
    pub queries: usize,
    /// Queries without a match, which enter no mean.
    pub skipped: usize,
    /// Gallery entries given.
    pub gallery: usize,
    /// Mean average precision.
    pub map: f64,
    /// Mean inverse negative penalty.
    pub minp: f64,
    /// Cumulative matching characteristic: entry k is Rank-(k + 1).
    pub cmc: Vec<f64>,
    /// Scores by query; `None` where skipped.
    pub by_query: Vec<Option<QueryScore>>,
    /// Standard deviations over trials, where there are several.
    pub spread: Option<Spread>,
}

/// Sample standard deviations over trials.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Of the mean average precision.
    pub map: f64,
    /// Of the mean inverse negative penalty.
    pub minp: f64,
    /// Of Rank-1.
    pub rank1: f64,
}

impl Scores {
    /// Rank-k.
    #[must_use]
    pub fn rank(&self, k: usize) -> f64 {
        self.cmc.get(k.saturating_sub(1)).or(self.cmc.last()).copied().unwrap_or(0.0)
    }

    /// `expected` holds the sums of the queries' expected CMC, where the protocol takes it.
    pub(crate) fn from_queries(
        by_query: Vec<Option<QueryScore>>,
        expected: Option<Vec<f64>>,
        gallery: usize,
        protocol: Protocol,
        max_rank: usize,
    ) -> Result<Self, EvalError> {
        let valid: Vec<QueryScore> = by_query.iter().flatten().copied().collect();
        if valid.is_empty() {
            return Err(EvalError::NoMatches {
                queries: by_query.len(),
                protocol: protocol.name(),
            });
        }
        let n = valid.len() as f64;
        let mean = |value: fn(&QueryScore) -> f64| valid.iter().map(value).sum::<f64>() / n;
        let counted = || {
            (0..max_rank)
                .map(|k| valid.iter().filter(|q| q.first_match <= k).count() as f64 / n)
                .collect()
        };
        let cmc =
            expected.map_or_else(counted, |sums| sums.into_iter().map(|sum| sum / n).collect());
        Ok(Self {
            queries: by_query.len(),
            skipped: by_query.len() - valid.len(),
            gallery,
            map: mean(|q| q.average_precision),
            minp: mean(|q| q.inverse_negative_penalty),
            cmc,
            by_query,
            spread: None,
        })
    }
}

/// The scores of one query; `None` without a match.
pub(crate) fn score(ranking: &Ranking, kind: AveragePrecision) -> Option<QueryScore> {
    Some(QueryScore {
        average_precision: ranking.average_precision(kind)?,
        inverse_negative_penalty: ranking.inverse_negative_penalty()?,
        first_match: ranking.first_match()?,
    })
}

/// The mean of the scores of several trials with their spread; queries and gallery are those of the first.
///
/// # Panics
/// If there is no trial.
#[must_use]
pub fn mean_over_trials(trials: &[Scores]) -> Scores {
    let n = trials.len() as f64;
    let first = trials.first().expect("at least one trial");
    let mean = |value: fn(&Scores) -> f64| trials.iter().map(value).sum::<f64>() / n;
    let cmc =
        (0..first.cmc.len()).map(|k| trials.iter().map(|t| t.cmc[k]).sum::<f64>() / n).collect();
    let deviation = |value: fn(&Scores) -> f64| {
        (trials.iter().map(|t| (value(t) - mean(value)).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    };
    let spread = (trials.len() > 1).then(|| Spread {
        map: deviation(|s| s.map),
        minp: deviation(|s| s.minp),
        rank1: deviation(|s| s.rank(1)),
    });
    Scores { map: mean(|s| s.map), minp: mean(|s| s.minp), cmc, spread, ..first.clone() }
}
