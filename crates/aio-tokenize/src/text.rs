use crate::bpe::{CONTEXT, VOCABULARY};
use burn::module::{Initializer, Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

/// Sizes of the text tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextConfig {
    /// Width of the embedding table's rows; they are projected where it differs from the encoder's width.
    pub width: usize,
}

/// CLIP token ids to tokens: embedding table, projection where the widths differ, learned positions.
#[derive(Module, Debug)]
pub struct TextTokenizer {
    embedding: Embedding,
    proj: Option<Linear>,
    /// `[77, width]`
    positions: Param<Tensor<2>>,
}

impl TextConfig {
    /// Builds a text tokenizer for an encoder of `width`.
    #[must_use]
    pub fn init(&self, width: usize, device: &Device) -> TextTokenizer {
        let normal = |std| Initializer::Normal { mean: 0.0, std };
        TextTokenizer {
            embedding: EmbeddingConfig::new(VOCABULARY, self.width)
                .with_initializer(normal(0.1))
                .init(device),
            proj: (self.width != width)
                .then(|| LinearConfig::new(self.width, width).with_bias(false).init(device)),
            positions: normal(0.02).init([CONTEXT, width], device),
        }
    }
}

impl TextTokenizer {
    /// Turns token ids into tokens; trailing padding may have been cut off.
    ///
    /// # Shapes
    /// - ids: `[batch, length]` with length ≤ 77
    /// - output: `[batch, length, width]`
    #[must_use]
    pub fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, length] = ids.dims();
        let rows = self.embedding.forward(ids);
        let tokens = match &self.proj {
            Some(proj) => proj.forward(rows),
            None => rows,
        };
        tokens + self.positions.val().narrow(0, 0, length).unsqueeze::<3>()
    }
}
