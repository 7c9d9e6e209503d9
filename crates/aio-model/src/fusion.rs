//! How the parts of a query become one embedding: in one sequence, or behind the encoder.

use crate::adapters::number;
use crate::{Backbone, BackboneConfig};
use aio_encoder::{Activations, Mixer, MixerConfig, SlotFrom};
use aio_heads::loss;
use aio_tokenize::{ModalityInput, ModalityTokens};
use aio_types::{Modality, ModalitySet};
use burn::tensor::{Device, Tensor};
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

/// Inner width of the mixer's map over the slots: four times the number of all modalities. The original has about one to five times the number of
/// its tokens.
const HIDDEN_SLOTS: usize = 4 * Modality::ALL.len();

/// Inner width of the mixer's map over the channels, as a multiple of their number, as in the original.
const CHANNEL_RATIO: usize = 4;

impl BackboneConfig {
    /// The same sizes with another fusion.
    #[must_use]
    pub fn with_fusion(self, fusion: FusionUse, absent: AbsentUse) -> Self {
        Self { fusion, absent, ..self }
    }

    /// The sizes of the mixer, which has a slot for each modality; `None` if there is no mixer.
    #[must_use]
    pub fn mixer(&self) -> Option<MixerConfig> {
        let width = self.embedding_width();
        (self.fusion == FusionUse::Mixer).then(|| MixerConfig {
            slots: self.modalities().len(),
            width,
            hidden_slots: HIDDEN_SLOTS,
            hidden_width: CHANNEL_RATIO * width,
            learned: self.absent == AbsentUse::Learned,
        })
    }

    /// Whether a token stands in every sequence for each modality that the sequence lacks.
    #[must_use]
    pub fn has_absent_tokens(&self) -> bool {
        self.fusion == FusionUse::Sequence && self.absent == AbsentUse::Learned
    }

    /// Refuses learned embeddings that have no place.
    pub(crate) fn check_fusion(&self) -> Result<(), String> {
        if self.fusion == FusionUse::Mean && self.absent == AbsentUse::Learned {
            return Err(
                "absent is `learned`, for which fusion `mean` has no place, expected `none`".into(),
            );
        }
        Ok(())
    }
}

impl Backbone {
    /// The same backbone with the fusion of `config`. What learns in it is fresh unless the backbone has it already.
    #[must_use]
    pub fn with_fusion(mut self, config: &BackboneConfig, device: &Device) -> Self {
        self.fusion = config.fusion;
        if config.has_absent_tokens() {
            self.tokenizers = self.tokenizers.with_absent_tokens(device);
        }
        self.mixer = config.mixer().map(|sizes| match self.mixer.take() {
            Some(mixer) if sizes.learned => mixer.with_learned(sizes.width, device),
            Some(mixer) => mixer,
            None => sizes.init(device),
        });
        self
    }

    /// The same backbone with the slots of its mixer for its present modalities; it had one for each of `had`. A new modality starts with the weights
    /// of RGB, and nothing stands for it where it is absent.
    pub(crate) fn with_slots_from(mut self, had: ModalitySet) -> Self {
        let has = self.modalities();
        let from = |modality| {
            let former = number(had, modality).map(SlotFrom::Former);
            former.or(number(had, Modality::Rgb).map(SlotFrom::CopyOf))
        };
        if had != has {
            let slots: Vec<SlotFrom> = has.iter().filter_map(from).collect();
            self.mixer = self.mixer.map(|mixer| mixer.for_slots(&slots));
        }
        self
    }

    /// The same backbone without its text tower, if it has one.
    #[must_use]
    pub fn without_text_tower(self) -> Self {
        let had = self.modalities();
        Self { text_tower: None, ..self }.with_slots_from(had)
    }

    /// Embeddings of people, each with all of `inputs`. Their order does not matter where modalities are combined behind the encoder; in one sequence
    /// it is the order of the tokens.
    ///
    /// A text tower embeds sentences outside of any sequence: see [`Backbone::embed_parts`].
    ///
    /// # Shapes
    /// - output: `[batch, embedding]`
    #[must_use]
    pub fn embed(&self, inputs: &[ModalityInput]) -> Tensor<2> {
        let (mut tokens, mut alone) = (Vec::new(), Vec::new());
        for input in inputs {
            match (input, &self.text_tower) {
                (ModalityInput::Text(ids), Some(tower)) => {
                    alone.push((Modality::Text, tower.embed(ids.clone())));
                }
                _ => tokens.push(self.tokenizers.tokens(input)),
            }
        }
        self.embed_parts(&mut Activations::Stored, &tokens, alone)
    }

    /// Embeds the tokens of some modalities, and combines them with modalities of the same rows that have been embedded `alone` already.
    ///
    /// With [`FusionUse::Sequence`], the tokens enter one sequence. If something was embedded alone beside them, which is the sentences of a text tower,
    /// the direction is that of the mean of the unit embeddings.
    ///
    /// # Shapes
    /// - alone, each, and output: `[batch, embedding]`
    ///
    /// # Panics
    /// If there is nothing to embed.
    #[must_use]
    pub fn embed_parts(
        &self,
        activations: &mut Activations,
        tokens: &[ModalityTokens],
        mut alone: Vec<(Modality, Tensor<2>)>,
    ) -> Tensor<2> {
        if self.fusion.is_late() {
            for part in tokens {
                alone.push((part.modality(), self.embed_alone(activations, part)));
            }
            return self.combine(alone);
        }
        let mut parts = Vec::new();
        if !tokens.is_empty() {
            parts.push(self.encode(activations, self.tokenizers.join(tokens)).0);
        }
        parts.extend(alone.into_iter().map(|(_, embedded)| embedded));
        mean(parts)
    }

    /// The output of encoder and projection for one modality: `[batch, embedding]`.
    pub(crate) fn embed_alone(
        &self,
        activations: &mut Activations,
        tokens: &ModalityTokens,
    ) -> Tensor<2> {
        self.encode(activations, self.tokenizers.join(std::slice::from_ref(tokens))).0
    }

    /// Combines modalities that were embedded alone. A single one stays as it is, unless a mixer has learned vectors for those that are absent.
    fn combine(&self, mut parts: Vec<(Modality, Tensor<2>)>) -> Tensor<2> {
        parts.sort_by_key(|(modality, _)| *modality);
        let known = self.modalities();
        let slots: Vec<usize> = parts.iter().filter_map(|(m, _)| number(known, *m)).collect();
        let embedded: Vec<Tensor<2>> = parts.into_iter().map(|(_, embedded)| embedded).collect();
        match &self.mixer {
            Some(mixer) if embedded.len() > 1 || mixer.is_learned() => {
                late(embedded, |units| Some(mixed(mixer, &slots, units)))
            }
            _ => mean(embedded),
        }
    }
}

/// What a mixer adds to the mean of unit embeddings, one in each of `slots`. The mixer sees numbers of about 1, which vectors of length `√width` have.
fn mixed(mixer: &Mixer, slots: &[usize], units: &[Tensor<2>]) -> Tensor<2> {
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
fn mean(mut parts: Vec<Tensor<2>>) -> Tensor<2> {
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
