//! What a user says of a checkpoint.

use super::Layout;
use crate::TextUse;
use aio_encoder::Activation;

/// What the tensors of a checkpoint do not show, and what is wanted of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// The layout, if detection would be wrong.
    pub layout: Option<Layout>,
    /// Attention heads of the visual tower; otherwise those of the published models of its width: one per 64 channels, or 16 in the towers that are wider
    /// than ViT-L.
    pub heads: Option<usize>,
    /// The non-linearity; otherwise GELU, its tanh form in SigLIP, or QuickGELU if the file has OpenAI's scalars.
    pub activation: Option<Activation>,
    /// What embeds text; otherwise the text tower of the weights if they have one, and their table if not.
    pub text: Option<TextUse>,
    /// Whether nothing of text is wanted: then no tower and no tokenizer of it is read, and weights of this project may have any.
    pub pictures_alone: bool,
}

impl Hints {
    /// Whether a text tower is left out.
    pub(super) fn leave_out_tower(&self) -> bool {
        self.pictures_alone || self.text == Some(TextUse::Table)
    }
}
