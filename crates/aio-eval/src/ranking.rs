use crate::{Entry, Protocol};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The gallery entries that one query may see, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// Indices into the gallery.
    pub order: Vec<usize>,
    /// Whether the entry at each place shows the query's identity.
    pub hits: Vec<bool>,
    /// Place of each entry when only the first occurrence of every identity counts; `None` for later ones.
    identity_place: Vec<Option<usize>>,
}

/// How the area under the precision–recall curve is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AveragePrecision {
    /// `1/R · Σ_j j/p_j` (torchreid, fast-reid, AGW, SYSU, IRRA).
    #[default]
    Standard,
    /// Trapezoids between hits (Market-1501's MATLAB code, PLIP).
    Trapezoid,
}

impl Ranking {
    /// Ranks what `query` may see by ascending distance; equal distances keep the gallery's order.
    #[must_use]
    pub fn new(query: &Entry, gallery: &[Entry], distances: &[f32], protocol: Protocol) -> Self {
        let mut order: Vec<usize> = (0..gallery.len()).filter(|i| protocol.sees(query, &gallery[*i])).collect();
        order.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b)));
        let hits = order.iter().map(|i| gallery[*i].identity == query.identity).collect();
        let mut seen = BTreeSet::new();
        let identity_place = order.iter().map(|i| seen.insert(gallery[*i].identity).then(|| seen.len() - 1)).collect();
        Self { order, hits, identity_place }
    }

    /// Places of the hits, from 0.
    fn places(&self) -> impl Iterator<Item = usize> {
        self.hits.iter().enumerate().filter(|(_, hit)| **hit).map(|(place, _)| place)
    }

    /// Whether there is any hit.
    #[must_use]
    pub fn has_match(&self) -> bool {
        self.hits.contains(&true)
    }

    /// Place of the first hit, from 0: over entries, or over first occurrences of identities.
    #[must_use]
    pub fn first_hit(&self, counts_identities: bool) -> Option<usize> {
        let place = self.places().next()?;
        if counts_identities { self.identity_place[place] } else { Some(place) }
    }

    /// Average precision; `None` without a hit.
    ///
    /// ```
    /// # use aio_eval::{AveragePrecision, Entry, Protocol, Ranking};
    /// let entry = |identity| Entry { identity, camera: -1, image: -1 };
    /// let gallery = [entry(1), entry(2), entry(1)];
    /// let ranking = Ranking::new(&entry(1), &gallery, &[0.1, 0.2, 0.3], Protocol::None);
    /// assert_eq!(ranking.average_precision(AveragePrecision::Standard), Some((1.0 + 2.0 / 3.0) / 2.0));
    /// ```
    #[must_use]
    pub fn average_precision(&self, kind: AveragePrecision) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0usize);
        for place in self.places() {
            let before = if place == 0 { 1.0 } else { count as f64 / place as f64 };
            count += 1;
            let after = count as f64 / (place + 1) as f64;
            sum += match kind {
                AveragePrecision::Standard => after,
                AveragePrecision::Trapezoid => 0.5 * (before + after),
            };
        }
        (count > 0).then(|| sum / count as f64)
    }

    /// Inverse negative penalty: number of hits over the rank of the last one (Ye et al., AGW); `None` without a hit.
    #[must_use]
    pub fn inverse_negative_penalty(&self) -> Option<f64> {
        let count = self.places().count();
        self.places().last().map(|last| count as f64 / (last + 1) as f64)
    }
}
