//! The encoders of a checkpoint: their sizes and variants, which follow from names and shapes of the tensors, and their blocks.

use super::attention::qkv;
use super::key_map::{Found, KeyMap};
use super::layout::BlockNames;
use super::rotary::Rotary;
use super::{Hints, Layout};
use aio_encoder::{Activation, EncoderConfig};

/// Epsilon of `nn.LayerNorm`.
const TORCH_EPSILON: f64 = 1e-5;
/// Epsilon that timm gives its vision transformers.
const TIMM_EPSILON: f64 = 1e-6;

/// Channels of an attention head in published towers up to the width of ViT-L, and in text towers of any width.
const HEAD_DIM: usize = 64;

/// Widths of the larger visual towers, which have 16 heads: so400m of SigLIP, H, g, bigG and e of open_clip's configurations; timm's `vit_huge`, `vit_giant` and
/// `vit_gigantic` are of the same widths.
const WIDE: [usize; 5] = [1152, 1280, 1408, 1664, 1792];
/// Heads of the towers of those widths, and of PE-Core G and SigLIP's giant.
const WIDE_HEADS: usize = 16;

/// Names of the gate of a gated MLP.
const GATES: [&str; 4] = ["mlp.gate_proj", "mlp.fc1_g", "mlp.w1", "mlp.w12"];

/// Names of timm's `Eva` for the scales of both branches.
const EVA_SCALES: [&str; 2] = ["gamma_1", "gamma_2"];

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
    let first = layout.block(0);
    let has = |keys: &KeyMap, name: &str| keys.shape(&format!("{first}{name}")).is_some();
    if let Some(gate) = GATES.iter().find(|gate| has(keys, &format!("{gate}.weight"))) {
        return Err(format!(
            "`{first}{gate}` belongs to a gated MLP (SwiGLU), which the blocks here do not have: DINOv2's giant and DINOv3's S+, H+ and 7B cannot be imported, S, B and L of both can"
        ));
    }
    let rows = |keys: &KeyMap, name: &str| {
        let shape = keys.shape(&format!("{first}{name}.weight"))?;
        shape.first().copied()
    };
    let embed_dim = rows(keys, names.norm1).ok_or("the first block has no normalisation")?;
    let mlp = rows(keys, names.fc1).ok_or("the first block has no MLP")?;
    let norm1 = |number| format!("{}{}.weight", layout.block(number), names.norm1);
    let depth = (0..).take_while(|number| keys.shape(&norm1(*number)).is_some()).count();
    let rotary = Rotary::of(keys, layout);
    let eva = (rotary == Some(Rotary::Dinov3)).then_some(&EVA_SCALES);
    let known = names.scales.iter().chain(eva);
    let scales = known.copied().find(|[scale, _]| has(keys, scale));
    let heads = hints.heads.unwrap_or_else(|| visual_heads(embed_dim, layout.is_pooled(keys)));
    if heads == 0 || !embed_dim.is_multiple_of(heads) {
        return Err(format!(
            "{heads} heads do not divide a width of {embed_dim}; say how many there are"
        ));
    }
    // OpenAI's own archives have this scalar, an integer. Other models with QuickGELU do not show it: open_clip keeps it in its table of models.
    let mut stored = keys.left.keys().chain(&keys.integers);
    let openai = stored.any(|name| name.ends_with("input_resolution"));
    // Of the models with a pooling, PE-Core alone has rotary positions. SigLIP was trained with the tanh form.
    let is_siglip = layout.is_pooled(keys) && rotary.is_none();
    let detected = match (openai, is_siglip) {
        (true, _) => Activation::QuickGelu,
        (_, true) => Activation::GeluTanh,
        _ => Activation::Gelu,
    };
    let mut config = EncoderConfig {
        depth,
        embed_dim,
        heads,
        mlp,
        epsilon: TORCH_EPSILON,
        activation: hints.activation.unwrap_or(detected),
        pre_norm: false,
        layer_scale: scales.is_some(),
        causal: false,
        rotary: rotary.map(Rotary::config),
        adapters: None,
    };
    config.check()?;
    let blocks = Blocks { layout, names, scales, rotary, config: &config, to };
    (0..depth).for_each(|number| blocks.take(keys, number));
    let pre_norm = if layout == Layout::Clip { "ln_pre" } else { "norm_pre" };
    config.pre_norm = keys.accept_norm(pre_norm, &format!("{to}norm_pre"), embed_dim) == Found::Yes;
    if matches!(layout, Layout::Timm | Layout::TransreidSsl | Layout::HuggingFaceSiglip)
        && !config.pre_norm
        && rotary != Some(Rotary::Dinov3)
    {
        config.epsilon = TIMM_EPSILON;
    }
    Ok(config)
}

