//! The number format of matrix products.

use burn::tensor::{FloatDType, Tensor};
use serde::{Deserialize, Serialize};

/// Number format of the operands of the encoder's large matrix products.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32-bit floating point.
    #[default]
    F32,
    /// Operands of matrix products in bfloat16; sums and everything else in 32 bits, as in
    /// PyTorch's autocast. Meant for GPUs; slower than `f32` on the CPU.
    Bf16,
}

impl Precision {
    /// Converts an operand of a matrix product from 32 bits to this precision.
    pub(crate) fn cast_operand<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::F32 => x,
            Self::Bf16 => x.cast(FloatDType::BF16),
        }
    }

    /// Converts the result of a matrix product back to 32 bits.
    pub(crate) fn cast_product<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::F32 => x,
            Self::Bf16 => x.cast(FloatDType::F32),
        }
    }
}
