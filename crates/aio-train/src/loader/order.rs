//! Which tuples make up the micro-batches of every step of a stage.

use super::batches::StageLoader;
use crate::error::Result;
use aio_data::sampler::Tuple;
use aio_model::TrainBatch;
use std::ops::Range;
use std::sync::Arc;

/// The optimiser steps of a stage, counted from 0 over all stages.
#[derive(Debug, Clone)]
pub(crate) struct StageSteps {
    /// Its steps.
    pub(crate) steps: Range<usize>,
    /// Batches of an epoch. Epochs follow one another without a gap, so that a step may have batches of several; the last epoch may be cut short.
    pub(crate) batches_per_epoch: usize,
    /// Micro-batches of a step.
    pub(crate) micro_batches: usize,
}

/// After how many epochs, and after how many steps of a stage, something is done again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Every {
    pub(crate) epochs: Option<usize>,
    pub(crate) steps: Option<usize>,
}

impl StageSteps {
    /// Steps of so many epochs: as many as it takes to draw all their batches.
    pub(crate) fn of_epochs(
        epochs: usize,
        batches_per_epoch: usize,
        micro_batches: usize,
    ) -> usize {
        (epochs * batches_per_epoch).div_ceil(micro_batches)
    }

    /// Epoch of a step within the stage, from 0: that of its first batch.
    pub(crate) fn epoch(&self, step: usize) -> usize {
        self.epochs_after(step - self.steps.start)
    }

    /// Whether a step has the last batch of an epoch.
    pub(crate) fn ends_epoch(&self, step: usize) -> bool {
        self.ends_epochs(step, 1)
    }

    /// Whether a step has the last batch of an epoch whose number, from 1, is a multiple of `epochs`.
    pub(crate) fn ends_epochs(&self, step: usize, epochs: usize) -> bool {
        let done = self.done_after(step);
        self.epochs_after(done) / epochs > self.epochs_after(done - 1) / epochs
    }

    /// Whether something that is also done at the end of the stage is due after a step.
    pub(crate) fn is_due(&self, step: usize, every: Every) -> bool {
        step + 1 == self.steps.end
            || every.epochs.is_some_and(|epochs| self.ends_epochs(step, epochs))
            || every.steps.is_some_and(|steps| self.done_after(step).is_multiple_of(steps))
    }

    /// Whole epochs in the first steps of the stage.
    fn epochs_after(&self, steps: usize) -> usize {
        steps * self.micro_batches / self.batches_per_epoch
    }

    /// Steps of the stage that are done after a step.
    pub(crate) fn done_after(&self, step: usize) -> usize {
        step + 1 - self.steps.start
    }
}

/// The micro-batches of a stage in the order of its steps, from any step on.
///
/// A micro-batch is a function of the seed, its step and its place in the step. It does not depend on those before it, nor on when it is made.
pub(crate) struct MicroBatches {
    loader: Arc<StageLoader>,
    stage: StageSteps,
    /// Number of the next micro-batch, counted from 0 over all stages.
    next: usize,
    /// The batches of the current epoch, and that epoch.
    of_epoch: Option<(usize, Vec<Vec<Tuple>>)>,
}

impl MicroBatches {
    /// The micro-batches from a step on.
    pub(crate) fn from_step(loader: Arc<StageLoader>, stage: StageSteps, step: usize) -> Self {
        let next = step * stage.micro_batches;
        Self { loader, stage, next, of_epoch: None }
    }

    /// The classes of the softmax of the step that a micro-batch belongs to, if it does not have all. They are the same for all its micro-batches.
    fn sampled_classes(&mut self, number: usize) -> Option<Vec<usize>> {
        let softmax = self.loader.softmax?;
        let step = number / self.stage.micro_batches;
        let first = step * self.stage.micro_batches;
        let mut shown = Vec::new();
        for number in first..first + self.stage.micro_batches {
            shown.extend(self.tuples(number).iter().map(|tuple| tuple.class));
        }
        Some(softmax.draw(step, shown))
    }

    /// The tuples of a micro-batch.
    fn tuples(&mut self, number: usize) -> &[Tuple] {
        let first_of_stage = self.stage.steps.start * self.stage.micro_batches;
        let epoch = (number - first_of_stage) / self.stage.batches_per_epoch;
        // The random stream of an epoch is named by its first micro-batch, which differs between stages.
        let first = first_of_stage + epoch * self.stage.batches_per_epoch;
        if self.of_epoch.as_ref().is_some_and(|(of, _)| *of != epoch) {
            self.of_epoch = None;
        }
        let (_, batches) =
            self.of_epoch.get_or_insert_with(|| (epoch, self.loader.epoch(first as u64)));
        &batches[number - first]
    }
}

impl Iterator for MicroBatches {
    type Item = Result<TrainBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        if number >= self.stage.steps.end * self.stage.micro_batches {
            return None;
        }
        self.next += 1;
        let loader = Arc::clone(&self.loader);
        let sampled_classes = self.sampled_classes(number);
        let batch = loader.batch(self.tuples(number), number as u64);
        Some(batch.map(|batch| TrainBatch { sampled_classes, ..batch }))
    }
}
