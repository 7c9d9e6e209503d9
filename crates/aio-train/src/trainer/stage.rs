//! One stage of a training: its steps, validations, logs and checkpoints.

use super::logs::{MetricsLine, StageLogs, describe_failure};
use super::setup::{TrainingPaths, TrainingSetup};
use super::state::{BestScore, TrainState};
use super::validation::validate;
use crate::checkpoint::{Checkpoints, Learner};
use crate::config::StageConfig;
use crate::error::Result;
use crate::loader::{HeldOut, StageLoader};
use crate::schedule::WarmupCosine;
use crate::signals::StopFlag;
use crate::training_loop::{CompletedStep, Objective, StepGradients};
use aio_data::sampler::Tuple;
use aio_model::{Aio, StepInput, StepOutput, TrainBatch};
use burn::optim::GradientsAccumulator;
use burn::train::{TrainOutput, TrainStep};
use std::ops::Range;
use std::time::Instant;

/// A stage in training.
pub(super) struct StageTraining<'a> {
    setup: &'a TrainingSetup<'a>,
    paths: &'a TrainingPaths,
    config: &'a StageConfig,
    held_out: &'a [HeldOut],
    loader: StageLoader,
    schedule: WarmupCosine,
    /// Optimiser steps, counted over all stages.
    steps: Range<usize>,
    steps_per_epoch: usize,
    /// The batches of the current epoch, and that epoch.
    epoch_batches: Option<(usize, Vec<Vec<Tuple>>)>,
    logs: StageLogs,
    best: Checkpoints,
    state: &'a mut TrainState,
    clock: Instant,
}

/// What a stage shares with the others.
#[derive(Clone, Copy)]
pub(super) struct StageContext<'a> {
    pub(super) setup: &'a TrainingSetup<'a>,
    pub(super) paths: &'a TrainingPaths,
    /// The people who are held out for validation, by data set.
    pub(super) held_out: &'a [HeldOut],
    pub(super) stop: &'a StopFlag,
}

/// Optimiser steps of a stage.
pub(crate) fn stage_steps(
    setup: &TrainingSetup,
    stage: &StageConfig,
    loader: &StageLoader,
) -> usize {
    stage.epochs * (loader.batches_per_epoch() / setup.config.train.accumulation_steps).max(1)
}

/// One micro-batch as the model takes it.
pub(crate) fn step_input(setup: &TrainingSetup, batch: TrainBatch) -> StepInput {
    let train = &setup.config.train;
    StepInput {
        batch,
        weights: setup.config.losses,
        preprocessing: setup.start.preprocessing.clone(),
        accumulate: train.accumulation_steps,
        activation_checkpointing: train.activation_checkpointing,
        device: setup.device.clone(),
    }
}

impl<'a> StageTraining<'a> {
    /// Starts a stage, or continues with it.
    ///
    /// # Errors
    /// [`crate::TrainError::Data`] naming the log that cannot be written.
    pub(super) fn open(
        context: &StageContext<'a>,
        config: &'a StageConfig,
        loader: StageLoader,
        steps: Range<usize>,
        state: &'a mut TrainState,
    ) -> Result<Self> {
        let StageContext { setup, paths, held_out, stop } = *context;
        let schedule = WarmupCosine {
            peak: config.learning_rate,
            warmup_steps: config.warmup_steps,
            steps: steps.len(),
            min_lr_ratio: config.min_lr_ratio,
        };
        Ok(Self {
            logs: StageLogs::open(paths, state.step)?,
            best: Checkpoints::new(&paths.best_checkpoint, 1).claimed_by(stop),
            setup,
            paths,
            config,
            held_out,
            loader,
            schedule,
            steps_per_epoch: steps.len() / config.epochs,
            steps,
            epoch_batches: None,
            state,
            clock: Instant::now(),
        })
    }

    /// Epoch of a step within the stage, from 0.
    fn epoch(&self, step: usize) -> usize {
        (step - self.steps.start) / self.steps_per_epoch
    }

