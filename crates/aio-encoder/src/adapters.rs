//! Adapters: small trained parts of blocks whose own weights stay as they are, one for each expert.
//!
//! An expert is a number; what it stands for is known to the caller alone. Sequences of several experts have the mean of their low-rank
//! summands and the prompts of all of them. This rule is a choice of this project: the papers adapt a model to one task at a time.

use crate::sizes::within;
use aio_ops::{BlockWeights, LinearWeights};
use burn::module::{Initializer, Module, ModuleMapper, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// Adapters of all blocks of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaptersConfig {
    /// Number of experts, each with an adapter in every block.
    pub experts: usize,
    /// What an adapter consists of.
    pub kind: AdapterKind,
}

/// What the adapter of an expert consists of, in each block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdapterKind {
    /// Low-rank summands of the two linear maps of the attention: the weight is `W + alpha/rank · A·B`, with `A` of `[inputs, rank]` and `B` of
    /// `[rank, outputs]`. `A` starts at random and `B` at 0, so that a fresh adapter changes nothing.
    ///
    /// Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (ICLR 2022), equation 3, who adapt the attention and leave the MLP as it
    /// is. Queries, keys and values are one map here and share one `A`, as in the fused map of other implementations.
    Lora {
        /// Inner width of the product.
        rank: usize,
        /// Factor of the summand, divided by the rank.
        alpha: f64,
    },
    /// Learned tokens that the attention of a block sees behind those of the sequence. Every block has its own, and their outputs are dropped.
    ///
    /// Jia et al., "Visual Prompt Tuning" (ECCV 2022), the deep form (equations 5 and 6).
    Prompts {
        /// Tokens of an expert in each block.
        tokens: usize,
    },
}

/// Most tokens of an expert, and largest factor: far more than any published adapter has.
const LARGEST: usize = 1 << 10;

impl AdaptersConfig {
    /// Refuses sizes that make no adapters of blocks of `width`.
    ///
    /// # Errors
    /// A sentence that names the size, its value and the expected one.
    pub fn check(&self, width: usize) -> Result<(), String> {
        within("experts", self.experts, LARGEST)?;
        match self.kind {
            AdapterKind::Lora { rank, alpha } => {
                within("rank", rank, width)?;
                if !alpha.is_finite() || alpha <= 0.0 {
                    return Err(format!("alpha is {alpha}, expected a number above 0"));
                }
                Ok(())
            }
            AdapterKind::Prompts { tokens } => within("tokens", tokens, LARGEST),
        }
    }

    /// Parameters of all experts in one block of `width`.
    #[must_use]
    pub fn parameters_per_block(&self, width: usize) -> usize {
        self.experts
            * match self.kind {
                AdapterKind::Lora { rank, .. } => 6 * width * rank,
                AdapterKind::Prompts { tokens } => tokens * width,
            }
    }

    /// Fresh adapters of one block.
    pub(crate) fn init(&self, width: usize, device: &Device) -> Adapters {
        let experts = (0..self.experts).map(|_| Adapter::new(self.kind, width, device)).collect();
        let scale = match self.kind {
            AdapterKind::Lora { rank, alpha } => alpha / rank as f64,
            AdapterKind::Prompts { .. } => 1.0,
        };
        Adapters { experts, scale }
    }
}

/// A product `A·B` that is added to a weight; the fields are PEFT's key names.
#[derive(Module, Debug)]
struct LowRank {
    lora_a: Linear,
    lora_b: Linear,
}

impl LowRank {
    fn new(rank: usize, from: usize, to: usize, device: &Device) -> Self {
        let linear = |from, to| LinearConfig::new(from, to).with_bias(false);
        Self {
            lora_a: linear(from, rank).init(device),
            lora_b: linear(rank, to).with_initializer(Initializer::Zeros).init(device),
        }
    }

    /// `[from, to]`
    fn product(&self) -> Tensor<2> {
        self.lora_a.weight.val().matmul(self.lora_b.weight.val())
    }
}

/// The adapter of one expert in one block.
#[derive(Module, Debug)]
struct Adapter {
    qkv: Option<LowRank>,
    proj: Option<LowRank>,
    /// `[tokens, width]`
    prompts: Option<Param<Tensor<2>>>,
}

impl Adapter {
    fn new(kind: AdapterKind, width: usize, device: &Device) -> Self {
        match kind {
            AdapterKind::Lora { rank, .. } => Self {
                qkv: Some(LowRank::new(rank, width, 3 * width, device)),
                proj: Some(LowRank::new(rank, width, width, device)),
                prompts: None,
            },
            AdapterKind::Prompts { tokens } => {
                // Glorot's bound for a square map of this width. The original has the inputs of its patches in the place of one width.
                let bound = (3.0 / width as f64).sqrt();
                let start = Initializer::Uniform { min: -bound, max: bound };
                let prompts = Some(start.init([tokens, width], device));
                Self { qkv: None, proj: None, prompts }
            }
        }
    }
}

