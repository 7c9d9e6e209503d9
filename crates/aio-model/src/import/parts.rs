//! What the layouts have in common in front of the blocks and behind them: patches, `[CLS]`, positions, registers, projection.

use super::key_map::{Found, KeyMap};
use aio_encoder::EncoderConfig;
use aio_encoder::weights::RawTensor;
use aio_tokenize::Grid;

/// Names in the model. A checkpoint has one image stem, which becomes the stem of RGB; [`aio_tokenize::Tokenizers::from_pretrained`] copies
/// it for the other visual modalities.
pub(super) const CLS: &str = "tokenizers.cls";
pub(super) const REGISTERS: &str = "tokenizers.registers";
pub(super) const POSITIONS: &str = "tokenizers.rgb.positions";
pub(super) const PATCH_WEIGHT: &str = "tokenizers.rgb.proj.weight";
pub(super) const PATCH_BIAS: &str = "tokenizers.rgb.proj_bias";
pub(super) const STEM_LAYERS: &str = "tokenizers.rgb.layers";
/// The normalisation in front of the first block.
pub(super) const NORM_PRE: &str = "encoder.norm_pre.weight";
pub(super) const TOKEN_TABLE: &str = "tokenizers.text.embedding.weight";
/// What stands in front of the names of the text tower.
pub(super) const TOWER: &str = "text_tower.";
pub(super) const TOWER_POSITIONS: &str = "text_tower.tokenizer.positions";
pub(super) const PROJECTION_NORM: &str = "projection.norm";
pub(super) const PROJECTION: &str = "projection.linear.weight";
pub(super) const PROJECTION_BIAS: &str = "projection.linear.bias";
/// What stands in front of the names of the attention pooling.
pub(super) const POOLING: &str = "projection.pooling.";

/// What stands in front of timm's names in a file of open_clip, beside whose text tower they lie.
pub(super) const OPEN_CLIP_TRUNK: &str = "visual.trunk.";

/// Token grid and patch size of a checkpoint, where it has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Geometry {
    /// The grid that its positions are for.
    pub(super) grid: Option<Grid>,
    /// Side of a patch in pixels.
    pub(super) patch: Option<usize>,
    /// Whether it has no class token.
    pub(super) no_class_token: bool,
}

/// A text tower that was taken over.
pub(super) struct TextPart {
    pub(super) encoder: EncoderConfig,
    /// Rows of its token table, if its tokenizer is a file beside the checkpoint.
    pub(super) vocabulary: Option<usize>,
}

/// The convolution of a patch stem; CLIP's has no bias. Returns the side of a patch.
pub(super) fn patches(keys: &mut KeyMap, from: &str, width: usize) -> Option<usize> {
    let shape = keys.shape(&format!("{from}.weight"));
    let Some(patch) = shape.and_then(|shape| shape.get(2).copied()) else {
        keys.note_lacking(PATCH_WEIGHT);
        return None;
    };
    keys.require(&format!("{from}.weight"), PATCH_WEIGHT, &[width, 3, patch, patch]);
    if keys.accept(&format!("{from}.bias"), PATCH_BIAS, &[width]) == Found::No {
        keys.put_constant(PATCH_BIAS, &[width], vec![0.0; width]);
    }
    Some(patch)
}

/// A tensor that was taken out of the checkpoint, with its name there.
pub(super) struct Named {
    pub(super) name: &'static str,
    pub(super) tensor: RawTensor,
}

/// Adds the first positions to the tokens in front of the patches and stores those tokens and the positions of the patches.
///
/// The first token in `front` is `[CLS]`, which some models with a pooling lack; what follows it (DeiT's distillation token) becomes a register. In some
/// models of timm the patches alone have positions (`no_embed_class`): then all rows make a grid, and those behind the front do not. Returns the grid of
/// the patches.
///
/// # Errors
/// A sentence if the positions make no grid.
pub(super) fn positions(
    keys: &mut KeyMap,
    positions: Named,
    front: Vec<Named>,
    width: usize,
) -> Result<Option<Grid>, String> {
    let Named { name, tensor: RawTensor { shape, values } } = positions;
    let (rows, tokens) = (values.len() / width, front.len());
    if shape.last() != Some(&width) || rows <= tokens {
        let tensor = RawTensor { shape, values };
        keys.note_misshaped(name, &tensor, &format!("[{tokens} + tokens, {width}]"));
        return Ok(None);
    }
    let of_patches_alone = grid_of(rows - tokens).is_none() && grid_of(rows).is_some();
    let extra = if of_patches_alone { 0 } else { tokens };
    let mut registers = Vec::new();
    for (i, Named { name, mut tensor }) in front.into_iter().enumerate() {
        if tensor.values.len() != width {
            keys.note_misshaped(name, &tensor, &format!("[{width}]"));
            return Ok(None);
        }
        if !of_patches_alone {
            for (value, position) in tensor.values.iter_mut().zip(&values[i * width..]) {
                *value += position;
            }
        }
        if i == 0 {
            keys.put(name, CLS, RawTensor { shape: vec![1, width], values: tensor.values });
        } else {
            keys.note_loaded(name, REGISTERS);
            registers.extend(tensor.values);
        }
    }
    add_registers(keys, registers, width);
    let patches =
        RawTensor { shape: vec![rows - extra, width], values: values[extra * width..].to_vec() };
    keys.put(name, POSITIONS, patches);
    match grid_of(rows - extra) {
        None if tokens == 0 => Err(format!("its {rows} positions make no grid of {SHAPES}")),
        None => Err(format!(
            "neither its {rows} positions nor those behind the {tokens} tokens in front of the patches make a grid of {SHAPES}"
        )),
        grid => Ok(grid),
    }
}

