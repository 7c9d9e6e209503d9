use crate::loss::{normalise, same_label};
use burn::tensor::{Int, Tensor, activation};
use serde::{Deserialize, Serialize};

/// Whether the binding loss trains the embeddings that are its anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnchorGradient {
    /// Gradients flow to the anchors and to the other embeddings.
    Moving,
    /// Gradients flow to the other embeddings only; the anchors are constants (stop-gradient).
    Fixed,
}

/// How the binding loss compares similarities with identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BindingKind {
    /// Supervised contrastive: the logarithm of the probability of every anchor of the person, averaged (Khosla et al., NeurIPS 2020).
    Supcon,
    /// Similarity distribution matching: the probabilities of the anchors against the uniform distribution over those of the person (Jiang
    /// and Ye, IRRA, CVPR 2023).
    Sdm,
    /// The same as IRRA has it: every modality is compared with every other one on its own, photographs with the captions of the batch and captions with its
    /// photographs, so that no embedding competes with others of its modality. The loss of an embedding is the mean over the other modalities. With
    /// `anchor_features = "all"`, that of photographs and captions together is half of IRRA's, which is the sum of both directions.
    SdmPairs,
    /// Image–text contrastive: the logarithm of the probability of the embedding's partner, which is the anchor of the same tuple, among the
    /// anchors of other people (CLIP; Radford et al., ICML 2021). What else shows the person is left out of the sum. Every modality has a sum
    /// of its own: `anchor_features = "all"` adds the other direction of CLIP and all other pairs of modalities. Needs `own_photo = "kept"`.
    Itc,
}

/// Which embeddings are the anchors of the binding loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnchorFeatures {
    /// Those of the photographs alone, as in the paper.
    Rgb,
    /// Those of all modalities and combinations: supervised contrastive learning over people (Khosla et al., NeurIPS 2020). Infrared
    /// pictures then also learn to be near other infrared pictures, sketches and captions of the person.
    All,
}

/// Whether an embedding has its own photograph among its anchors.
///
/// The own photograph of a sketch is the photograph that it was made from: synthesised, or drawn by somebody where the data set says of which photograph
/// (the Tri- data sets, a table with the column `source`). That of a combination with RGB is the one in it. To other real infrared pictures and drawings,
/// and to captions, all photographs of the person are other ones; so is the photograph that a caption was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OwnPhoto {
    /// It is a positive anchor like the person's other photographs. This is easy to satisfy: the embedding shows the same picture.
    Kept,
    /// It is left out of both sums. Positives are the person's other photographs only.
    Skipped,
}

/// Embeddings and the people whom they show.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// `[rows, width]`
    pub features: Tensor<2>,
    /// `[rows]`, the classes.
    pub labels: Tensor<1, Int>,
}

/// How embeddings are bound to anchors.
#[derive(Debug, Clone, Copy)]
pub struct BindingOptions {
    /// How similarities are compared with identities.
    pub kind: BindingKind,
    /// What similarities are divided by.
    pub temperature: f64,
    /// Whether the anchors are trained.
    pub anchors: AnchorGradient,
}

