use crate::{Entry, Protocol};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where a query's matches stand among the gallery entries that it may see, nearest first.
///
/// The whole order is never written down: metrics need the places of the matches, people the first few entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The nearest entries, as many as were asked for: index into the gallery, and whether it shows the query's identity.
    pub nearest: Vec<(usize, bool)>,
    /// Places of the hits, from 0, ascending.
    hits: Vec<usize>,
    /// Place of the first hit when only the first occurrence of every identity counts.
    first_identity: Option<usize>,
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
    /// Ranks what `query` may see by ascending distance; equal distances keep the gallery's order. The first `nearest`
    /// entries are kept by name.
    #[must_use]
    pub fn new(query: &Entry, gallery: &[Entry], distances: &[f32], protocol: Protocol, nearest: usize) -> Self {
        let visible = || (0..gallery.len()).filter(|i| protocol.sees(query, &gallery[*i]));
        let is_hit = |i: usize| gallery[i].identity == query.identity;
        let mut hit_keys: Vec<u64> = visible().filter(|i| is_hit(*i)).map(|i| key(distances[i], i)).collect();
        hit_keys.sort_unstable();
        // Strangers between two hits push the later one back.
        let mut strangers = vec![0usize; hit_keys.len()];
        let mut nearer_identities = BTreeSet::new();
        if let (Some(first), Some(last)) = (hit_keys.first(), hit_keys.last()) {
            for i in visible().filter(|i| !is_hit(*i)) {
                let key = key(distances[i], i);
                if key < *last {
                    strangers[hit_keys.partition_point(|hit| *hit < key)] += 1;
                }
                if key < *first && protocol.counts_identities() {
                    nearer_identities.insert(gallery[i].identity);
                }
            }
        }
        let mut before = 0;
        let hits: Vec<usize> = strangers
            .iter()
            .enumerate()
            .map(|(number, count)| {
                before += count;
                number + before
            })
            .collect();
        let mut keys: Vec<u64> = if nearest == 0 { Vec::new() } else { visible().map(|i| key(distances[i], i)).collect() };
        if keys.len() > nearest {
            keys.select_nth_unstable(nearest);
            keys.truncate(nearest);
        }
        keys.sort_unstable();
        let named = |key: u64| (key & u64::from(u32::MAX)) as usize;
        Self {
            nearest: keys.into_iter().map(|key| (named(key), is_hit(named(key)))).collect(),
            first_identity: hits.first().map(|place| if protocol.counts_identities() { nearer_identities.len() } else { *place }),
            hits,
        }
    }

    /// Places of the hits, from 0.
    fn places(&self) -> impl Iterator<Item = usize> {
        self.hits.iter().copied()
    }

    /// Whether there is any hit.
    #[must_use]
    pub fn has_match(&self) -> bool {
        !self.hits.is_empty()
    }

    /// Place of the first hit, from 0: over first occurrences of identities where the protocol counts those, else over
    /// entries.
    #[must_use]
    pub fn first_hit(&self) -> Option<usize> {
        self.first_identity
    }

    /// Average precision; `None` without a hit.
    ///
    /// ```
    /// # use aio_eval::{AveragePrecision, Entry, Protocol, Ranking};
    /// let entry = |identity| Entry { identity, camera: -1, image: -1 };
    /// let gallery = [entry(1), entry(2), entry(1)];
    /// let ranking = Ranking::new(&entry(1), &gallery, &[0.1, 0.2, 0.3], Protocol::None, 0);
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

/// Orders like (distance, index): the bits of a float, made to ascend with it, above the index.
fn key(distance: f32, index: usize) -> u64 {
    // −0 and 0 are one distance.
    let bits = (distance + 0.0).to_bits();
    let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(ascending) << 32 | index as u64
}
