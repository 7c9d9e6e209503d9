//! The training losses: their weights, their terms, and the weighted sum. Which terms a batch has is decided in `objective.rs`.

use aio_heads::{AnchorFeatures, AnchorGradient, AnchorRows, BindingKind, OwnPhoto};
use aio_types::Modality;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Weights and parameters of the training losses. The paper does not state its values; the defaults are choices.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LossWeights {
    /// Weight of the identity head's cross-entropy.
    #[schemars(range(min = 0.0))]
    pub identity: f64,
    /// Share of the identities that a step's softmax distinguishes: those of its batches and a random sample of the others
    /// (PartialFC). Only their rows of the classifier change. 1 distinguishes all; for very many identities 0.1 is usual.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub identity_sample: f64,
    /// Label smoothing of the identity head.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1.0))]
    pub label_smoothing: f64,
    /// Weight of the batch-hard triplet loss over all features of a batch; 0 disables it.
    #[schemars(range(min = 0.0))]
    pub triplet: f64,
    /// Margin of the triplet loss, in units of unit-length features.
    #[schemars(range(min = 0.0))]
    pub triplet_margin: f64,
    /// Weight of the attribute head.
    #[schemars(range(min = 0.0))]
    pub attribute: f64,
    /// Most words that the attribute head distinguishes: those that occur in the most captions of the training data. Articles, prepositions, verbs of
    /// wearing and the like are none of them, nor are words of fewer than three captions.
    #[schemars(range(min = 1), extend("x-unit" = "words"))]
    pub attribute_words: usize,
    /// Probability of masking an attribute word.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub mask_rate: f64,
    /// Weight of the binding head.
    #[schemars(range(min = 0.0))]
    pub binding: f64,
    /// How the binding loss compares similarities with identities.
    pub binding_kind: BindingKind,
    /// Share of text in the binding loss. Every other modality and combination has a share of 1; shares are divided by their sum.
    #[schemars(range(min = 0.0))]
    pub binding_text: f64,
    /// Temperature of the binding head.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub binding_temperature: f64,
    /// Which embeddings are the anchors of the binding loss.
    pub anchor_features: AnchorFeatures,
    /// Whether the binding loss trains the embeddings that are its anchors.
    pub anchors: AnchorGradient,
    /// Whether an embedding has its own photograph among its anchors.
    pub own_photo: OwnPhoto,
    /// Anchors of earlier steps that the binding loss has beside those of a batch, as constants (XBM; Wang et al., CVPR 2020); 0 for none. Every stage
    /// starts without any. They cost no pass through the encoder. In a small data set many of them show the people of the batch.
    #[schemars(extend("x-unit" = "anchors"))]
    pub queue: usize,
    /// Steps of every stage in which no anchor is kept yet, as in the paper of the queue: while embeddings change quickly, old anchors are unlike new
    /// ones in ways that say nothing about people.
    #[schemars(extend("x-unit" = "steps"))]
    pub queue_after: usize,
    /// Weight of the loss that asks a combination of modalities to be at least as near to the person's photographs as its best part is; 0
    /// disables it.
    #[schemars(range(min = 0.0))]
    pub parts: f64,
    /// By how much nearer, as a difference of cosines.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub parts_margin: f64,
    /// Which feature retrieval compares.
    pub neck: Neck,
}

/// Which feature retrieval compares: that before or that after the batch normalisation of the identity head (BNNeck).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Neck {
    /// The embedding itself, which the triplet and binding losses compare in training.
    #[default]
    Before,
    /// The embedding after the normalisation, as in Luo et al., "Bag of Tricks" (CVPRW 2019). The normalisation becomes a part of the
    /// projection of the trained model.
    After,
}

