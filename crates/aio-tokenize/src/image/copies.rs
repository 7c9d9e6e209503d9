use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use std::ops::Range;

/// The channels of a widened layer: which old channel each of them copies, and its share of what the next layer reads from that old channel. The
/// shares of all copies of a channel add up to 1.
pub(super) struct Copies {
    pub(super) of: Vec<usize>,
    pub(super) share: Vec<f32>,
}

impl Copies {
    /// Every channel once.
    pub(super) fn none(channels: usize) -> Self {
        Self { of: (0..channels).collect(), share: vec![1.0; channels] }
    }

    /// `count` channels for those of `old`: each equally often, and random ones once more.
    pub(super) fn draw(old: Range<usize>, count: usize, rng: &mut impl Rng) -> Self {
        let mut again: Vec<usize> = old.clone().collect();
        again.shuffle(rng);
        let whole = count - count % old.len();
        let of: Vec<usize> = old.clone().cycle().take(whole).chain(again).take(count).collect();
        let parts: Vec<f32> = of.iter().map(|_| rng.random_range(0.5..1.5)).collect();
        let sum = |channel| {
            let parts = of.iter().zip(&parts).filter(|(copied, _)| **copied == channel);
            parts.map(|(_, part)| part).sum::<f32>()
        };
        let share = of.iter().zip(&parts).map(|(channel, part)| part / sum(*channel)).collect();
        Self { of, share }
    }

    pub(super) fn followed_by(mut self, other: Self) -> Self {
        self.of.extend(other.of);
        self.share.extend(other.share);
        self
    }
}
