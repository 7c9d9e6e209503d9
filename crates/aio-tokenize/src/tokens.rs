use crate::Grid;
use aio_types::{GridPlace, Modality, ModalitySet};
use burn::tensor::{Int, Tensor};

/// A batch of token sequences with its attention mask.
#[derive(Debug, Clone)]
pub struct TokenSequence {
    /// `[batch, tokens, width]`; token 0 is `[CLS]`.
    pub tokens: Tensor<3>,
    /// `[batch, tokens]`, 1 for tokens and 0 for padding.
    pub attention_mask: Tensor<2>,
    /// Whose tokens they are, the same in every row.
    pub modalities: ModalitySet,
    /// Where each token lies on the grid of its picture, the same in every row. `[CLS]`, registers and words lie on none.
    pub places: Vec<Option<GridPlace>>,
}

/// The inputs of one modality for a whole batch, as tensors.
#[derive(Debug, Clone)]
pub enum ModalityInput {
    /// Normalised pictures `[batch, height, width, 3]`.
    Pictures(Modality, Tensor<4>),
    /// Token ids `[batch, length]`, 0 where padded.
    Text(Tensor<2, Int>),
}

/// The tokens of one modality for a batch, as [`Tokenizers::tokens`](crate::Tokenizers::tokens) makes them. They may enter any number of sequences.
#[derive(Debug, Clone)]
pub struct ModalityTokens {
    /// `[batch, length, width]`
    pub(crate) tokens: Tensor<3>,
    /// `[batch, length]`, 1 for tokens and 0 for padding; nothing is padded where there is none.
    pub(crate) attention_mask: Option<Tensor<2>>,
    /// Whose tokens they are.
    pub(crate) modality: Modality,
    /// The grid that they are, row by row; none for words.
    pub(crate) grid: Option<Grid>,
}

impl ModalityTokens {
    /// Tokens of each row, padding included.
    #[must_use]
    pub fn length(&self) -> usize {
        let [_, length, _] = self.tokens.dims();
        length
    }

    /// Where each token lies.
    pub(crate) fn places(&self) -> Vec<Option<GridPlace>> {
        match self.grid {
            Some(Grid { rows, columns }) => GridPlace::of_grid(rows, columns).map(Some).collect(),
            None => vec![None; self.length()],
        }
    }

    /// Whose tokens they are.
    #[must_use]
    pub fn modality(&self) -> Modality {
        self.modality
    }

    /// Whether a trained parameter reaches them, so that they are part of the autodiff graph.
    #[must_use]
    pub fn is_tracked(&self) -> bool {
        self.tokens.is_tracked()
    }

    /// The same tokens as constants, outside the autodiff graph.
    #[must_use]
    pub fn constant(&self) -> Self {
        Self { tokens: self.tokens.clone().without_autodiff(), ..self.clone() }
    }

    /// The tokens of some rows of the batch.
    ///
    /// # Shapes
    /// - rows: `[rows]`, positions in the batch
    #[must_use]
    pub fn select(&self, rows: Tensor<1, Int>) -> Self {
        Self {
            attention_mask: self.attention_mask.clone().map(|mask| mask.select(0, rows.clone())),
            tokens: self.tokens.clone().select(0, rows),
            modality: self.modality,
            grid: self.grid,
        }
    }

    /// The tokens of `count` rows from `start` on.
    #[must_use]
    pub fn narrow(&self, start: usize, count: usize) -> Self {
        if [start, count] == [0, self.tokens.dims()[0]] {
            return self.clone();
        }
        Self {
            tokens: self.tokens.clone().narrow(0, start, count),
            attention_mask: self.attention_mask.clone().map(|mask| mask.narrow(0, start, count)),
            modality: self.modality,
            grid: self.grid,
        }
    }
}

/// The tensor outside the autodiff graph, unless a trained parameter reaches it.
pub(crate) fn plain_unless_tracked(tokens: Tensor<3>) -> Tensor<3> {
    if tokens.is_tracked() { tokens } else { tokens.without_autodiff() }
}
