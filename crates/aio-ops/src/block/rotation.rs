//! Rotary positions: queries and keys are turned by angles that depend on the place of their token.

use super::shape::BlockShape;
use aio_simd::wide;
use burn::tensor::Tensor;

/// The angles by which the queries and keys of every head are turned, the same in every sequence.
///
/// Channel `i` of a head and channel `i + head_dim / 2` are the coordinates of a point, which is
/// turned by the angle `[token, i]`. A token whose angles are 0 stays as it is. Su et al.,
/// "RoFormer: Enhanced Transformer with Rotary Position Embedding" (2021), equation 15, with the
/// channels paired as in DINOv3; every other pairing is a permutation of the rows of the weights.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Cosines: `[tokens, head_dim / 2]`.
    pub cosines: Tensor<2>,
    /// Sines: `[tokens, head_dim / 2]`.
    pub sines: Tensor<2>,
}

impl Rotation {
    /// Turns queries or keys `[batch, heads, tokens, head_dim]`, with Burn's own operations.
    pub(super) fn turn(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, tokens, head_dim] = x.dims();
        let half = head_dim / 2;
        let [cosines, sines] =
            [&self.cosines, &self.sines].map(|table| table.clone().reshape([1, 1, tokens, half]));
        let (a, b) = (x.clone().narrow(3, 0, half), x.narrow(3, half, half));
        let first = a.clone() * cosines.clone() - b.clone() * sines.clone();
        Tensor::cat(vec![first, b * cosines + a * sines], 3)
    }
}

/// [`Rotation`] as the CPU kernels take it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Angles<'a> {
    pub(super) cosines: &'a [f32],
    pub(super) sines: &'a [f32],
}

/// Which way points are turned.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    Forward,
    /// By the opposite angles: the transposed matrix, which takes a gradient back.
    Back,
}

/// Turns the queries and keys of some sequences in place; `qkv` is `[sequences, tokens, 3 · width]`.
pub(super) fn turn(qkv: &mut [f32], angles: Angles<'_>, shape: &BlockShape, turn: Turn) {
    let (width, half) = (shape.width(), shape.head_dim / 2);
    let sign = match turn {
        Turn::Forward => 1.0,
        Turn::Back => -1.0,
    };
    wide(
        #[inline(always)]
        || {
            for sequence in qkv.chunks_exact_mut(3 * width * shape.tokens) {
                let rows = sequence
                    .chunks_exact_mut(3 * width)
                    .zip(angles.cosines.chunks_exact(half))
                    .zip(angles.sines.chunks_exact(half));
                for ((row, cosines), sines) in rows {
                    // Queries and keys of all heads lie side by side in front of the values.
                    for head in row[..2 * width].chunks_exact_mut(2 * half) {
                        let (a, b) = head.split_at_mut(half);
                        for (((a, b), cosine), sine) in a.iter_mut().zip(b).zip(cosines).zip(sines)
                        {
                            let sine = sign * sine;
                            (*a, *b) = (*a * cosine - *b * sine, *b * cosine + *a * sine);
                        }
                    }
                }
            }
        },
    );
}
