//! How sentences become token ids: CLIP's way, or that of a file.

use crate::Pieces;
use crate::bpe::{Bpe, Encoded};
use std::sync::Arc;

/// What turns sentences into token ids.
#[derive(Debug, Clone, Default)]
pub enum SentenceTokenizer {
    /// CLIP's byte-pair encoding, which is compiled into the program. Ids end with the end token.
    #[default]
    Clip,
    /// The pieces of a `tokenizer.json`: SigLIP's. All sentences have the same number of ids.
    Pieces(Arc<Pieces>),
}

impl SentenceTokenizer {
    /// Encodes a sentence.
    #[must_use]
    pub fn encode(&self, sentence: &str) -> Encoded {
        match self {
            Self::Clip => Bpe::clip().encode(sentence),
            Self::Pieces(pieces) => pieces.encode(sentence),
        }
    }

    /// [`Encoded::ids`] of a sentence alone, and whether pieces were cut off to fit: faster than [`Self::encode`].
    #[must_use]
    pub fn ids(&self, sentence: &str) -> (Vec<u32>, bool) {
        match self {
            Self::Clip => Bpe::clip().ids(sentence),
            Self::Pieces(pieces) => pieces.ids(sentence),
        }
    }

    /// The most ids of a sentence.
    #[must_use]
    pub fn context(&self) -> usize {
        match self {
            Self::Clip => crate::bpe::CONTEXT,
            Self::Pieces(pieces) => pieces.context(),
        }
    }
}
