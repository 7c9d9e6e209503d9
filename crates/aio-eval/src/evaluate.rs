use crate::distance::Measured;
use crate::ranking::Compared;
use crate::relevant::ByIdentity;
use crate::scores::score;
use crate::{
    AveragePrecision, Entry, EvalError, Features, Metric, Protocol, Ranking, Rerank, Scores, Ties,
};
use ndarray::ArrayView2;
use rayon::prelude::*;

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

/// Features and the labels of their rows.
#[derive(Debug, Clone, Copy)]
pub struct LabelledFeatures<'a> {
    /// Features `[rows, width]`.
    pub features: &'a Features,
    /// One label per row.
    pub entries: &'a [Entry],
}

/// Scores `queries` against `gallery`.
///
/// `keep` is called with the number and the ranking of every query, in order, so that ranked lists can be drawn.
///
/// # Errors
/// [`EvalError`] if widths or row counts differ, no query has a match, or re-ranking or expansion are not possible.
pub fn evaluate(
    queries: LabelledFeatures,
    gallery: LabelledFeatures,
    protocol: Protocol,
    options: EvalOptions,
    keep: impl FnMut(usize, &Ranking),
) -> Result<Scores, EvalError> {
    evaluate_with_progress(queries, gallery, protocol, options, keep, &|_| {})
}

/// Refuses features that do not fit their labels or each other.
pub(crate) fn check(queries: LabelledFeatures, gallery: LabelledFeatures) -> Result<(), EvalError> {
    for (what, LabelledFeatures { features, entries }) in
        [("queries", queries), ("gallery", gallery)]
    {
        let (rows, width) = (entries.len(), features.width());
        if features.rows() != rows {
            let values = features.rows() * width;
            return Err(EvalError::Shape { what: what.into(), values, rows, width });
        }
    }
    let (query, gallery) = (queries.features.width(), gallery.features.width());
    if query != gallery {
        return Err(EvalError::Width { query, gallery });
    }
    Ok(())
}

/// As [`evaluate`]; `tick` is called with the number of queries and gallery entries whose neighbours are found, which
/// takes most of the time of re-ranking.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_with_progress(
    queries: LabelledFeatures,
    gallery: LabelledFeatures,
    protocol: Protocol,
    options: EvalOptions,
    mut keep: impl FnMut(usize, &Ranking),
    tick: &(dyn Fn(usize) + Sync),
) -> Result<Scores, EvalError> {
    check(queries, gallery)?;
    let expanded = (options.expand > 0)
        .then(|| expand(queries.features, gallery.features, protocol, options))
        .transpose()?;
    let features = expanded.as_ref().unwrap_or(queries.features);
    let mut by_query = Vec::with_capacity(queries.entries.len());
    let mut expected = protocol.samples_identities().then(|| vec![0.0; options.max_rank]);
    let by_identity = ByIdentity::new(gallery.entries);
    let mut visit = |first: usize, distances: ArrayView2<f32>| {
        let rankings: Vec<Ranking> = (0..distances.nrows())
            .into_par_iter()
            .map_init(Vec::new, |others, i| {
                let query = &queries.entries[first + i];
                let compared = Compared {
                    query,
                    gallery: gallery.entries,
                    relevant: &by_identity.relevant(query, protocol),
                    distances: distances.row(i).to_slice().unwrap_or_default(),
                    protocol,
                    ties: options.ties,
                };
                compared.ranking(options.nearest, others)
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
        None => {
            let (queries, all) = Measured::pair(features, gallery.features, options.metric)?;
            queries.distances(&all, visit);
        }
        Some(rerank) => {
            rerank.distances(features, gallery.features, options.metric, tick, &mut visit)?
        }
    }
    Scores::from_queries(by_query, expected, gallery.entries.len(), protocol, options.max_rank)
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
    let (measured, all) = Measured::pair(queries, gallery, options.metric)?;
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
