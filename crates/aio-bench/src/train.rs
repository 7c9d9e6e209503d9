//! The training loop: progressive stages, exact resume, validation, metrics as JSON lines.

use crate::checkpoint::Checkpoints;
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::evaluate;
use crate::foundation;
use crate::memory;
use crate::progress;
use crate::run::Run;
use crate::source::{Classes, Library, Source, vocabulary};
use aio_data::{Sample, fs, sampler::Tuple};
use aio_encoder::Precision;
use aio_encoder::import::Hints;
use aio_encoder::weights::{Preprocessing, Weights};
use aio_model::import::{ImportOptions, with_random_encoder};
use aio_model::lines::LineGenerator;
use aio_model::{
    Aio, AioConfig, Backbone, BackboneConfig, EncoderUse, Extractor, Frozen, NonFinite, StepInput,
    StepOutput,
};
use aio_tokenize::{Tokenizers, TokenizersConfig};
use aio_train::config::{ModelConfig, Select, StageConfig};
use aio_train::schedule::WarmupCosine;
use aio_train::tensorboard::Events;
use aio_types::PictureSize;
use burn::grad_clipping::GradientClippingConfig;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamWConfig, GradientsAccumulator, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use burn::train::{TrainOutput, TrainStep};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where training stands; written with every checkpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    /// Optimiser steps done, over all stages.
    step: usize,
    /// Seconds of training, over all calls.
    seconds: f64,
    /// Best validation score so far and its step.
    best: Option<(f64, usize)>,
}

/// One line of `metrics.jsonl`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    /// Optimiser step, from 0.
    pub step: usize,
    /// Name of the stage.
    pub stage: String,
    /// Epoch within the stage, from 0.
    pub epoch: usize,
    /// Learning rate.
    pub rate: f64,
    /// Loss terms of the step by name.
    pub terms: std::collections::BTreeMap<String, f32>,
    /// Validation score, on lines after which there was a validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
}

/// A trained backbone and what it needs to be used.
#[derive(Debug)]
pub struct Trained {
    /// The backbone, out of training mode.
    pub backbone: Backbone,
    /// Its sizes.
    pub config: BackboneConfig,
    /// Its preprocessing.
    pub preprocessing: Preprocessing,
    /// Seconds of training.
    pub seconds: f64,
    /// Optimiser steps.
    pub steps: usize,
    /// Bytes that this call was predicted to take at its peak; 0 if nothing was left to train.
    pub predicted: usize,
}

/// The pre-trained starting point with tokenizers for every modality of the experiment.
#[derive(Debug, Clone)]
pub struct Start {
    /// Sizes with the experiment's modalities.
    pub config: BackboneConfig,
    /// How pictures are prepared.
    pub preprocessing: Preprocessing,
    /// SHA-256 of the weights file.
    pub sha256: String,
    weights: Weights,
}

impl Start {
    /// Opens the experiment's weights.
    ///
    /// # Errors
    /// [`aio_encoder::weights::WeightsError`] naming the file or tensor.
    pub fn open(experiment: &Experiment) -> Result<Self> {
        let ModelConfig {
            weights: name,
            height,
            width,
            stems,
            encoder,
            attention_heads,
            normalisation,
            modalities,
            ..
        } = &experiment.model;
        let hints = Hints { heads: *attention_heads, ..Hints::default() };
        // What starts fresh is the same for all seeds: they differ in training, as with any other checkpoint.
        let options = ImportOptions {
            height: height.unwrap_or(256),
            width: width.unwrap_or(128),
            stems: *stems,
            hints,
            normalisation: *normalisation,
            seed: 0,
        };
        let (mut weights, sha256) = foundation::open(name, &options)?;
        if *encoder == EncoderUse::Random {
            // One random encoder for all seeds: they differ in training, as with any other weights.
            weights = with_random_encoder(&weights, 0)?;
        }
        let (_, mut config, mut preprocessing) = Backbone::load(&weights, &Device::flex())?;
        (preprocessing.height, preprocessing.width) =
            (height.unwrap_or(preprocessing.height), width.unwrap_or(preprocessing.width));
        config.tokenizers = TokenizersConfig {
            modalities: *modalities,
            height: preprocessing.height,
            width: preprocessing.width,
            ..config.tokenizers
        };
        let fits = config.tokenizers.stem.check(preprocessing.height, preprocessing.width);
        fits.map_err(|problem| {
            Error::user(
                format!("model.height, model.width: {problem}"),
                "choose multiples of the patch",
            )
        })?;
        Ok(Self { config, preprocessing, sha256, weights })
    }

