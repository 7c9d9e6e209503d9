//! The loop that experiments and pre-training share: steps, learning rate, logs, checkpoints, and stopping on a signal.

use crate::checkpoint::{Checkpoints, Learner};
use crate::clip::clipped;
use crate::error::{Result, TrainError};
use crate::progress::{Progress, StepReport, clock};
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
    /// What was measured beside the loss, by name.
    pub(crate) measures: BTreeMap<String, f32>,
    /// How long the step waited for its data.
    pub(crate) waited: Duration,
}

/// An optimiser step that has been done.
pub(crate) struct CompletedStep {
    /// Its number, from 0.
    pub(crate) step: usize,
    pub(crate) learning_rate: f64,
    pub(crate) terms: BTreeMap<String, f32>,
    pub(crate) measures: BTreeMap<String, f32>,
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

    /// Changes the model by the clipped gradients of the last step.
    fn update(
        &mut self,
        learner: Learner<Self::Model>,
        learning_rate: f64,
        gradients: GradientsParams,
    ) -> Learner<Self::Model> {
        learner.update(learning_rate, gradients)
    }

    /// Validates and logs a step. It is called once for every step, before its checkpoint.
    fn record(&mut self, done: &CompletedStep, learner: &Learner<Self::Model>) -> Result<()>;

    /// Whether a step is the last one of a pass over the data.
    fn ends_epoch(&self, step: usize) -> bool;

    /// Whether a checkpoint is written after a step.
    fn checkpoint_due(&self, step: usize) -> bool;

    /// The state after the last recorded step.
    fn state(&self) -> Self::State;

    /// Called once, when the first steps of a call say how many seconds all steps of the call will take.
    fn expect(&mut self, _seconds: f64) {}

    /// Called before a checkpoint is written: what the steps before it have logged must be on the disk no later than it.
    fn sync_logs(&mut self) -> Result<()>;

    /// Called after a checkpoint has been written.
    fn checkpoint_written(&mut self, model: &Self::Model) -> Result<()>;
}

/// Steps of a call that are timed, and steps before them that are not: these also compile kernels and fill memory pools.
const TIMED: usize = 5;
const NOT_TIMED: usize = 1;

/// How long the first steps of a call took.
#[derive(Debug, Default)]
struct Pace {
    steps: usize,
    seconds: f64,
}

impl Pace {
    /// Notes a step. Returns the mean seconds of the timed steps when the last of them is done.
    fn note(&mut self, seconds: f64) -> Option<f64> {
        self.steps += 1;
        if (NOT_TIMED + 1..=NOT_TIMED + TIMED).contains(&self.steps) {
            self.seconds += seconds;
        }
        (self.steps == NOT_TIMED + TIMED).then(|| self.seconds / TIMED as f64)
    }
}

/// The error of a step whose gradients would spoil all weights. Nothing of it has been written.
fn diverged(step: usize, norm: f32) -> TrainError {
    TrainError::Failure(format!(
        "step {step}: the norm of the gradients is {norm}, although every loss term is finite; lower the learning rate of the stage or the weights of the losses"
    ))
}

/// Frees the memory that steps leave to the next one when it is dropped.
struct StepMemory;

impl Drop for StepMemory {
    fn drop(&mut self) {
        aio_encoder::free_kept_memory();
    }
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
        let _memory = StepMemory;
        let done_before = first - self.steps.start;
        let progress = Progress::resumed(self.phase, self.steps.len(), "steps", done_before);
        let (begun, mut waited_so_far) = (Instant::now(), Duration::ZERO);
        let mut pace = Pace::default();
        for step in first..self.steps.end {
            let step_begun = Instant::now();
            let learning_rate = objective.learning_rate(step);
            let StepGradients { gradients, terms, measures, waited } =
                objective.gradients(&learner.model, step)?;
            let gradients = clipped(&learner.model, gradients, learner.max_grad_norm)
                .map_err(|norm| diverged(step, norm))?;
            learner = objective.update(learner, learning_rate, gradients);
            if let Some(seconds) = pace.note(step_begun.elapsed().as_secs_f64()) {
                objective.expect(seconds * (self.steps.end - first) as f64);
                let left = self.steps.end - step - 1;
                log::info!(
                    "{}: {seconds:.2} s per step, about {} for the {left} steps left, without validations and checkpoints; estimated from {TIMED} steps, not measured",
                    self.phase,
                    clock((seconds * left as f64) as u64)
                );
            }
            let done = CompletedStep { step, learning_rate, terms, measures, waited };
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
                objective.sync_logs()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_does_not_count_and_the_next_five_give_one_estimate() {
        let mut pace = Pace::default();
        let found = [90.0, 1.0, 2.0, 3.0, 4.0, 5.0, 70.0, 80.0].map(|seconds| pace.note(seconds));
        assert_eq!(found, [None, None, None, None, None, Some(3.0), None, None]);
    }
}
