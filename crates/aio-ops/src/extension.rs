//! The bridge between Burn's dispatch and the kernels: one trait for plain tensors, differentiated by hand.

use crate::kernels::{self, Grid, Heads, Pixels};
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};
use burn::tensor::TensorData;
use std::fmt::Debug;

/// Operations as Burn's dispatch sees them; the backward passes are in the implementation for `Autodiff`.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedOps: Backend {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;
    fn fused_layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
    fn attention(
        qkv: FloatTensor<Self>,
        keep: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self>;
    fn convolve(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        side: usize,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self>;
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
    fn standardise(x: FloatTensor<Self>, instance: usize, epsilon: f32) -> FloatTensor<Self>;
    fn affine_relu(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// Forward passes that keep what the backward pass needs, and the backward passes, on a backend's own tensors.
pub(crate) trait Kernels: FusedOps {
    fn fused_gelu_backward(x: FloatTensor<Self>, dy: FloatTensor<Self>) -> FloatTensor<Self>;
    fn fused_layer_norm_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        epsilon: f32,
    ) -> [FloatTensor<Self>; 3];
    fn attention_kept(
        qkv: FloatTensor<Self>,
        keep: FloatTensor<Self>,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    fn attention_backward(
        qkv: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
    fn convolve_backward(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        window: crate::Window,
    ) -> [FloatTensor<Self>; 2];
    fn fused_linear_input_backward(
        weight: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
    fn fused_linear_weight_backward(
        x: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
    fn fused_linear_bias_backward(dy: FloatTensor<Self>) -> FloatTensor<Self>;
    fn standardise_kept(
        x: FloatTensor<Self>,
        instance: usize,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    fn standardise_backward(
        y: FloatTensor<Self>,
        scales: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        instance: usize,
    ) -> FloatTensor<Self>;
    fn affine_relu_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];
}

fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("the framework computes in contiguous f32 on the CPU")
}

/// A new tensor whose values `fill` writes in place.
///
/// The vector becomes the tensor's storage as it is; `FlexTensor::empty` would allocate bytes and copy them once more
/// to raise their alignment.
fn produce<const D: usize, T>(
    shape: [usize; D],
    fill: impl FnOnce(&mut [f32]) -> T,
) -> (FlexTensor, T) {
    let mut values = vec![0.0; shape.iter().product()];
    let result = fill(&mut values);
    (FlexTensor::from_data(TensorData::new(values, shape)), result)
}

fn vector(values: Vec<f32>) -> FlexTensor {
    let length = values.len();
    FlexTensor::from_data(TensorData::new(values, [length]))
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

fn grid(x: &FlexTensor, window: crate::Window) -> Grid {
    let [_, height, width, channels] = dims(x);
    Grid { height, width, channels, window }
}

impl FusedOps for Flex {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = contiguous(x);
        produce::<3, _>(dims(&x), |y| kernels::gelu(values(&x), y)).0
    }

    fn fused_layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, gamma, beta) = (contiguous(x), contiguous(gamma), contiguous(beta));
        produce::<3, _>(dims(&x), |y| {
            kernels::layer_norm(values(&x), values(&gamma), values(&beta), epsilon, y)
        })
        .0
    }

    fn attention(
        qkv: FloatTensor<Self>,
        keep: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        Self::attention_kept(qkv, keep, heads).0
    }

    fn convolve(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        side: usize,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self> {
        let (x, kernel) = (contiguous(x), contiguous(kernel));
        let grid = grid(&x, crate::Window { kernel: side, stride, padding });
        let ([batch, ..], [_, out]) = (dims::<4>(&x), dims::<2>(&kernel));
        produce([batch, grid.windows(), out], |y| {
            kernels::convolve(values(&x), values(&kernel), grid, y)
        })
        .0
    }

    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (contiguous(x), contiguous(weight), contiguous(bias));
        let ([batch, tokens, _], [_, out]) = (dims(&x), dims(&weight));
        produce([batch, tokens, out], |y| {
            kernels::linear(values(&x), values(&weight), values(&bias), y)
        })
        .0
    }

    fn standardise(x: FloatTensor<Self>, instance: usize, epsilon: f32) -> FloatTensor<Self> {
        Self::standardise_kept(x, instance, epsilon).0
    }

    fn affine_relu(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (x, gamma, beta) = (contiguous(x), contiguous(gamma), contiguous(beta));
        produce::<3, _>(dims(&x), |y| {
            kernels::affine_relu(values(&x), values(&gamma), values(&beta), y)
        })
        .0
    }
}

impl Kernels for Flex {
    fn fused_gelu_backward(x: FloatTensor<Self>, dy: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, dy) = (contiguous(x), contiguous(dy));
        produce::<3, _>(dims(&x), |dx| kernels::gelu_backward(values(&x), values(&dy), dx)).0
    }

    fn fused_layer_norm_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        epsilon: f32,
    ) -> [FloatTensor<Self>; 3] {
        let (x, gamma, dy) = (contiguous(x), contiguous(gamma), contiguous(dy));
        let (dx, (dgamma, dbeta)) = produce::<3, _>(dims(&x), |dx| {
            kernels::layer_norm_backward(values(&x), values(&gamma), values(&dy), epsilon, dx)
        });
        [dx, vector(dgamma), vector(dbeta)]
    }

    fn attention_kept(
        qkv: FloatTensor<Self>,
        keep: FloatTensor<Self>,
        count: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (qkv, keep) = (contiguous(qkv), contiguous(keep));
        let sizes = heads(&qkv, count);
        let [batch, tokens, width] = dims(&qkv);
        let (y, (weights, ())) = produce([batch, tokens, width / 3], |y| {
            produce([batch, count, tokens, tokens], |weights| {
                kernels::attention(values(&qkv), values(&keep), sizes, y, weights)
            })
        });
        (y, weights)
    }

    fn attention_backward(
        qkv: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (qkv, dy) = (contiguous(qkv), contiguous(dy));
        let [_, count, ..] = dims::<4>(&weights);
        let sizes = heads(&qkv, count);
        produce::<3, _>(dims(&qkv), |dqkv| {
            kernels::attention_backward(values(&qkv), values(&weights), values(&dy), sizes, dqkv)
        })
        .0
    }

    fn convolve_backward(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        window: crate::Window,
    ) -> [FloatTensor<Self>; 2] {
        let (x, kernel, dy) = (contiguous(x), contiguous(kernel), contiguous(dy));
        let (dx, dkernel) = produce::<4, _>(dims(&x), |dx| {
            kernels::convolve_backward(
                values(&x),
                values(&kernel),
                values(&dy),
                grid(&x, window),
                dx,
            )
        });
        let [patch, out] = dims(&kernel);
        [dx, FlexTensor::from_data(TensorData::new(dkernel, [patch, out]))]
    }

    fn fused_linear_input_backward(
        weight: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (weight, dy) = (contiguous(weight), contiguous(dy));
        let ([batch, tokens, out], [width, _]) = (dims(&dy), dims(&weight));
        produce([batch, tokens, width], |dx| {
            kernels::linear_input_backward(values(&weight), values(&dy), out, dx)
        })
        .0
    }

    fn fused_linear_weight_backward(
        x: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (x, dy) = (contiguous(x), contiguous(dy));
        let ([_, _, width], [_, _, out]) = (dims(&x), dims(&dy));
        produce([width, out], |dw| {
            kernels::linear_weight_backward(values(&x), values(&dy), out, dw)
        })
        .0
    }

    fn fused_linear_bias_backward(dy: FloatTensor<Self>) -> FloatTensor<Self> {
        let dy = contiguous(dy);
        let [_, _, out] = dims(&dy);
        vector(kernels::column_sums(values(&dy), out))
    }

    fn standardise_kept(
        x: FloatTensor<Self>,
        instance: usize,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let x = contiguous(x);
        let [batch, _, channels] = dims(&x);
        let sizes = pixels(&x, instance, epsilon);
        let (y, (scales, ())) = produce::<3, _>(dims(&x), |y| {
            produce([batch, channels], |scales| kernels::standardise(values(&x), sizes, y, scales))
        });
        (y, scales)
    }

    fn standardise_backward(
        y: FloatTensor<Self>,
        scales: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        instance: usize,
    ) -> FloatTensor<Self> {
        let dy = contiguous(dy);
        let sizes = pixels(&y, instance, 0.0);
        produce::<3, _>(dims(&y), |dx| {
            kernels::standardise_backward(values(&y), values(&scales), values(&dy), sizes, dx)
        })
        .0
    }

    fn affine_relu_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3] {
        let (x, gamma, beta, dy) =
            (contiguous(x), contiguous(gamma), contiguous(beta), contiguous(dy));
        let (dx, (dgamma, dbeta)) = produce::<3, _>(dims(&x), |dx| {
            kernels::affine_relu_backward(
                values(&x),
                values(&gamma),
                values(&beta),
                values(&dy),
                dx,
            )
        });
        [dx, vector(dgamma), vector(dbeta)]
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

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        unary::<B, _>(ops.parents, ops.node, grads, |dy| ops.state.0.map(dy));
    }
}