    /// Bytes of the weights file, which stays in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.weights.bytes().len()
    }

    /// Builds the backbone on `device`: every visual modality starts from the pre-trained image stem.
    ///
    /// # Errors
    /// As [`Backbone::load`].
    pub fn backbone(&self, device: &Device) -> Result<Backbone> {
        let (loaded, _, _) = Backbone::load(&self.weights, device)?;
        let tokenizers = Tokenizers::from_pretrained(&loaded.tokenizers, &self.config.tokenizers);
        Ok(Backbone { tokenizers, ..loaded })
    }
}

/// Everything that a step needs and that does not change.
struct Trainer<'a> {
    experiment: &'a Experiment,
    run: &'a Run,
    start: &'a Start,
    device: &'a Device,
    validation: Vec<Sample>,
    stop: Arc<AtomicBool>,
}

fn optimiser(experiment: &Experiment) -> ModuleOptimizer {
    AdamWConfig::new()
        .with_weight_decay(experiment.train.weight_decay as f32)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(
            experiment.train.max_grad_norm as f32,
        )))
        .init()
}

/// What one step tells of a training.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Optimiser steps of all stages.
    pub steps: usize,
    /// Seconds of a step, once the first has been done.
    pub seconds: f64,
    /// Memory that training will take.
    pub memory: memory::Estimate,
}

/// Tries a step forward and backward of the last stage, which has all modalities, and counts the steps of all.
///
/// # Errors
/// What failed, as in [`train`].
pub fn probe(
    experiment: &Experiment,
    start: &Start,
    library: &mut Library,
    device: &Device,
) -> Result<Probe> {
    let classes = Classes::new(experiment, library)?;
    let training = device.clone().autodiff();
    let model =
        fresh(experiment, start, &classes, &training)?.0.with_precision(experiment.train.precision);
    let size = PictureSize { height: start.preprocessing.height, width: start.preprocessing.width };
    let lines = line_generator(experiment, device)?;
    let (mut steps, mut seconds, mut memory) = (0, 0.0, None::<memory::Estimate>);
    for (i, stage) in experiment.train.stages.iter().enumerate() {
        let source = Source::new(experiment, stage, &classes, library, size, lines.as_ref())?;
        steps += stage.epochs
            * (source.batches_per_epoch() / experiment.train.accumulation_steps).max(1);
        let estimate = memory::predict(experiment, start, &model, &source)?;
        memory = memory.filter(|m| m.total() > estimate.total()).or(Some(estimate));
        if i + 1 == experiment.train.stages.len() {
            let batches = source.epoch(0);
            let input = |micro: usize| {
                Ok::<_, Error>(StepInput {
                    batch: source.batch(&batches[micro % batches.len()], micro as u64)?,
                    weights: experiment.losses,
                    preprocessing: start.preprocessing.clone(),
                    accumulate: experiment.train.accumulation_steps,
                    recompute: experiment.train.activation_checkpointing,
                    device: device.clone(),
                })
            };
            // The second one counts: the first also compiles kernels and fills pools.
            for _ in 0..2 {
                let begun = std::time::Instant::now();
                for micro in 0..experiment.train.accumulation_steps {
                    let TrainOutput { item: StepOutput(terms), .. } = model.step(input(micro)?);
                    terms.map_err(|e| Error::Failure(format!("the first step: {e}")))?;
                }
                seconds = begun.elapsed().as_secs_f64();
            }
        }
    }
    let memory =
        memory.ok_or_else(|| Error::Failure("an experiment has at least one stage".into()))?;
    Ok(Probe { steps, seconds, memory })
}

/// The generator that draws missing sketches, where the experiment names one.
fn line_generator(experiment: &Experiment, device: &Device) -> Result<Option<LineGenerator>> {
    let weights = experiment.data.sketch_generator.weights();
    Ok(weights.map(|path| LineGenerator::open(path, device)).transpose()?)
}

/// Looks at every parameter.
struct Look;

impl ModuleVisitor for Look {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // Looking is all.
        let _ = param.val();
    }
}

