//! Gradients of a block with respect to its weights, on the CPU.

use super::backward::{Pass, scaled};
use super::buffers::Upstream;
use super::forward::apply;
use super::shape::BlockShape;
use super::weights::{Linear, Weights};
use crate::arithmetic::{CHUNK, add, rows_per_chunk};
use crate::layer_norm::{Affine, affine_gradients, normalise_all};
use crate::product::transposed_product;
use crate::room::Room;
use rayon::prelude::*;

/// Where a weight stands among the inputs of the operation, after `x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Norm1Gamma,
    Norm1Beta,
    QkvWeight,
    QkvBias,
    ProjWeight,
    ProjBias,
    Norm2Gamma,
    Norm2Beta,
    Fc1Weight,
    Fc1Bias,
    Fc2Weight,
    Fc2Bias,
    AttentionScale,
    MlpScale,
}

/// Number of weights of a block with scales.
pub(super) const SLOTS: usize = Slot::MlpScale as usize + 1;

/// Gradients of the weights, in the order of [`Slot`]; `None` where none is needed.
pub(super) type Gradients = [Option<Vec<f32>>; SLOTS];

/// The gradients of the weights that `needed` marks.
pub(super) fn gradients(
    pass: Pass<'_>,
    upstream: &Upstream,
    weights: &Weights<'_>,
    shape: &BlockShape,
    needed: [bool; SLOTS],
) -> Gradients {
    let mut collected = Collected { gradients: Gradients::default(), needed, shape };
    let saved = pass.saved;
    let mut room = Room::new(pass.x.len());

    let activated = || {
        let mut activated = Room::new(saved.hidden.len());
        activated
            .par_chunks_mut(CHUNK)
            .zip(saved.hidden.par_chunks(CHUNK))
            .for_each(|(activated, hidden)| shape.activation.apply(hidden, activated));
        activated
    };
    let dbranch = scaled(pass.dy, weights.mlp_scale, &mut room);
    collected.layer(Slot::Fc2Weight, Slot::Fc2Bias, activated, dbranch, weights.fc2);
    collected.scale(Slot::MlpScale, activated, pass.dy, weights.fc2);

    let normal = |x: &[f32], affine: Affine<'_>| {
        let mut normal = Room::new(x.len());
        normalise_all(x, affine, shape.epsilon, &mut normal);
        normal
    };
    let normal2 = || normal(&saved.middle, weights.norm2);
    collected.layer(Slot::Fc1Weight, Slot::Fc1Bias, normal2, &upstream.hidden, weights.fc1);
    collected.norm(Slot::Norm2Gamma, Slot::Norm2Beta, &saved.middle, &upstream.normal2);

    let attended = || &saved.attended[..];
    let dbranch = scaled(&upstream.middle, weights.attention_scale, &mut room);
    collected.layer(Slot::ProjWeight, Slot::ProjBias, attended, dbranch, weights.proj);
    collected.scale(Slot::AttentionScale, attended, &upstream.middle, weights.proj);

    let normal1 = || normal(pass.x, weights.norm1);
    collected.layer(Slot::QkvWeight, Slot::QkvBias, normal1, &upstream.qkv, weights.qkv);
    collected.norm(Slot::Norm1Gamma, Slot::Norm1Beta, pass.x, &upstream.normal1);
    collected.gradients
}

struct Collected<'a> {
    gradients: Gradients,
    needed: [bool; SLOTS],
    shape: &'a BlockShape,
}

impl Collected<'_> {
    fn needs(&self, slot: Slot) -> bool {
        self.needed[slot as usize]
    }

    /// A linear layer with the inputs `x` and the gradient `dy` of its outputs.
    fn layer<X: AsRef<[f32]>>(
        &mut self,
        weight: Slot,
        bias: Slot,
        x: impl Fn() -> X,
        dy: &[f32],
        layer: Linear<'_>,
    ) {
        let out = layer.bias.len();
        if self.needs(weight) {
            let gradient = transposed_product(x().as_ref(), dy, dy.len() / out);
            self.gradients[weight as usize] = Some(gradient);
        }
        if self.needs(bias) {
            self.gradients[bias as usize] = Some(column_sums(dy, out));
        }
    }

    /// A normalisation with the inputs `x` and the gradient `dy` of its outputs.
    fn norm(&mut self, gamma: Slot, beta: Slot, x: &[f32], dy: &[f32]) {
        if self.needs(gamma) || self.needs(beta) {
            let sums = affine_gradients(x, dy, self.shape.width(), self.shape.epsilon);
            self.gradients[gamma as usize] = self.needs(gamma).then_some(sums.gamma);
            self.gradients[beta as usize] = self.needs(beta).then_some(sums.beta);
        }
    }

    /// The scale of a branch that ends in `layer`: the sum of `dy·(x·W + b)` over rows.
    fn scale<X: AsRef<[f32]>>(
        &mut self,
        slot: Slot,
        x: impl Fn() -> X,
        dy: &[f32],
        layer: Linear<'_>,
    ) {
        if self.needs(slot) {
            let mut branch = Room::new(dy.len());
            apply(&layer, x().as_ref(), &mut branch);
            branch.iter_mut().zip(dy).for_each(|(branch, dy)| *branch *= dy);
            self.gradients[slot as usize] = Some(column_sums(&branch, layer.bias.len()));
        }
    }
}

/// The sum of rows of `columns` values each.
fn column_sums(values: &[f32], columns: usize) -> Vec<f32> {
    let sums: Vec<Vec<f32>> = values
        .par_chunks(columns * rows_per_chunk(columns))
        .map(|block| {
            let mut sum = vec![0.0; columns];
            block.chunks_exact(columns).for_each(|row| add(&mut sum, row));
            sum
        })
        .collect();
    let mut total = vec![0.0; columns];
    sums.iter().for_each(|sum| add(&mut total, sum));
    total
}
