//! One transformer block, with the adapters of experts.

use crate::EncoderConfig;
use crate::adapters::Adapters;
use crate::rotary::with_unturned;
use aio_ops::{
    Activation, BlockSettings, BlockWeights, BranchScales, LinearWeights, NormWeights, Precision,
    Rotation,
};
use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

/// Multi-head self-attention; the fields are timm's key names.
#[derive(Module, Debug)]
struct Attention {
    qkv: Linear,
    proj: Linear,
}

/// Two-layer perceptron; the fields are timm's key names.
#[derive(Module, Debug)]
struct Mlp {
    fc1: Linear,
    fc2: Linear,
}

/// One pre-norm transformer block: `x + attn(norm1(x))`, then `x + mlp(norm2(x))`.
///
/// Follows `timm.models.vision_transformer.Block`, which Meta-Transformer's released encoder is made of.
#[derive(Module, Debug)]
pub struct Block {
    norm1: LayerNorm,
    attn: Attention,
    ls1: Option<Param<Tensor<1>>>,
    norm2: LayerNorm,
    mlp: Mlp,
    ls2: Option<Param<Tensor<1>>>,
    pub(crate) adapters: Option<Adapters>,
    #[module(skip)]
    heads: usize,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    epsilon: f64,
    #[module(skip)]
    pub(crate) precision: Precision,
    #[module(skip)]
    causal: bool,
}

/// A normalisation before its first step.
pub(crate) fn fresh_norm(config: &EncoderConfig, device: &Device) -> LayerNorm {
    LayerNormConfig::new(config.embed_dim).with_epsilon(config.epsilon).init(device)
}

fn norm_weights(norm: &LayerNorm) -> NormWeights {
    let gamma = norm.gamma.val();
    let beta = norm.beta.as_ref().map_or_else(|| gamma.zeros_like(), |beta| beta.val());
    NormWeights { gamma, beta }
}

fn linear_weights(layer: &Linear) -> LinearWeights {
    let weight = layer.weight.val();
    let [_, out] = weight.dims();
    let zeros = || Tensor::zeros([out], &weight.device());
    let bias = layer.bias.as_ref().map_or_else(zeros, |bias| bias.val());
    LinearWeights { weight, bias }
}

pub(crate) fn normalise(x: Tensor<3>, norm: &LayerNorm, epsilon: f64) -> Tensor<3> {
    let NormWeights { gamma, beta } = norm_weights(norm);
    aio_ops::layer_norm(x, gamma, beta, epsilon)
}

impl Block {
    /// A block with random weights.
    pub(crate) fn new(config: &EncoderConfig, device: &Device) -> Self {
        let norm = || fresh_norm(config, device);
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        let scale = || {
            config
                .layer_scale
                .then(|| Param::from_tensor(Tensor::full([config.embed_dim], 1e-5, device)))
        };
        Self {
            norm1: norm(),
            attn: Attention {
                qkv: linear(config.embed_dim, 3 * config.embed_dim),
                proj: linear(config.embed_dim, config.embed_dim),
            },
            ls1: scale(),
            norm2: norm(),
            mlp: Mlp {
                fc1: linear(config.embed_dim, config.mlp),
                fc2: linear(config.mlp, config.embed_dim),
            },
            ls2: scale(),
            adapters: config.adapters.map(|adapters| adapters.init(config.embed_dim, device)),
            heads: config.heads,
            activation: config.activation,
            epsilon: config.epsilon,
            precision: Precision::F32,
            causal: config.causal,
        }
    }

    fn weights(&self) -> BlockWeights {
        BlockWeights {
            norm1: norm_weights(&self.norm1),
            qkv: linear_weights(&self.attn.qkv),
            proj: linear_weights(&self.attn.proj),
            norm2: norm_weights(&self.norm2),
            fc1: linear_weights(&self.mlp.fc1),
            fc2: linear_weights(&self.mlp.fc2),
            scales: self.ls1.as_ref().zip(self.ls2.as_ref()).map(|(attention, mlp)| BranchScales {
                attention: attention.val(),
                mlp: mlp.val(),
            }),
        }
    }