/// Marks which state a step works on.
#[derive(Debug)]
struct Step<S>(std::marker::PhantomData<fn() -> S>);

/// Runs an operation with one tracked input; `forward` yields the output and what the backward pass keeps.
fn track<B, C, S>(
    x: FloatTensor<Autodiff<B, C>>,
    forward: impl FnOnce(FloatTensor<B>) -> (FloatTensor<B>, S),
) -> FloatTensor<Autodiff<B, C>>
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
struct StandardiseStep<B: Backend>(FloatTensor<B>, FloatTensor<B>, usize);

impl<B: Kernels> UnaryStep<B> for StandardiseStep<B> {
    fn map(self, dy: FloatTensor<B>) -> FloatTensor<B> {
        B::standardise_backward(self.0, self.1, dy, self.2)
    }
}

/// A backward step of a convolution: input and kernel are tracked.
#[derive(Debug)]
struct ConvolveStep;

impl<B: Kernels> Backward<B, 2> for ConvolveStep {
    type State = (FloatTensor<B>, FloatTensor<B>, crate::Window);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let dy = grads.consume::<B>(&ops.node);
        let (x, kernel, window) = ops.state;
        register::<B, 2>(
            ops.parents.map(|p| p.map(|p| p.id)),
            B::convolve_backward(x, kernel, dy, window),
            grads,
        );
    }
}

