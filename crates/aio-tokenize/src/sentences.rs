//! How sentences become token ids: CLIP's way, or that of a file.

use crate::Pieces;
use crate::bpe::{Bpe, CONTEXT, Encoded};
use std::sync::Arc;

/// What turns sentences into token ids.
#[derive(Debug, Clone)]
pub enum SentenceTokenizer {
    /// CLIP's byte-pair encoding, which is compiled into the program. Ids end with the end token.
    Clip {
        /// The most ids of a sentence: [`CONTEXT`], or the positions of a text tower that has fewer.
        context: usize,
    },
    /// The pieces of a `tokenizer.json`: SigLIP's. All sentences have the same number of ids.
    Pieces(Arc<Pieces>),
}

impl Default for SentenceTokenizer {
    fn default() -> Self {
        Self::Clip { context: CONTEXT }
    }
}

impl SentenceTokenizer {
    /// Encodes a sentence.
    #[must_use]
    pub fn encode(&self, sentence: &str) -> Encoded {
        match self {
            Self::Clip { context } => Bpe::clip().encode_within(sentence, *context),
            Self::Pieces(pieces) => pieces.encode(sentence),
        }
    }

    /// [`Encoded::ids`] of a sentence alone, and whether pieces were cut off to fit: faster than [`Self::encode`].
    #[must_use]
    pub fn ids(&self, sentence: &str) -> (Vec<u32>, bool) {
        match self {
            Self::Clip { context } => Bpe::clip().ids_within(sentence, *context),
            Self::Pieces(pieces) => pieces.ids(sentence),
        }
    }

    /// The most ids of a sentence.
    #[must_use]
    pub fn context(&self) -> usize {
        match self {
            Self::Clip { context } => *context,
            Self::Pieces(pieces) => pieces.context(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bpe::END;

    #[test]
    fn a_sentence_is_cut_to_the_positions_that_there_are() {
        let of_six = SentenceTokenizer::Clip { context: 6 };
        let (ids, cut) = of_six.ids("a man a man a man");
        assert!(cut && ids.len() == 6 && ids[5] == END, "{ids:?}");
        assert_eq!(of_six.encode("a man a man a man").ids, ids);
        let (whole, cut) = of_six.ids("a man a man");
        assert!(!cut && whole.len() == 6 && whole[..5] == ids[..5], "{whole:?}");
        assert_eq!(SentenceTokenizer::default().context(), CONTEXT);
    }
}
