//! One stage of a training: its steps, validations, logs and checkpoints.

use super::logs::{MetricsLine, StageLogs, describe_failure};
use super::model::centres_rule;
use super::setup::{TrainingPaths, TrainingSetup};
use super::state::{BestScore, TrainState};
use super::validation::validate;
use crate::checkpoint::{Checkpoints, Learner};
use crate::config::{Select, StageConfig, StageLength, TrainConfig};
use crate::error::Result;
use crate::loader::{Every, HeldOut, MicroBatches, Prefetcher, StageLoader, StageSteps};
use crate::schedule::WarmupCosine;
use crate::signals::StopFlag;
use crate::training_loop::{CompletedStep, Objective, StepGradients};
use aio_heads::AnchorRows;
use aio_model::{Aio, StepInput, TrainBatch};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::train::{TrainOutput, TrainStep};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A stage in training.
pub(super) struct StageTraining<'a> {
    setup: &'a TrainingSetup<'a>,
    paths: &'a TrainingPaths,
    config: &'a StageConfig,
    held_out: &'a [HeldOut],
    schedule: WarmupCosine,
    stage: StageSteps,
    /// The classes of the last step's softmax, where it does not have all.
    sampled_classes: Option<Vec<usize>>,
    /// The anchors of the last step's micro-batches, for a model that keeps them.
    anchors: Vec<AnchorRows>,
    /// The micro-batches from the first step of this call on.
    batches: Prefetcher<TrainBatch>,
    logs: StageLogs,
    best: Checkpoints,
    /// Step of the best checkpoint that the last saved state names. A training that is killed continues from that state, and needs it.
    saved_best: Option<usize>,
    state: &'a mut TrainState,
    clock: Instant,
    /// Seconds that the first steps of this call predicted for all of its steps.
    pub(super) expected_seconds: Option<f64>,
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

/// Optimiser steps of a stage whose first step is `first`.
pub(crate) fn stage_steps(
    setup: &TrainingSetup,
    stage: &StageConfig,
    loader: &StageLoader,
    first: usize,
) -> StageSteps {
    let micro_batches = setup.config.train.accumulation_steps;
    let batches_per_epoch = loader.batches_per_epoch();
    let count = match stage.length() {
        StageLength::Epochs(epochs) => {
            StageSteps::of_epochs(epochs, batches_per_epoch, micro_batches)
        }
        StageLength::Steps(steps) => steps,
    };
    StageSteps { steps: first..first + count, batches_per_epoch, micro_batches }
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
    /// [`crate::TrainError::Data`] naming the log that cannot be written. [`crate::TrainError::Failure`] if the loader gets no thread.
    pub(super) fn open(
        context: &StageContext<'a>,
        config: &'a StageConfig,
        loader: StageLoader,
        stage: StageSteps,
        state: &'a mut TrainState,
    ) -> Result<Self> {
        let StageContext { setup, paths, held_out, stop } = *context;
        if config.warmup_steps >= stage.steps.len() {
            log::warn!(
                "stage `{}` has {} steps and warms up for {}: its learning rate only rises, and {}",
                config.name,
                stage.steps.len(),
                config.warmup_steps,
                if config.warmup_steps == stage.steps.len() {
                    "reaches its peak in the last step"
                } else {
                    "does not reach its peak"
                }
            );
        }
        let schedule = WarmupCosine {
            peak: config.learning_rate,
            warmup_steps: config.warmup_steps,
            steps: stage.steps.len(),
            min_lr_ratio: config.min_lr_ratio,
        };
        if has_one_validation(&setup.config.train, &stage) {
            log::warn!(
                "train.select = \"best\" chooses among one validation, which is that of the last step; set train.validate_every or train.validate_every_steps"
            );
        }
        let batches = MicroBatches::from_step(Arc::new(loader), stage.clone(), state.step);
        Ok(Self {
            logs: StageLogs::open(paths, state.step)?,
            best: Checkpoints::new(&paths.best_checkpoint, 1).claimed_by(stop),
            setup,
            paths,
            config,
            held_out,
            schedule,
            stage,
            sampled_classes: None,
            anchors: Vec::new(),
            batches: Prefetcher::start(batches)?,
            saved_best: state.best.map(|best| best.step),
            state,
            clock: Instant::now(),
            expected_seconds: None,
        })
    }
}

/// Whether the best checkpoint of a training with this stage is chosen among one.
fn has_one_validation(train: &TrainConfig, stage: &StageSteps) -> bool {
    let every = Every { epochs: train.validate_every, steps: train.validate_every_steps };
    let validates = |step: &usize| stage.is_due(*step, every);
    train.select == Select::Best
        && train.stages.len() == 1
        && stage.steps.clone().filter(validates).count() == 1
}

/// The mean of every number over the micro-batches that have it, by name.
fn means<K: Copy + Ord + ToString>(micro_batches: &[Vec<(K, f32)>]) -> BTreeMap<String, f32> {
    let mut sums: BTreeMap<K, (f64, usize)> = BTreeMap::new();
    for (name, value) in micro_batches.iter().flatten() {
        let (sum, count) = sums.entry(*name).or_default();
        *sum += f64::from(*value);
        *count += 1;
    }
    let mean = |(sum, count): (f64, usize)| (sum / count as f64) as f32;
    sums.into_iter().map(|(name, sum)| (name.to_string(), mean(sum))).collect()
}