impl Default for LossWeights {
    fn default() -> Self {
        Self {
            identity: 1.0,
            identity_sample: 1.0,
            label_smoothing: 0.1,
            triplet: 0.5,
            triplet_margin: 0.3,
            attribute: 0.3,
            attribute_words: 500,
            mask_rate: 0.5,
            binding_kind: BindingKind::Supcon,
            binding: 1.0,
            binding_text: 1.0,
            binding_temperature: 0.07,
            anchor_features: AnchorFeatures::Rgb,
            anchors: AnchorGradient::Moving,
            own_photo: OwnPhoto::Skipped,
            queue: 0,
            queue_after: 1000,
            parts: 0.0,
            parts_margin: 0.02,
            neck: Neck::Before,
        }
    }
}

/// What an embedding was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EmbeddingOf {
    /// One modality.
    Modality(Modality),
    /// Several modalities together: the number of the combination in the step, from 1.
    Combination(usize),
}

impl fmt::Display for EmbeddingOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Modality(modality) => write!(f, "{modality}"),
            Self::Combination(number) => write!(f, "combination {number}"),
        }
    }
}

/// One term of the training loss. Its `Display` is the name in `metrics.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LossTerm {
    /// Cross-entropy of the identity head.
    Identity(EmbeddingOf),
    /// Hinge of a combination against its best part.
    Parts(EmbeddingOf),
    /// Batch-hard triplet loss over all embeddings.
    Triplet,
    /// Binding loss against the anchors.
    Binding(EmbeddingOf),
    /// Cross-entropy of the attribute head over the masked words.
    Attribute,
}

impl fmt::Display for LossTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(of) => write!(f, "identity.{of}"),
            Self::Parts(of) => write!(f, "parts.{of}"),
            Self::Triplet => f.write_str("triplet"),
            Self::Binding(of) => write!(f, "binding.{of}"),
            Self::Attribute => f.write_str("attribute"),
        }
    }
}

/// What is measured of a step beside its loss. Its `Display` is the name in `metrics.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepMeasure {
    /// Share of the masked words that the attribute head names, in 0..1.
    AttributeAccuracy,
    /// The same where the picture is left out of the sequence: what the words around a masked one tell.
    AttributeAccuracyWithoutPicture,
}

impl fmt::Display for StepMeasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AttributeAccuracy => "attribute accuracy",
            Self::AttributeAccuracyWithoutPicture => "attribute accuracy without picture",
        })
    }
}

/// The terms of a step with their values.
pub type Terms = Vec<(LossTerm, f32)>;

/// What was measured of a step.
pub type Measures = Vec<(StepMeasure, f32)>;

/// The loss of a step, and what is known of it.
#[derive(Debug)]
pub struct Total {
    /// The weighted sum of the terms, `[1]`.
    pub loss: Tensor<1>,
    /// The terms.
    pub terms: Terms,
    /// What was measured beside them.
    pub measures: Measures,
}

/// A loss term that is NaN or infinite.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the loss term `{term}` is {value}")]
pub struct NonFinite {
    /// The term.
    pub term: LossTerm,
    /// Its value.
    pub value: f32,
    /// All terms of the step, for the report.
    pub terms: Terms,
}

/// A term before it is summed.
#[derive(Debug)]
struct Weighted {
    term: LossTerm,
    weight: f64,
    /// `[1]`
    value: Tensor<1>,
}

/// The terms of a step before they are summed.
#[derive(Debug, Default)]
pub struct Losses {
    terms: Vec<Weighted>,
    /// `[1]` each.
    measures: Vec<(StepMeasure, Tensor<1>)>,
    /// The anchors of the binding loss, where the model keeps them for later steps.
    pub(crate) anchors: Option<AnchorRows>,
}

impl Losses {
    /// Adds a term `[1]`. A term of weight 0 is left out.
    pub(crate) fn push(&mut self, term: LossTerm, weight: f64, value: Tensor<1>) {
        if weight != 0.0 {
            self.terms.push(Weighted { term, weight, value });
        }
    }

    /// Adds a measurement `[1]`, through which no gradient flows.
    pub(crate) fn measure(&mut self, measure: StepMeasure, value: Tensor<1>) {
        self.measures.push((measure, value.without_autodiff()));
    }

