use crate::{Entry, Protocol};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where a query's matches stand among the gallery entries that it may see, nearest first.
///
/// The whole order is never written down: metrics need the places of the matches, people the first few entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The nearest entries by index into the gallery: as many visible ones as were asked for, and the hidden ones among them.
    pub nearest: Vec<(usize, Verdict)>,
    /// Places of the hits, from 0, ascending.
    hits: Vec<usize>,
    /// Place of the first hit when only the first occurrence of every identity counts.
    first_identity: Option<usize>,
    /// For every match, how likely each other identity stands before it when one entry per identity is drawn.
    sampled: Vec<Vec<f64>>,
}

/// What an entry is to a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It shows the query's identity.
    Right,
    /// It shows somebody else.
    Wrong,
    /// The protocol hides it from the query: junk, which counts for nothing.
    Hidden,
}

/// In which order equal distances stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ties {
    /// In the gallery's order.
    #[default]
    Stable,
    /// Matches before strangers: no order scores higher.
    Optimistic,
    /// Strangers before matches: no order scores lower.
    Pessimistic,
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
    /// Ranks what `query` may see by ascending distance; `ties` orders equal distances. The first `nearest` visible entries are
    /// kept by name, with the hidden ones among them.
    ///
    /// # Panics
    /// If the gallery holds 2³¹ entries or more.
    #[must_use]
    pub fn new(
        query: &Entry,
        gallery: &[Entry],
        distances: &[f32],
        protocol: Protocol,
        ties: Ties,
        nearest: usize,
    ) -> Self {
        assert!(gallery.len() < LAST as usize, "a gallery of {} entries", gallery.len());
        let visible = || (0..gallery.len()).filter(|i| protocol.sees(query, &gallery[*i]));
        let is_hit = |i: usize| gallery[i].identity == query.identity;
        let key = |distance: f32, i: usize| {
            let last = match ties {
                Ties::Stable => false,
                Ties::Optimistic => !is_hit(i),
                Ties::Pessimistic => is_hit(i),
            };
            key(distance, i as u32 | if last { LAST } else { 0 })
        };
        let mut hit_keys: Vec<u64> =
            visible().filter(|i| is_hit(*i)).map(|i| key(distances[i], i)).collect();
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
        let mut keys: Vec<u64> = if nearest == 0 {
            Vec::new()
        } else {
            visible().map(|i| key(distances[i], i)).collect()
        };
        if keys.len() > nearest {
            keys.select_nth_unstable(nearest);
            keys.truncate(nearest);
        }
        if let Some(last) = keys.iter().copied().max() {
            let hidden = (0..gallery.len()).filter(|i| !protocol.sees(query, &gallery[*i]));
            keys.extend(hidden.map(|i| key(distances[i], i)).filter(|key| *key < last));
        }
        keys.sort_unstable();
        let named = |key: u64| (key & u64::from(!LAST)) as usize;
        let verdict = |i: usize| match (protocol.sees(query, &gallery[i]), is_hit(i)) {
            (false, _) => Verdict::Hidden,
            (true, true) => Verdict::Right,
            (true, false) => Verdict::Wrong,
        };
        let sampled = if protocol.samples_identities() {
            let others = visible()
                .filter(|i| !is_hit(*i))
                .map(|i| (gallery[i].identity, key(distances[i], i)));
            nearer_identities_by_match(&hit_keys, others)
        } else {
            Vec::new()
        };
        Self {
            sampled,
            nearest: keys.into_iter().map(|key| (named(key), verdict(named(key)))).collect(),
            first_identity: hits.first().map(|place| {
                if protocol.counts_identities() { nearer_identities.len() } else { *place }
            }),
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

    /// Probability that the first hit is at rank 1, 2, … `max_rank` or before when the gallery holds one random entry of
    /// every identity; empty unless the protocol asks for it.
    ///
    /// torchreid's `eval_cuhk03` estimates this by ten draws of such galleries; this is what infinitely many would give. The
    /// number of nearer identities is a sum of independent events, one for each of them.
    #[must_use]
    pub fn expected_cmc(&self, max_rank: usize) -> Vec<f64> {
        let mut cmc = vec![0.0; if self.sampled.is_empty() { 0 } else { max_rank }];
        for nearer in &self.sampled {
            // Entry k: exactly k identities are nearer.
            let mut exactly = vec![0.0; max_rank];
            exactly[..1.min(max_rank)].fill(1.0);
            for probability in nearer {
                for k in (0..max_rank).rev() {
                    let one_less = if k == 0 { 0.0 } else { exactly[k - 1] };
                    exactly[k] = exactly[k] * (1.0 - probability) + one_less * probability;
                }
            }
            let mut sum = 0.0;
            for (total, exactly) in cmc.iter_mut().zip(exactly) {
                sum += exactly;
                *total += sum / self.sampled.len() as f64;
            }
        }
        cmc
    }

    /// Average precision; `None` without a hit.
    ///
    /// ```
    /// # use aio_eval::{AveragePrecision, Entry, Protocol, Ranking, Ties};
    /// let entry = |identity| Entry { identity, camera: -1, image: -1 };
    /// let gallery = [entry(1), entry(2), entry(1)];
    /// let ranking = Ranking::new(&entry(1), &gallery, &[0.1, 0.2, 0.3], Protocol::None, Ties::Stable, 0);
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

/// For every match, the fraction of each other identity's entries that are nearer; identities without any are left out.
fn nearer_identities_by_match(
    hits: &[u64],
    others: impl Iterator<Item = (i64, u64)>,
) -> Vec<Vec<f64>> {
    let mut by_identity: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    for (identity, key) in others {
        by_identity.entry(identity).or_default().push(key);
    }
    let fraction = |keys: &Vec<u64>, hit: u64| {
        keys.iter().filter(|key| **key < hit).count() as f64 / keys.len() as f64
    };
    hits.iter()
        .map(|hit| {
            by_identity.values().map(|keys| fraction(keys, *hit)).filter(|p| *p > 0.0).collect()
        })
        .collect()
}

/// The bit of an index that puts an entry behind all others of the same distance.
const LAST: u32 = 1 << 31;

/// Orders like (distance, index): the bits of a float, made to ascend with it, above the index.
fn key(distance: f32, index: u32) -> u64 {
    // −0 and 0 are one distance.
    let bits = (distance + 0.0).to_bits();
    let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(ascending) << 32 | u64::from(index)
}
