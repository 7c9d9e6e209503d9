use crate::EncoderConfig;
use aio_ops::{
    Activation, BlockSettings, BlockWeights, BranchScales, LinearWeights, NormWeights, Precision,
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
    #[module(skip)]
    heads: usize,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    epsilon: f64,
    #[module(skip)]
    precision: Precision,
    #[module(skip)]
    causal: bool,
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

fn normalise(x: Tensor<3>, norm: &LayerNorm, epsilon: f64) -> Tensor<3> {
    let NormWeights { gamma, beta } = norm_weights(norm);
    aio_ops::layer_norm(x, gamma, beta, epsilon)
}

impl Block {
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

    /// Attention weights averaged over the heads: `[batch, tokens, tokens]`, one row per query.
    fn mean_attention(&self, x: Tensor<3>, attention_mask: Tensor<2>) -> Tensor<3> {
        let [batch, tokens, _] = x.dims();
        let LinearWeights { weight, bias } = linear_weights(&self.attn.qkv);
        let x = normalise(x, &self.norm1, self.epsilon);
        let qkv = x.matmul(weight.unsqueeze::<3>()) + bias.unsqueeze::<3>();
        aio_ops::attention_weights(qkv, attention_mask, self.settings())
            .mean_dim(1)
            .reshape([batch, tokens, tokens])
    }

    /// Runs the block.
    ///
    /// # Shapes
    /// - x and output: `[batch, tokens, embed_dim]`
    /// - attention_mask: `[batch, tokens]`, 1 for tokens and 0 for padding
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, attention_mask: Tensor<2>) -> Tensor<3> {
        aio_ops::transformer_block(x, attention_mask, self.weights(), self.settings())
    }
}

impl EncoderConfig {
    /// Builds an encoder with random weights on `device`.
    #[must_use]
    pub fn init(&self, device: &Device) -> Encoder {
        let norm = || LayerNormConfig::new(self.embed_dim).with_epsilon(self.epsilon).init(device);
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        let scale = || {
            self.layer_scale
                .then(|| Param::from_tensor(Tensor::full([self.embed_dim], 1e-5, device)))
        };
        let blocks = (0..self.depth)
            .map(|_| Block {
                norm1: norm(),
                attn: Attention {
                    qkv: linear(self.embed_dim, 3 * self.embed_dim),
                    proj: linear(self.embed_dim, self.embed_dim),
                },
                ls1: scale(),
                norm2: norm(),
                mlp: Mlp {
                    fc1: linear(self.embed_dim, self.mlp),
                    fc2: linear(self.mlp, self.embed_dim),
                },
                ls2: scale(),
                heads: self.heads,
                activation: self.activation,
                epsilon: self.epsilon,
                precision: Precision::F32,
                causal: self.causal,
            })
            .collect();
        Encoder { norm_pre: self.pre_norm.then(norm), blocks, epsilon: self.epsilon }
    }
}

/// A stack of [`Block`]s over token sequences.
#[derive(Module, Debug)]
pub struct Encoder {
    norm_pre: Option<LayerNorm>,
    blocks: Vec<Block>,
    #[module(skip)]
    epsilon: f64,
}

impl Encoder {
    /// The same encoder whose large products are computed in `precision`; its weights stay in 32 bits.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.blocks.iter_mut().for_each(|block| block.precision = precision);
        self
    }

    /// Number of blocks.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.blocks.len()
    }

    /// Normalises the input of the first block, if the encoder does that (CLIP's `ln_pre`).
    pub(crate) fn normalise_input(&self, tokens: Tensor<3>) -> Tensor<3> {
        match &self.norm_pre {
            Some(norm) => normalise(tokens, norm, self.epsilon),
            None => tokens,
        }
    }

    /// One block.
    pub(crate) fn block(
        &self,
        number: usize,
        x: Tensor<3>,
        attention_mask: Tensor<2>,
    ) -> Tensor<3> {
        self.blocks[number].forward(x, attention_mask)
    }

    /// Encodes sequences. Padding neither attends nor is attended to.
    ///
    /// # Shapes
    /// - tokens and output: `[batch, tokens, embed_dim]`
    /// - attention_mask: `[batch, tokens]`, 1 for tokens and 0 for padding
    #[must_use]
    pub fn forward(&self, tokens: Tensor<3>, attention_mask: Tensor<2>) -> Tensor<3> {
        (0..self.depth()).fold(self.normalise_input(tokens), |x, number| {
            self.block(number, x, attention_mask.clone())
        })
    }

    /// How much of each token reaches every token through all blocks: attention roll-out.
    ///
    /// Abnar and Zuidema, "Quantifying Attention Flow in Transformers" (ACL 2020): the product over the blocks of half the attention, averaged
    /// over the heads, and half the identity for the residual path.
    ///
    /// # Shapes
    /// - tokens, attention_mask: as in [`Encoder::forward`]
    /// - output: `[batch, tokens, tokens]`; rows sum to 1
    #[must_use]
    pub fn rollout(&self, tokens: Tensor<3>, attention_mask: Tensor<2>) -> Tensor<3> {
        let [_, count, _] = tokens.dims();
        let residual = Tensor::<2>::eye(count, &tokens.device()).unsqueeze::<3>();
        let mut x = self.normalise_input(tokens);
        let mut flow: Option<Tensor<3>> = None;
        for (number, block) in self.blocks.iter().enumerate() {
            let step = (block.mean_attention(x.clone(), attention_mask.clone()) + residual.clone())
                .mul_scalar(0.5);
            flow = Some(match flow {
                Some(flow) => step.matmul(flow),
                None => step,
            });
            x = self.block(number, x, attention_mask.clone());
        }
        let [batch, ..] = x.dims();
        flow.unwrap_or_else(|| residual.expand([batch, count, count]))
    }
}
