//! One training step: losses forward, gradients backward.

use crate::inputs::Inputs;
use crate::{Aio, LossWeights, NonFinite, Terms, TrainBatch};
use aio_encoder::weights::Preprocessing;
use aio_encoder::{Activations, EncoderGradients};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, ExecutionError, Gradients};
use burn::train::{ItemLazy, TrainOutput, TrainStep};

/// A batch and the settings of its step.
#[derive(Debug, Clone)]
pub struct StepInput {
    /// The batch.
    pub batch: TrainBatch,
    /// Losses and their weights.
    pub weights: LossWeights,
    /// How pictures are prepared.
    pub preprocessing: Preprocessing,
    /// Batches whose gradients make one optimiser step; the loss is divided by it.
    pub accumulate: usize,
    /// Whether the encoder's blocks are computed again in the backward pass ([`Activations::Recomputed`]).
    pub activation_checkpointing: bool,
    /// Where to compute.
    pub device: Device,
}

/// The loss terms of a step with their values, or the term that is not a finite number. In that case there are no gradients.
#[derive(Debug)]
pub struct StepOutput(pub Result<Terms, NonFinite>);

impl ItemLazy for StepOutput {
    fn sync(self) -> Result<Self, ExecutionError> {
        // The values have been read already: a loss is checked before its gradient is taken.
        Ok(self)
    }
}

impl TrainStep for Aio {
    type Input = StepInput;
    type Output = StepOutput;

    fn step(&self, input: StepInput) -> TrainOutput<StepOutput> {
        let mut activations = Activations::new(input.activation_checkpointing);
        let StepInput { batch, weights, preprocessing, device, .. } = &input;
        let inputs = Inputs::new(&self.backbone.tokenizers, batch, weights, preprocessing, device);
        let losses = self.losses_with(&mut activations, &inputs, weights);
        match losses.total() {
            Ok((total, terms)) => {
                let gradients = total.div_scalar(input.accumulate as f64).backward();
                let grads = self.gradients(activations, gradients);
                TrainOutput { grads, item: StepOutput(Ok(terms)) }
            }
            Err(error) => {
                TrainOutput { grads: GradientsParams::new(), item: StepOutput(Err(error)) }
            }
        }
    }
}

impl Aio {
    /// Gradients of all parameters, from those of the losses and the activations that the encoder stored.
    fn gradients(&self, activations: Activations, losses: Gradients) -> GradientsParams {
        let EncoderGradients { input_loss, blocks } =
            activations.backward(&self.backbone.encoder, &losses);
        let mut sum = GradientsAccumulator::new();
        sum.accumulate(self, GradientsParams::from_grads(losses, self));
        if let Some(input_loss) = input_loss {
            sum.accumulate(self, GradientsParams::from_grads(input_loss.backward(), self));
        }
        for block in blocks {
            sum.accumulate(self, block);
        }
        sum.grads()
    }
}