fn register<B: Backend, const N: usize>(
    parents: [Option<NodeId>; N],
    results: [FloatTensor<B>; N],
    grads: &mut Gradients,
) {
    for (parent, result) in parents.into_iter().zip(results) {
        if let Some(parent) = parent {
            grads.register::<B>(parent, result);
        }
    }
}

/// A backward step of a linear layer; weights that are frozen cost nothing.
#[derive(Debug)]
struct LinearStep;

impl<B: Kernels> Backward<B, 3> for LinearStep {
    /// The input is kept for the weight's gradient alone, so not where the weight is frozen.
    type State = (Option<FloatTensor<B>>, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let dy = grads.consume::<B>(&ops.node);
        let (x, weight) = ops.state;
        let [input, kernel, bias] = ops.parents;
        if let (Some(kernel), Some(x)) = (kernel, x) {
            grads.register::<B>(kernel.id, B::fused_linear_weight_backward(x, dy.clone()));
        }
        if let Some(bias) = bias {
            grads.register::<B>(bias.id, B::fused_linear_bias_backward(dy.clone()));
        }
        if let Some(input) = input {
            grads.register::<B>(input.id, B::fused_linear_input_backward(weight, dy));
        }
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

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let dy = grads.consume::<B>(&ops.node);
        let results = match ops.state {
            AffineState::LayerNorm { x, gamma, epsilon } => {
                B::fused_layer_norm_backward(x, gamma, dy, epsilon)
            }
            AffineState::Relu { x, gamma, beta } => B::affine_relu_backward(x, gamma, beta, dy),
        };
        register::<B, 3>(ops.parents.map(|p| p.map(|p| p.id)), results, grads);
    }
}

fn track_affine<B: Kernels, C: CheckpointStrategy>(
    [x, gamma, beta]: [FloatTensor<Autodiff<B, C>>; 3],
    forward: impl FnOnce(
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
    ) -> (FloatTensor<B>, AffineState<B>),
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

    fn fused_layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        track_affine::<B, C>([x, gamma, beta], |x, gamma, beta| {
            (
                B::fused_layer_norm(x.clone(), gamma.clone(), beta, epsilon),
                AffineState::LayerNorm { x, gamma, epsilon },
            )
        })
    }

    fn attention(
        qkv: FloatTensor<Self>,
        keep: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        let keep = keep.into_primitive();
        track::<B, C, _>(qkv, |qkv| {
            let (y, weights) = B::attention_kept(qkv.clone(), keep, heads);
            (y, AttentionStep::<B>(qkv, weights))
        })
    }

    fn convolve(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        side: usize,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self> {
        let window = crate::Window { kernel: side, stride, padding };
        let ((x, a), (kernel, b)) = (x.into_parts(), kernel.into_parts());
        let output = B::convolve(x.clone(), kernel.clone(), side, stride, padding);
        match Backward::<B, 2>::prepare::<C>(ConvolveStep, [a, b]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((x, kernel, window), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let learned = weight.is_tracked();
        let ((x, a), (weight, b), (bias, c)) =
            (x.into_parts(), weight.into_parts(), bias.into_parts());
        let output = B::fused_linear(x.clone(), weight.clone(), bias);
        let x = learned.then_some(x);
        match Backward::<B, 3>::prepare::<C>(LinearStep, [a, b, c]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((x, weight), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn standardise(x: FloatTensor<Self>, instance: usize, epsilon: f32) -> FloatTensor<Self> {
        track::<B, C, _>(x, |x| {
            let (y, scales) = B::standardise_kept(x, instance, epsilon);
            (y.clone(), StandardiseStep::<B>(y, scales, instance))
        })
    }

    fn affine_relu(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        track_affine::<B, C>([x, gamma, beta], |x, gamma, beta| {
            (
                B::affine_relu(x.clone(), gamma.clone(), beta.clone()),
                AffineState::Relu { x, gamma, beta },
            )
        })
    }
}
