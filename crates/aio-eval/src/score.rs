use crate::distance::Measured;
use crate::{
    AveragePrecision, Entry, EvalError, Features, Metric, Protocol, Ranking, Rerank, Ties,
};
use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Choices of an evaluation.
#[derive(Debug, Clone, Copy)]
pub struct EvalOptions {
    /// How features are compared.
    pub metric: Metric,
    /// Which average precision is taken.
    pub average_precision: AveragePrecision,
    /// Length of the CMC curve.
    pub max_rank: usize,
    /// In which order equal distances stand.
    pub ties: Ties,
    /// Nearest entries of every ranking that are kept by name.
    pub nearest: usize,
    /// Re-ranking, if any.
    pub rerank: Option<Rerank>,
    /// Gallery entries that every query is averaged with before it is ranked (average query expansion); 0 for none.
    pub expand: usize,
}

impl Default for EvalOptions {
    fn default() -> Self {
        Self {
            metric: Metric::Cosine,
            average_precision: AveragePrecision::Standard,
            max_rank: 50,
            ties: Ties::Stable,
            nearest: 0,
            rerank: None,
            expand: 0,
        }
    }
}

/// What one query scored.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QueryScore {
    /// Average precision.
    pub average_precision: f64,
    /// Inverse negative penalty.
    pub inverse_negative_penalty: f64,
    /// Place of the first hit, from 0, as the protocol counts it.
    pub first_hit: usize,
}

/// Means over the queries that have a match; all values are fractions in 0..1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Queries given.
    pub queries: usize,
    /// Queries without a match after the protocol's rule, which count nowhere.
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

    /// `expected` holds the sums of the queries' expected CMC, where the protocol asks for it.
    fn from_queries(
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
                .map(|k| valid.iter().filter(|q| q.first_hit <= k).count() as f64 / n)
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

fn score(ranking: &Ranking, kind: AveragePrecision) -> Option<QueryScore> {
    Some(QueryScore {
        average_precision: ranking.average_precision(kind)?,
        inverse_negative_penalty: ranking.inverse_negative_penalty()?,
        first_hit: ranking.first_hit()?,
    })
}

/// Scores `queries` against `gallery`; labels are parallel to the rows of the features.
///
/// `keep` is told (query, ranking) for every query, in order, so that ranked lists can be drawn.
///
/// # Errors
/// [`EvalError`] if widths or row counts differ, no query has a match, or re-ranking or expansion are not possible.
pub fn evaluate(
    (query_features, queries): (&Features, &[Entry]),
    (gallery_features, gallery): (&Features, &[Entry]),
    protocol: Protocol,
    options: EvalOptions,
    keep: impl FnMut(usize, &Ranking),
) -> Result<Scores, EvalError> {
    evaluate_with_progress(
        (query_features, queries),
        (gallery_features, gallery),
        protocol,
        options,
        keep,
        &|_| {},
    )
}

/// Refuses features that do not fit their labels or each other.
pub(crate) fn check(
    (query_features, queries): (&Features, &[Entry]),
    (gallery_features, gallery): (&Features, &[Entry]),
) -> Result<(), EvalError> {
    for (what, features, entries) in
        [("queries", query_features, queries), ("gallery", gallery_features, gallery)]
    {
        if features.rows() != entries.len() {
            let (rows, width) = (entries.len(), features.width());
            return Err(EvalError::Shape {
                what: what.into(),
                values: features.rows() * width,
                rows,
                width,
            });
        }
    }
    if query_features.width() != gallery_features.width() {
        return Err(EvalError::Width {
            query: query_features.width(),
            gallery: gallery_features.width(),
        });
    }
    Ok(())
}

/// As [`evaluate`]; `tick` is told how many of queries and gallery have their neighbours, which takes most of the time of
/// re-ranking.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_with_progress(
    (query_features, queries): (&Features, &[Entry]),
    (gallery_features, gallery): (&Features, &[Entry]),
    protocol: Protocol,
    options: EvalOptions,
    mut keep: impl FnMut(usize, &Ranking),
    tick: &(dyn Fn(usize) + Sync),
) -> Result<Scores, EvalError> {
    check((query_features, queries), (gallery_features, gallery))?;
    let expanded = (options.expand > 0)
        .then(|| expand(query_features, gallery_features, protocol, options))
        .transpose()?;
    let query_features = expanded.as_ref().unwrap_or(query_features);
    let mut by_query = Vec::with_capacity(queries.len());
    let mut expected = protocol.samples_identities().then(|| vec![0.0; options.max_rank]);
    let mut visit = |first: usize, distances: Array2<f32>| {
        let rows: Vec<_> = distances.outer_iter().collect();
        let rankings: Vec<Ranking> = rows
            .par_iter()
            .enumerate()
            .map(|(i, row)| {
                Ranking::new(
                    &queries[first + i],
                    gallery,
                    row.to_slice().unwrap_or_default(),
                    protocol,
                    options.ties,
                    options.nearest,
                )
            })
            .collect();
        for (i, ranking) in rankings.iter().enumerate() {
            keep(first + i, ranking);
            by_query.push(score(ranking, options.average_precision));
            for (sum, value) in
                expected.iter_mut().flatten().zip(ranking.expected_cmc(options.max_rank))
            {
                *sum += value;
            }
        }
    };
    match options.rerank {
        None => Measured::new(query_features, options.metric)
            .distances(&Measured::new(gallery_features, options.metric), visit),
        Some(rerank) => rerank.distances(
            (query_features, gallery_features),
            options.metric,
            tick,
            &mut visit,
        )?,
    }
    Scores::from_queries(by_query, expected, gallery.len(), protocol, options.max_rank)
}