/// The model before its first step, and what of it is frozen. It is made on the CPU, whose random numbers are the same on every machine.
fn fresh(
    experiment: &Experiment,
    start: &Start,
    classes: &Classes,
    training: &Device,
) -> Result<(Aio, Frozen)> {
    let frozen = Frozen {
        tokenizers: experiment.model.frozen_tokenizers.iter().copied().collect(),
        shared: experiment.model.shared,
        statistics: experiment.model.batch_norm_mode,
        encoder: experiment.model.encoder,
    };
    let config = AioConfig {
        backbone: start.config.clone(),
        classes: classes.len(),
        attributes: vocabulary().len(),
        frozen,
    };
    let cpu = Device::flex();
    cpu.seed(experiment.seed);
    if *training == cpu {
        return Ok((Aio::new(start.backbone(training)?, &config, training), frozen));
    }
    let model = Aio::new(start.backbone(&cpu)?, &config, &cpu);
    // Parameters are drawn when they are first looked at, which must be here and not on the other device.
    model.visit(&mut Look);
    // Moved before gradients are wanted: a parameter that is moved afterwards is no leaf of the graph.
    Ok((model.to_device(&training.clone().inner()).train().frozen(frozen), frozen))
}

/// Trains all stages, continuing from the newest checkpoint.
///
/// # Errors
/// [`Error::Stopped`] after a signal; otherwise what failed.
pub fn train(
    experiment: &Experiment,
    run: &Run,
    start: &Start,
    library: &mut Library,
    device: &Device,
    stop: Arc<AtomicBool>,
) -> Result<Trained> {
    let classes = Classes::new(experiment, library)?;
    let training = device.clone().autodiff();
    let (fresh, frozen) = fresh(experiment, start, &classes, &training)?;
    let checkpoints = Checkpoints::new(run.checkpoints(), experiment.train.keep_checkpoints);
    let (model, optimiser, state) =
        checkpoints.resume::<Aio, State>(fresh, optimiser(experiment))?;
    let mut model = model.frozen(frozen).with_precision(experiment.train.precision);
    let mut optimiser = optimiser;
    let mut state = state.unwrap_or(State { step: 0, seconds: 0.0, best: None });
    run.truncate_metrics(state.step)?;
    let trainer =
        Trainer { experiment, run, start, device, validation: classes.validation(library)?, stop };
    let size = PictureSize { height: start.preprocessing.height, width: start.preprocessing.width };
    let lines = line_generator(experiment, device)?;
    let (mut first, mut predicted) = (0, 0);
    for stage in &experiment.train.stages {
        let source = Source::new(experiment, stage, &classes, library, size, lines.as_ref())?;
        let steps = stage.epochs
            * (source.batches_per_epoch() / experiment.train.accumulation_steps).max(1);
        if state.step < first + steps {
            let estimate = memory::predict(experiment, start, &model, &source)?;
            eprintln!(
                "{}: {estimate}{}",
                stage.name,
                if *device == Device::flex() { "" } else { ", at least, on this device" }
            );
            predicted = predicted.max(estimate.total());
            (model, optimiser) =
                trainer.stage(stage, &source, first, steps, model, optimiser, &mut state)?;
        }
        first += steps;
    }
    if experiment.train.select == Select::Best && state.best.is_some() {
        let best = Checkpoints::new(run.best(), 1);
        (model, _, _) = best.resume::<Aio, State>(model, optimiser)?;
    }
    // Whatever it was trained in, a model is evaluated and written in 32 bits.
    let model = model.with_precision(Precision::F32);
    Ok(Trained {
        backbone: model.backbone.valid(),
        config: start.config.clone(),
        preprocessing: start.preprocessing.clone(),
        seconds: state.seconds,
        steps: state.step,
        predicted,
    })
}

