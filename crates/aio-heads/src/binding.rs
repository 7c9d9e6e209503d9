use crate::loss::{normalise, same_label};
use burn::tensor::{Int, Tensor, activation};
use serde::{Deserialize, Serialize};

/// Whether the RGB anchors are moved by the binding loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anchors {
    /// Gradients reach the anchors too.
    Moving,
    /// Anchors are constants (stop-gradient).
    Fixed,
}

/// Feature binding: pulls features of any modality to the RGB features of the same identity and pushes the rest away.
///
/// ```text
/// L = −1/N Σ_i 1/|P(i)| Σ_{p ∈ P(i)} log( exp(cos(f_i, r_p)/τ) / Σ_a exp(cos(f_i, r_a)/τ) )
/// P(i): RGB anchors with the identity of i
/// ```
///
/// Reconstruction of the paper's FB head (supervised contrastive, RGB as anchor); temperature and stop-gradient
/// are choices. Every feature needs an anchor of its identity.
///
/// # Shapes
/// - features: `[batch, width]`, anchors: `[anchors, width]`
/// - labels: `[batch]`, anchor_labels: `[anchors]`
/// - output: `[1]`
#[must_use]
pub fn binding_loss(
    features: Tensor<2>,
    labels: Tensor<1, Int>,
    anchors: Tensor<2>,
    anchor_labels: Tensor<1, Int>,
    temperature: f64,
    mode: Anchors,
) -> Tensor<1> {
    let anchors = match mode {
        Anchors::Moving => anchors,
        Anchors::Fixed => anchors.detach(),
    };
    let scores = normalise(features).matmul(normalise(anchors).transpose()).div_scalar(temperature);
    let log_p = activation::log_softmax(scores, 1);
    let positives = same_label(labels, anchor_labels);
    let per_row = (log_p * positives.clone()).sum_dim(1) / positives.sum_dim(1);
    per_row.mean().neg()
}