/// The normalisation behind the last block of a model that has one in front of the first.
///
/// # Errors
/// A sentence if there is none. Perception Encoder's models for language and dense prediction lack it, and turn queries and keys by places, of which their
/// tensors show nothing.
pub(super) fn output_norm(keys: &mut KeyMap, from: &str, width: usize) -> Result<(), String> {
    if keys.accept_norm(from, PROJECTION_NORM, width) == Found::No {
        return Err(format!(
            "it has no `{from}` behind its blocks. PE-Lang and PE-Spatial have none, and rotary positions that nothing in the file shows; of PE, only PE-Core can be imported"
        ));
    }
    Ok(())
}

/// Appends tokens to the registers, which follow `[CLS]`.
pub(super) fn add_registers(keys: &mut KeyMap, values: Vec<f32>, width: usize) {
    if values.is_empty() {
        return;
    }
    let none = RawTensor { shape: vec![0, width], values: Vec::new() };
    let registers = keys.moved.entry(REGISTERS.into()).or_insert(none);
    registers.values.extend(values);
    registers.shape[0] = registers.values.len() / width;
}

/// The shapes of grids that positions may be for.
const SHAPES: &str = "the shapes 1:1, 2:1 and 3:1";

/// The grid of so many tokens: as high as wide, or twice or three times as high (256 × 128 and 384 × 128 pixels).
fn grid_of(tokens: usize) -> Option<Grid> {
    (1..=3).find_map(|times| {
        let columns = (tokens / times).isqrt();
        (columns * columns * times == tokens).then_some(Grid { rows: times * columns, columns })
    })
}

/// Where the map from the normalised `[CLS]` to the embedding comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProjectionSource {
    /// A matrix `[width, embedding]` of this name.
    WidthByEmbedding(&'static str),
    /// A matrix `[embedding, width]` of this name, as in `nn.Linear`.
    EmbeddingByWidth(&'static str),
    /// The checkpoint has none: the embedding is the normalised `[CLS]`.
    Identity,
}

/// Stores the projection as `[embedding, width]`.
pub(super) fn projection(keys: &mut KeyMap, source: ProjectionSource, width: usize) {
    let (name, width_axis) = match source {
        ProjectionSource::WidthByEmbedding(name) => (name, 0),
        ProjectionSource::EmbeddingByWidth(name) => (name, 1),
        ProjectionSource::Identity => {
            return keys.put_constant(PROJECTION, &[width, width], identity(width));
        }
    };
    match keys.take(name) {
        Some(tensor) if tensor.shape.len() == 2 && tensor.shape[width_axis] == width => {
            let tensor = if width_axis == 0 { tensor.transposed() } else { tensor };
            keys.put(name, PROJECTION, tensor);
        }
        Some(tensor) => keys.note_misshaped(name, &tensor, &format!("a map from {width}")),
        None => keys.note_lacking(PROJECTION),
    }
}

fn identity(width: usize) -> Vec<f32> {
    (0..width * width).map(|i| if i % (width + 1) == 0 { 1.0 } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_follows_from_the_number_of_tokens() {
        assert_eq!(grid_of(196), Some(Grid { rows: 14, columns: 14 }));
        assert_eq!(grid_of(128), Some(Grid { rows: 16, columns: 8 }));
        assert_eq!(grid_of(192), Some(Grid { rows: 24, columns: 8 }));
        assert_eq!(grid_of(197), None);
    }

    #[test]
    fn the_identity_has_ones_on_its_diagonal() {
        assert_eq!(identity(3), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    }
}
