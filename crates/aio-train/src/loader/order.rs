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
    /// Steps of an epoch. The last epoch of a stage whose length is set in steps may be cut short.
    pub(crate) steps_per_epoch: usize,
    /// Micro-batches of a step.
    pub(crate) micro_batches: usize,
}

impl StageSteps {
    /// Epoch of a step within the stage, from 0.
    pub(crate) fn epoch(&self, step: usize) -> usize {
        (step - self.steps.start) / self.steps_per_epoch
    }

    /// Whether a step is the last one of its epoch.
    pub(crate) fn ends_epoch(&self, step: usize) -> bool {
        self.done_after(step).is_multiple_of(self.steps_per_epoch)
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
        let epoch = self.stage.epoch(number / self.stage.micro_batches);
        // The random stream of an epoch is named by its first step, which differs between stages.
        let first_step = self.stage.steps.start + epoch * self.stage.steps_per_epoch;
        if self.of_epoch.as_ref().is_some_and(|(of, _)| *of != epoch) {
            self.of_epoch = None;
        }
        let (_, batches) =
            self.of_epoch.get_or_insert_with(|| (epoch, self.loader.epoch(first_step as u64)));
        // An epoch has fewer batches than a step where identities are few; then they are used again.
        &batches[(number - first_step * self.stage.micro_batches) % batches.len()]
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
