use crate::block::{Block, fresh_norm, normalise};
use crate::{Context, EncoderConfig, RotaryConfig};
use aio_ops::{Precision, Rotation};
use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::LayerNorm;
use burn::tensor::{Device, Tensor};

impl EncoderConfig {
    /// Builds an encoder with random weights on `device`.
    #[must_use]
    pub fn init(&self, device: &Device) -> Encoder {
        Encoder {
            norm_pre: self.pre_norm.then(|| fresh_norm(self, device)),
            blocks: (0..self.depth).map(|_| Block::new(self, device)).collect(),
            epsilon: self.epsilon,
            rotary: self.rotary,
            head_dim: self.embed_dim / self.heads,
        }
    }
}

/// A stack of [`Block`]s over token sequences.
#[derive(Module, Debug)]
pub struct Encoder {
    norm_pre: Option<LayerNorm>,
    blocks: Vec<Block>,
    #[module(skip)]
    epsilon: f64,
    #[module(skip)]
    rotary: Option<RotaryConfig>,
    #[module(skip)]
    head_dim: usize,
}

impl Encoder {
    /// The same encoder whose large products are computed in `precision`; its weights stay in 32 bits.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.blocks.iter_mut().for_each(|block| block.precision = precision);
        self
    }

    /// The same encoder with the fresh adapters of `config`, whose sizes are otherwise those of the encoder.
    #[must_use]
    pub fn with_adapters(mut self, config: &EncoderConfig, device: &Device) -> Self {
        for block in &mut self.blocks {
            block.adapters =
                config.adapters.map(|adapters| adapters.init(config.embed_dim, device));
        }
        self
    }

    /// The same encoder for other experts: expert `i` starts with the adapters of the former expert `from[i]`, and has parameters of its own.
    ///
    /// # Panics
    /// If there are adapters, but not of such an expert.
    #[must_use]
    pub fn for_experts(mut self, from: &[usize]) -> Self {
        for block in &mut self.blocks {
            block.adapters = block.adapters.take().map(|adapters| adapters.for_experts(from));
        }
        self
    }

    /// The same encoder with its own weights outside the gradient. Adapters learn.
    #[must_use]
    pub fn frozen(mut self) -> Self {
        let adapters: Vec<_> = self.blocks.iter_mut().map(|b| b.adapters.take()).collect();
        let mut frozen = self.no_grad();
        for (block, adapters) in frozen.blocks.iter_mut().zip(adapters) {
            block.adapters = adapters;
        }
        frozen
    }

    /// Whether it has adapters.
    #[must_use]
    pub fn has_adapters(&self) -> bool {
        self.blocks.iter().any(|block| block.adapters.is_some())
    }

    /// Whether a parameter is in training: one of its own, or of an adapter.
    pub(crate) fn learns(&self) -> bool {
        struct Learns(bool);
        impl ModuleVisitor for Learns {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.0 |= param.val().is_require_grad();
            }
        }
        let mut learns = Learns(false);
        self.visit(&mut learns);
        learns.0
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

    /// The angles by which every block turns the queries and keys of such tokens, if it does that.
    pub(crate) fn rotation(&self, tokens: &Tensor<3>, context: Context<'_>) -> Option<Rotation> {
        let [_, count, _] = tokens.dims();
        let device = tokens.device().inner();
        let rotary = self.rotary.as_ref()?;
        Some(rotary.rotation(context.places, count, self.head_dim, &device))
    }

    /// One block.
    pub(crate) fn block(
        &self,
        number: usize,
        x: Tensor<3>,
        attention_mask: Tensor<2>,
        experts: &[usize],
        rotation: Option<&Rotation>,
    ) -> Tensor<3> {
        self.blocks[number].forward(x, attention_mask, experts, rotation)
    }

    /// Encodes sequences with the encoder's own weights alone. Padding neither attends nor is attended to.
    ///
    /// # Shapes
    /// - tokens and output: `[batch, tokens, embed_dim]`
    /// - attention_mask: `[batch, tokens]`, 1 for tokens and 0 for padding
    #[must_use]
    pub fn forward(&self, tokens: Tensor<3>, attention_mask: Tensor<2>) -> Tensor<3> {
        self.forward_as(tokens, attention_mask, Context::default())
    }

    /// [`Encoder::forward`] with the adapters of some experts, the same for all sequences: the mean of their low-rank summands, and the prompts of
    /// all of them. Without adapters they change nothing. Places of tokens change nothing without rotary positions.
    ///
    /// # Shapes
    /// As [`Encoder::forward`].
    ///
    /// # Panics
    /// If there are adapters, but not of such an expert.
    #[must_use]
    pub fn forward_as(
        &self,
        tokens: Tensor<3>,
        attention_mask: Tensor<2>,
        context: Context<'_>,
    ) -> Tensor<3> {
        let rotation = self.rotation(&tokens, context);
        (0..self.depth()).fold(self.normalise_input(tokens), |x, number| {
            self.block(number, x, attention_mask.clone(), context.experts, rotation.as_ref())
        })
    }

    /// How much of each token reaches every token through all blocks: attention roll-out.
    ///
    /// Abnar and Zuidema, "Quantifying Attention Flow in Transformers" (ACL 2020): the product over the blocks of half the attention, averaged
    /// over the heads, and half the identity for the residual path. What passes through the prompts of an adapter is left out.
    ///
    /// # Shapes
    /// - tokens, attention_mask, context: as in [`Encoder::forward_as`]
    /// - output: `[batch, tokens, tokens]`; rows sum to 1
    #[must_use]
    pub fn rollout(
        &self,
        tokens: Tensor<3>,
        attention_mask: Tensor<2>,
        context: Context<'_>,
    ) -> Tensor<3> {
        let [_, count, _] = tokens.dims();
        let (experts, rotation) = (context.experts, self.rotation(&tokens, context));
        let rotation = rotation.as_ref();
        let residual = Tensor::<2>::eye(count, &tokens.device()).unsqueeze::<3>();
        let mut x = self.normalise_input(tokens);
        let mut flow: Option<Tensor<3>> = None;
        for (number, block) in self.blocks.iter().enumerate() {
            let mask = attention_mask.clone();
            let attention = block.mean_attention(x.clone(), mask.clone(), experts, rotation);
            let step = (attention + residual.clone()).mul_scalar(0.5);
            flow = Some(match flow {
                Some(flow) => step.matmul(flow),
                None => step,
            });
            x = self.block(number, x, mask, experts, rotation);
        }
        let [batch, ..] = x.dims();
        flow.unwrap_or_else(|| residual.expand([batch, count, count]))
    }
}
