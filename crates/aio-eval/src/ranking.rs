use crate::places::{LAST, Ties, before};
use crate::relevant::Relevant;
use crate::{Entry, Protocol};
use aio_types::Identity;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where a query's matches stand among the gallery entries that are not junk, nearest first.
///
/// The whole order is not kept: metrics need the places of the matches, and ranked lists the first few entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The nearest entries by index into the gallery: a given number of matches and non-matches, and the junk among them.
    pub nearest: Vec<(usize, Relevance)>,
    /// Places of the matches, from 0, ascending.
    matches: Vec<usize>,
    /// Place of the first match when only the first occurrence of every identity counts.
    first_identity: Option<usize>,
    /// For every match, how likely each other identity stands before it when one entry per identity is drawn.
    sampled: Vec<Vec<f64>>,
}

/// What a gallery entry is to a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relevance {
    /// It shows the query's identity.
    #[serde(rename = "right")]
    Match,
    /// It shows another identity.
    #[serde(rename = "wrong")]
    NonMatch,
    /// The protocol leaves it out: it counts neither for nor against the query.
    #[serde(rename = "hidden")]
    Junk,
}

/// How the area under the precision–recall curve is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AveragePrecision {
    /// `1/R · Σ_j j/p_j` (torchreid, fast-reid, AGW, SYSU, IRRA).
    #[default]
    Standard,
    /// Trapezoids between matches (Market-1501's MATLAB code, PLIP).
    Trapezoid,
}

impl Ranking {
    /// Ranks the gallery entries that are not junk for `query` by ascending distance; `ties` orders equal distances. The
    /// first `nearest` of them are kept by index, with the junk among them.
    ///
    /// `distances` holds one number for each entry of the gallery, none of them NaN.
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
        let relevant = &Relevant::scan(query, gallery, protocol);
        let compared = Compared { query, gallery, relevant, distances, protocol, ties };
        compared.ranking(nearest, &mut Vec::new())
    }

    /// Places of the matches, from 0.
    fn places(&self) -> impl Iterator<Item = usize> {
        self.matches.iter().copied()
    }

    /// Whether there is any match.
    #[must_use]
    pub fn has_match(&self) -> bool {
        !self.matches.is_empty()
    }

    /// Place of the first match, from 0: over first occurrences of identities where the protocol counts those, else over
    /// entries.
    #[must_use]
    pub fn first_match(&self) -> Option<usize> {
        self.first_identity
    }

    /// Probability that the first match is at rank 1, 2, … `max_rank` or before when the gallery holds one random entry of
    /// every identity; empty unless the protocol counts so.
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

    /// Average precision; `None` without a match.
    ///
    /// ```
    /// # use aio_eval::{AveragePrecision, Entry, Protocol, Ranking, Ties};
    /// # use aio_types::Identity;
    /// let entry = |identity| Entry::of(Identity(identity));
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

    /// Inverse negative penalty: number of matches over the rank of the last one (Ye et al., AGW); `None` without a match.
    #[must_use]
    pub fn inverse_negative_penalty(&self) -> Option<f64> {
        let count = self.places().count();
        self.places().last().map(|last| count as f64 / (last + 1) as f64)
    }
}

/// A query and what is known of the gallery entries, by their indices.
pub(crate) struct Compared<'a> {
    pub(crate) query: &'a Entry,
    pub(crate) gallery: &'a [Entry],
    pub(crate) relevant: &'a Relevant,
    pub(crate) distances: &'a [f32],
    pub(crate) protocol: Protocol,
    pub(crate) ties: Ties,
}

