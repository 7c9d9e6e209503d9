//! The bridge between Burn's dispatch and the kernels: one trait for plain tensors, differentiated by hand.

use crate::kernels::{self, Grid, Heads, Pixels};
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, TensorData};
use std::fmt::Debug;

/// Operations as Burn's dispatch sees them; the backward passes are in the implementation for `Autodiff`.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedOps: Backend {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;
    fn fused_layer_norm(x: FloatTensor<Self>, gamma: FloatTensor<Self>, beta: FloatTensor<Self>, epsilon: f32) -> FloatTensor<Self>;
    fn attention(qkv: FloatTensor<Self>, keep: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;
    fn unfold(x: FloatTensor<Self>, kernel: usize, stride: usize, padding: usize) -> FloatTensor<Self>;
    fn standardise(x: FloatTensor<Self>, instance: usize, epsilon: f32) -> FloatTensor<Self>;
    fn affine_relu(x: FloatTensor<Self>, gamma: FloatTensor<Self>, beta: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Forward passes that keep what the backward pass needs, and the backward passes, on a backend's own tensors.
pub(crate) trait Kernels: FusedOps {
    fn fused_gelu_backward(x: FloatTensor<Self>, dy: FloatTensor<Self>) -> FloatTensor<Self>;
    fn fused_layer_norm_backward(x: FloatTensor<Self>, gamma: FloatTensor<Self>, dy: FloatTensor<Self>, epsilon: f32) -> [FloatTensor<Self>; 3];
    fn attention_kept(qkv: FloatTensor<Self>, keep: FloatTensor<Self>, heads: usize) -> (FloatTensor<Self>, FloatTensor<Self>);
    fn attention_backward(qkv: FloatTensor<Self>, weights: FloatTensor<Self>, dy: FloatTensor<Self>) -> FloatTensor<Self>;
    fn fold(dy: FloatTensor<Self>, shape: Shape, window: crate::Window) -> FloatTensor<Self>;
    fn standardise_kept(x: FloatTensor<Self>, instance: usize, epsilon: f32) -> (FloatTensor<Self>, FloatTensor<Self>);
    fn standardise_backward(y: FloatTensor<Self>, scales: FloatTensor<Self>, dy: FloatTensor<Self>, instance: usize) -> FloatTensor<Self>;
    fn affine_relu_backward(x: FloatTensor<Self>, gamma: FloatTensor<Self>, beta: FloatTensor<Self>, dy: FloatTensor<Self>) -> [FloatTensor<Self>; 3];
}

fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("the framework computes in contiguous f32 on the CPU")
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

fn dims<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    tensor.shape().dims()
}

fn heads(qkv: &FlexTensor, heads: usize) -> Heads {
    let [_, tokens, width] = dims(qkv);
    Heads { tokens, heads, depth: width / 3 / heads }
}

fn pixels(x: &FlexTensor, instance: usize, epsilon: f32) -> Pixels {
    let [_, pixels, channels] = dims(x);
    Pixels { pixels, channels, instance, epsilon }
}

impl FusedOps for Flex {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = contiguous(x);
        tensor::<3>(kernels::gelu(values(&x)), dims(&x))
    }

    fn fused_layer_norm(x: FloatTensor<Self>, gamma: FloatTensor<Self>, beta: FloatTensor<Self>, epsilon: f32) -> FloatTensor<Self> {
        let (x, gamma, beta) = (contiguous(x), contiguous(gamma), contiguous(beta));
        tensor::<3>(kernels::layer_norm(values(&x), values(&gamma), values(&beta), epsilon), dims(&x))
    }

    fn attention(qkv: FloatTensor<Self>, keep: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        Self::attention_kept(qkv, keep, heads).0
    }

    fn unfold(x: FloatTensor<Self>, kernel: usize, stride: usize, padding: usize) -> FloatTensor<Self> {
        let x = contiguous(x);
        let [batch, height, width, channels] = dims(&x);
        let grid = Grid { height, width, channels, window: crate::Window { kernel, stride, padding } };
        tensor(kernels::unfold(values(&x), grid), [batch, grid.windows(), grid.patch()])
    }

    fn standardise(x: FloatTensor<Self>, instance: usize, epsilon: f32) -> FloatTensor<Self> {
        Self::standardise_kept(x, instance, epsilon).0
    }

    fn affine_relu(x: FloatTensor<Self>, gamma: FloatTensor<Self>, beta: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, gamma, beta) = (contiguous(x), contiguous(gamma), contiguous(beta));
        tensor::<3>(kernels::affine_relu(values(&x), values(&gamma), values(&beta)), dims(&x))
    }
}

