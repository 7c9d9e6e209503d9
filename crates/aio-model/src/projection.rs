//! The map from the output of an encoder to the embedding.

use aio_encoder::EncoderConfig;
use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

/// Layer normalisation and linear map from the encoder's `[CLS]` output to the embedding.
///
/// CLIP's `ln_post` and `proj`, and Meta-Transformer's "LayerNorm + Linear on cls". The paper does not say
/// where the embedding is taken; this is a reconstruction (docs/fidelity.md).
#[derive(Module, Debug)]
pub struct Projection {
    norm: LayerNorm,
    linear: Linear,
}

impl Projection {
    /// A projection with random weights behind an encoder.
    pub(crate) fn new(
        encoder: &EncoderConfig,
        embedding: usize,
        bias: bool,
        device: &Device,
    ) -> Self {
        let EncoderConfig { embed_dim, epsilon, .. } = *encoder;
        Self {
            norm: LayerNormConfig::new(embed_dim).with_epsilon(epsilon).init(device),
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

    /// `[batch, width]` to `[batch, embedding]`.
    #[must_use]
    pub fn forward(&self, cls: Tensor<2>) -> Tensor<2> {
        self.linear.forward(self.norm.forward(cls))
    }
}