impl Trainer<'_> {
    #[allow(clippy::too_many_arguments)]
    fn stage(
        &self,
        stage: &StageConfig,
        source: &Source,
        first: usize,
        steps: usize,
        mut model: Aio,
        mut optimiser: ModuleOptimizer,
        state: &mut State,
    ) -> Result<(Aio, ModuleOptimizer)> {
        let checkpoints =
            Checkpoints::new(self.run.checkpoints(), self.experiment.train.keep_checkpoints);
        let best = Checkpoints::new(self.run.best(), 1);
        let schedule = WarmupCosine {
            base: stage.learning_rate,
            warmup: stage.warmup_steps,
            steps,
            floor: stage.min_lr_ratio,
        };
        let per_epoch = steps / stage.epochs;
        let mut log = self.run.append_metrics()?;
        let failed = |e| self.run.events_error(e);
        let mut events = Events::create(&self.run.events(), state.step).map_err(failed)?;
        let bar = progress::bar(&stage.name, steps, "steps");
        bar.set_position((state.step - first) as u64);
        let mut clock = std::time::Instant::now();
        let mut batches = Vec::new();
        while state.step < first + steps {
            let local = state.step - first;
            let (epoch, position) = (local / per_epoch, local % per_epoch);
            if position == 0 || batches.is_empty() {
                // The epoch's stream is named by its first step, which differs between stages.
                batches = source.epoch((first + epoch * per_epoch) as u64);
            }
            let rate = schedule.at(local);
            let (gradients, terms) =
                self.gradients(source, &batches, &model, position, state.step)?;
            model = optimiser.step(rate, model, gradients);
            state.step += 1;
            let epoch_ends = position + 1 == per_epoch;
            let every = |epochs: Option<usize>| {
                epoch_ends && epochs.is_some_and(|n| (epoch + 1).is_multiple_of(n))
            };
            let stage_ends = state.step == first + steps;
            let mut validation = None;
            if stage_ends || every(self.experiment.train.validate_every) {
                validation = self.validate(&model)?;
            }
            let line = Line {
                step: state.step - 1,
                stage: stage.name.clone(),
                epoch,
                rate,
                terms: terms.into_iter().collect(),
                validation,
            };
            writeln!(
                log,
                "{}",
                serde_json::to_string(&line).map_err(|e| Error::Failure(e.to_string()))?
            )
            .and_then(|()| log.flush())
            .map_err(|e| self.run.metrics_error(e))?;
            let scalars = line.terms.iter().map(|(name, value)| (format!("loss/{name}"), *value));
            let others = [("rate", Some(rate)), ("validation", validation)];
            let others = others
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value? as f32)));
            events.scalars(line.step, scalars.chain(others)).map_err(failed)?;
            let stopped = self.stop.load(Ordering::Relaxed);
            if epoch_ends || stopped {
                events.flush().map_err(failed)?;
            }
            bar.inc(1);
            state.seconds += clock.elapsed().as_secs_f64();
            clock = std::time::Instant::now();
            if let Some(score) = validation.filter(|v| state.best.is_none_or(|(b, _)| *v > b)) {
                state.best = Some((score, state.step));
                best.save(state.step, &model, &optimiser, &state)?;
            }
            if stopped || stage_ends || every(self.experiment.train.checkpoint_every) {
                checkpoints.save(state.step, &model, &optimiser, &state)?;
            }
            if stopped {
                return Err(Error::Stopped { step: state.step });
            }
        }
        bar.finish_and_clear();
        Ok((model, optimiser))
    }

    /// Gradients of one optimiser step, averaged over its micro-batches, and the terms of the last of them.
    fn gradients(
        &self,
        source: &Source,
        batches: &[Vec<Tuple>],
        model: &Aio,
        position: usize,
        step: usize,
    ) -> Result<(GradientsParams, aio_model::Terms)> {
        let n = self.experiment.train.accumulation_steps;
        let mut accumulator = GradientsAccumulator::new();
        let mut last = Vec::new();
        for micro in 0..n {
            let tuples = &batches[(position * n + micro) % batches.len()];
            let batch = source.batch(tuples, (step * n + micro) as u64)?;
            let classes = batch.classes.clone();
            let TrainOutput { grads, item: StepOutput(terms) } = model.step(StepInput {
                batch,
                weights: self.experiment.losses,
                preprocessing: self.start.preprocessing.clone(),
                accumulate: n,
                recompute: self.experiment.train.activation_checkpointing,
                device: self.device.clone(),
            });
            last = terms.map_err(|e| self.dump(&e, step, &classes))?;
            accumulator.accumulate(model, grads);
        }
        Ok((accumulator.grads(), last))
    }

    fn validate(&self, model: &Aio) -> Result<Option<f64>> {
        if self.validation.is_empty() {
            return Ok(None);
        }
        let extractor = Extractor::new(
            &model.backbone,
            &self.start.config,
            self.start.preprocessing.clone(),
            self.device,
        );
        evaluate::validate(&self.validation, &extractor).map(Some).map_err(|error| {
            let first = self.experiment.train.stages[0].datasets[0];
            Error::user(
                format!("validation on held-out people of {first}: {error}"),
                "data.validation_fraction = 0.0 does without",
            )
        })
    }

    /// Writes what is known of a step whose loss is not a number.
    fn dump(&self, error: &NonFinite, step: usize, classes: &[usize]) -> Error {
        let terms: std::collections::BTreeMap<_, _> =
            error.terms.iter().map(|(n, v)| (n.clone(), v.to_string())).collect();
        let text = serde_json::json!({"step": step, "term": error.term, "terms": terms, "classes": classes}).to_string();
        let path = self.run.directory().join(format!("non-finite-step-{step}.json"));
        match fs::write_then_rename(&path, text.as_bytes()) {
            Ok(()) => Error::Failure(format!(
                "step {step}: {error}; the step is described in {}",
                path.display()
            )),
            Err(e) => {
                Error::Failure(format!("step {step}: {error}; it could not be described: {e}"))
            }
        }
    }
}