    /// Whether a step ends an epoch whose number, from 1, is a multiple of `interval`.
    fn ends_interval(&self, step: usize, interval: Option<usize>) -> bool {
        let epochs = self.epoch(step) + 1;
        self.ends_epoch(step) && interval.is_some_and(|interval| epochs.is_multiple_of(interval))
    }

    fn ends_stage(&self, step: usize) -> bool {
        step + 1 == self.steps.end
    }

    /// The micro-batches of a step, each as tuples.
    fn micro_batches(&mut self, step: usize) -> Vec<Vec<Tuple>> {
        let epoch = self.epoch(step);
        // The random stream of an epoch is named by its first step, which differs between stages.
        let first_step = self.steps.start + epoch * self.steps_per_epoch;
        if self.epoch_batches.as_ref().is_some_and(|(of, _)| *of != epoch) {
            self.epoch_batches = None;
        }
        let (_, batches) =
            self.epoch_batches.get_or_insert_with(|| (epoch, self.loader.epoch(first_step as u64)));
        let count = self.setup.config.train.accumulation_steps;
        let first = (step - first_step) * count;
        // An epoch has fewer batches than a step where identities are few; then they are used again.
        (first..first + count).map(|number| batches[number % batches.len()].clone()).collect()
    }
}

impl Objective for StageTraining<'_> {
    type Model = Aio;
    type State = TrainState;

    fn learning_rate(&self, step: usize) -> f64 {
        self.schedule.at(step - self.steps.start)
    }

    /// Gradients averaged over the micro-batches of the step, and the loss terms of the last of them.
    fn gradients(&mut self, model: &Aio, step: usize) -> Result<StepGradients> {
        let micro_batches = self.micro_batches(step);
        let first_batch = step * micro_batches.len();
        let mut sum = GradientsAccumulator::new();
        let mut last = Vec::new();
        for (micro, tuples) in micro_batches.iter().enumerate() {
            let batch = self.loader.batch(tuples, (first_batch + micro) as u64)?;
            let classes = batch.classes();
            let TrainOutput { grads, item: StepOutput(terms) } =
                model.step(step_input(self.setup, batch));
            last =
                terms.map_err(|e| describe_failure(&self.paths.directory, &e, step, &classes))?;
            sum.accumulate(model, grads);
        }
        let terms = last.into_iter().map(|(term, value)| (term.to_string(), value)).collect();
        Ok(StepGradients { gradients: sum.grads(), terms })
    }

    fn record(&mut self, done: &CompletedStep, learner: &Learner<Aio>) -> Result<()> {
        let CompletedStep { step, learning_rate, ref terms } = *done;
        let train = &self.setup.config.train;
        let validates = self.ends_stage(step) || self.ends_interval(step, train.validate_every);
        let validation = match validates {
            true => validate(self.setup, self.held_out, &learner.model)?,
            false => None,
        };
        self.logs.append(&MetricsLine {
            step,
            stage: self.config.name.clone(),
            epoch: self.epoch(step),
            learning_rate,
            terms: terms.clone(),
            validation,
        })?;
        if self.ends_epoch(step) {
            self.logs.flush()?;
        }
        self.state.step = step + 1;
        self.state.seconds += self.clock.elapsed().as_secs_f64();
        self.clock = Instant::now();
        let best = self.state.best.map(|best| best.score);
        if let Some(score) = validation.filter(|score| best.is_none_or(|best| *score > best)) {
            self.state.best = Some(BestScore { score, step: step + 1 });
            self.best.save(step + 1, learner, self.state)?;
        }
        Ok(())
    }

    fn ends_epoch(&self, step: usize) -> bool {
        (step + 1 - self.steps.start).is_multiple_of(self.steps_per_epoch)
    }

    fn checkpoint_due(&self, step: usize) -> bool {
        let interval = self.setup.config.train.checkpoint_every;
        self.ends_stage(step) || self.ends_interval(step, interval)
    }

    fn state(&self) -> TrainState {
        self.state.clone()
    }

    fn checkpoint_written(&mut self, _model: &Aio) -> Result<()> {
        self.logs.flush()
    }
}