/// Feature binding: pulls features of any modality to the RGB features of the same identity and pushes the rest away.
///
/// ```text
/// L = −1/N Σ_i 1/|P(i)| Σ_{p ∈ P(i)} log( exp(cos(f_i, r_p)/τ) / Σ_a exp(cos(f_i, r_a)/τ) )
/// P(i): RGB anchors with the identity of i;  both sums leave out the anchors that `skip` marks for i
/// ```
///
/// With [`BindingKind::Sdm`], with `p` the softmax over the anchors and `q = 1/|P(i)|` on `P(i)`, else 0:
///
/// ```text
/// L = 1/N Σ_i Σ_a p_a · ( log p_a − log(q_a + 1e-8) )
/// ```
///
/// IRRA has a softmax over the captions for photographs and one over the photographs for captions, and adds the two. [`BindingKind::SdmPairs`] means
/// that the caller gives anchors of one other modality at a time. With [`BindingKind::Sdm`] and [`AnchorFeatures::All`] one softmax holds all modalities,
/// so that a caption competes with all other captions, too.
///
/// [`BindingKind::Itc`] has the first form. There `skip` marks what [`not_partners`] does, so that `P(i)` is the partner of `i` alone.
///
/// Reconstruction of the paper's FB head (supervised contrastive, RGB as anchor); temperature, stop-gradient and what
/// is skipped are choices. Features that have no anchor of their identity left do not count. If none has one, the loss is 0.
///
/// # Shapes
/// - embedded: `[batch, width]`, anchors: `[anchors, width]`
/// - skip: `[batch, anchors]`, 1 or 0
/// - output: `[1]`
#[must_use]
pub fn binding_loss(
    embedded: Labelled,
    anchors: Labelled,
    skip: Option<Tensor<2>>,
    options: BindingOptions,
) -> Tensor<1> {
    let BindingOptions { kind, temperature, anchors: gradient } = options;
    let positives = same_label(embedded.labels, anchors.labels);
    let anchors = match gradient {
        AnchorGradient::Moving => anchors.features,
        AnchorGradient::Fixed => anchors.features.detach(),
    };
    let similarities = normalise(embedded.features).matmul(normalise(anchors).transpose());
    let scores = similarities.div_scalar(temperature);
    let (scores, positives) = match skip {
        Some(skip) => (
            scores - skip.clone().mul_scalar(FAR + 2.0 / temperature),
            positives * (skip.neg() + 1.0),
        ),
        None => (scores, positives),
    };
    let log_p = activation::log_softmax(scores, 1);
    let count = positives.clone().sum_dim(1);
    let counted = count.clone().clamp_max(1.0);
    let per_row = match kind {
        BindingKind::Supcon | BindingKind::Itc => {
            (log_p * positives).sum_dim(1).neg() / count.clamp_min(1.0)
        }
        BindingKind::Sdm | BindingKind::SdmPairs => {
            let log_q = (positives / count.clamp_min(1.0) + SMALLEST_PROBABILITY).log();
            (log_p.clone().exp() * (log_p - log_q)).sum_dim(1) * counted.clone()
        }
    };
    per_row.sum() / counted.sum().clamp_min(1.0)
}

/// What [`BindingKind::Itc`] leaves out of its sums: the anchors that show the person of an embedding without being its partner, which is the anchor
/// of the same tuple.
///
/// CLIP and `compute_itc` of IRRA count them as negatives, ALBEF in retrieval as positives (texts of the same picture). A batch of CLIP's size has
/// hardly any; here every person has several tuples in every batch, and an embedding pushed away from them would unlearn what the other losses teach.
///
/// # Shapes
/// - labels: `[batch]`, the classes; tuples: `[batch]`, numbers of the tuples; anchor_labels and anchor_tuples: `[anchors]`
/// - output: `[batch, anchors]`, 1 or 0
#[must_use]
pub fn not_partners(
    labels: Tensor<1, Int>,
    tuples: Tensor<1, Int>,
    anchor_labels: Tensor<1, Int>,
    anchor_tuples: Tensor<1, Int>,
) -> Tensor<2> {
    same_label(labels, anchor_labels) * (same_label(tuples, anchor_tuples).neg() + 1.0)
}

/// Added to the probabilities of the identities, as in IRRA.
const SMALLEST_PROBABILITY: f64 = 1e-8;

/// How far embeddings of several inputs are from being at least as near to the person's photographs as the best of their parts is.
///
/// ```text
/// s(x)_i = mean of cos(x_i, r_a) over the anchors a that `positives` marks for i
/// L = 1/N Σ_i max(0, margin + max_parts s(part)_i − s(mixed)_i)
/// ```
///
/// The similarities of the parts are constants, so that the loss cannot be lowered by making them worse. Rows without a positive do not count.
/// A loss of this project; the paper does not have it.
///
/// # Shapes
/// - mixed and every part: `[batch, width]`, anchors: `[anchors, width]`
/// - positives: `[batch, anchors]`, 1 or 0
/// - output: `[1]`
///
/// # Panics
/// If there is no part.
#[must_use]
pub fn part_hinge(
    mixed: Tensor<2>,
    parts: Vec<Tensor<2>>,
    anchors: Tensor<2>,
    positives: Tensor<2>,
    margin: f64,
) -> Tensor<1> {
    let anchors = normalise(anchors).transpose();
    let count = positives.clone().sum_dim(1);
    let near = |x: Tensor<2>| {
        let similarities = normalise(x).matmul(anchors.clone()) * positives.clone();
        similarities.sum_dim(1) / count.clone().clamp_min(1.0)
    };
    let best = parts.into_iter().map(|part| near(part).detach()).reduce(Tensor::max_pair);
    let best = best.expect("a mixed query has parts");
    let counted = count.clone().clamp_max(1.0);
    let per_row = activation::relu(best - near(mixed) + margin) * counted.clone();
    per_row.sum() / counted.sum().clamp_min(1.0)
}

/// Subtracted from the score of an anchor that is left out, beside the range of scores, which are cosines over the temperature.
const FAR: f64 = 1e5;
