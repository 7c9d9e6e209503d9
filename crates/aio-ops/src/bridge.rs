//! The connection between Burn's tensors and kernels over slices, and the recording of hand-written
//! gradients.

use crate::room::zeros;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use burn::tensor::{Device, Shape, Tensor, TensorData};
use std::fmt::Debug;
use std::marker::PhantomData;

/// Whether a tensor lies on the device that the kernels are written for, with or without autodiff.
pub(crate) fn on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.device() == Device::flex()
}

/// The tensor in row-major order without gaps, copied only if it is not already so.
pub(crate) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

/// The values of a contiguous tensor.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("the framework computes in contiguous f32 on the CPU")
}

/// The shape of a tensor of known rank.
pub(crate) fn dims<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    tensor.shape().dims()
}

/// Zeros for a kernel to write the values of a tensor of this shape into.
pub(crate) fn buffer<const D: usize>(shape: [usize; D]) -> Vec<f32> {
    zeros(shape.iter().product())
}

/// A tensor that owns `values`.
///
/// The vector becomes the tensor's storage as it is; `FlexTensor::empty` would allocate bytes and
/// copy them once more to raise their alignment.
pub(crate) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// A one-dimensional tensor that owns `values`.
pub(crate) fn vector(values: Vec<f32>) -> FlexTensor {
    let length = values.len();
    tensor(values, [length])
}

/// The backward pass of an operation with `N` inputs. The implementing type holds what the forward
/// pass saved for it.
pub(crate) trait BackwardPass<const N: usize>: Clone + Debug + Send + 'static {
    /// Gradients with respect to the inputs, given the gradient `dy` with respect to the output.
    ///
    /// `needed` marks the inputs whose gradient is used; the others may be `None`.
    fn gradients(self, dy: FlexTensor, needed: [bool; N]) -> [Option<FlexTensor>; N];
}

/// Adds an operation to the autodiff graph: its inputs, its output and its backward pass.
pub(crate) fn record<C, S, const N: usize>(
    inputs: [NodeGuard; N],
    output: FlexTensor,
    saved: S,
) -> FloatTensor<Autodiff<Flex, C>>
where
    C: CheckpointStrategy,
    S: BackwardPass<N>,
{
    let step = GraphStep::<S>(PhantomData);
    match Backward::<Flex, N>::prepare::<C>(step, inputs).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(saved, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}

/// A step of the autodiff graph whose saved state is `S`.
#[derive(Debug)]
struct GraphStep<S>(PhantomData<fn() -> S>);

impl<S: BackwardPass<N>, const N: usize> Backward<Flex, N> for GraphStep<S> {
    type State = S;

    fn backward(self, ops: Ops<S, N>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let dy = grads.consume::<Flex>(&ops.node);
        let needed = ops.parents.each_ref().map(Option::is_some);
        let results = ops.state.gradients(dy, needed);
        for (input, result) in ops.parents.into_iter().zip(results) {
            if let (Some(input), Some(result)) = (input, result) {
                grads.register::<Flex>(input.id, result);
            }
        }
    }
}