impl Kernels for Flex {
    fn fused_gelu_backward(x: FloatTensor<Self>, dy: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, dy) = (contiguous(x), contiguous(dy));
        tensor::<3>(kernels::gelu_backward(values(&x), values(&dy)), dims(&x))
    }

    fn fused_layer_norm_backward(x: FloatTensor<Self>, gamma: FloatTensor<Self>, dy: FloatTensor<Self>, epsilon: f32) -> [FloatTensor<Self>; 3] {
        let (x, gamma, dy) = (contiguous(x), contiguous(gamma), contiguous(dy));
        let (dx, dgamma, dbeta) = kernels::layer_norm_backward(values(&x), values(&gamma), values(&dy), epsilon);
        [tensor::<3>(dx, dims(&x)), tensor::<1>(dgamma, dims(&gamma)), tensor::<1>(dbeta, dims(&gamma))]
    }

    fn attention_kept(qkv: FloatTensor<Self>, keep: FloatTensor<Self>, count: usize) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (qkv, keep) = (contiguous(qkv), contiguous(keep));
        let sizes = heads(&qkv, count);
        let [batch, tokens, width] = dims(&qkv);
        let (y, weights) = kernels::attention(values(&qkv), values(&keep), sizes);
        (tensor(y, [batch, tokens, width / 3]), tensor(weights, [batch, count, tokens, tokens]))
    }

    fn attention_backward(qkv: FloatTensor<Self>, weights: FloatTensor<Self>, dy: FloatTensor<Self>) -> FloatTensor<Self> {
        let (qkv, dy) = (contiguous(qkv), contiguous(dy));
        let [_, count, ..] = dims::<4>(&weights);
        let dqkv = kernels::attention_backward(values(&qkv), values(&weights), values(&dy), heads(&qkv, count));
        tensor::<3>(dqkv, dims(&qkv))
    }

    fn fold(dy: FloatTensor<Self>, shape: Shape, window: crate::Window) -> FloatTensor<Self> {
        let dy = contiguous(dy);
        let [batch, height, width, channels] = shape.dims();
        let grid = Grid { height, width, channels, window };
        tensor(kernels::fold(values(&dy), grid), [batch, height, width, channels])
    }

    fn standardise_kept(x: FloatTensor<Self>, instance: usize, epsilon: f32) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let x = contiguous(x);
        let [batch, _, channels] = dims(&x);
        let (y, scales) = kernels::standardise(values(&x), pixels(&x, instance, epsilon));
        (tensor::<3>(y, dims(&x)), tensor(scales, [batch, channels]))
    }

    fn standardise_backward(y: FloatTensor<Self>, scales: FloatTensor<Self>, dy: FloatTensor<Self>, instance: usize) -> FloatTensor<Self> {
        let dy = contiguous(dy);
        let dx = kernels::standardise_backward(values(&y), values(&scales), values(&dy), pixels(&y, instance, 0.0));
        tensor::<3>(dx, dims(&y))
    }

    fn affine_relu_backward(x: FloatTensor<Self>, gamma: FloatTensor<Self>, beta: FloatTensor<Self>, dy: FloatTensor<Self>) -> [FloatTensor<Self>; 3] {
        let (x, gamma, beta, dy) = (contiguous(x), contiguous(gamma), contiguous(beta), contiguous(dy));
        let (dx, dgamma, dbeta) = kernels::affine_relu_backward(values(&x), values(&gamma), values(&beta), values(&dy));
        [tensor::<3>(dx, dims(&x)), tensor::<1>(dgamma, dims(&gamma)), tensor::<1>(dbeta, dims(&gamma))]
    }
}

/// A backward step with one tracked input: what it keeps and how it maps the gradient.
trait UnaryStep<B: Backend>: Clone + Debug + Send + 'static {
    fn map(self, dy: FloatTensor<B>) -> FloatTensor<B>;
}

#[derive(Debug, Clone)]
struct Kept<S>(S);

impl<B: Backend, S: UnaryStep<B>> Backward<B, 1> for Step<S> {
    type State = Kept<S>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        unary::<B, _>(ops.parents, ops.node, grads, |dy| ops.state.0.map(dy));
    }
}

/// Marks which state a step works on.
#[derive(Debug)]
struct Step<S>(std::marker::PhantomData<fn() -> S>);