/// Attention heads of the published visual tower of this width. Towers that are 1536 wide have 16 where an attention pooling follows (PE-Core G, SigLIP's
/// giant), and 24 otherwise.
pub(super) fn visual_heads(width: usize, pooled: bool) -> usize {
    if WIDE.contains(&width) || (pooled && width == 1536) {
        WIDE_HEADS
    } else {
        (width / HEAD_DIM).max(1)
    }
}

/// Attention heads of the published text tower of this width: SigLIP's has those of its visual tower, CLIP's one per 64 channels.
pub(super) fn text_heads(width: usize, of_siglip: bool) -> usize {
    if of_siglip { visual_heads(width, true) } else { (width / HEAD_DIM).max(1) }
}

/// How the blocks of a checkpoint are moved.
struct Blocks<'a> {
    layout: Layout,
    names: BlockNames,
    scales: Option<[&'static str; 2]>,
    rotary: Option<Rotary>,
    config: &'a EncoderConfig,
    /// What stands in front of their names in the model.
    to: &'a str,
}

impl Blocks<'_> {
    /// Moves the tensors of one block.
    fn take(&self, keys: &mut KeyMap, number: usize) {
        let Self { names, config: EncoderConfig { embed_dim: width, mlp, .. }, .. } = self;
        let (width, mlp) = (*width, *mlp);
        let from = self.layout.block(number);
        let to = format!("{}blocks.{number}.", self.to);
        let no_bias_of_keys = self.rotary == Some(Rotary::Dinov3);
        qkv(keys, &from, names.qkv, &to, width, no_bias_of_keys);
        if let Some(rotary) = self.rotary {
            rotary.reorder(keys, &to, width, self.config.heads);
        }
        let none: &[usize] = &[];
        for (theirs, ours, rows, columns) in [
            (names.norm1, "norm1", width, none),
            (names.proj, "attn.proj", width, &[width]),
            (names.norm2, "norm2", width, none),
            (names.fc1, "mlp.fc1", mlp, &[width]),
            (names.fc2, "mlp.fc2", width, &[mlp]),
        ] {
            let [weight, bias] = ["weight", "bias"]
                .map(|part| (format!("{from}{theirs}.{part}"), format!("{to}{ours}.{part}")));
            keys.require(&weight.0, &weight.1, &[&[rows], columns].concat());
            keys.require(&bias.0, &bias.1, &[rows]);
        }
        for (theirs, ours) in self.scales.iter().flatten().zip(["ls1", "ls2"]) {
            keys.require(&format!("{from}{theirs}"), &format!("{to}{ours}"), &[width]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The widths and heads of open_clip's `ViT-*.json`, timm's `vit_*` and perception_models' `PE_VISION_CONFIG`.
    #[test]
    fn heads_are_those_of_the_published_towers() {
        for (tower, width, pooled, heads) in [
            ("S", 384, false, 6),
            ("B", 768, false, 12),
            ("L", 1024, false, 16),
            ("H", 1280, false, 16),
            ("g", 1408, false, 16),
            ("bigG", 1664, false, 16),
            ("e", 1792, false, 16),
            ("DINOv2 g", 1536, false, 24),
            ("SigLIP so400m", 1152, true, 16),
            ("SigLIP 2 g-opt", 1536, true, 16),
            ("PE-Core L", 1024, true, 16),
            ("PE-Core G", 1536, true, 16),
        ] {
            assert_eq!(visual_heads(width, pooled), heads, "{tower}");
        }
        for (tower, width, of_siglip, heads) in [
            ("CLIP B", 512, false, 8),
            ("CLIP H", 1024, false, 16),
            ("CLIP bigG, PE-Core G", 1280, false, 20),
            ("SigLIP B", 768, true, 12),
            ("SigLIP so400m", 1152, true, 16),
        ] {
            assert_eq!(text_heads(width, of_siglip), heads, "{tower}");
        }
    }
}
