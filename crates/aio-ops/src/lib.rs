//! Tensor operations that decide how fast the framework trains on a CPU.
//!
//! Burn's CPU backend runs element-wise work on one thread and differentiates layer normalisation
//! and attention through many such passes. Every operation here therefore has a parallel CPU kernel
//! with a hand-written gradient. On other devices, such as GPUs, it runs its portable form, a
//! composition of Burn's own operations.
//!
//! One file or folder holds one operation, in this order: the public function, the portable form,
//! the CPU kernel, the connection to Burn with the gradient, and the tests. The tests compare kernel
//! and portable form, in values and in gradients.
//!
//! Matrix products are those of the crate `gemm`; `simd` compiles the loops for several
//! instruction sets. Both choose by processor when the program runs.

mod affine_relu;
mod arithmetic;
mod block;
mod bridge;
mod convolution;
mod layer_norm;
#[cfg(test)]
mod parity;
mod precision;
mod product;
mod room;
mod scratch;
mod standardise;

pub use affine_relu::affine_relu;
pub use block::{
    Activation, BlockSettings, BlockWeights, BranchScales, LinearWeights, NormWeights, Rotation,
    attention_weights, transformer_block,
};
pub use convolution::{Window, convolve};
pub use layer_norm::layer_norm;
pub use precision::Precision;
pub use room::free_kept_memory;
pub use standardise::{IbnSplit, standardise};

/// The portable form of every operation, for comparison in tests and benchmarks.
///
/// Models call the functions of the crate root, which choose kernel or portable form by device.
pub mod portable {
    pub use crate::affine_relu::portable as affine_relu;
    pub use crate::block::portable::transformer_block;
    pub use crate::convolution::portable as convolve;
    pub use crate::layer_norm::portable as layer_norm;
    pub use crate::standardise::portable as standardise;
}
