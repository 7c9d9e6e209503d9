//! Verification and open-set identification: what is accepted where the gallery does not show every query.

use crate::distance::{Measured, Metric};
use crate::{Entry, EvalError, LabelledFeatures, Protocol, Ranking, Relevance, Ties};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A rate of false accepts and what is found at it; fractions in 0..1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Largest rate of false accepts that is allowed.
    pub false_accepts: f64,
    /// Rate of true accepts; `None` where there is nothing to accept or to refuse.
    pub true_accepts: Option<f64>,
}

/// Rates of true accepts at given rates of false accepts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenSet {
    /// Pairs of one known person that are not junk.
    pub genuine_pairs: u64,
    /// Pairs of two known people that are not junk.
    pub impostor_pairs: u64,
    /// TPR@FPR over pairs (verification): points of the ROC curve.
    pub verification: Vec<Rate>,
    /// Queries with a match.
    pub genuine_queries: usize,
    /// Queries of known people whom the gallery does not show.
    pub impostor_queries: usize,
    /// DIR@FAR at rank 1 over queries: a query is detected and identified if its nearest entry is its identity and near enough.
    pub identification: Vec<Rate>,
}

/// Most distances of impostors that are held at once.
const MOST: u64 = 1 << 28;

/// The smallest of many distances.
struct Smallest {
    most: usize,
    values: Vec<f32>,
}

impl Smallest {
    fn push(&mut self, values: impl Iterator<Item = f32>) {
        self.values.extend(values);
        if self.values.len() >= 2 * self.most.max(1 << 16) {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.values.len() > self.most {
            self.values.select_nth_unstable_by(self.most, f32::total_cmp);
            self.values.truncate(self.most);
        }
    }
}

/// Fraction of `genuine` (ascending) below the distance that lets in at most `rate` of `count` impostors, of whose distances
/// `smallest` (ascending) holds enough.
///
/// An impostor at the threshold would be one too many, so what is as far as it is refused with it.
fn accepted(genuine: &[f32], smallest: &[f32], count: u64, rate: f64) -> Rate {
    let allowed = allowed(rate, count);
    let below = smallest
        .get(allowed)
        .map_or(genuine.len(), |threshold| genuine.partition_point(|d| d < threshold));
    let known = !genuine.is_empty() && count > 0;
    Rate { false_accepts: rate, true_accepts: known.then(|| below as f64 / genuine.len() as f64) }
}

/// The most of `count` impostors whose share is at most `rate`. The product alone is not exact: 0.57 · 100 is below 57.
fn allowed(rate: f64, count: u64) -> usize {
    let below = (rate * count as f64).floor() as u64;
    let is_within = |some: u64| some <= count && some as f64 / count as f64 <= rate;
    if is_within(below + 1) { below as usize + 1 } else { below as usize }
}

/// What is found over all queries.
struct Tally<'a> {
    gallery: &'a [Entry],
    protocol: Protocol,
    /// Distances of the pairs of one person.
    genuine: Vec<f32>,
    impostor_pairs: u64,
    /// The smallest distances of the pairs of two people.
    impostors: Smallest,
    /// Queries with a match.
    genuine_queries: usize,
    /// Distances to the nearest entry of the queries with a match, where that entry is one.
    identified: Vec<f32>,
    /// Distances to the nearest entry of the queries whose identity the gallery does not show.
    impostor_queries: Vec<f32>,
}

impl<'a> Tally<'a> {
    /// Counts nothing yet; `most` distances of impostors are kept.
    fn new(gallery: &'a [Entry], protocol: Protocol, most: usize) -> Self {
        Self {
            gallery,
            protocol,
            genuine: Vec::new(),
            impostor_pairs: 0,
            impostors: Smallest { most, values: Vec::new() },
            genuine_queries: 0,
            identified: Vec::new(),
            impostor_queries: Vec::new(),
        }
    }

    /// Counts a query with its `distances` to the gallery and its ranking, which names the nearest entry.
    fn add(&mut self, query: &Entry, distances: &[f32], ranking: &Ranking) {
        if !query.identity.is_known() {
            return;
        }
        let Self { gallery, protocol, .. } = *self;
        let ranked = || {
            let known = (0..gallery.len()).filter(|j| gallery[*j].identity.is_known());
            known.filter(|j| !protocol.is_junk(query, &gallery[*j]))
        };
        let same = |j: &usize| query.shows_the_person_of(&gallery[*j]);
        self.genuine.extend(ranked().filter(same).map(|j| distances[j]));
        self.impostor_pairs += ranked().filter(|j| !same(j)).count() as u64;
        self.impostors.push(ranked().filter(|j| !same(j)).map(|j| distances[j]));
        let absent = !gallery.iter().any(|entry| query.shows_the_person_of(entry));
        match ranking.nearest.iter().find(|(_, relevance)| *relevance != Relevance::Junk) {
            Some((j, relevance)) if ranking.has_match() => {
                self.genuine_queries += 1;
                if *relevance == Relevance::Match {
                    self.identified.push(distances[*j]);
                }
            }
            Some((j, _)) if absent => self.impostor_queries.push(distances[*j]),
            _ => {}
        }
    }

