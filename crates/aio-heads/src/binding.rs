use crate::loss::{normalise, same_label};
use burn::tensor::{Int, Tensor, activation};
use serde::{Deserialize, Serialize};

/// Whether the RGB anchors are moved by the binding loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Anchors {
    /// Gradients reach the anchors too.
    Moving,
    /// Anchors are constants (stop-gradient).
    Fixed,
}

/// Whether a feature may be bound to the photograph that it was made from or that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OwnPhoto {
    /// It is an anchor like any other. A synthesised picture, or a combination with RGB, is then bound by being a copy.
    Kept,
    /// It is no anchor for that feature, neither positive nor negative: what binds is another photograph of the person.
    Skipped,
}

/// Feature binding: pulls features of any modality to the RGB features of the same identity and pushes the rest away.
///
/// ```text
/// L = −1/N Σ_i 1/|P(i)| Σ_{p ∈ P(i)} log( exp(cos(f_i, r_p)/τ) / Σ_a exp(cos(f_i, r_a)/τ) )
/// P(i): RGB anchors with the identity of i;  both sums leave out the anchors that `skip` marks for i
/// ```
///
/// Reconstruction of the paper's FB head (supervised contrastive, RGB as anchor); temperature, stop-gradient and what
/// is skipped are choices. Features without any anchor of their identity left do not count; at least one must have one.
///
/// # Shapes
/// - features: `[batch, width]`, anchors: `[anchors, width]`
/// - labels: `[batch]`, anchor_labels: `[anchors]`
/// - skip: `[batch, anchors]`, 1 or 0
/// - output: `[1]`
#[must_use]
pub fn binding_loss(
    features: Tensor<2>,
    labels: Tensor<1, Int>,
    anchors: Tensor<2>,
    anchor_labels: Tensor<1, Int>,
    skip: Option<Tensor<2>>,
    temperature: f64,
    mode: Anchors,
) -> Tensor<1> {
    let anchors = match mode {
        Anchors::Moving => anchors,
        Anchors::Fixed => anchors.detach(),
    };
    let scores = normalise(features).matmul(normalise(anchors).transpose()).div_scalar(temperature);
    let positives = same_label(labels, anchor_labels);
    let (scores, positives) = match skip {
        Some(skip) => (scores - skip.clone().mul_scalar(FAR), positives * (skip.neg() + 1.0)),
        None => (scores, positives),
    };
    let log_p = activation::log_softmax(scores, 1);
    let count = positives.clone().sum_dim(1);
    let per_row = (log_p * positives).sum_dim(1) / count.clone().clamp_min(1.0);
    (per_row.sum() / count.clamp_max(1.0).sum()).neg()
}

/// What is taken off the score of an anchor that is left out: far more than cosines over a temperature reach.
const FAR: f64 = 1e5;
