//! The model and its optimiser before the first step.

use super::setup::TrainingSetup;
use crate::checkpoint::Learner;
use crate::config::TrainConfig;
use crate::error::Result;
use crate::flops::HeadSizes;
use crate::loader::SoftmaxSample;
use crate::start::{draw_parameters, to_training_device};
use aio_heads::RowAdamW;
use aio_model::{Aio, AioConfig, Backbone, Frozen, SketchGenerator};
use aio_types::rng;
use burn::optim::{AdamWConfig, ModuleOptimizer};
use burn::tensor::Device;
use rand::RngExt;

/// What keeps its pre-trained weights.
pub(super) fn frozen_parts(setup: &TrainingSetup) -> Frozen {
    let model = &setup.config.model;
    Frozen {
        tokenizers: model.frozen_tokenizers.iter().copied().collect(),
        shared: model.shared,
        batch_norm_mode: model.batch_norm_mode,
        encoder: model.encoder,
        text: model.text,
    }
}

/// The model before its first step, on the training device. It is drawn on the CPU, whose random numbers are the same on every machine. Every part
/// has a stream of its own, so that trainings that differ in one part start with the same others.
///
/// # Errors
/// As [`crate::StartingPoint::backbone`].
pub(crate) fn initial_model(setup: &TrainingSetup, sizes: HeadSizes) -> Result<Aio> {
    let HeadSizes { classes, attributes } = sizes;
    let frozen = frozen_parts(setup);
    let losses = &setup.config.losses;
    let config = AioConfig {
        backbone: setup.start.config.clone(),
        classes,
        samples_classes: SoftmaxSample::new(setup.config, classes).is_some(),
        attributes,
        queue: if losses.binding == 0.0 { 0 } else { losses.queue },
        frozen,
    };
    let training = setup.device.clone().autodiff();
    let cpu = Device::flex();
    let draw = |part: &str, backbone: Backbone| {
        cpu.seed(rng(setup.config.seed, part, 0).random());
        draw_parameters(&backbone);
        backbone
    };
    let fresh = |device: &Device| -> Result<Aio> {
        let backbone = draw("backbone", setup.start.backbone(device)?);
        let backbone = draw("adapters", backbone.with_adapters(&config.backbone, device));
        let backbone = draw("fusion", backbone.with_fusion(&config.backbone, device));
        cpu.seed(rng(setup.config.seed, "heads", 0).random());
        let model = Aio::new(backbone, &config, device);
        draw_parameters(&model);
        Ok(model)
    };
    if training == cpu {
        return fresh(&training);
    }
    let model = fresh(&cpu)?;
    Ok(to_training_device(model, &training).frozen(frozen))
}

/// A fresh model with its optimiser.
pub(super) fn initial_learner(setup: &TrainingSetup, sizes: HeadSizes) -> Result<Learner<Aio>> {
    let model = initial_model(setup, sizes)?;
    let config = &setup.config.train;
    Ok(Learner {
        model,
        optimiser: optimiser(),
        weight_decay: config.weight_decay,
        max_grad_norm: config.max_grad_norm,
    })
}

/// The moments' decays and the epsilon of AdamW.
const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

fn optimiser() -> ModuleOptimizer {
    AdamWConfig::new()
        .with_beta_1(BETA_1)
        .with_beta_2(BETA_2)
        .with_epsilon(EPSILON)
        .with_weight_decay(0.0)
        .init()
}

/// The same optimiser for the rows of a sampled classifier.
pub(super) fn centres_rule(config: &TrainConfig, learning_rate: f64) -> RowAdamW {
    RowAdamW {
        learning_rate,
        weight_decay: config.weight_decay as f32,
        beta_1: BETA_1,
        beta_2: BETA_2,
        epsilon: EPSILON,
    }
}

/// The generator that draws missing sketches, where the configuration names one.
///
/// # Errors
/// [`aio_encoder::weights::WeightsError`] naming the file or tensor that does not fit.
pub(crate) fn sketch_generator(setup: &TrainingSetup) -> Result<Option<SketchGenerator>> {
    let weights = setup.config.data.sketch_generator.weights();
    Ok(weights.map(|path| SketchGenerator::open(path, setup.device)).transpose()?)
}