impl Objective for StageTraining<'_> {
    type Model = Aio;
    type State = TrainState;

    fn learning_rate(&self, step: usize) -> f64 {
        self.schedule.at(step - self.stage.steps.start)
    }

    /// Gradients and loss terms averaged over the micro-batches of the step.
    fn gradients(&mut self, model: &Aio, step: usize) -> Result<StepGradients> {
        let mut sum = GradientsAccumulator::new();
        let (mut terms, mut measures) = (Vec::new(), Vec::new());
        let mut waited = Duration::ZERO;
        for _ in 0..self.stage.micro_batches {
            let (batch, waited_for_it) = self.batches.next()?;
            waited += waited_for_it;
            let classes = batch.classes();
            self.sampled_classes.clone_from(&batch.sampled_classes);
            let TrainOutput { grads, item } = model.step(step_input(self.setup, batch));
            if step - self.stage.steps.start >= self.setup.config.losses.queue_after {
                self.anchors.extend(item.anchors);
            }
            let describe = |e| describe_failure(&self.paths.directory, &e, step, &classes);
            terms.push(item.terms.map_err(describe)?);
            measures.push(item.measures);
            sum.accumulate(model, grads);
        }
        let (terms, measures) = (means(&terms), means(&measures));
        Ok(StepGradients { gradients: sum.grads(), terms, measures, waited })
    }

    fn update(
        &mut self,
        mut learner: Learner<Aio>,
        learning_rate: f64,
        mut gradients: GradientsParams,
    ) -> Learner<Aio> {
        if let Some(sampled) = &self.sampled_classes {
            let rule = centres_rule(&self.setup.config.train, learning_rate);
            learner.model = learner.model.update_centres(sampled, &mut gradients, &rule);
        }
        // After all micro-batches, so that each of them sees the anchors of earlier steps alone.
        for anchors in self.anchors.drain(..) {
            learner.model = learner.model.enqueue(anchors);
        }
        learner.update(learning_rate, gradients)
    }

    fn record(&mut self, done: &CompletedStep, learner: &Learner<Aio>) -> Result<()> {
        let CompletedStep { step, learning_rate, ref terms, ref measures, waited } = *done;
        let train = &self.setup.config.train;
        let every = Every { epochs: train.validate_every, steps: train.validate_every_steps };
        let validation = match self.stage.is_due(step, every) {
            true => validate(self.setup, self.held_out, &learner.model)?,
            false => None,
        };
        self.logs.append(&MetricsLine {
            step,
            stage: self.config.name.clone(),
            epoch: self.stage.epoch(step),
            learning_rate,
            terms: terms.clone(),
            measures: measures.clone(),
            validation,
        })?;
        if self.ends_epoch(step) {
            self.logs.flush()?;
        }
        self.state.step = step + 1;
        self.state.seconds += self.clock.elapsed().as_secs_f64();
        self.state.waiting_seconds += waited.as_secs_f64();
        self.clock = Instant::now();
        let best = self.state.best.map(|best| best.score);
        if let Some(score) = validation.filter(|score| best.is_none_or(|best| *score > best)) {
            self.state.best = Some(BestScore { score, step: step + 1 });
            self.logs.sync()?;
            self.best.save_beside(step + 1, learner, self.state, self.saved_best)?;
        }
        Ok(())
    }

    fn ends_epoch(&self, step: usize) -> bool {
        self.stage.ends_epoch(step)
    }

    fn checkpoint_due(&self, step: usize) -> bool {
        let train = &self.setup.config.train;
        let every = Every { epochs: train.checkpoint_every, steps: train.checkpoint_every_steps };
        self.stage.is_due(step, every)
    }

    fn state(&self) -> TrainState {
        self.state.clone()
    }

    fn expect(&mut self, seconds: f64) {
        self.expected_seconds = Some(seconds);
    }

    fn sync_logs(&mut self) -> Result<()> {
        self.logs.sync()
    }

    fn checkpoint_written(&mut self, _model: &Aio) -> Result<()> {
        self.saved_best = self.state.best.map(|best| best.step);
        if let Some(step) = self.saved_best {
            self.best.keep_only(step)?;
        }
        self.logs.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_model::{EmbeddingOf, LossTerm};

    #[test]
    fn a_best_checkpoint_is_one_of_several_validations() {
        let of = |select, validate_every, validate_every_steps| {
            let train = TrainConfig {
                select,
                validate_every,
                validate_every_steps,
                ..TrainConfig::default()
            };
            has_one_validation(
                &train,
                &StageSteps { steps: 0..6, batches_per_epoch: 3, micro_batches: 1 },
            )
        };
        assert!(of(Select::Best, None, None), "at the end alone");
        assert!(!of(Select::Last, None, None));
        assert!(of(Select::Best, Some(2), None) && !of(Select::Best, Some(1), None));
        assert!(of(Select::Best, None, Some(6)) && !of(Select::Best, None, Some(5)));
    }

    #[test]
    fn a_term_that_only_some_micro_batches_have_is_averaged_over_these() {
        let captioned = LossTerm::Binding(EmbeddingOf::Modality(aio_types::Modality::Text));
        let micro_batches = [
            vec![(LossTerm::Triplet, 0.25)],
            vec![(LossTerm::Triplet, 1.0), (captioned, 3.0)],
            vec![(LossTerm::Triplet, 0.25), (captioned, 4.0)],
        ];
        let expected = [("binding.text".to_owned(), 3.5), ("triplet".to_owned(), 0.5)];
        assert_eq!(means(&micro_batches), BTreeMap::from(expected));
        let one = [vec![(captioned, 0.1)]];
        assert_eq!(means(&one)["binding.text"].to_bits(), 0.1f32.to_bits());
    }
}
