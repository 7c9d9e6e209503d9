//! What a stage will cost, said before its first step: memory, operations and time.

use super::setup::TrainingSetup;
use crate::error::Result;
use crate::flops::{self, FlopEstimate, HeadSizes, operations};
use crate::loader::{SoftmaxSample, StageLoader};
use crate::memory::{self, MemoryEstimate};
use crate::progress::clock;
use crate::workload::{OPERATIONS_PER_SECOND, Workload};
use aio_model::{Aio, TrainBatch};
use burn::tensor::Device;

/// What a stage is predicted to take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageCost {
    /// At the peak.
    pub(crate) memory: MemoryEstimate,
    /// Of one optimiser step, on average.
    pub(crate) step: FlopEstimate,
}

/// Batches of an epoch that a prediction is made from, at most. The sampler keeps to the shares of data sets from the first batch on.
const BATCHES: usize = 64;

impl StageCost {
    /// Predicts the cost of training `model` on the data of a stage, from the first batches of an epoch, without their pixels: the mean of the
    /// operations, and the memory with the longest caption.
    ///
    /// # Errors
    /// As [`StageLoader::batch_without_pixels`].
    pub(crate) fn predict(
        setup: &TrainingSetup,
        model: &Aio,
        loader: &StageLoader,
        sizes: HeadSizes,
    ) -> Result<Self> {
        let without_pixels =
            |(step, tuples): (u64, &Vec<_>)| loader.batch_without_pixels(tuples, step);
        let epoch = loader.epoch(0);
        let batches: Vec<TrainBatch> =
            (0..).zip(epoch.iter().take(BATCHES)).map(without_pixels).collect::<Result<_>>()?;
        let workload = |batch| Workload::new(setup.config, setup.start, batch);
        let longest = batches
            .iter()
            .map(workload)
            .max_by_key(|workload| workload.caption_tokens)
            .expect("an epoch has a batch: the sampler refuses fewer people than one holds");
        let sample = SoftmaxSample::new(setup.config, sizes.classes);
        let sampled = sample.map(|sample| sample.size());
        let sizes = HeadSizes { classes: sampled.unwrap_or(sizes.classes), ..sizes };
        let steps = batches.iter().map(|batch| flops::predict(&workload(batch), batch, sizes));
        let sum = steps.fold(FlopEstimate::default(), |sum, step| sum + step);
        Ok(Self {
            memory: memory::predict(
                &longest,
                model,
                loader,
                sampled.unwrap_or(0),
                setup.evaluation_bytes,
            ),
            step: sum * (1.0 / batches.len() as f64),
        })
    }

    /// Logs the cost of `steps` steps.
    pub(super) fn say(&self, setup: &TrainingSetup, stage: &str, steps: usize) {
        let Self { memory, step } = self;
        let all = step.total() * steps as f64;
        let is_cpu = *setup.device == Device::flex();
        let at_least = if is_cpu { "" } else { ", at least, on this device" };
        log::info!("{stage}: {memory}{at_least}");
        let time = if is_cpu {
            let threads = rayon::current_num_threads();
            let rate = OPERATIONS_PER_SECOND * threads as f64;
            format!(
                "about {} at {}/s on {threads} threads",
                clock((all / rate) as u64),
                operations(OPERATIONS_PER_SECOND),
            )
        } else {
            "the first steps will say how long they take".to_owned()
        };
        log::info!(
            "{stage}: {step}, {} in {steps} steps, {time}; estimated, not measured",
            operations(all)
        );
    }
}

/// The sums over the stages of a call.
#[derive(Debug, Default)]
pub(super) struct Predicted {
    /// Bytes at the peak of the largest stage.
    pub(super) memory: Option<usize>,
    /// Floating-point operations.
    pub(super) flops: Option<f64>,
    /// Seconds.
    pub(super) seconds: Option<f64>,
}

impl Predicted {
    /// Adds `steps` steps of a stage.
    pub(super) fn add(&mut self, cost: &StageCost, steps: usize) {
        self.memory = self.memory.max(Some(cost.memory.total()));
        self.flops = Some(self.flops.unwrap_or(0.0) + cost.step.total() * steps as f64);
    }

    /// Adds what the first steps of a stage predicted.
    pub(super) fn add_seconds(&mut self, seconds: Option<f64>) {
        self.seconds = match (self.seconds, seconds) {
            (Some(sum), Some(seconds)) => Some(sum + seconds),
            (sum, seconds) => sum.or(seconds),
        };
    }
}
