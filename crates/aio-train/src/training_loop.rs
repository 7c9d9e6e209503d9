//! The loop that experiments and pre-training share: steps, learning rate, logs, checkpoints, and stopping on a signal.

use crate::checkpoint::{Checkpoints, Learner};
use crate::error::{Result, TrainError};
use crate::progress::{Progress, StepReport};
use crate::signals::StopFlag;
use burn::module::Module;
use burn::optim::GradientsParams;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

/// What one optimiser step is made of.
pub(crate) struct StepGradients {
    pub(crate) gradients: GradientsParams,
    /// Loss terms by name, unweighted.
    pub(crate) terms: BTreeMap<String, f32>,
    /// How long the step waited for its data.
    pub(crate) waited: Duration,
}

/// An optimiser step that has been done.
pub(crate) struct CompletedStep {
    /// Its number, from 0.
    pub(crate) step: usize,
    pub(crate) learning_rate: f64,
    pub(crate) terms: BTreeMap<String, f32>,
    pub(crate) waited: Duration,
}

/// What differs between trainings. Steps are counted from 0 over all stages.
pub(crate) trait Objective {
    /// What is trained.
    type Model: Module + Clone;
    /// What is written beside a checkpoint's weights.
    type State: Serialize;

    /// Learning rate of a step.
    fn learning_rate(&self, step: usize) -> f64;

    /// Gradients of a step, a pure function of the model and the step. It is called for one step after the other.
    fn gradients(&mut self, model: &Self::Model, step: usize) -> Result<StepGradients>;

    /// Validates and logs a step. It is called once for every step, before its checkpoint.
    fn record(&mut self, done: &CompletedStep, learner: &Learner<Self::Model>) -> Result<()>;

    /// Whether a step is the last one of a pass over the data.
    fn ends_epoch(&self, step: usize) -> bool;

    /// Whether a checkpoint is written after a step.
    fn checkpoint_due(&self, step: usize) -> bool;

    /// The state after the last recorded step.
    fn state(&self) -> Self::State;

    /// Called after a checkpoint has been written.
    fn checkpoint_written(&mut self, model: &Self::Model) -> Result<()>;
}

/// The steps that are done, and how.
pub(crate) struct TrainingLoop<'a> {
    /// What progress calls it.
    pub(crate) phase: &'a str,
    /// All steps of the phase, of which the first ones may have been done by an earlier call.
    pub(crate) steps: Range<usize>,
    pub(crate) checkpoints: &'a Checkpoints,
    pub(crate) stop: &'a StopFlag,
}

impl TrainingLoop<'_> {
    /// Does the steps from `first` on.
    ///
    /// # Errors
    /// [`TrainError::Stopped`], after a checkpoint, if the flag is raised; otherwise what failed.
    pub(crate) fn run<O: Objective>(
        &self,
        first: usize,
        objective: &mut O,
        mut learner: Learner<O::Model>,
    ) -> Result<Learner<O::Model>> {
        let done_before = first - self.steps.start;
        let progress = Progress::resumed(self.phase, self.steps.len(), "steps", done_before);
        let (begun, mut waited_so_far) = (Instant::now(), Duration::ZERO);
        for step in first..self.steps.end {
            let learning_rate = objective.learning_rate(step);
            let StepGradients { gradients, terms, waited } =
                objective.gradients(&learner.model, step)?;
            learner.model = learner.optimiser.step(learning_rate, learner.model, gradients);
            let done = CompletedStep { step, learning_rate, terms, waited };
            self.stop.check_claim()?;
            objective.record(&done, &learner)?;
            waited_so_far += waited;
            progress.step(&StepReport {
                terms: &done.terms,
                learning_rate,
                waiting: waited_so_far.as_secs_f64() / begun.elapsed().as_secs_f64().max(1e-9),
                epoch_ends: objective.ends_epoch(step),
            });
            let stopped = self.stop.is_raised();
            if stopped || objective.checkpoint_due(step) {
                self.checkpoints.save(step + 1, &learner, &objective.state())?;
                objective.checkpoint_written(&learner.model)?;
            }
            if stopped {
                return Err(TrainError::Stopped { step: step + 1 });
            }
        }
        progress.finish();
        Ok(learner)
    }
}
