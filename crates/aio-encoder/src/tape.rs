use crate::Encoder;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Gradients, Tensor};

/// What the encoder's backward pass keeps of the forward pass.
///
/// [`Tape::Kept`] leaves all of it to automatic differentiation: about `9·width + heads·tokens` numbers per token and block.
/// [`Tape::Recomputed`] keeps only what enters each block, `width` numbers, and runs the block again when its gradient is due: one more
/// forward pass for about a sixth of the memory (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016, at the grain of blocks).
#[derive(Debug)]
pub enum Tape {
    /// Everything.
    Kept,
    /// Inputs of blocks.
    Recomputed(Vec<Pass>),
}

/// One forward pass that will be computed again.
#[derive(Debug)]
pub struct Pass {
    /// What entered the encoder, tracked.
    tokens: Tensor<3>,
    keep: Tensor<2>,
    /// What entered each block, untracked.
    inputs: Vec<Tensor<3>>,
    /// What came out; the losses start from it as from a parameter.
    output: Tensor<3>,
}

/// What [`Tape::backward`] yields.
#[allow(missing_debug_implementations)]
pub struct Rest {
    /// A number whose gradient is that of the losses with respect to everything in front of the encoder; none if nothing passed.
    pub entrance: Option<Tensor<1>>,
    /// Gradients of the encoder's parameters, block by block; empty where it is frozen.
    pub blocks: Vec<GradientsParams>,
}

impl Tape {
    /// An empty tape.
    #[must_use]
    pub fn new(recompute: bool) -> Self {
        if recompute { Self::Recomputed(Vec::new()) } else { Self::Kept }
    }

    /// [`Encoder::forward`], noted on the tape.
    ///
    /// # Shapes
    /// As [`Encoder::forward`].
    #[must_use]
    pub fn forward(&mut self, encoder: &Encoder, tokens: Tensor<3>, keep: Tensor<2>) -> Tensor<3> {
        let passes = match self {
            // What enters untracked (a frozen tokenizer's tokens) leaves nothing to keep.
            Self::Recomputed(passes) if tokens.is_tracked() => passes,
            _ => return encoder.forward(tokens, keep),
        };
        let plain = encoder.valid();
        let mut inputs = Vec::with_capacity(plain.depth());
        let mut x = plain.enter(tokens.clone().without_autodiff());
        for number in 0..plain.depth() {
            inputs.push(x.clone());
            x = plain.block(number, x, keep.clone().without_autodiff());
        }
        let output = x.autodiff().require_grad();
        passes.push(Pass { tokens, keep, inputs, output: output.clone() });
        output
    }

    /// Continues the backward pass of losses, whose gradients are `losses`, through the encoder.
    #[must_use]
    pub fn backward(self, encoder: &Encoder, losses: &Gradients) -> Rest {
        let mut rest = Rest { entrance: None, blocks: Vec::new() };
        let Self::Recomputed(passes) = self else { return rest };
        for Pass { tokens, keep, inputs, output } in passes {
            // A pass that no loss depends on has no gradient.
            let Some(mut slope) = output.grad(losses) else { continue };
            let mut again = |x: Tensor<3>,
                             slope: Tensor<3>,
                             run: &dyn Fn(Tensor<3>) -> Tensor<3>| {
                let x = x.autodiff().require_grad();
                let mut gradients = (run(x.clone()) * slope.autodiff()).sum().backward();
                let slope =
                    x.grad_remove(&mut gradients).expect("a block's output depends on its input");
                let learned = GradientsParams::from_grads(gradients, encoder);
                if !learned.is_empty() {
                    rest.blocks.push(learned);
                }
                slope
            };
            for (number, x) in inputs.into_iter().enumerate().rev() {
                slope = again(x, slope, &|x| encoder.block(number, x, keep.clone()));
            }
            let entrance = (encoder.enter(tokens) * slope.autodiff()).sum();
            rest.entrance = Some(match rest.entrance.take() {
                Some(sum) => sum + entrance,
                None => entrance,
            });
        }
        rest
    }
}
