//! The connection of a block's CPU kernels with Burn.

use super::backward::{Pass, to_all, to_input};
use super::buffers::Saved;
use super::forward::{Input, forward, infer};
use super::parameter_gradients::{SLOTS, Slot, gradients};
use super::rotation::Angles;
use super::shape::BlockShape;
use super::weights::{Linear, Weights};
use super::{Activation, BlockSettings, BlockWeights, Rotation};
use crate::bridge::{BackwardPass, contiguous, dims, record, tensor, values};
use crate::layer_norm::Affine;
use crate::product::matrix;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::ops::NodeGuard;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, ExtensionType, Flex, TensorMetadata,
    backend_extension,
};
use burn::tensor::{Shape, Tensor};
use std::sync::Arc;

/// Inputs of the operation without scales: x and the weights.
const PLAIN: usize = 1 + Slot::AttentionScale as usize;

/// Inputs of the operation with scales.
const SCALED: usize = 1 + SLOTS;

/// The scales of the residual branches.
#[derive(ExtensionType)]
pub(crate) enum Scales<B: Backend> {
    Without,
    With { attention: FloatTensor<B>, mlp: FloatTensor<B> },
}

/// [`Rotation`], which has no gradient.
#[derive(ExtensionType)]
pub(crate) enum Turning<B: Backend> {
    Without,
    With { cosines: FloatTensor<B>, sines: FloatTensor<B> },
}

impl Turning<Dispatch> {
    fn new(rotation: Option<Rotation>) -> Self {
        match rotation {
            None => Self::Without,
            Some(Rotation { cosines, sines }) => {
                Self::With { cosines: cosines.into_dispatch(), sines: sines.into_dispatch() }
            }
        }
    }
}

impl<B: Backend> Turning<B> {
    /// Cosines and sines on the backend below.
    fn map(self, f: impl Fn(FloatTensor<B>) -> FlexTensor) -> Option<[FlexTensor; 2]> {
        match self {
            Self::Without => None,
            Self::With { cosines, sines } => Some([cosines, sines].map(f)),
        }
    }
}

/// The weights of a block, in the order of [`Slot`].
#[derive(ExtensionType)]
pub(crate) struct Primitives<B: Backend> {
    norm1_gamma: FloatTensor<B>,
    norm1_beta: FloatTensor<B>,
    qkv_weight: FloatTensor<B>,
    qkv_bias: FloatTensor<B>,
    proj_weight: FloatTensor<B>,
    proj_bias: FloatTensor<B>,
    norm2_gamma: FloatTensor<B>,
    norm2_beta: FloatTensor<B>,
    fc1_weight: FloatTensor<B>,
    fc1_bias: FloatTensor<B>,
    fc2_weight: FloatTensor<B>,
    fc2_bias: FloatTensor<B>,
    #[extension_type]
    scales: Scales<B>,
}

impl Primitives<Dispatch> {
    fn new(weights: BlockWeights) -> Self {
        let BlockWeights { norm1, qkv, proj, norm2, fc1, fc2, scales } = weights;
        Self {
            norm1_gamma: norm1.gamma.into_dispatch(),
            norm1_beta: norm1.beta.into_dispatch(),
            qkv_weight: qkv.weight.into_dispatch(),
            qkv_bias: qkv.bias.into_dispatch(),
            proj_weight: proj.weight.into_dispatch(),
            proj_bias: proj.bias.into_dispatch(),
            norm2_gamma: norm2.gamma.into_dispatch(),
            norm2_beta: norm2.beta.into_dispatch(),
            fc1_weight: fc1.weight.into_dispatch(),
            fc1_bias: fc1.bias.into_dispatch(),
            fc2_weight: fc2.weight.into_dispatch(),
            fc2_bias: fc2.bias.into_dispatch(),
            scales: match scales {
                None => Scales::Without,
                Some(scales) => Scales::With {
                    attention: scales.attention.into_dispatch(),
                    mlp: scales.mlp.into_dispatch(),
                },
            },
        }
    }
}

