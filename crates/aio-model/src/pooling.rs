//! Attention pooling: a learned query gathers the output tokens of an encoder.

use aio_encoder::{Activation, EncoderConfig};
use burn::module::{Initializer, Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation};
use serde::{Deserialize, Serialize};

/// Sizes of an attention pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolingConfig {
    /// Attention heads; the width of the tokens is a multiple of it.
    pub heads: usize,
    /// Hidden width of the MLP.
    pub mlp: usize,
}

/// One learned query attends to all tokens of a sequence, and an MLP with a residual path follows.
///
/// The "MAP head" of Zhai et al., "Scaling Vision Transformers" (CVPR 2022), as SigLIP and PE-Core have it: `AttentionPoolLatent` of timm. Those
/// models know pictures alone. That the query also attends to the tokens of other pictures and of words in one sequence is a *reconstruction*.
#[derive(Module, Debug)]
pub struct AttentionPooling {
    /// The query, `[width]`: the map of queries is a part of it.
    query: Param<Tensor<1>>,
    kv: Linear,
    proj: Linear,
    norm: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    #[module(skip)]
    heads: usize,
    #[module(skip)]
    activation: Activation,
}

impl PoolingConfig {
    /// A pooling with random weights behind an encoder.
    pub(crate) fn init(&self, encoder: &EncoderConfig, device: &Device) -> AttentionPooling {
        let width = encoder.embed_dim;
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        AttentionPooling {
            query: Initializer::Normal { mean: 0.0, std: (width as f64).powf(-0.5) }
                .init([width], device),
            kv: linear(width, 2 * width),
            proj: linear(width, width),
            norm: LayerNormConfig::new(width).with_epsilon(encoder.epsilon).init(device),
            fc1: linear(width, self.mlp),
            fc2: linear(self.mlp, width),
            heads: self.heads,
            activation: encoder.activation,
        }
    }

    /// Refuses sizes that make no pooling.
    pub(crate) fn check(&self, width: usize) -> Result<(), String> {
        let Self { heads, mlp } = *self;
        if heads == 0 || !width.is_multiple_of(heads) {
            return Err(format!("{heads} heads do not divide a width of {width}"));
        }
        if mlp == 0 || mlp > 1 << 16 {
            return Err(format!("mlp is {mlp}, expected 1 to {}", 1 << 16));
        }
        Ok(())
    }

    /// Numbers of its parameters that are large, for an encoder of `width`.
    #[must_use]
    pub fn weights(&self, width: usize) -> usize {
        3 * width * width + 2 * width * self.mlp
    }

    /// Floating-point operations of one sequence of `tokens` of `width`: keys, values and both products with them, and for the query the output map and
    /// the MLP.
    #[must_use]
    pub fn flops(&self, tokens: usize, width: usize) -> f64 {
        let (tokens, width, mlp) = (tokens as f64, width as f64, self.mlp as f64);
        2.0 * (2.0 * tokens * width * width + 2.0 * tokens * width + width * width)
            + 2.0 * 2.0 * width * mlp
    }

    /// Numbers that automatic differentiation stores for one sequence of `tokens` of `width`, about: the tokens before and after their normalisation,
    /// keys and values, and the attention.
    #[must_use]
    pub fn activations(&self, tokens: usize, width: usize) -> usize {
        tokens * (4 * width + self.heads)
    }
}

impl AttentionPooling {
    /// Pools normalised tokens.
    ///
    /// # Shapes
    /// - tokens: `[batch, tokens, width]`
    /// - attention_mask: `[batch, tokens]`, 1 for tokens and 0 for padding
    /// - output: `[batch, width]`
    #[must_use]
    pub fn forward(&self, tokens: Tensor<3>, attention_mask: Tensor<2>) -> Tensor<2> {
        let [batch, _, width] = tokens.dims();
        let [keys, values] = self.keys_and_values(tokens);
        let pooled = self.attention(keys, attention_mask).matmul(values);
        let x = self.proj.forward(pooled.reshape([batch, width]));
        let hidden = self.fc1.forward(self.norm.forward(x.clone())).unsqueeze::<3>();
        x + self.fc2.forward(self.activation.portable(hidden).squeeze_dim::<2>(0))
    }

    /// How much of each token the query takes, averaged over the heads.
    ///
    /// # Shapes
    /// - tokens, attention_mask: as in [`Self::forward`]
    /// - output: `[batch, tokens]`; rows sum to 1
    #[must_use]
    pub fn shares(&self, tokens: Tensor<3>, attention_mask: Tensor<2>) -> Tensor<2> {
        let [batch, count, _] = tokens.dims();
        let [keys, _] = self.keys_and_values(tokens);
        self.attention(keys, attention_mask).mean_dim(1).reshape([batch, count])
    }

    /// `[batch, heads, tokens, head_dim]` each.
    fn keys_and_values(&self, tokens: Tensor<3>) -> [Tensor<4>; 2] {
        let [batch, count, width] = tokens.dims();
        let head_dim = width / self.heads;
        let kv = self.kv.forward(tokens).reshape([batch, count, 2, self.heads, head_dim]);
        let kv = kv.permute([2, 0, 3, 1, 4]);
        [0, 1].map(|i| kv.clone().narrow(0, i, 1).reshape([batch, self.heads, count, head_dim]))
    }

    /// `[batch, heads, 1, tokens]`
    fn attention(&self, keys: Tensor<4>, attention_mask: Tensor<2>) -> Tensor<4> {
        let [batch, heads, tokens, head_dim] = keys.dims();
        let query = self.query.val().mul_scalar((head_dim as f64).powf(-0.5));
        let query = query.reshape([1, heads, 1, head_dim]).expand([batch, heads, 1, head_dim]);
        let masked = (attention_mask - 1.0).mul_scalar(1e9).reshape([batch, 1, 1, tokens]);
        activation::softmax(query.matmul(keys.swap_dims(2, 3)) + masked, 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_those_that_are_counted_by_hand() {
        let pooling = PoolingConfig { heads: 8, mlp: 3072 };
        // 129 tokens of 768 numbers. Keys and values: 129·768·1536 = 152,174,592 multiplications; products with the query and of the values:
        // 2·129·768 = 198,144; output map: 768·768 = 589,824; MLP: 2·768·3072 = 4,718,592.
        let multiplications = 152_174_592.0 + 198_144.0 + 589_824.0 + 4_718_592.0;
        assert_eq!(pooling.flops(129, 768), 2.0 * multiplications);
        let encoder = EncoderConfig { embed_dim: 768, ..EncoderConfig::vit_b_16() };
        let made = pooling.init(&encoder, &Device::flex()).num_params();
        // What is not counted: the query, two vectors of the normalisation, and five biases.
        assert_eq!(made - pooling.weights(768), 768 + 2 * 768 + 1536 + 768 + 3072 + 768);
    }

    #[test]
    fn sizes_that_make_no_pooling_are_refused() {
        let check = |heads, mlp| PoolingConfig { heads, mlp }.check(32);
        assert_eq!(check(8, 64), Ok(()));
        assert_eq!(check(5, 64), Err("5 heads do not divide a width of 32".into()));
        assert!(check(0, 64).is_err() && check(8, 0).is_err_and(|e| e.starts_with("mlp is 0")));
    }
}