/// Average query expansion (Chum et al., ICCV 2007): the mean of every query and its `options.expand` nearest gallery
/// entries, of unit length under the cosine metric.
///
/// The nearest are taken from the whole gallery: which entries a query may see depends on labels that a user of the
/// method does not have.
fn expand(
    queries: &Features,
    gallery: &Features,
    protocol: Protocol,
    options: EvalOptions,
) -> Result<Features, EvalError> {
    if protocol == Protocol::Tri {
        return Err(EvalError::Expansion {
            problem: "the nearest entry is the photograph that the query was made from".into(),
        });
    }
    if options.expand > gallery.rows() {
        return Err(EvalError::Expansion {
            problem: format!("{} entries of a gallery of {}", options.expand, gallery.rows()),
        });
    }
    let mut values = Vec::with_capacity(queries.rows() * queries.width());
    let (measured, all) =
        (Measured::new(queries, options.metric), Measured::new(gallery, options.metric));
    measured.distances(&all, |first, distances| {
        for (i, row) in distances.outer_iter().enumerate() {
            let mut order: Vec<usize> = (0..row.len()).collect();
            order.select_nth_unstable_by(options.expand - 1, |a, b| {
                row[*a].total_cmp(&row[*b]).then(a.cmp(b))
            });
            order.truncate(options.expand);
            // One order of summation, whatever the selection left.
            order.sort_unstable();
            let mut sum = measured.row(first + i);
            for j in order {
                sum += &all.row(j);
            }
            values.extend(sum / (options.expand + 1) as f32);
        }
    });
    Features::new("expanded queries", queries.rows(), queries.width(), values)
}

/// What random rankings score: the mean over `draws` of them, drawn from `seed`.
///
/// # Errors
/// [`EvalError::NoMatches`] if no query has a match.
pub fn chance(
    queries: &[Entry],
    gallery: &[Entry],
    protocol: Protocol,
    options: EvalOptions,
    seed: u32,
    draws: u32,
) -> Result<Scores, EvalError> {
    let trials: Vec<Scores> = (0..draws)
        .into_par_iter()
        .map(|draw| {
            let mut expected = protocol.samples_identities().then(|| vec![0.0; options.max_rank]);
            let by_query = queries.iter().enumerate().map(|(i, query)| {
                let mut random = crate::python::Random::new(
                    seed.wrapping_add(draw).wrapping_mul(1_000_003) ^ i as u32,
                );
                let distances: Vec<f32> =
                    gallery.iter().map(|_| (random.next_u32() >> 8) as f32).collect();
                let ranking = Ranking::new(query, gallery, &distances, protocol, Ties::Stable, 0);
                for (sum, value) in
                    expected.iter_mut().flatten().zip(ranking.expected_cmc(options.max_rank))
                {
                    *sum += value;
                }
                score(&ranking, options.average_precision)
            });
            let by_query = by_query.collect();
            Scores::from_queries(by_query, expected, gallery.len(), protocol, options.max_rank)
        })
        .collect::<Result<_, _>>()?;
    Ok(mean_over_trials(&trials))
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