impl<B: Backend> Primitives<B> {
    /// The inputs of the operation: `x`, then the weights in the order of [`Slot`].
    fn behind(self, x: FloatTensor<B>) -> Vec<FloatTensor<B>> {
        let mut inputs = vec![
            x,
            self.norm1_gamma,
            self.norm1_beta,
            self.qkv_weight,
            self.qkv_bias,
            self.proj_weight,
            self.proj_bias,
            self.norm2_gamma,
            self.norm2_beta,
            self.fc1_weight,
            self.fc1_bias,
            self.fc2_weight,
            self.fc2_bias,
        ];
        if let Scales::With { attention, mlp } = self.scales {
            inputs.extend([attention, mlp]);
        }
        inputs
    }
}

/// What is not a tensor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    heads: usize,
    activation: Activation,
    epsilon: f32,
    causal: bool,
}

/// Runs the block on the CPU.
pub(super) fn run(
    x: Tensor<3>,
    attention_mask: Tensor<2>,
    weights: BlockWeights,
    rotation: Option<Rotation>,
    settings: BlockSettings,
) -> Tensor<3> {
    let BlockSettings { heads, activation, epsilon, causal, .. } = settings;
    let y = <Dispatch as BlockOp>::forward(
        x.into_dispatch(),
        attention_mask.into_dispatch(),
        Primitives::new(weights),
        Turning::new(rotation),
        Settings { heads, activation, epsilon: epsilon as f32, causal },
    );
    Tensor::from_dispatch(y)
}

/// The operation as Burn's dispatch calls it.
#[backend_extension(Flex, Autodiff)]
trait BlockOp: Backend {
    fn forward(
        x: FloatTensor<Self>,
        attention_mask: FloatTensor<Self>,
        #[extension_type] weights: Primitives<Self>,
        #[extension_type] rotation: Turning<Self>,
        settings: Settings,
    ) -> FloatTensor<Self>;
}

impl BlockOp for Flex {
    fn forward(
        x: FloatTensor<Self>,
        attention_mask: FloatTensor<Self>,
        weights: Primitives<Self>,
        rotation: Turning<Self>,
        settings: Settings,
    ) -> FloatTensor<Self> {
        let rotation = rotation.map(|table| table);
        Inputs::new(weights.behind(x), rotation, settings).infer(attention_mask)
    }
}

impl<C: CheckpointStrategy> BlockOp for Autodiff<Flex, C> {
    fn forward(
        x: FloatTensor<Self>,
        attention_mask: FloatTensor<Self>,
        weights: Primitives<Self>,
        rotation: Turning<Self>,
        settings: Settings,
    ) -> FloatTensor<Self> {
        let inputs = weights.behind(x);
        let mask = attention_mask.into_primitive();
        let rotation = rotation.map(|table| table.into_primitive());
        let tracked = inputs.iter().any(|input| input.is_tracked());
        let (tensors, nodes): (_, Vec<NodeGuard>) =
            inputs.into_iter().map(|input| input.into_parts()).unzip();
        let inputs = Inputs::new(tensors, rotation, settings);
        if !tracked {
            return Self::from_inner(inputs.infer(mask));
        }
        let (y, saved) = inputs.forward(mask);
        match <[NodeGuard; PLAIN]>::try_from(nodes) {
            Ok(nodes) => record::<C, _, PLAIN>(nodes, y, saved),
            Err(nodes) => {
                let nodes = <[NodeGuard; SCALED]>::try_from(nodes);
                record::<C, _, SCALED>(nodes.expect("x, weights and two scales"), y, saved)
            }
        }
    }
}

/// `x` and the weights without gaps, in the order of [`Primitives::behind`].
#[derive(Debug, Clone)]
struct Inputs {
    tensors: Vec<FlexTensor>,
    /// Cosines and sines.
    rotation: Option<[FlexTensor; 2]>,
    settings: Settings,
}

impl Inputs {
    fn new(
        tensors: Vec<FlexTensor>,
        rotation: Option<[FlexTensor; 2]>,
        settings: Settings,
    ) -> Self {
        let tensors = tensors.into_iter().map(contiguous).collect();
        Self { tensors, rotation: rotation.map(|tables| tables.map(contiguous)), settings }
    }

