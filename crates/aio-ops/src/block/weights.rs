//! A block's weights as the CPU kernels take them.

use super::rotation::Angles;
use crate::layer_norm::Affine;
use ndarray::ArrayView2;

/// A linear layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linear<'a> {
    /// `[in, out]`
    pub(super) weight: ArrayView2<'a, f32>,
    pub(super) bias: &'a [f32],
}

/// The weights of a block, and the angles by which it turns queries and keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights<'a> {
    pub(super) norm1: Affine<'a>,
    pub(super) qkv: Linear<'a>,
    pub(super) proj: Linear<'a>,
    pub(super) attention_scale: Option<&'a [f32]>,
    pub(super) norm2: Affine<'a>,
    pub(super) fc1: Linear<'a>,
    pub(super) fc2: Linear<'a>,
    pub(super) mlp_scale: Option<&'a [f32]>,
    pub(super) angles: Option<Angles<'a>>,
}