/// The adapters of one block.
#[derive(Module, Debug)]
pub(crate) struct Adapters {
    experts: Vec<Adapter>,
    /// Factor of the low-rank products.
    #[module(skip)]
    scale: f64,
}

impl Adapters {
    /// The weights of the block with the mean of the low-rank summands of some experts, in the graph of these.
    ///
    /// # Panics
    /// If there is no such expert.
    pub(crate) fn adapted(&self, weights: BlockWeights, experts: &[usize]) -> BlockWeights {
        let factor = self.scale / experts.len().max(1) as f64;
        let adapt = |layer: LinearWeights, of: fn(&Adapter) -> Option<&LowRank>| {
            let products = self.chosen(experts).filter_map(of).map(LowRank::product);
            match products.reduce(|a, b| a + b) {
                Some(sum) => {
                    LinearWeights { weight: layer.weight + sum.mul_scalar(factor), ..layer }
                }
                None => layer,
            }
        };
        BlockWeights {
            qkv: adapt(weights.qkv, |adapter| adapter.qkv.as_ref()),
            proj: adapt(weights.proj, |adapter| adapter.proj.as_ref()),
            ..weights
        }
    }

    /// The prompts of some experts, one after the other: `[tokens, width]`; `None` if they have none.
    ///
    /// # Panics
    /// If there is no such expert.
    pub(crate) fn prompts(&self, experts: &[usize]) -> Option<Tensor<2>> {
        let prompts = self.chosen(experts).filter_map(|adapter| adapter.prompts.as_ref());
        let prompts: Vec<Tensor<2>> = prompts.map(|prompts| prompts.val()).collect();
        (!prompts.is_empty()).then(|| Tensor::cat(prompts, 0))
    }

    fn chosen<'a>(&'a self, experts: &'a [usize]) -> impl Iterator<Item = &'a Adapter> {
        experts.iter().map(|expert| &self.experts[*expert])
    }

    /// Adapters whose expert `i` starts as the former expert `from[i]`, each with parameters of its own.
    pub(crate) fn for_experts(&self, from: &[usize]) -> Self {
        struct Fresh;
        impl ModuleMapper for Fresh {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                Param::from_tensor(param.val().detach())
            }
        }
        let experts = self.chosen(from).map(|adapter| adapter.clone().map(&mut Fresh)).collect();
        Self { experts, scale: self.scale }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_make_no_adapters_are_refused_by_name() {
        let check = |kind| AdaptersConfig { experts: 4, kind }.check(16);
        assert_eq!(check(AdapterKind::Lora { rank: 16, alpha: 8.0 }), Ok(()));
        assert_eq!(check(AdapterKind::Prompts { tokens: 1 }), Ok(()));
        for (kind, said) in [
            (AdapterKind::Lora { rank: 17, alpha: 8.0 }, "rank is 17, expected 1 to 16"),
            (AdapterKind::Lora { rank: 0, alpha: 8.0 }, "rank is 0, expected 1 to 16"),
            (AdapterKind::Lora { rank: 2, alpha: f64::NAN }, "alpha is NaN"),
            (AdapterKind::Prompts { tokens: 0 }, "tokens is 0, expected 1 to 1024"),
        ] {
            let problem = check(kind).expect_err(said);
            assert!(problem.starts_with(said), "{problem}");
        }
        let none = AdaptersConfig { experts: 0, kind: AdapterKind::Prompts { tokens: 1 } };
        assert_eq!(none.check(16), Err("experts is 0, expected 1 to 1024".into()));
    }

    #[test]
    fn parameters_are_counted_as_they_are_made() {
        for kind in [AdapterKind::Lora { rank: 2, alpha: 4.0 }, AdapterKind::Prompts { tokens: 5 }]
        {
            let config = AdaptersConfig { experts: 3, kind };
            let made = config.init(8, &Device::flex()).num_params();
            assert_eq!(made, config.parameters_per_block(8), "{kind:?}");
        }
        // By hand: queries, keys and values 8·2 + 2·24, output 8·2 + 2·8; three experts.
        let lora = AdaptersConfig { experts: 3, kind: AdapterKind::Lora { rank: 2, alpha: 4.0 } };
        assert_eq!(lora.parameters_per_block(8), 3 * (16 + 48 + 16 + 16));
    }
}
