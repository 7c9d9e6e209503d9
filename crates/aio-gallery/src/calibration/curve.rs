//! Curves from similarity to probability, and their error.

use serde::{Deserialize, Serialize};

/// How a curve is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A logistic function of two parameters (Platt 1999).
    Platt,
    /// A rising function of any form (Zadrozny and Elkan 2002).
    Isotonic,
}

/// A function that does not fall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase", deny_unknown_fields)]
pub enum Curve {
    /// `1 / (1 + exp(−(slope · s + intercept)))`.
    Platt {
        /// Factor of the similarity.
        slope: f64,
        /// Log-odds at the similarity 0.
        intercept: f64,
    },
    /// Straight lines between these points, level beyond the first and the last.
    Isotonic {
        /// Similarities, increasing.
        similarities: Vec<f64>,
        /// Their probabilities, not falling.
        probabilities: Vec<f64>,
    },
}

impl Curve {
    /// Fits a curve to similarities and whether each is of one person.
    ///
    /// # Panics
    /// If the lists do not have the same length, or are empty.
    #[must_use]
    pub fn fit(method: Method, similarities: &[f64], same: &[bool]) -> Self {
        assert_eq!(similarities.len(), same.len(), "one label per similarity");
        assert!(!same.is_empty(), "similarities");
        match method {
            Method::Platt => platt(similarities, same),
            Method::Isotonic => isotonic(similarities, same),
        }
    }

    /// The probability at a similarity.
    #[must_use]
    pub fn probability(&self, similarity: f64) -> f64 {
        match self {
            Self::Platt { slope, intercept } => {
                1.0 / (1.0 + (-(slope * similarity + intercept)).exp())
            }
            Self::Isotonic { similarities: x, probabilities: y } => {
                let above = x.partition_point(|x| *x <= similarity);
                if above == 0 || above == x.len() {
                    return y.get(above.saturating_sub(1)).copied().unwrap_or(f64::NAN);
                }
                let (left, right) = (above - 1, above);
                let part = (similarity - x[left]) / (x[right] - x[left]);
                y[left] + part * (y[right] - y[left])
            }
        }
    }

    /// Whether larger similarities are more probable anywhere.
    pub(super) fn rises(&self) -> bool {
        match self {
            Self::Platt { slope, .. } => *slope > 0.0,
            Self::Isotonic { probabilities: p, .. } => p.first() < p.last(),
        }
    }
}

/// Most iterations of Newton's method; a handful is usual.
const ITERATIONS: usize = 100;

/// Maximum likelihood with Platt's targets, which keep the parameters finite, by Newton's method with a halving line search: Lin, Lin and
/// Weng, "A note on Platt's probabilistic outputs for support vector machines" (2007).
fn platt(similarities: &[f64], same: &[bool]) -> Curve {
    let positives = same.iter().filter(|same| **same).count() as f64;
    let negatives = same.len() as f64 - positives;
    let targets = [1.0 / (negatives + 2.0), (positives + 1.0) / (positives + 2.0)];
    let pairs = || similarities.iter().zip(same).map(|(s, same)| (*s, targets[usize::from(*same)]));
    let loss = |slope: f64, intercept: f64| -> f64 {
        // log(1 + exp(z)) − t z, without an exponential of a large number.
        let of = |(s, target): (f64, f64)| {
            let z = slope * s + intercept;
            z.max(0.0) + (-z.abs()).exp().ln_1p() - target * z
        };
        pairs().map(of).sum()
    };
    let (mut slope, mut intercept) = (0.0, ((positives + 1.0) / (negatives + 1.0)).ln());
    let mut now = loss(slope, intercept);
    for _ in 0..ITERATIONS {
        let (mut g, mut h) = ([0.0; 2], [1e-12, 0.0, 1e-12]);
        for (s, target) in pairs() {
            let p = 1.0 / (1.0 + (-(slope * s + intercept)).exp());
            let weight = p * (1.0 - p);
            g = [g[0] + (p - target) * s, g[1] + (p - target)];
            h = [h[0] + weight * s * s, h[1] + weight * s, h[2] + weight];
        }
        if g.iter().all(|g| g.abs() < 1e-9 * same.len() as f64) {
            break;
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        let step = [
            -(h[2] * g[0] - h[1] * g[1]) / determinant,
            -(h[0] * g[1] - h[1] * g[0]) / determinant,
        ];
        let fall = g[0] * step[0] + g[1] * step[1];
        let mut size = 1.0;
        loop {
            let (a, b) = (slope + size * step[0], intercept + size * step[1]);
            let new = loss(a, b);
            if new < now + 1e-4 * size * fall {
                (slope, intercept, now) = (a, b, new);
                break;
            }
            size /= 2.0;
            if size < 1e-10 {
                return Curve::Platt { slope, intercept };
            }
        }
    }
    Curve::Platt { slope, intercept }
}

/// Least squares among functions that do not fall, by pooling adjacent violators; equal similarities share one value.
fn isotonic(similarities: &[f64], same: &[bool]) -> Curve {
    let mut pairs: Vec<(f64, bool)> =
        similarities.iter().copied().zip(same.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    struct Block {
        first: f64,
        last: f64,
        sum: f64,
        count: f64,
    }
    let mut blocks: Vec<Block> = Vec::new();
    for (s, same) in pairs {
        let sum = f64::from(u8::from(same));
        match blocks.last_mut() {
            // Equal similarities come one after the other, before anything is pooled with them.
            Some(block) if block.first == s => {
                block.sum += sum;
                block.count += 1.0;
            }
            _ => blocks.push(Block { first: s, last: s, sum, count: 1.0 }),
        }
    }
    let mut pooled: Vec<Block> = Vec::new();
    for block in blocks {
        pooled.push(block);
        while let [.., a, b] = &mut pooled[..] {
            if a.sum * b.count < b.sum * a.count {
                break;
            }
            a.last = b.last;
            a.sum += b.sum;
            a.count += b.count;
            pooled.pop();
        }
    }
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for Block { first, last, sum, count } in pooled {
        for s in if first < last { vec![first, last] } else { vec![first] } {
            x.push(s);
            y.push(sum / count);
        }
    }
    Curve::Isotonic { similarities: x, probabilities: y }
}

/// Bins of [`expected_calibration_error`].
const BINS: usize = 15;

/// The mean distance between stated probability and observed share, over 15 bins of equal width, each weighted by its pairs (Guo et al.,
/// "On calibration of modern neural networks", ICML 2017).
///
/// # Panics
/// If the lists do not have the same length.
#[must_use]
pub fn expected_calibration_error(probabilities: &[f64], same: &[bool]) -> f64 {
    assert_eq!(probabilities.len(), same.len(), "one label per probability");
    let mut bins = [(0.0, 0.0); BINS];
    for (probability, same) in probabilities.iter().zip(same) {
        let bin = ((probability * BINS as f64) as usize).min(BINS - 1);
        bins[bin].0 += probability;
        bins[bin].1 += f64::from(u8::from(*same));
    }
    bins.iter().map(|(stated, observed)| (stated - observed).abs()).sum::<f64>()
        / probabilities.len().max(1) as f64
}
