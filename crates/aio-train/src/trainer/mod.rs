//! Training of tokenizers and heads in progressive stages, with exact resume.

mod cost;
mod logs;
mod model;
mod setup;
mod stage;
mod state;
mod validation;

pub(crate) use cost::StageCost;
pub(crate) use model::{initial_model, sketch_generator};
pub(crate) use setup::TrainingData;
pub(crate) use stage::{stage_steps, step_input};

pub use logs::MetricsLine;
pub use setup::{TrainedModel, TrainingPaths, TrainingSetup};

use crate::checkpoint::{Checkpoints, Learner};
use crate::config::{Select, StageConfig, TrainingConfig};
use crate::error::{Result, TrainError};
use crate::loader::{Library, StageLoader, unvalidated};
use crate::signals::StopFlag;
use crate::training_loop::TrainingLoop;
use aio_encoder::Precision;
use aio_model::{Aio, BackboneConfig, Neck};
use burn::module::Module;
use cost::Predicted;
use stage::{StageContext, StageTraining};
use state::TrainState;

/// Trains all stages, continuing from the newest checkpoint.
///
/// # Errors
/// [`crate::TrainError::Stopped`], after a checkpoint, if `stop` is raised; otherwise what failed.
pub fn train(
    setup: &TrainingSetup,
    paths: &TrainingPaths,
    library: &mut Library,
    stop: &StopFlag,
) -> Result<TrainedModel> {
    let TrainingSetup { config, start, .. } = *setup;
    let data = TrainingData::open(setup, library)?;
    let sizes = data.head_sizes();
    let initial = model::initial_learner(setup, sizes)?;
    let checkpoints =
        Checkpoints::new(&paths.checkpoints, config.train.keep_checkpoints).claimed_by(stop);
    let (mut learner, state) = checkpoints.resume::<Aio, TrainState>(initial)?;
    let frozen = model::frozen_parts(setup);
    learner.model = learner.model.frozen(frozen).with_precision(config.train.precision);
    let mut state = state.unwrap_or_default();
    logs::truncate_metrics(&paths.metrics, state.step)?;
    let held_out = data.classes.validation(library)?;
    if let Some(missing) = unvalidated(config, library, &held_out)? {
        // Where the last checkpoint is taken, nothing depends on the validation.
        let level = match config.train.select {
            Select::Last => log::Level::Info,
            Select::Best => log::Level::Warn,
        };
        log::log!(level, "{missing}");
    }
    let context = StageContext { setup, paths, held_out: &held_out, stop };
    let generator = sketch_generator(setup)?;
    let settings = data.loader_settings(setup, generator.as_ref());
    // A stage without batches is found before an earlier one is trained.
    for stage in config.train.stages.iter().skip(1) {
        StageLoader::check(&settings, stage, library)?;
    }
    let mut first = 0;
    let mut predicted = Predicted::default();
    for stage in &config.train.stages {
        let loader = StageLoader::open(&settings, stage, library)?;
        let stage_steps = stage_steps(setup, stage, &loader, first);
        let steps = stage_steps.steps.clone();
        first = steps.end;
        if state.step >= steps.end {
            continue;
        }
        let cost = StageCost::predict(setup, &learner.model, &loader, sizes)?;
        let resumed_at = state.step;
        if resumed_at == steps.start {
            learner.model = learner.model.with_empty_queue();
        }
        warn_of_idle_queue(config, stage, steps.len());
        cost.say(setup, &stage.name, steps.end - resumed_at);
        predicted.add(&cost, steps.end - resumed_at);
        let mut training = StageTraining::open(&context, stage, loader, stage_steps, &mut state)?;
        let training_loop =
            TrainingLoop { phase: &stage.name, steps, checkpoints: &checkpoints, stop };
        learner = training_loop.run(resumed_at, &mut training, learner)?;
        predicted.add_seconds(training.expected_seconds);
    }
    if config.train.select == Select::Best
        && let Some(score) = state.best
    {
        learner = best_learner(paths, score.step, learner)?;
    }
    let Learner { model, .. } = learner;
    // Whatever it was trained in, a model is evaluated and written in 32 bits.
    let model = model.with_precision(Precision::F32);
    Ok(TrainedModel {
        backbone: model.retrieval(config.losses.neck).valid(),
        config: retrieval_config(setup),
        preprocessing: start.preprocessing.clone(),
        seconds: state.seconds,
        waiting_for_data: state.waiting_share(),
        steps: state.step,
        predicted_memory: predicted.memory,
        predicted_flops: predicted.flops,
        predicted_seconds: predicted.seconds,
    })
}

/// Seconds of training that the newest checkpoint of a run holds; 0 where there is none that can be read.
#[must_use]
pub fn trained_seconds(checkpoints: &Checkpoints) -> f64 {
    let state = checkpoints.state::<TrainState>().ok().flatten();
    state.map_or(0.0, |state| state.seconds)
}

/// Says where the queue of the binding loss has no effect: no anchor comes out of it in the steps of a stage.
fn warn_of_idle_queue(config: &TrainingConfig, stage: &StageConfig, steps: usize) {
    let losses = &config.losses;
    if losses.binding != 0.0 && losses.queue > 0 && steps <= losses.queue_after + 1 {
        log::warn!(
            "{}: losses.queue_after = {} leaves no anchors for its {steps} steps: losses.queue has no effect",
            stage.name,
            losses.queue_after
        );
    }
}

/// The learner of the best step, from its checkpoint.
fn best_learner(paths: &TrainingPaths, step: usize, last: Learner<Aio>) -> Result<Learner<Aio>> {
    let best = Checkpoints::new(&paths.best_checkpoint, 1);
    // A later one can lie beside it: that of a call which was killed before it wrote what it had found.
    let Some((found, _)) = best.load::<Aio, TrainState>(step, last)? else {
        let directory = paths.best_checkpoint.display();
        return Err(TrainError::invalid(
            format!("{directory} has no checkpoint of step {step}, the best one"),
            format!(
                "remove {} and run the command again; the training then starts from its beginning",
                paths.checkpoints.display()
            ),
        ));
    };
    Ok(found)
}

/// Sizes of [`Aio::retrieval`].
fn retrieval_config(setup: &TrainingSetup) -> BackboneConfig {
    let start = &setup.start.config;
    let projection_bias = start.projection_bias || setup.config.losses.neck == Neck::After;
    BackboneConfig { projection_bias, ..start.clone() }
}

#[cfg(test)]
mod tests;
