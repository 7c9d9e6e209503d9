//! A step on trial: time and memory of a training before it starts.

use crate::error::{Result, TrainError};
use crate::loader::{Library, MicroBatches, StageLoader, StageSteps};
use crate::memory::MemoryEstimate;
use crate::signals::StopFlag;
use crate::trainer::{
    StageCost, TrainingData, TrainingSetup, initial_model, sketch_generator, stage_steps,
    step_input,
};
use aio_model::{Aio, StepOutput};
use burn::train::{TrainOutput, TrainStep};
use std::sync::Arc;
use std::time::Instant;

/// What an interruption says was being done.
const PHASE: &str = "trying a step";

/// What a step on trial showed.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Optimiser steps of all stages.
    pub steps: usize,
    /// Seconds of a step of the last stage, once the first has been done.
    pub seconds_per_step: f64,
    /// Seconds of all steps: those of other stages take as much longer as they have more operations.
    pub seconds: f64,
    /// Memory that training will take.
    pub memory: MemoryEstimate,
    /// Floating-point operations of all steps, predicted.
    pub flops: f64,
}

/// Tries a step forward and backward of the last stage, which has all modalities, and counts the steps of all. Nothing is written.
///
/// # Errors
/// What failed, as in [`crate::train`]; [`TrainError::Interrupted`] if `stop` is raised.
pub fn probe(setup: &TrainingSetup, library: &mut Library, stop: &StopFlag) -> Result<Probe> {
    let config = setup.config;
    let data = TrainingData::open(setup, library)?;
    let sizes = data.head_sizes();
    let model = initial_model(setup, sizes)?.with_precision(config.train.precision);
    let generator = sketch_generator(setup)?;
    let settings = data.loader_settings(setup, generator.as_ref());
    let (mut steps, mut flops, mut flops_of_last) = (0, 0.0, 0.0);
    let mut largest = None::<MemoryEstimate>;
    let mut last = None;
    for stage in &config.train.stages {
        stop.check(PHASE)?;
        // The pictures of two stages need not fit into memory together.
        drop(last.take());
        let loader = StageLoader::open(&settings, stage, library)?;
        let stage_steps = stage_steps(setup, stage, &loader, steps);
        let of_stage = stage_steps.steps.clone();
        let cost = StageCost::predict(setup, &model, &loader, sizes)?;
        let estimate = cost.memory;
        flops_of_last = cost.step.total();
        flops += flops_of_last * of_stage.len() as f64;
        steps = of_stage.end;
        if largest.is_none_or(|largest| estimate.total() >= largest.total()) {
            largest = Some(estimate);
        }
        last = Some((loader, stage_steps));
    }
    let no_stage = || TrainError::Failure("an experiment has at least one stage".into());
    let memory = largest.ok_or_else(no_stage)?;
    let (loader, stage) = last.ok_or_else(no_stage)?;
    let seconds_per_step = time_step(setup, &model, loader, stage, stop)?;
    // A stage that fits in memory has operations.
    let seconds = seconds_per_step * flops / flops_of_last;
    Ok(Probe { steps, seconds_per_step, seconds, memory, flops })
}

/// Seconds of one optimiser step. Two are done: the first also compiles kernels and fills memory pools.
fn time_step(
    setup: &TrainingSetup,
    model: &Aio,
    loader: StageLoader,
    stage: StageSteps,
    stop: &StopFlag,
) -> Result<f64> {
    let first = stage.steps.start;
    // A stage may have one step alone.
    let tried = StageSteps { steps: first..first + 2, ..stage };
    let mut batches = MicroBatches::from_step(Arc::new(loader), tried, first);
    let mut seconds = 0.0;
    for _ in 0..2 {
        let begun = Instant::now();
        for batch in batches.by_ref().take(setup.config.train.accumulation_steps) {
            stop.check(PHASE)?;
            let TrainOutput { item: StepOutput { terms, .. }, .. } =
                model.step(step_input(setup, batch?));
            terms.map_err(|e| TrainError::Failure(format!("the first step: {e}")))?;
        }
        seconds = begun.elapsed().as_secs_f64();
    }
    Ok(seconds)
}
