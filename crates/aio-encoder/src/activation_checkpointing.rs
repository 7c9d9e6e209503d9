use crate::{Context, Encoder};
use aio_ops::Rotation;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Gradients, Tensor};

/// Which activations of the encoder a training step stores between the forward and the backward pass.
///
/// [`Activations::Stored`] leaves the choice to automatic differentiation, which stores all of them: about `9·embed_dim + heads·tokens` numbers
/// per token and block. [`Activations::Recomputed`] is activation checkpointing: it stores only the input of each block, `embed_dim` numbers per
/// token, and runs the block again in the backward pass. That costs one more forward pass and saves about five sixths of the memory.
///
/// Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016), with one segment per block.
#[derive(Debug)]
pub enum Activations {
    /// Automatic differentiation stores every activation.
    Stored,
    /// Only the inputs of the blocks are stored, one entry per forward pass.
    Recomputed(Vec<CheckpointedPass>),
}

/// A forward pass of which only the inputs of the blocks are stored.
#[derive(Debug)]
pub struct CheckpointedPass {
    /// The encoder's input, inside the autodiff graph unless nothing in front of the encoder learns.
    tokens: Tensor<3>,
    attention_mask: Tensor<2>,
    /// Whose adapters the blocks have.
    experts: Vec<usize>,
    /// How the blocks turn queries and keys.
    rotation: Option<Rotation>,
    /// The input of every block, outside the autodiff graph.
    block_inputs: Vec<Tensor<3>>,
    /// The encoder's output: a leaf of the graph that the losses are computed in.
    output: Tensor<3>,
}

/// What remains of the backward pass after the losses: the result of [`Activations::backward`].
#[allow(missing_debug_implementations)]
pub struct EncoderGradients {
    /// A scalar `[1]` whose gradient is the gradient of the losses with respect to everything in front of the encoder. `None` if no pass was
    /// checkpointed that depends on a parameter there.
    pub input_loss: Option<Tensor<1>>,
    /// Gradients of the encoder's parameters, one entry per block and pass. Empty if none of them is trained.
    pub blocks: Vec<GradientsParams>,
}

impl Activations {
    /// No pass yet; with or without activation checkpointing.
    #[must_use]
    pub fn new(activation_checkpointing: bool) -> Self {
        if activation_checkpointing { Self::Recomputed(Vec::new()) } else { Self::Stored }
    }

    /// Computes [`Encoder::forward_as`] and stores what the backward pass needs.
    ///
    /// # Shapes
    /// As [`Encoder::forward_as`].
    #[must_use]
    pub fn forward(
        &mut self,
        encoder: &Encoder,
        tokens: Tensor<3>,
        attention_mask: Tensor<2>,
        context: Context<'_>,
    ) -> Tensor<3> {
        let passes = match self {
            // Tokens outside the graph (those of a frozen tokenizer) need no gradient, and nothing is stored for them in a frozen encoder.
            Self::Recomputed(passes) if tokens.is_tracked() || encoder.learns() => passes,
            _ => return encoder.forward_as(tokens, attention_mask, context),
        };
        let plain = encoder.valid();
        let (experts, rotation) = (context.experts, plain.rotation(&tokens, context));
        let mut block_inputs = Vec::with_capacity(plain.depth());
        let mut x = plain.normalise_input(tokens.clone().without_autodiff());
        for number in 0..plain.depth() {
            block_inputs.push(x.clone());
            let mask = attention_mask.clone().without_autodiff();
            x = plain.block(number, x, mask, experts, rotation.as_ref());
        }
        let output = x.autodiff().require_grad();
        passes.push(CheckpointedPass {
            tokens,
            attention_mask,
            experts: experts.to_vec(),
            rotation,
            block_inputs,
            output: output.clone(),
        });
        output
    }

    /// Continues the backward pass through the encoder, from the gradients of the losses.
    #[must_use]
    pub fn backward(self, encoder: &Encoder, losses: &Gradients) -> EncoderGradients {
        let mut gradients = EncoderGradients { input_loss: None, blocks: Vec::new() };
        let Self::Recomputed(passes) = self else { return gradients };
        for pass in passes {
            pass.backward(encoder, losses, &mut gradients);
        }
        gradients
    }
}

impl CheckpointedPass {
    /// Runs the blocks again, from the last to the first, and adds their gradients to `gradients`.
    fn backward(self, encoder: &Encoder, losses: &Gradients, gradients: &mut EncoderGradients) {
        // A pass that no loss depends on has no gradient.
        let Some(mut upstream) = self.output.grad(losses) else { return };
        for (number, input) in self.block_inputs.into_iter().enumerate().rev() {
            let input = input.autodiff().require_grad();
            let mask = self.attention_mask.clone();
            let rotation = self.rotation.as_ref();
            let output = encoder.block(number, input.clone(), mask, &self.experts, rotation);
            let mut found = (output * upstream.autodiff()).sum().backward();
            upstream =
                input.grad_remove(&mut found).expect("a block's output depends on its input");
            let of_weights = GradientsParams::from_grads(found, encoder);
            if !of_weights.is_empty() {
                gradients.blocks.push(of_weights);
            }
        }
        let tokens = encoder.normalise_input(self.tokens);
        if !tokens.is_tracked() {
            return;
        }
        let input_loss = (tokens * upstream.autodiff()).sum();
        gradients.input_loss = Some(match gradients.input_loss.take() {
            Some(sum) => sum + input_loss,
            None => input_loss,
        });
    }
}