    fn finish(mut self, rates: &[f64]) -> OpenSet {
        self.impostors.shrink();
        let Self { mut genuine, mut identified, mut impostor_queries, .. } = self;
        let (mut impostors, impostor_pairs) = (self.impostors.values, self.impostor_pairs);
        for values in [&mut genuine, &mut impostors, &mut identified, &mut impostor_queries] {
            values.sort_unstable_by(f32::total_cmp);
        }
        let verification =
            rates.iter().map(|rate| accepted(&genuine, &impostors, impostor_pairs, *rate));
        let genuine_queries = self.genuine_queries;
        let identification = rates.iter().map(|rate| {
            let Rate { true_accepts, .. } =
                accepted(&identified, &impostor_queries, impostor_queries.len() as u64, *rate);
            let of_all =
                |fraction: f64| fraction * identified.len() as f64 / genuine_queries as f64;
            let known = genuine_queries > 0 && !impostor_queries.is_empty();
            let true_accepts = known.then(|| true_accepts.map_or(0.0, of_all));
            Rate { false_accepts: *rate, true_accepts }
        });
        OpenSet {
            genuine_pairs: genuine.len() as u64,
            impostor_pairs,
            verification: verification.collect(),
            genuine_queries,
            impostor_queries: impostor_queries.len(),
            identification: identification.collect(),
        }
    }
}

/// Rates of true accepts at the given `rates` of false accepts, over the pairs that are not junk.
///
/// Queries whose matches are all junk are neither genuine nor impostors in identification. Of an identity below 0 nobody knows whether it is another
/// person: queries and pairs with one count on neither side. In identification, such a gallery entry stays a wrong answer. Memory holds the genuine pairs and the
/// nearest impostors, as many as the largest rate lets in.
///
/// # Errors
/// [`EvalError`] if a rate is not in 0..1 or would need too many impostors, or widths or row counts differ.
pub fn open_set(
    queries: LabelledFeatures,
    gallery: LabelledFeatures,
    protocol: Protocol,
    metric: Metric,
    rates: &[f64],
) -> Result<OpenSet, EvalError> {
    crate::evaluate::check(queries, gallery)?;
    if let Some(rate) = rates.iter().find(|r| !(0.0..1.0).contains(*r)) {
        return Err(EvalError::Rate {
            rate: *rate,
            problem: "expected a fraction from 0 to below 1".into(),
        });
    }
    let LabelledFeatures { features: query_features, entries: queries } = queries;
    let LabelledFeatures { features: gallery_features, entries: gallery } = gallery;
    let largest = rates.iter().copied().fold(0.0, f64::max);
    // One more stands at the threshold, and one more may come from rounding: the pairs of two people are fewer than all pairs.
    let most = allowed(largest, (queries.len() * gallery.len()) as u64) as u64 + 2;
    if most > MOST {
        return Err(EvalError::Rate {
            rate: largest,
            problem: format!("{most} distances would have to be held, more than {MOST}"),
        });
    }
    let mut tally = Tally::new(gallery, protocol, most as usize);
    let (measured, all) = Measured::pair(query_features, gallery_features, metric)?;
    measured.distances(&all, |first, distances| {
        let queries = &queries[first..first + distances.nrows()];
        let rows: Vec<_> = distances.outer_iter().map(|row| row.to_vec()).collect();
        let rankings: Vec<Ranking> = queries
            .par_iter()
            .zip(&rows)
            .map(|(query, row)| Ranking::new(query, gallery, row, protocol, Ties::Pessimistic, 1))
            .collect();
        for ((query, row), ranking) in queries.iter().zip(&rows).zip(&rankings) {
            tally.add(query, row, ranking);
        }
    });
    Ok(tally.finish(rates))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_impostors_are_let_in_as_the_rate_allows() {
        for (rate, count, expected) in [
            // Products of which floating point makes 56.99…, 28.99… and 57.99….
            (0.57, 100, 57),
            (0.29, 100, 29),
            (0.58, 100, 58),
            (0.07, 100, 7),
            (0.1, 9, 0),
            (0.0, 5, 0),
            (1.0 / 3.0, 3, 1),
            (0.999, 1, 0),
            (0.5, 0, 0),
        ] {
            assert_eq!(allowed(rate, count), expected, "{rate} of {count}");
        }
        // 100 impostors, one before each of 100 genuine pairs.
        let impostors: Vec<f32> = (0..100u8).map(f32::from).collect();
        let genuine: Vec<f32> = impostors.iter().map(|distance| distance + 0.5).collect();
        let found = accepted(&genuine, &impostors, 100, 0.57);
        assert_eq!(found.true_accepts, Some(0.57));
    }
}
