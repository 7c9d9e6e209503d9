//! The encoders of a checkpoint: their sizes and variants, which follow from names and shapes of the tensors, and their blocks.

use super::key_map::{Found, KeyMap};
use super::{Hints, Layout};
use aio_encoder::{Activation, EncoderConfig};

/// Epsilon of `nn.LayerNorm`.
const TORCH_EPSILON: f64 = 1e-5;
/// Epsilon that timm gives its vision transformers.
const TIMM_EPSILON: f64 = 1e-6;

/// Channels of an attention head in every published vision transformer.
const HEAD_DIM: usize = 64;

/// Moves the tensors of all blocks to the names below `to` and returns the sizes of the encoder.
///
/// # Errors
/// A sentence if the first block is incomplete, or the number of heads does not fit.
pub(super) fn encoder(
    keys: &mut KeyMap,
    layout: Layout,
    hints: &Hints,
    to: &str,
) -> Result<EncoderConfig, String> {
    let names = layout.block_names();
    let rows = |keys: &KeyMap, name: &str| {
        let shape = keys.shape(&format!("{}{name}", layout.block(0)))?;
        shape.first().copied()
    };
    let embed_dim = rows(keys, names.norm1).ok_or("the first block has no normalisation")?;
    let mlp = rows(keys, names.fc1).ok_or("the first block has no MLP")?;
    let depth = (0..)
        .take_while(|i| keys.shape(&format!("{}{}", layout.block(*i), names.norm1)).is_some())
        .count();
    let layer_scale = keys.shape(&format!("{}ls1.gamma", layout.block(0))).is_some();
    let heads = hints.heads.unwrap_or((embed_dim / HEAD_DIM).max(1));
    if heads == 0 || !embed_dim.is_multiple_of(heads) {
        return Err(format!(
            "{heads} heads do not divide a width of {embed_dim}; say how many there are"
        ));
    }
    // OpenAI's files alone have this scalar, and OpenAI's models alone use QuickGELU.
    let openai = keys.left.keys().any(|name| name.ends_with("input_resolution"));
    let detected = if openai { Activation::QuickGelu } else { Activation::Gelu };
    let mut config = EncoderConfig {
        depth,
        embed_dim,
        heads,
        mlp,
        epsilon: TORCH_EPSILON,
        activation: hints.activation.unwrap_or(detected),
        pre_norm: false,
        layer_scale,
        causal: false,
        adapters: None,
    };
    config.check()?;
    for number in 0..depth {
        block(keys, layout, number, &config, to);
    }
    let pre_norm = if layout == Layout::Clip { "ln_pre" } else { "norm_pre" };
    config.pre_norm = keys.accept_norm(pre_norm, &format!("{to}norm_pre"), embed_dim) == Found::Yes;
    if matches!(layout, Layout::Timm | Layout::TransreidSsl) && !config.pre_norm {
        config.epsilon = TIMM_EPSILON;
    }
    Ok(config)
}

/// Moves the tensors of one block.
fn block(keys: &mut KeyMap, layout: Layout, number: usize, config: &EncoderConfig, to: &str) {
    let EncoderConfig { embed_dim: width, mlp, .. } = *config;
    let (from, to) = (layout.block(number), format!("{to}blocks.{number}."));
    for (theirs, ours) in layout.block_names().parts {
        let shape: &[usize] = match ours {
            "attn.qkv.weight" => &[3 * width, width],
            "attn.qkv.bias" => &[3 * width],
            "attn.proj.weight" => &[width, width],
            "mlp.fc1.weight" => &[mlp, width],
            "mlp.fc1.bias" => &[mlp],
            "mlp.fc2.weight" => &[width, mlp],
            _ => &[width],
        };
        keys.require(&format!("{from}{theirs}"), &format!("{to}{ours}"), shape);
    }
    if config.layer_scale {
        for scale in ["ls1", "ls2"] {
            keys.require(&format!("{from}{scale}.gamma"), &format!("{to}{scale}"), &[width]);
        }
    }
}
