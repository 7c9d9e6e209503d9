use aio_simd::wide;
use serde::{Deserialize, Serialize};

/// Orders like (distance, index): the bits of a float, made to ascend with it, above the index.
pub(crate) fn key(distance: f32, index: u32) -> u64 {
    // −0 and 0 are one distance.
    let bits = (distance + 0.0).to_bits();
    let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(ascending) << 32 | u64::from(index)
}

/// The bit of an index that puts an entry behind all others of the same distance.
pub(crate) const LAST: u32 = 1 << 31;

/// In which order equal distances stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ties {
    /// In the gallery's order.
    #[default]
    Stable,
    /// Matches before non-matches: no order scores higher.
    Optimistic,
    /// Non-matches before matches: no order scores lower.
    Pessimistic,
}

impl Ties {
    /// What orders a gallery entry among the others.
    pub(crate) fn key(self, distance: f32, index: usize, is_match: bool) -> u64 {
        let last = match self {
            Self::Stable => false,
            Self::Optimistic => !is_match,
            Self::Pessimistic => is_match,
        };
        key(distance, index as u32 | if last { LAST } else { 0 })
    }
}

/// With more matches than this, a binary search for every distance is faster than a comparison with every match.
const COMPARED: usize = 64;

/// Distances that are compared with every match before the next ones are; they stay in the first-level cache.
const DISTANCES_AT_ONCE: usize = 2048;

/// For each match, the number of other entries that stand before it.
///
/// `matches` are indices into `distances` in the order of their [`Ties::key`]. Where `distances` is NaN nothing is counted; the matches
/// themselves must be so in `others`, which otherwise is `distances`.
pub(crate) fn before(matches: &[u32], distances: &[f32], others: &[f32], ties: Ties) -> Vec<usize> {
    if matches.len() > COMPARED {
        return before_by_search(matches, distances, others, ties);
    }
    let mut counts = vec![0; matches.len()];
    wide(
        #[inline(always)]
        || {
            for (number, others) in others.chunks(DISTANCES_AT_ONCE).enumerate() {
                let first = number * DISTANCES_AT_ONCE;
                for (count, index) in counts.iter_mut().zip(matches) {
                    let index = *index as usize;
                    let distance = distances[index];
                    // Of equal distances, those stand before the match whose index is below this.
                    let split = match ties {
                        Ties::Stable => index.saturating_sub(first).min(others.len()),
                        Ties::Optimistic => 0,
                        Ties::Pessimistic => others.len(),
                    };
                    let (with_equal, without) = others.split_at(split);
                    let nearer = |other: &f32| u32::from(*other < distance);
                    let nearer_or_equal = |other: &f32| u32::from(*other <= distance);
                    *count += (with_equal.iter().map(nearer_or_equal).sum::<u32>()
                        + without.iter().map(nearer).sum::<u32>())
                        as usize;
                }
            }
        },
    );
    counts
}

fn before_by_search(matches: &[u32], distances: &[f32], others: &[f32], ties: Ties) -> Vec<usize> {
    let keys: Vec<u64> =
        matches.iter().map(|i| ties.key(distances[*i as usize], *i as usize, true)).collect();
    // Others between two matches push the later one back.
    let mut counts = vec![0; keys.len() + 1];
    for (i, other) in others.iter().enumerate().filter(|(_, other)| !other.is_nan()) {
        let key = ties.key(*other, i, false);
        counts[keys.partition_point(|of_match| *of_match < key)] += 1;
    }
    counts.pop();
    let mut sum = 0;
    for count in &mut counts {
        sum += *count;
        *count = sum;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::Random;

    #[test]
    fn comparing_with_every_match_agrees_with_searching() {
        let mut random = Random::new(3);
        for round in 0..60 {
            let count = 1 + (random.next_u32() as usize % (3 * DISTANCES_AT_ONCE));
            // Few values, so that many are equal; zeros of both signs.
            let mut value = || ((random.next_u32() % 50) as f32 - 25.0) * -0.5;
            let distances: Vec<f32> = (0..count).map(|_| value()).collect();
            let mut matches: Vec<u32> =
                (0..1 + round % 20).map(|_| random.next_u32() % count as u32).collect();
            for ties in [Ties::Stable, Ties::Optimistic, Ties::Pessimistic] {
                matches.sort_by_key(|i| ties.key(distances[*i as usize], *i as usize, true));
                matches.dedup();
                let mut others = distances.clone();
                matches.iter().for_each(|i| others[*i as usize] = f32::NAN);
                (0..count).step_by(7).for_each(|i| others[i] = f32::NAN);
                assert_eq!(
                    before(&matches, &distances, &others, ties),
                    before_by_search(&matches, &distances, &others, ties),
                    "{ties:?}"
                );
            }
        }
    }
}
