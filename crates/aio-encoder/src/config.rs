use crate::sizes::within;
use crate::{AdapterKind, AdaptersConfig, RotaryConfig};
use aio_ops::Activation;
use serde::{Deserialize, Serialize};

/// Sizes and variants of an [`Encoder`](crate::Encoder).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Number of blocks.
    pub depth: usize,
    /// Width of the tokens; `width` in weights files.
    #[serde(rename = "width")]
    pub embed_dim: usize,
    /// Attention heads; `embed_dim` is a multiple of it.
    pub heads: usize,
    /// Hidden width of the MLP.
    pub mlp: usize,
    /// Epsilon of the layer normalisations; Meta-Transformer uses `nn.LayerNorm`'s 1e-5, timm 1e-6.
    pub epsilon: f64,
    /// The MLP's non-linearity.
    pub activation: Activation,
    /// Whether tokens are normalised before the first block (`ln_pre` of CLIP).
    pub pre_norm: bool,
    /// Whether residual branches are scaled per channel (LayerScale, as in DINOv2).
    pub layer_scale: bool,
    /// Whether a token attends to itself and the tokens before it alone, as in CLIP's encoder of sentences.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub causal: bool,
    /// Rotary positions, if the blocks have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotary: Option<RotaryConfig>,
    /// Adapters of the blocks, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapters: Option<AdaptersConfig>,
}

impl EncoderConfig {
    fn preset(depth: usize, embed_dim: usize, heads: usize) -> Self {
        let activation = Activation::Gelu;
        Self {
            depth,
            embed_dim,
            heads,
            mlp: 4 * embed_dim,
            epsilon: 1e-5,
            activation,
            pre_norm: false,
            layer_scale: false,
            causal: false,
            rotary: None,
            adapters: None,
        }
    }

    /// The encoder whose weights are embedded in the binary.
    #[must_use]
    pub fn embedded() -> Self {
        Self::preset(4, 128, 4)
    }

    /// ViT-B/16 blocks, 85,054,464 parameters (Meta-Transformer B/16, open_clip ViT-B-16).
    #[must_use]
    pub fn vit_b_16() -> Self {
        Self::preset(12, 768, 12)
    }

    /// Refuses sizes that make no encoder, or a far larger one than was ever published.
    ///
    /// # Errors
    /// A sentence that names the size, its value and the expected one.
    pub fn check(&self) -> Result<(), String> {
        let Self { depth, embed_dim, heads, mlp, .. } = *self;
        for (name, size, largest) in [
            ("depth", depth, 1 << 10),
            ("width", embed_dim, 1 << 13),
            ("heads", heads, 1 << 13),
            ("mlp", mlp, 1 << 16),
        ] {
            within(name, size, largest)?;
        }
        if !embed_dim.is_multiple_of(heads) {
            return Err(format!("{heads} heads do not divide a width of {embed_dim}"));
        }
        if let Some(rotary) = &self.rotary {
            rotary.check(embed_dim / heads).map_err(|problem| format!("rotary: {problem}"))?;
        }
        match &self.adapters {
            Some(_) if self.causal => {
                Err("an encoder with causal attention has no adapters".into())
            }
            Some(adapters) => {
                adapters.check(embed_dim).map_err(|problem| format!("adapters: {problem}"))
            }
            None => Ok(()),
        }
    }

    /// Numbers that automatic differentiation stores per token and block in a sequence of `tokens`: the inputs of both normalisations and of
    /// the activation, queries, keys and values, and the attention weights. If the weights are `learned`, also the input of each linear map, and
    /// with low-rank adapters those of the attention's maps.
    #[must_use]
    pub fn activations_per_token(&self, tokens: usize, learned: bool) -> usize {
        let activation = match self.activation {
            Activation::Gelu => self.mlp,
            // A product of the input and a sigmoid, each of which the other's gradient needs.
            Activation::QuickGelu => 3 * self.mlp,
            // The same, and the cube.
            Activation::GeluTanh => 4 * self.mlp,
        };
        let linear_inputs = match learned {
            true => 3 * self.embed_dim + self.mlp,
            false if self.has_lora() => 2 * self.embed_dim,
            false => 0,
        };
        5 * self.embed_dim + self.heads * tokens + activation + linear_inputs
    }

    /// Numbers per token that the backward pass of a block needs beside the stored activations.
    #[must_use]
    pub fn backward_workspace_per_token(&self) -> usize {
        2 * self.mlp + 4 * self.embed_dim
    }

    /// Numbers of the adapted weights that a block makes for each pass, and that the backward pass needs.
    #[must_use]
    pub fn adapted_weights_per_block(&self) -> usize {
        if self.has_lora() { 4 * self.embed_dim * self.embed_dim } else { 0 }
    }

    /// Tokens that each expert adds to the sequences of every block.
    #[must_use]
    pub fn prompts_per_expert(&self) -> usize {
        match self.adapters {
            Some(AdaptersConfig { kind: AdapterKind::Prompts { tokens }, .. }) => tokens,
            _ => 0,
        }
    }

    /// Inner width of the low-rank adapters, if there are any.
    pub(crate) fn rank(&self) -> Option<usize> {
        match self.adapters?.kind {
            AdapterKind::Lora { rank, .. } => Some(rank),
            AdapterKind::Prompts { .. } => None,
        }
    }

    fn has_lora(&self) -> bool {
        self.rank().is_some()
    }
}