/// Runs an operation with one tracked input; `forward` yields the output and what the backward pass keeps.
fn track<B, C, S>(x: FloatTensor<Autodiff<B, C>>, forward: impl FnOnce(FloatTensor<B>) -> (FloatTensor<B>, S)) -> FloatTensor<Autodiff<B, C>>
where
    B: Backend,
    C: CheckpointStrategy,
    S: UnaryStep<B>,
{
    let (primitive, node) = x.into_parts();
    let (output, state) = forward(primitive);
    let step = Step::<S>(std::marker::PhantomData);
    match Backward::<B, 1>::prepare::<C>(step, [node]).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(Kept(state), output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}

#[derive(Debug, Clone)]
struct GeluStep<B: Backend>(FloatTensor<B>);

impl<B: Kernels> UnaryStep<B> for GeluStep<B> {
    fn map(self, dy: FloatTensor<B>) -> FloatTensor<B> {
        B::fused_gelu_backward(self.0, dy)
    }
}

#[derive(Debug, Clone)]
struct AttentionStep<B: Backend>(FloatTensor<B>, FloatTensor<B>);

impl<B: Kernels> UnaryStep<B> for AttentionStep<B> {
    fn map(self, dy: FloatTensor<B>) -> FloatTensor<B> {
        B::attention_backward(self.0, self.1, dy)
    }
}

#[derive(Debug, Clone)]
struct UnfoldStep(Shape, crate::Window);

impl<B: Kernels> UnaryStep<B> for UnfoldStep {
    fn map(self, dy: FloatTensor<B>) -> FloatTensor<B> {
        B::fold(dy, self.0, self.1)
    }
}

#[derive(Debug, Clone)]
struct StandardiseStep<B: Backend>(FloatTensor<B>, FloatTensor<B>, usize);

impl<B: Kernels> UnaryStep<B> for StandardiseStep<B> {
    fn map(self, dy: FloatTensor<B>) -> FloatTensor<B> {
        B::standardise_backward(self.0, self.1, dy, self.2)
    }
}

/// A backward step with a tracked input and tracked per-channel γ and β.
#[derive(Debug)]
struct AffineStep;

#[derive(Debug, Clone)]
enum AffineState<B: Backend> {
    LayerNorm { x: FloatTensor<B>, gamma: FloatTensor<B>, epsilon: f32 },
    Relu { x: FloatTensor<B>, gamma: FloatTensor<B>, beta: FloatTensor<B> },
}

impl<B: Kernels> Backward<B, 3> for AffineStep {
    type State = AffineState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let results = match ops.state {
            AffineState::LayerNorm { x, gamma, epsilon } => B::fused_layer_norm_backward(x, gamma, dy, epsilon),
            AffineState::Relu { x, gamma, beta } => B::affine_relu_backward(x, gamma, beta, dy),
        };
        for (parent, result) in ops.parents.into_iter().zip(results) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, result);
            }
        }
    }
}

fn track_affine<B: Kernels, C: CheckpointStrategy>(
    [x, gamma, beta]: [FloatTensor<Autodiff<B, C>>; 3],
    forward: impl FnOnce(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) -> (FloatTensor<B>, AffineState<B>),
) -> FloatTensor<Autodiff<B, C>> {
    let ((x, a), (gamma, b), (beta, c)) = (x.into_parts(), gamma.into_parts(), beta.into_parts());
    let (output, state) = forward(x, gamma, beta);
    match Backward::<B, 3>::prepare::<C>(AffineStep, [a, b, c]).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(state, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}

impl<B: Kernels, C: CheckpointStrategy> FusedOps for Autodiff<B, C> {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        track::<B, C, _>(x, |x| (B::fused_gelu(x.clone()), GeluStep::<B>(x)))
    }

    fn fused_layer_norm(x: FloatTensor<Self>, gamma: FloatTensor<Self>, beta: FloatTensor<Self>, epsilon: f32) -> FloatTensor<Self> {
        track_affine::<B, C>([x, gamma, beta], |x, gamma, beta| {
            (B::fused_layer_norm(x.clone(), gamma.clone(), beta, epsilon), AffineState::LayerNorm { x, gamma, epsilon })
        })
    }

    fn attention(qkv: FloatTensor<Self>, keep: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        let keep = keep.into_primitive();
        track::<B, C, _>(qkv, |qkv| {
            let (y, weights) = B::attention_kept(qkv.clone(), keep, heads);
            (y, AttentionStep::<B>(qkv, weights))
        })
    }

    fn unfold(x: FloatTensor<Self>, kernel: usize, stride: usize, padding: usize) -> FloatTensor<Self> {
        let window = crate::Window { kernel, stride, padding };
        track::<B, C, _>(x, |x| {
            let shape = x.shape();
            (B::unfold(x, kernel, stride, padding), UnfoldStep(shape, window))
        })
    }

    fn standardise(x: FloatTensor<Self>, instance: usize, epsilon: f32) -> FloatTensor<Self> {
        track::<B, C, _>(x, |x| {
            let (y, scales) = B::standardise_kept(x, instance, epsilon);
            (y.clone(), StandardiseStep::<B>(y, scales, instance))
        })
    }

    fn affine_relu(x: FloatTensor<Self>, gamma: FloatTensor<Self>, beta: FloatTensor<Self>) -> FloatTensor<Self> {
        track_affine::<B, C>([x, gamma, beta], |x, gamma, beta| {
            (B::affine_relu(x.clone(), gamma.clone(), beta.clone()), AffineState::Relu { x, gamma, beta })
        })
    }
}
