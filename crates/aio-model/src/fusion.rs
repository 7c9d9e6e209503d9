//! How the parts of a query become one embedding: the choices, and what is computed behind the encoder.

use aio_encoder::Mixer;
use aio_heads::loss;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// How the modalities of a query become one embedding.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FusionUse {
    /// The tokens of all modalities enter the encoder in one sequence, as in the paper.
    #[default]
    Sequence,
    /// Every modality passes alone, and the embedding has the direction of the mean of the unit embeddings: late fusion.
    Mean,
    /// Every modality passes alone, and one trained layer adds something to that mean (MLP-Mixer; Tolstikhin et al., NeurIPS 2021;
    /// docs/weights.md).
    Mixer,
}

impl FusionUse {
    /// Whether modalities are combined behind the encoder.
    #[must_use]
    pub fn is_late(self) -> bool {
        self != Self::Sequence
    }

    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What stands for a modality that a query lacks.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AbsentUse {
    /// Nothing, as in the paper.
    #[default]
    None,
    /// A learned embedding for each modality (FlexiReID; Sun et al., ICML 2025): a token of the sequence, or a vector of the mixer.
    /// `model.fusion = "mean"` has no place for it.
    Learned,
}

impl AbsentUse {
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Late fusion with a mixer: what it adds to the mean of the unit embeddings counts, too.
///
/// # Shapes
/// - slots: as many as parts
/// - parts, each, and output: `[batch, embedding]`
///
/// # Panics
/// If there is no part.
pub(crate) fn mixed(mixer: &Mixer, slots: &[usize], parts: Vec<Tensor<2>>) -> Tensor<2> {
    late(parts, |units| Some(added(mixer, slots, units)))
}

/// What a mixer adds to the mean of unit embeddings, one in each of `slots`. The mixer sees numbers of about 1, which vectors of length `√width` have.
fn added(mixer: &Mixer, slots: &[usize], units: &[Tensor<2>]) -> Tensor<2> {
    let [_, width] = units[0].dims();
    let size = (width as f64).sqrt();
    let features = units.iter().map(|unit| unit.clone().mul_scalar(size));
    mixer.forward(slots.iter().copied().zip(features).collect()).div_scalar(size)
}

/// Late fusion: the direction is that of the mean of the unit embeddings. A single embedding stays as it is.
///
/// # Shapes
/// - parts, each, and output: `[batch, embedding]`
///
/// # Panics
/// If there is no part.
pub(crate) fn mean(mut parts: Vec<Tensor<2>>) -> Tensor<2> {
    match parts.len() {
        1 => parts.remove(0),
        _ => late(parts, |_| None),
    }
}

/// The mean of unit embeddings, to which something may be added, times the mean length, so that heads see features of one scale. Comparisons by cosine
/// do not depend on that length, and no gradient flows through it.
fn late(parts: Vec<Tensor<2>>, added: impl FnOnce(&[Tensor<2>]) -> Option<Tensor<2>>) -> Tensor<2> {
    let count = parts.len() as f64;
    let length = |x: &Tensor<2>| x.clone().square().sum_dim(1).sqrt().without_autodiff();
    let lengths = parts.iter().map(length).reduce(|a, b| a + b).expect("at least one part");
    let units: Vec<Tensor<2>> = parts.into_iter().map(loss::normalise).collect();
    let sum = units.iter().cloned().reduce(|a, b| a + b).expect("at least one part");
    let sum = match added(&units) {
        Some(added) => sum + added.mul_scalar(count),
        None => sum,
    };
    sum * lengths.mul_scalar(1.0 / (count * count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    fn agree(found: &[f32], by_hand: &[f32]) {
        assert_eq!(found.len(), by_hand.len());
        let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
        assert!(found.iter().zip(by_hand).all(near), "{found:?}, {by_hand:?}");
    }

    #[test]
    fn the_fused_direction_is_that_of_the_mean_of_unit_embeddings() {
        let device = Device::flex();
        let a = Tensor::<2>::from_data([[3.0f32, 4.0], [0.0, 10.0]], &device);
        let b = Tensor::<2>::from_data([[0.0f32, 1.0], [2.0, 0.0]], &device);
        // Lengths 5 and 1, mean 3: (0.6, 1.8) / 2 · 3. Lengths 10 and 2, mean 6: (1, 1) / 2 · 6.
        agree(&values(mean(vec![a.clone(), b.clone()])), &[0.9, 2.7, 3.0, 3.0]);
        let c = Tensor::<2>::from_data([[0.0f32, 3.0], [0.0, 3.0]], &device);
        // Lengths 5, 1 and 3, mean 3: (0.6, 2.8) / 3 · 3. Lengths 10, 2 and 3, mean 5: (1, 2) / 3 · 5.
        agree(&values(mean(vec![a.clone(), b, c])), &[0.6, 2.8, 5.0 / 3.0, 10.0 / 3.0]);
        assert_eq!(values(mean(vec![a.clone()])), values(a));
    }
}