    fn x(&self) -> &FlexTensor {
        &self.tensors[0]
    }

    fn weight(&self, slot: Slot) -> Option<&FlexTensor> {
        self.tensors.get(1 + slot as usize)
    }

    fn values(&self, slot: Slot) -> &[f32] {
        values(self.weight(slot).expect("only scales are optional"))
    }

    fn shape(&self) -> BlockShape {
        let [batch, tokens, width] = dims(self.x());
        BlockShape {
            batch,
            tokens,
            heads: self.settings.heads,
            head_dim: width / self.settings.heads,
            hidden: self.values(Slot::Fc1Bias).len(),
            activation: self.settings.activation,
            epsilon: self.settings.epsilon,
            causal: self.settings.causal,
        }
    }

    fn weights(&self) -> Weights<'_> {
        let norm = |gamma, beta| Affine { gamma: self.values(gamma), beta: self.values(beta) };
        let linear = |weight, bias| {
            let (weight, bias) = (self.values(weight), self.values(bias));
            Linear { weight: matrix(weight, weight.len() / bias.len(), bias.len()), bias }
        };
        Weights {
            norm1: norm(Slot::Norm1Gamma, Slot::Norm1Beta),
            qkv: linear(Slot::QkvWeight, Slot::QkvBias),
            proj: linear(Slot::ProjWeight, Slot::ProjBias),
            attention_scale: self.weight(Slot::AttentionScale).map(values),
            norm2: norm(Slot::Norm2Gamma, Slot::Norm2Beta),
            fc1: linear(Slot::Fc1Weight, Slot::Fc1Bias),
            fc2: linear(Slot::Fc2Weight, Slot::Fc2Bias),
            mlp_scale: self.weight(Slot::MlpScale).map(values),
            angles: self
                .rotation
                .as_ref()
                .map(|[cosines, sines]| Angles { cosines: values(cosines), sines: values(sines) }),
        }
    }

    fn infer(&self, attention_mask: FlexTensor) -> FlexTensor {
        let mask = contiguous(attention_mask);
        let input = Input { x: values(self.x()), attention_mask: values(&mask) };
        tensor(infer(input, &self.weights(), &self.shape()), self.x().shape())
    }

    fn forward(self, attention_mask: FlexTensor) -> (FlexTensor, BlockBackward) {
        let mask = contiguous(attention_mask);
        let input = Input { x: values(self.x()), attention_mask: values(&mask) };
        let (y, saved) = forward(input, &self.weights(), &self.shape());
        let y = tensor(y, self.x().shape());
        (y, BlockBackward { inputs: self, saved: Arc::new(saved) })
    }
}

#[derive(Debug, Clone)]
struct BlockBackward {
    inputs: Inputs,
    saved: Arc<Saved>,
}

impl<const N: usize> BackwardPass<N> for BlockBackward {
    fn gradients(self, dy: FlexTensor, needed: [bool; N]) -> [Option<FlexTensor>; N] {
        let dy = contiguous(dy);
        let (weights, shape) = (self.inputs.weights(), self.inputs.shape());
        let pass = Pass { x: values(self.inputs.x()), saved: &self.saved, dy: values(&dy) };
        let as_input = |i: usize, values: Vec<f32>| {
            let shape: Shape = self.inputs.tensors[i].shape();
            tensor(values, shape)
        };
        if !needed[1..].contains(&true) {
            let dx = to_input(pass, &weights, &shape);
            let mut dx = Some(as_input(0, dx));
            return std::array::from_fn(|_| dx.take());
        }
        let (dx, upstream) = to_all(pass, &weights, &shape);
        let of_slots = std::array::from_fn(|slot| needed.get(1 + slot) == Some(&true));
        let gradients = gradients(pass, &upstream, &weights, &shape, of_slots);
        let mut results = [needed[0].then_some(dx)].into_iter().chain(gradients);
        std::array::from_fn(|i| results.next().flatten().map(|values| as_input(i, values)))
    }
}
