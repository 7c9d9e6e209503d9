//! The map from the output of an encoder to the embedding.

use crate::{AttentionPooling, PoolingConfig};
use aio_encoder::EncoderConfig;
use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

/// Layer normalisation and linear map from the encoder's `[CLS]` output, or from its pooled outputs, to the embedding.
///
/// CLIP's `ln_post` and `proj`, and Meta-Transformer's "LayerNorm + Linear on cls". The paper does not say
/// where the embedding is taken; this is a reconstruction (docs/fidelity.md).
#[derive(Module, Debug)]
pub struct Projection {
    norm: LayerNorm,
    pooling: Option<AttentionPooling>,
    linear: Linear,
}

impl Projection {
    /// A projection with random weights behind an encoder.
    pub(crate) fn new(
        encoder: &EncoderConfig,
        pooling: Option<&PoolingConfig>,
        embedding: usize,
        bias: bool,
        device: &Device,
    ) -> Self {
        let EncoderConfig { embed_dim, epsilon, .. } = *encoder;
        Self {
            norm: LayerNormConfig::new(embed_dim).with_epsilon(epsilon).init(device),
            pooling: pooling.map(|pooling| pooling.init(encoder, device)),
            linear: LinearConfig::new(embed_dim, embedding).with_bias(bias).init(device),
        }
    }

    /// The same projection followed by a factor and then a summand per channel, `[embedding]` each. It has a bias.
    pub(crate) fn followed_by(self, factor: Tensor<1>, summand: Tensor<1>) -> Self {
        let weight = self.linear.weight.val().without_autodiff();
        let bias = self.linear.bias.map(|bias| bias.val().without_autodiff() * factor.clone());
        let bias = bias.map_or(summand.clone(), |bias| bias + summand);
        let linear = Linear {
            weight: Param::from_tensor(weight * factor.unsqueeze::<2>()),
            bias: Some(Param::from_tensor(bias)),
        };
        Self { linear, ..self }
    }

    /// The embedding of sequences whose first token is `[CLS]`.
    ///
    /// # Shapes
    /// - tokens: `[batch, tokens, width]`
    /// - attention_mask: `[batch, tokens]`, 1 for tokens and 0 for padding
    /// - output: `[batch, embedding]`
    #[must_use]
    pub(crate) fn forward_sequence(
        &self,
        tokens: Tensor<3>,
        attention_mask: Tensor<2>,
    ) -> Tensor<2> {
        let [batch, _, width] = tokens.dims();
        match &self.pooling {
            Some(pooling) => {
                let pooled = pooling.forward(self.norm.forward(tokens), attention_mask);
                self.linear.forward(pooled)
            }
            None => self.forward(tokens.narrow(1, 0, 1).reshape([batch, width])),
        }
    }

    /// Whether the embedding is made of all output tokens.
    pub(crate) fn pools(&self) -> bool {
        self.pooling.is_some()
    }

    /// How much of each output token enters the embedding, if they are pooled: `[batch, tokens]`, whose rows sum to 1.
    pub(crate) fn shares(&self, tokens: Tensor<3>, attention_mask: Tensor<2>) -> Option<Tensor<2>> {
        let pooling = self.pooling.as_ref()?;
        Some(pooling.shares(self.norm.forward(tokens), attention_mask))
    }

    /// `[batch, width]` to `[batch, embedding]`.
    #[must_use]
    pub fn forward(&self, cls: Tensor<2>) -> Tensor<2> {
        self.linear.forward(self.norm.forward(cls))
    }
}
