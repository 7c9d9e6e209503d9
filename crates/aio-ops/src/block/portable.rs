//! The portable form of a block: a composition of Burn's own operations.

use super::{BlockSettings, BlockWeights, LinearWeights, NormWeights};
use crate::Precision;
use burn::tensor::{Tensor, activation};

/// See [`crate::transformer_block`].
#[must_use]
pub fn transformer_block(
    x: Tensor<3>,
    attention_mask: Tensor<2>,
    weights: BlockWeights,
    settings: BlockSettings,
) -> Tensor<3> {
    let BlockSettings { activation, epsilon, precision, .. } = settings;
    let normalise = |x: Tensor<3>, norm: NormWeights| {
        crate::layer_norm::portable(x, norm.gamma, norm.beta, epsilon)
    };
    let (attention_scale, mlp_scale) =
        weights.scales.map(|scales| (scales.attention, scales.mlp)).unzip();
    let qkv = linear(normalise(x.clone(), weights.norm1), weights.qkv, precision);
    let attended = linear(attention(qkv, attention_mask, settings), weights.proj, precision);
    let x = x + scaled(attended, attention_scale);
    let hidden = linear(normalise(x.clone(), weights.norm2), weights.fc1, precision);
    let branch = linear(activation.portable(hidden), weights.fc2, precision);
    x + scaled(branch, mlp_scale)
}

/// The weights of the attention in a block: the share of each key (last axis) in the output of each
/// query.
///
/// Computed in the portable form and in 32 bits on every device.
///
/// # Shapes
/// - qkv: `[batch, tokens, 3 · heads · head_dim]`, queries before keys before values, head-major
///   within each
/// - attention_mask: `[batch, tokens]`, 1 for tokens and 0 for padding
/// - output: `[batch, heads, tokens, tokens]`
#[must_use]
pub fn attention_weights(
    qkv: Tensor<3>,
    attention_mask: Tensor<2>,
    settings: BlockSettings,
) -> Tensor<4> {
    let [queries, keys, _] = split_heads(qkv, settings.heads);
    let settings = BlockSettings { precision: Precision::F32, ..settings };
    masked_softmax(queries, keys, attention_mask, settings)
}

fn scaled(x: Tensor<3>, scale: Option<Tensor<1>>) -> Tensor<3> {
    match scale {
        Some(scale) => x * scale.unsqueeze::<3>(),
        None => x,
    }
}

fn linear(x: Tensor<3>, layer: LinearWeights, precision: Precision) -> Tensor<3> {
    let weight = precision.cast_operand(layer.weight).unsqueeze::<3>();
    let product = precision.cast_operand(x).matmul(weight);
    precision.cast_product(product) + layer.bias.unsqueeze::<3>()
}

fn attention(qkv: Tensor<3>, attention_mask: Tensor<2>, settings: BlockSettings) -> Tensor<3> {
    let BlockSettings { heads, precision, .. } = settings;
    let [batch, tokens, width] = qkv.dims();
    let [queries, keys, values] = split_heads(precision.cast_operand(qkv), heads);
    let weights = masked_softmax(queries, keys, attention_mask, settings);
    let output = precision.cast_product(precision.cast_operand(weights).matmul(values));
    output.swap_dims(1, 2).reshape([batch, tokens, width / 3])
}

/// Queries, keys and values of every head, `[batch, heads, tokens, head_dim]` each.
fn split_heads(qkv: Tensor<3>, heads: usize) -> [Tensor<4>; 3] {
    let [batch, tokens, width] = qkv.dims();
    let head_dim = width / 3 / heads;
    let parts = qkv.reshape([batch, tokens, 3, heads, head_dim]).permute([2, 0, 3, 1, 4]);
    [0, 1, 2].map(|i| parts.clone().narrow(0, i, 1).reshape([batch, heads, tokens, head_dim]))
}

fn masked_softmax(
    queries: Tensor<4>,
    keys: Tensor<4>,
    attention_mask: Tensor<2>,
    settings: BlockSettings,
) -> Tensor<4> {
    let [batch, _, tokens, head_dim] = queries.dims();
    let device = attention_mask.device();
    let scores = settings
        .precision
        .cast_product(queries.matmul(keys.swap_dims(2, 3)))
        .mul_scalar((head_dim as f64).powf(-0.5));
    let masked = (attention_mask - 1.0).mul_scalar(1e9).reshape([batch, 1, 1, tokens]);
    let masked = if settings.causal {
        let later = Tensor::<2>::ones([tokens, tokens], &device).triu(1).mul_scalar(-1e9);
        masked + later.reshape([1, 1, tokens, tokens])
    } else {
        masked
    };
    activation::softmax(scores + masked, 3)
}
