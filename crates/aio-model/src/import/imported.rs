use super::dinov3::Front;
use super::key_map::KeyMap;
use super::layout::detect;
use super::parts::{Geometry, PROJECTION, REGISTERS, TOWER_POSITIONS, TextPart};
use super::pooling::pooling;
use super::text::text;
use super::{Coverage, Hints, Layout, blocks, clip, dinov3, siglip, timm};
use crate::PoolingConfig;
use aio_encoder::EncoderConfig;
use aio_encoder::weights::{Contents, Tensors, WeightsError};
use aio_tokenize::Grid;

/// A checkpoint under the model's names.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Whose names it had.
    pub layout: Layout,
    /// Sizes and variants, which follow from names and shapes of the tensors.
    pub encoder: EncoderConfig,
    /// Sizes of the attention pooling, if it has one.
    pub pooling: Option<PoolingConfig>,
    /// Sizes of the text tower, if it was taken over.
    pub text_tower: Option<EncoderConfig>,
    /// Rows of the tower's token table, if its tokenizer is a file beside the checkpoint (SigLIP's).
    pub text_vocabulary: Option<usize>,
    /// Whether it has a class token.
    pub class_token: bool,
    /// `encoder.*`, and `tokenizers.*`, `projection.*` and `text_tower.*` as far as the checkpoint has them.
    pub tensors: Tensors,
    /// The token grid that its positions are for, if it has positions.
    pub grid: Option<Grid>,
    /// Side of a patch in pixels, if it has a stem.
    pub patch: Option<usize>,
    /// The account of every tensor.
    pub coverage: Coverage,
}

impl Imported {
    /// Refuses a checkpoint whose tensors are not all accounted for, whatever is made of it.
    ///
    /// # Errors
    /// [`WeightsError::Checkpoint`] naming the tensors that are unknown, lacking or of another shape.
    pub(super) fn complete(self, origin: &str) -> Result<Self, WeightsError> {
        if self.coverage.is_complete() {
            return Ok(self);
        }
        let problem = format!("not every tensor is accounted for\n{}", self.coverage);
        Err(WeightsError::Checkpoint { origin: origin.to_owned(), problem })
    }

    /// Tokens that follow `[CLS]`.
    pub(super) fn registers(&self) -> usize {
        self.tensors.get(REGISTERS).map_or(0, |tensor| tensor.shape[0])
    }

    /// Positions of the text tower, if it was taken over.
    pub(super) fn tower_context(&self) -> Option<usize> {
        self.tensors.get(TOWER_POSITIONS).map(|tensor| tensor.shape[0])
    }
}

/// Beginnings of names, below the prefix, that published checkpoints have and the model does not need.
const UNUSED: [&str; 18] = [
    "head",
    "fc_norm",
    "mask_token",
    "decoder",
    "ln_final",
    "text_projection",
    "logit_scale",
    "logit_bias",
    "positional_embedding",
    "context_length",
    "input_resolution",
    "vocab_size",
    "attn_mask",
    "pre_logits",
    "text.",
    "classifier",
    // Of DINOv3. The periods are those of `RotaryConfig`, which Meta's files hold with 16 bits.
    "embeddings.mask_token",
    "rope_embed.periods",
];

/// Heads of the pooling of every published PE-Core, which its tensors do not show.
const PE_POOL_HEADS: usize = 8;

/// Puts the tensors of the checkpoint `origin` under the model's names.
///
/// # Errors
/// [`WeightsError::Checkpoint`] if the layout is not known or a necessary tensor is missing.
pub fn import(
    origin: &str,
    contents: impl Into<Contents>,
    hints: Hints,
) -> Result<Imported, WeightsError> {
    mapped(contents.into(), &hints)
        .map_err(|problem| WeightsError::Checkpoint { origin: origin.to_owned(), problem })
}

fn mapped(contents: Contents, hints: &Hints) -> Result<Imported, String> {
    let (layout, prefix) = detect(&contents.tensors, hints.layout)?;
    let mut keys = KeyMap::new(contents, prefix);
    let encoder = blocks::encoder(&mut keys, layout, hints, "encoder.")?;
    let width = encoder.embed_dim;
    let Geometry { grid, patch, no_class_token } = match layout {
        Layout::MetaTransformer => Geometry::default(),
        Layout::Clip => clip::parts(&mut keys, width)?,
        Layout::HuggingFaceSiglip => siglip::parts(&mut keys, width)?,
        Layout::HuggingFaceDinov3 => dinov3::parts(&mut keys, &Front::HUGGING_FACE, width),
        // PE-Core has absolute positions beside the rotary ones.
        Layout::Timm if encoder.rotary.is_some() && keys.shape("pos_embed").is_none() => {
            dinov3::parts(&mut keys, &Front::TIMM, width)
        }
        Layout::Timm | Layout::TransreidSsl => timm::parts(&mut keys, layout, width)?,
    };
    let pool_heads = if encoder.rotary.is_some() { PE_POOL_HEADS } else { encoder.heads };
    let pooling = pooling(&mut keys, layout, width, pool_heads);
    if let Some(pooling) = &pooling {
        pooling.check(width).map_err(|problem| format!("its attention pooling: {problem}"))?;
    }
    let embedding = keys.moved.get(PROJECTION).map(|tensor| tensor.shape[0]);
    let (text_tower, text_vocabulary) = match text(&mut keys, layout, hints, &encoder, embedding)? {
        Some(TextPart { encoder, vocabulary }) => (Some(encoder), vocabulary),
        None => (None, None),
    };
    let KeyMap { left, integers, prefix, moved, mut coverage } = keys;
    coverage.unused.extend(integers);
    for name in left.into_keys() {
        if is_unused(&name, &prefix) {
            coverage.unused.push(name);
        } else {
            coverage.unknown.push(name);
        }
    }
    Ok(Imported {
        layout,
        encoder,
        pooling,
        text_tower,
        text_vocabulary,
        class_token: !no_class_token,
        tensors: moved,
        grid,
        patch,
        coverage,
    })
}

/// Beside the visual tower of CLIP lies the text tower, whatever of it is not used.
fn is_unused(name: &str, prefix: &str) -> bool {
    match name.strip_prefix(prefix) {
        Some(below) => UNUSED.iter().any(|known| below.starts_with(known)),
        None => true,
    }
}