    /// The weighted sum, and the values of terms and measurements, which are read from the device at once.
    ///
    /// # Errors
    /// [`NonFinite`] naming the first term that is not a finite number.
    ///
    /// # Panics
    /// If there is no term; configurations without any loss are refused.
    pub fn total(self) -> Result<Total, NonFinite> {
        let measured = self.measures.iter().map(|(_, value)| value);
        let all = self.terms.iter().map(|t| &t.value).chain(measured).cloned().collect();
        let mut values = read_scalars(all).into_iter();
        let terms: Terms = self.terms.iter().map(|t| t.term).zip(&mut values).collect();
        let measures = self.measures.iter().map(|(measure, _)| *measure).zip(values).collect();
        if let Some(&(term, value)) = terms.iter().find(|(_, value)| !value.is_finite()) {
            return Err(NonFinite { term, value, terms });
        }
        let weighted = self.terms.into_iter().map(|t| t.value.mul_scalar(t.weight));
        let loss = weighted.reduce(|a, b| a + b).expect("a configuration has at least one loss");
        Ok(Total { loss, terms, measures })
    }
}

/// Reads numbers `[1]` from their device in one transfer. Every transfer waits for all that the device was told to compute.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn read_scalars(numbers: Vec<Tensor<1>>) -> Vec<f32> {
    let plain = numbers.into_iter().map(Tensor::without_autodiff).collect();
    Tensor::cat(plain, 0).into_data().iter::<f32>().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn terms_have_the_names_of_the_metrics_log() {
        let names = [
            (
                LossTerm::Identity(EmbeddingOf::Modality(Modality::ColourPencil)),
                "identity.colour-pencil",
            ),
            (LossTerm::Identity(EmbeddingOf::Combination(2)), "identity.combination 2"),
            (LossTerm::Binding(EmbeddingOf::Modality(Modality::Text)), "binding.text"),
            (LossTerm::Parts(EmbeddingOf::Combination(1)), "parts.combination 1"),
            (LossTerm::Triplet, "triplet"),
            (LossTerm::Attribute, "attribute"),
        ];
        for (term, name) in names {
            assert_eq!(term.to_string(), name);
        }
    }

    #[test]
    fn the_total_is_the_weighted_sum_and_terms_of_weight_0_are_left_out() {
        let scalar = |value: f32| Tensor::<1>::from_data([value], &Device::flex());
        let mut losses = Losses::default();
        losses.push(LossTerm::Triplet, 0.5, scalar(4.0));
        losses.push(LossTerm::Attribute, 0.0, scalar(f32::NAN));
        losses.push(LossTerm::Identity(EmbeddingOf::Combination(1)), 3.0, scalar(2.0));
        losses.measure(StepMeasure::AttributeAccuracy, scalar(0.25));
        let Total { loss, terms, measures } = losses.total().expect("finite");
        assert_eq!(loss.into_scalar::<f32>(), 8.0, "a measurement is no part of the loss");
        assert_eq!(terms.iter().map(|(_, value)| *value).collect::<Vec<_>>(), [4.0, 2.0]);
        assert_eq!(measures, [(StepMeasure::AttributeAccuracy, 0.25)]);
    }

    #[test]
    fn numbers_inside_and_outside_the_graph_are_read_in_their_order() {
        let device = Device::flex();
        let scalar = |value: f32| Tensor::<1>::from_data([value], &device);
        let tracked = Tensor::<1>::from_data([2.5f32], &device.clone().autodiff()).require_grad();
        let read = read_scalars(vec![scalar(-1.0), tracked.clone().mul_scalar(2.0), scalar(0.25)]);
        assert_eq!(read, [-1.0, 5.0, 0.25]);
        // Reading leaves the graph as it is.
        let grads = tracked.clone().mul_scalar(3.0).backward();
        assert_eq!(tracked.grad(&grads).expect("a gradient").into_scalar::<f32>(), 3.0);
    }
}
