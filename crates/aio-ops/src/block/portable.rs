//! The portable form of a block: a composition of Burn's own operations.

use super::{BlockSettings, BlockWeights, LinearWeights, NormWeights, Rotation};
use crate::Precision;
use burn::tensor::{Tensor, activation};

/// See [`crate::transformer_block`].
#[must_use]
pub fn transformer_block(
    x: Tensor<3>,
    attention_mask: Tensor<2>,
    weights: BlockWeights,
    rotation: Option<Rotation>,
    settings: BlockSettings,
) -> Tensor<3> {
    let BlockSettings { activation, epsilon, precision, .. } = settings;
    let normalise = |x: Tensor<3>, norm: NormWeights| {
        crate::layer_norm::portable(x, norm.gamma, norm.beta, epsilon)
    };
    let (attention_scale, mlp_scale) =
        weights.scales.map(|scales| (scales.attention, scales.mlp)).unzip();
    let qkv = linear(normalise(x.clone(), weights.norm1), weights.qkv, precision);
    let attended = attention(qkv, attention_mask, rotation.as_ref(), settings);
    let attended = linear(attended, weights.proj, precision);
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
/// - rotation: of `tokens` tokens
/// - output: `[batch, heads, tokens, tokens]`
#[must_use]
pub fn attention_weights(
    qkv: Tensor<3>,
    attention_mask: Tensor<2>,
    rotation: Option<&Rotation>,
    settings: BlockSettings,
) -> Tensor<4> {
    let settings = BlockSettings { precision: Precision::F32, ..settings };
    let [queries, keys, _] = turned_heads(qkv, rotation, settings);
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

fn attention(
    qkv: Tensor<3>,
    attention_mask: Tensor<2>,
    rotation: Option<&Rotation>,
    settings: BlockSettings,
) -> Tensor<3> {
    let precision = settings.precision;
    let [batch, tokens, width] = qkv.dims();
    let [queries, keys, values] = turned_heads(qkv, rotation, settings);
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

/// The operands of the attention. Queries and keys are turned in 32 bits.
fn turned_heads(
    qkv: Tensor<3>,
    rotation: Option<&Rotation>,
    BlockSettings { heads, precision, .. }: BlockSettings,
) -> [Tensor<4>; 3] {
    let Some(rotation) = rotation else {
        return split_heads(precision.cast_operand(qkv), heads);
    };
    let [queries, keys, values] = split_heads(qkv, heads);
    [rotation.turn(queries), rotation.turn(keys), values].map(|part| precision.cast_operand(part))
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
