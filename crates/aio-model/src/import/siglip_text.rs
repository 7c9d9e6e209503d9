//! SigLIP's text tower, under the names of Hugging Face and of open_clip.

use super::key_map::KeyMap;
use super::parts::{OPEN_CLIP_TRUNK, TOWER, TextPart};
use super::{Hints, Layout, blocks};
use aio_encoder::EncoderConfig;
use aio_tokenize::bpe::CONTEXT;

/// Epsilon of the normalisations of every published tower.
const EPSILON: f64 = 1e-6;

/// Names of a tower.
pub(super) struct Names {
    /// What stands in front of the visual tower beside which it lies.
    visual: &'static str,
    /// What stands in front of its own.
    text: &'static str,
    /// The layout whose blocks it has, and how the names of all of them begin.
    blocks: Layout,
    all_blocks: &'static str,
    table: &'static str,
    positions: &'static str,
    norm: &'static str,
    head: &'static str,
}

const HUGGING_FACE: Names = Names {
    visual: "vision_model.",
    text: "text_model.",
    blocks: Layout::HuggingFaceSiglip,
    all_blocks: "encoder.",
    table: "embeddings.token_embedding.weight",
    positions: "embeddings.position_embedding.weight",
    norm: "final_layer_norm",
    head: "head",
};

const OPEN_CLIP: Names = Names {
    visual: OPEN_CLIP_TRUNK,
    text: "text.",
    blocks: Layout::Clip,
    all_blocks: "transformer.",
    table: "token_embedding.weight",
    positions: "positional_embedding",
    norm: "ln_final",
    head: "text_projection",
};

/// A complete tower.
pub(super) struct Found {
    names: &'static Names,
    /// What stands in front of its names.
    prefix: String,
    vocabulary: usize,
    context: usize,
    width: usize,
}

impl Names {
    /// The names of the tower that a checkpoint may have: of this layout, or beside a visual tower of open_clip whose text projection has a bias, which
    /// is SigLIP's alone.
    pub(super) fn of(keys: &KeyMap, layout: Layout) -> Option<&'static Self> {
        if layout == Layout::HuggingFaceSiglip {
            return Some(&HUGGING_FACE);
        }
        let beside = keys.prefix.strip_suffix(OPEN_CLIP.visual)?;
        let head = format!("{beside}{}{}.weight", OPEN_CLIP.text, OPEN_CLIP.head);
        keys.left.contains_key(&head).then_some(&OPEN_CLIP)
    }

    /// The complete tower of a checkpoint; a sentence that says what is missing otherwise.
    pub(super) fn find(&'static self, keys: &KeyMap) -> Result<Found, String> {
        let Self { visual, text, blocks, all_blocks: _, table, positions, norm, head } = self;
        let beside = keys.prefix.strip_suffix(visual);
        let beside = beside.ok_or_else(|| {
            format!("its names have no part `{visual}` beside which one could be")
        })?;
        let prefix = format!("{beside}{text}");
        let first = format!("{}{}", blocks.block(0), blocks.block_names().norm1);
        let both = |name: &str| [format!("{name}.weight"), format!("{name}.bias")];
        let mut needed = vec![(*table).to_owned(), (*positions).to_owned()];
        needed.extend([*norm, *head, first.as_str()].into_iter().flat_map(both));
        let shape = |name: &str| keys.left.get(&format!("{prefix}{name}")).map(|t| &t.shape[..]);
        if let Some(missing) = needed.iter().find(|name| shape(name).is_none()) {
            return Err(format!("`{prefix}{missing}` is missing"));
        }
        match (shape(table), shape(positions)) {
            (Some(&[vocabulary, width]), Some(&[context @ 1..=CONTEXT, of_positions]))
                if width == of_positions =>
            {
                Ok(Found { names: self, prefix, vocabulary, context, width })
            }
            (found, of_positions) => Err(format!(
                "`{prefix}{table}` is {:?} and `{prefix}{positions}` {:?}, expected [vocabulary, width] and [{CONTEXT} or fewer, width]",
                found.unwrap_or_default(),
                of_positions.unwrap_or_default()
            )),
        }
    }
}

impl Found {
    /// Moves the tensors of the tower. Its embeddings are as wide as those of pictures.
    ///
    /// # Errors
    /// A sentence if the first block is incomplete.
    pub(super) fn take(
        self,
        keys: &mut KeyMap,
        visual: &EncoderConfig,
        embedding: usize,
    ) -> Result<TextPart, String> {
        let encoder =
            keys.below(&self.prefix, |keys| self.move_tensors(keys, visual, embedding))?;
        keys.note_unknown(&format!("{}{}", self.prefix, self.names.all_blocks));
        let encoder = EncoderConfig { epsilon: EPSILON, ..encoder };
        Ok(TextPart { encoder, vocabulary: Some(self.vocabulary) })
    }

    /// Moves the tensors, all of which begin with the prefix of `keys`.
    fn move_tensors(
        &self,
        keys: &mut KeyMap,
        visual: &EncoderConfig,
        embedding: usize,
    ) -> Result<EncoderConfig, String> {
        let Self { names, vocabulary, context, width, .. } = *self;
        let heads = Some(blocks::text_heads(width, true));
        let hints = Hints { heads, activation: Some(visual.activation), ..Hints::default() };
        let encoder = blocks::encoder(keys, names.blocks, &hints, &format!("{TOWER}encoder."))?;
        let tokenizer = format!("{TOWER}tokenizer.");
        keys.require(names.table, &format!("{tokenizer}embedding.weight"), &[vocabulary, width]);
        keys.require(names.positions, &format!("{tokenizer}positions"), &[context, width]);
        keys.require_norm(names.norm, &format!("{TOWER}projection.norm"), width);
        for (part, shape) in [("weight", &[embedding, width][..]), ("bias", &[embedding])] {
            let linear = format!("{TOWER}projection.linear.{part}");
            keys.require(&format!("{}.{part}", names.head), &linear, shape);
        }
        Ok(encoder)
    }
}