impl Compared<'_> {
    /// As [`Ranking::new`]; `others` is memory that calls share.
    pub(crate) fn ranking(&self, nearest: usize, others: &mut Vec<f32>) -> Ranking {
        let Self { gallery, relevant, distances, protocol, ties, .. } = *self;
        assert!(gallery.len() < LAST as usize, "a gallery of {} entries", gallery.len());
        let mut by_key: Vec<(u64, u32)> =
            relevant.matches.iter().map(|i| (self.key(*i as usize, true), *i)).collect();
        by_key.sort_unstable();
        let (match_keys, sorted): (Vec<u64>, Vec<u32>) = by_key.into_iter().unzip();
        // The distances of the non-matches alone: nothing is nearer or further than what is not a number.
        others.clear();
        others.extend_from_slice(distances);
        for i in relevant.matches.iter().chain(&relevant.junk) {
            others[*i as usize] = f32::NAN;
        }
        let matches: Vec<usize> = before(&sorted, distances, others, ties)
            .into_iter()
            .enumerate()
            .map(|(number, before)| number + before)
            .collect();
        let non_matches =
            || others.iter().enumerate().filter(|(_, other)| !other.is_nan()).map(|(i, _)| i);
        let first_identity = matches.first().map(|place| {
            if protocol.counts_identities() {
                self.nearer_identities(match_keys[0], non_matches())
            } else {
                *place
            }
        });
        let sampled = if protocol.samples_identities() {
            self.nearer_identities_by_match(&match_keys, non_matches())
        } else {
            Vec::new()
        };
        let nearest = self.nearest(nearest, &match_keys, non_matches());
        Ranking { nearest, matches, first_identity, sampled }
    }

    /// What orders an entry among the others.
    fn key(&self, i: usize, is_match: bool) -> u64 {
        self.ties.key(self.distances[i], i, is_match)
    }

    /// Whom an entry shows. Where nobody knows, it counts as a person of its own.
    fn person(&self, i: usize) -> (Identity, Option<usize>) {
        let Entry { identity, .. } = self.gallery[i];
        (identity, (!identity.is_known()).then_some(i))
    }

    /// The number of identities of which a non-match stands before `key`.
    fn nearer_identities(&self, key: u64, non_matches: impl Iterator<Item = usize>) -> usize {
        let nearer = non_matches.filter(|i| self.key(*i, false) < key);
        nearer.map(|i| self.person(i)).collect::<BTreeSet<_>>().len()
    }

    /// For every match, the fraction of each other identity's entries that are nearer; identities without any are left out.
    fn nearer_identities_by_match(
        &self,
        match_keys: &[u64],
        non_matches: impl Iterator<Item = usize>,
    ) -> Vec<Vec<f64>> {
        let mut by_identity: BTreeMap<(Identity, Option<usize>), Vec<u64>> = BTreeMap::new();
        for i in non_matches {
            by_identity.entry(self.person(i)).or_default().push(self.key(i, false));
        }
        let nearer = |keys: &Vec<u64>, of_match: u64| {
            keys.iter().filter(|key| **key < of_match).count() as f64 / keys.len() as f64
        };
        let fractions = |of_match: &u64| {
            by_identity.values().map(|keys| nearer(keys, *of_match)).filter(|p| *p > 0.0).collect()
        };
        match_keys.iter().map(fractions).collect()
    }

    /// The nearest `count` matches and non-matches, and the junk among them.
    fn nearest(
        &self,
        count: usize,
        match_keys: &[u64],
        non_matches: impl Iterator<Item = usize>,
    ) -> Vec<(usize, Relevance)> {
        // Relevance and index of an entry follow from where its key stands.
        let mut named: Vec<(u64, Relevance)> = Vec::new();
        if count > 0 {
            named.extend(match_keys.iter().map(|key| (*key, Relevance::Match)));
            named.extend(non_matches.map(|i| (self.key(i, false), Relevance::NonMatch)));
        }
        if named.len() > count {
            named.select_nth_unstable_by_key(count, |(key, _)| *key);
            named.truncate(count);
        }
        if let Some(last) = named.iter().map(|(key, _)| *key).max() {
            let is_match = |i: usize| self.query.shows_the_person_of(&self.gallery[i]);
            let junk = self.relevant.junk.iter().map(|i| *i as usize);
            let keys = junk.map(|i| self.key(i, is_match(i)));
            named.extend(keys.filter(|key| *key < last).map(|key| (key, Relevance::Junk)));
        }
        named.sort_unstable_by_key(|(key, _)| *key);
        let index = |key: u64| (key & u64::from(!LAST)) as usize;
        named.into_iter().map(|(key, relevance)| (index(key), relevance)).collect()
    }
}
