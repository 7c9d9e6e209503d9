//! Tensor operations that decide how fast the framework trains on a CPU.
//!
//! Burn's CPU backend runs element-wise work on one thread and differentiates GELU, layer
//! normalisation and attention through many such passes. Every operation here therefore has a
//! parallel CPU kernel with a hand-written gradient. On other devices, such as GPUs, it runs its
//! portable form, a composition of Burn's own operations.
//!
//! One file holds one operation, in this order: the public function, the portable form, the CPU
//! kernel, the connection to Burn with the gradient, and the tests. The tests compare kernel and
//! portable form, in values and in gradients.

mod affine_relu;
mod arithmetic;
mod attention;
mod bridge;
mod convolution;
mod gelu;
mod layer_norm;
mod linear;
#[cfg(test)]
mod parity;
mod precision;
mod standardise;

pub use affine_relu::affine_relu;
pub use attention::{attention, attention_weights};
pub use convolution::{Window, convolve};
pub use gelu::gelu;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use precision::Precision;
pub use standardise::{IbnSplit, standardise};

/// The portable form of every operation, for comparison in tests and benchmarks.
///
/// Models call the functions of the crate root, which choose kernel or portable form by device.
pub mod portable {
    pub use crate::affine_relu::portable as affine_relu;
    pub use crate::attention::portable as attention;
    pub use crate::convolution::portable as convolve;
    pub use crate::gelu::portable as gelu;
    pub use crate::layer_norm::portable as layer_norm;
    pub use crate::linear::portable as linear;
    pub use crate::standardise::portable as standardise;
}