    fn settings(&self) -> BlockSettings {
        BlockSettings {
            heads: self.heads,
            activation: self.activation,
            epsilon: self.epsilon,
            precision: self.precision,
            causal: self.causal,
        }
    }

    /// The weights with the adapters of some experts.
    fn adapted_weights(&self, experts: &[usize]) -> BlockWeights {
        match &self.adapters {
            Some(adapters) => adapters.adapted(self.weights(), experts),
            None => self.weights(),
        }
    }

    /// Tokens and mask with the prompts of some experts behind them, if there are any.
    fn prompted(
        &self,
        x: Tensor<3>,
        attention_mask: Tensor<2>,
        experts: &[usize],
    ) -> (Tensor<3>, Tensor<2>) {
        let prompts = self.adapters.as_ref().and_then(|adapters| adapters.prompts(experts));
        let Some(prompts) = prompts else { return (x, attention_mask) };
        let ([batch, _, width], [count, _]) = (x.dims(), prompts.dims());
        let prompts = prompts.unsqueeze::<3>().expand([batch, count, width]);
        let visible = Tensor::ones([batch, count], &attention_mask.device());
        (Tensor::cat(vec![x, prompts], 1), Tensor::cat(vec![attention_mask, visible], 1))
    }

    /// The angles of all tokens of a block, prompts included, which have no place.
    fn turned(rotation: Option<&Rotation>, tokens: usize, all: usize) -> Option<Rotation> {
        rotation.map(|rotation| match all - tokens {
            0 => rotation.clone(),
            prompts => with_unturned(rotation, prompts),
        })
    }

    /// Attention weights averaged over the heads: `[batch, tokens, tokens]`, one row per query.
    ///
    /// What goes to prompts is left out, and the rest of a row is divided by its sum.
    pub(crate) fn mean_attention(
        &self,
        x: Tensor<3>,
        attention_mask: Tensor<2>,
        experts: &[usize],
        rotation: Option<&Rotation>,
    ) -> Tensor<3> {
        let [batch, tokens, _] = x.dims();
        let (x, attention_mask) = self.prompted(x, attention_mask, experts);
        let [_, all, _] = x.dims();
        let LinearWeights { weight, bias } = self.adapted_weights(experts).qkv;
        let x = normalise(x, &self.norm1, self.epsilon);
        let qkv = x.matmul(weight.unsqueeze::<3>()) + bias.unsqueeze::<3>();
        let rotation = Self::turned(rotation, tokens, all);
        let mean =
            aio_ops::attention_weights(qkv, attention_mask, rotation.as_ref(), self.settings())
                .mean_dim(1)
                .reshape([batch, all, all]);
        if all == tokens {
            return mean;
        }
        let own = mean.narrow(1, 0, tokens).narrow(2, 0, tokens);
        own.clone() / own.sum_dim(2)
    }

    /// Runs the block with the adapters of some experts (`Encoder::forward_as`).
    ///
    /// # Shapes
    /// - x and output: `[batch, tokens, embed_dim]`
    /// - attention_mask: `[batch, tokens]`, 1 for tokens and 0 for padding
    /// - rotation: of `tokens` tokens
    #[must_use]
    pub fn forward(
        &self,
        x: Tensor<3>,
        attention_mask: Tensor<2>,
        experts: &[usize],
        rotation: Option<&Rotation>,
    ) -> Tensor<3> {
        let [_, tokens, _] = x.dims();
        let (x, attention_mask) = self.prompted(x, attention_mask, experts);
        let [_, all, _] = x.dims();
        let weights = self.adapted_weights(experts);
        let rotation = Self::turned(rotation, tokens, all);
        let y = aio_ops::transformer_block(x, attention_mask, weights, rotation, self.settings());
        if all == tokens { y } else { y.narrow(1, 0, tokens) }
    }
}
