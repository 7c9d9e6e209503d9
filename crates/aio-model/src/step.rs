//! One training step: losses forward, gradients backward.

use crate::inputs::Inputs;
use crate::{Aio, LossWeights, Measures, NonFinite, Terms, Total, TrainBatch};
use aio_encoder::weights::Preprocessing;
use aio_encoder::{Activations, EncoderGradients};
use aio_heads::{AnchorQueue, AnchorRows, Centres, RowAdamW};
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

/// What a step gives beside its gradients.
#[derive(Debug)]
pub struct StepOutput {
    /// The loss terms with their values, or the term that is not a finite number. In that case there are no gradients.
    pub terms: Result<Terms, NonFinite>,
    /// What was measured beside the loss.
    pub measures: Measures,
    /// The anchors of the binding loss, for a model that keeps them ([`Aio::enqueue`]).
    pub anchors: Option<AnchorRows>,
}

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
        let inputs = Inputs::new(self, batch, weights, preprocessing, device);
        let centres = self.sampled_centres(&inputs);
        let mut losses = self.losses_with(&mut activations, &inputs, centres.as_ref(), weights);
        let anchors = losses.anchors.take();
        match losses.total() {
            // Nothing that is trained had a part in this batch: the tokenizers of its modalities are frozen, for instance.
            Ok(Total { loss, terms, measures }) if !loss.is_tracked() => {
                let grads = GradientsParams::new();
                TrainOutput { grads, item: StepOutput { terms: Ok(terms), measures, anchors } }
            }
            Ok(Total { loss, terms, measures }) => {
                let mut gradients = loss.div_scalar(input.accumulate as f64).backward();
                let of_centres = centres.and_then(|rows| rows.grad_remove(&mut gradients));
                let mut grads = self.gradients(activations, gradients);
                if let (Some(all), Some(gradient)) = (self.identity.centres(), of_centres) {
                    // It has the rows of the sample, not of the parameter: `update_centres` takes it before the optimiser.
                    grads.register(all.id(), gradient);
                }
                TrainOutput { grads, item: StepOutput { terms: Ok(terms), measures, anchors } }
            }
            Err(error) => TrainOutput {
                grads: GradientsParams::new(),
                item: StepOutput { terms: Err(error), measures: Measures::new(), anchors: None },
            },
        }
    }
}

impl Aio {
    /// Changes the centres of the classes that a step has sampled, and takes their gradient out of `gradients`; nothing changes where there is none.
    ///
    /// `sampled_classes` are those of the step's batches ([`TrainBatch::sampled_classes`]), whose gradients `gradients` sums up.
    #[must_use]
    pub fn update_centres(
        mut self,
        sampled_classes: &[usize],
        gradients: &mut GradientsParams,
        rule: &RowAdamW,
    ) -> Self {
        let id = self.identity.centres().map(Centres::id);
        if let Some(gradient) = id.and_then(|id| gradients.remove(id)) {
            let update = |centres: Centres| centres.update(sampled_classes, gradient, rule);
            self.identity = self.identity.map_centres(update);
        }
        self
    }

    /// The model with the anchors of a batch in its queue, if it has one. The loss of a step does not depend on the order of its batches if their
    /// anchors come in after all of them.
    #[must_use]
    pub fn enqueue(self, anchors: AnchorRows) -> Self {
        Self { queue: self.queue.map(|queue| queue.push(anchors)), ..self }
    }

    /// The model with an empty queue, if it has one: numbers of samples are those of a stage.
    #[must_use]
    pub fn with_empty_queue(self) -> Self {
        Self { queue: self.queue.map(AnchorQueue::cleared), ..self }
    }

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
