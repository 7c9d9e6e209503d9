//! Few shapes for devices whose kernels are tuned per shape.

use aio_tokenize::TokenSequence;
use burn::tensor::{Device, Tensor};

/// Lengths and numbers of sequences are rounded up to multiples of this.
const STEP: usize = 8;

/// Which shapes the sequences of an encoder pass have.
///
/// Captions differ in length, and the tuples of a batch that have a modality differ in number. A GPU's kernels are tuned for each new shape, and
/// memory that one shape leaves does not fit the next. The CPU has neither cost: there, padding would be work for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shapes {
    /// As many rows and tokens as there are.
    AsTheyAre,
    /// Rows and tokens are padded to multiples of 8. What is added is masked and cut off again: results are the same within rounding.
    Padded,
}

impl Shapes {
    /// What is used on a device.
    #[must_use]
    pub fn of(device: &Device) -> Self {
        if *device == Device::flex() { Self::AsTheyAre } else { Self::Padded }
    }

    /// The rows or tokens that are computed for `count` of them.
    #[must_use]
    pub fn padded(self, count: usize) -> usize {
        match self {
            Self::AsTheyAre => count,
            Self::Padded => count.next_multiple_of(STEP),
        }
    }

    /// The same sequences with further tokens, which nothing attends to, and further rows, which are to be cut off.
    pub(crate) fn pad(self, sequence: TokenSequence) -> TokenSequence {
        let TokenSequence { mut tokens, mut attention_mask, modalities, places } = sequence;
        let [rows, length, width] = tokens.dims();
        let (more_rows, more_tokens) = (self.padded(rows) - rows, self.padded(length) - length);
        let device = attention_mask.device();
        if more_tokens > 0 {
            let zeros = Tensor::zeros([rows, more_tokens, width], &device);
            tokens = Tensor::cat(vec![tokens, zeros], 1);
            let masked = Tensor::zeros([rows, more_tokens], &device);
            attention_mask = Tensor::cat(vec![attention_mask, masked], 1);
        }
        if more_rows > 0 {
            let length = length + more_tokens;
            let zeros = Tensor::zeros([more_rows, length, width], &device);
            tokens = Tensor::cat(vec![tokens, zeros], 0);
            // Attention needs a token to attend to.
            let visible = Tensor::ones([more_rows, length], &device);
            attention_mask = Tensor::cat(vec![attention_mask, visible], 0);
        }
        TokenSequence { tokens, attention_mask, modalities, places }
    }
}
