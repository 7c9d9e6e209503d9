//! `aio pretrain`: the recipe that made the embedded encoder.

use crate::checkpoint::Checkpoints;
use crate::error::{Error, Result};
use crate::progress;
use crate::schedule::WarmupCosine;
use aio_data::augment::{Augmentation, Colours};
use aio_data::picture::{Picture, PictureSize};
use aio_data::synth::corpus::{self, Depictions, Item};
use aio_data::{fs, rng};
use aio_encoder::weights::{Preprocessing, Weights};
use aio_model::{Backbone, pictures, pretrain, token_ids};
use aio_tokenize::bpe::Bpe;
use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::Device;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The recipe. Its defaults are the first phase of what made the committed weights; their model card has the second.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
pub struct Recipe {
    /// Optimiser steps.
    #[arg(long, default_value_t = 2000)]
    pub steps: usize,
    /// Pairs of picture and caption in a step.
    #[arg(long, default_value_t = 96)]
    pub batch: usize,
    /// Pictures in the corpus.
    #[arg(long, default_value_t = 24_000)]
    pub corpus: usize,
    /// Peak learning rate.
    #[arg(long, default_value_t = 1.5e-3)]
    pub rate: f64,
    /// Temperature of the contrastive loss.
    #[arg(long, default_value_t = 0.07)]
    pub temperature: f64,
    /// Optimiser steps of the linear warm-up.
    #[arg(long, default_value_t = 150)]
    pub warmup: usize,
    /// Weights to start from instead of random ones.
    #[arg(long)]
    pub init: Option<PathBuf>,
    /// Fraction of people that are drawn.
    #[arg(long, default_value_t = 0.0)]
    pub drawn: f32,
    /// Fraction of people that are photographed in infrared.
    #[arg(long, default_value_t = 0.0)]
    pub infrared: f32,
    /// Seed of the corpus, the weights and the order.
    #[arg(long, default_value_t = 20240508)]
    pub seed: u64,
}

#[derive(Serialize, Deserialize)]
struct State {
    step: usize,
    recipe: Recipe,
}

/// Pictures are normalised to −1..1, as TransReID-SSL's stem expects.
fn preprocessing() -> Preprocessing {
    let config = pretrain::config().tokenizers;
    Preprocessing { height: config.height, width: config.width, mean: [0.5; 3], std: [0.5; 3], interpolation: "bilinear, antialiased".into() }
}

const CHECKPOINT_EVERY: usize = 250;

/// Indices of a step's pairs: the corpus shuffled anew in every pass.
fn pairs(recipe: &Recipe, step: usize) -> (u64, Vec<usize>) {
    let per_pass = recipe.corpus / recipe.batch;
    let (pass, position) = (step / per_pass, step % per_pass);
    let mut order: Vec<usize> = (0..recipe.corpus).collect();
    order.shuffle(&mut rng(recipe.seed, "pre-training order", pass as u64));
    (pass as u64, order[position * recipe.batch..(position + 1) * recipe.batch].to_vec())
}

fn prepare(recipe: &Recipe, corpus: &[Item], step: usize) -> (Vec<Picture>, Vec<Vec<u32>>) {
    let augmentation = Augmentation { jitter: 0.1, erase: 0.0, ..Augmentation::default() };
    let (pass, chosen) = pairs(recipe, step);
    chosen
        .par_iter()
        .map(|i| {
            let mut picture = corpus[*i].picture.clone();
            let stream = &mut rng(recipe.seed, &format!("pre-training augmentation {i}"), pass);
            augmentation.apply(&mut picture, [128; 3], Colours::Vary, stream);
            (picture, Bpe::clip().encode(&corpus[*i].caption(recipe.seed, *i as u64, pass)).ids)
        })
        .unzip()
}

/// Trains the encoder and writes `embedded.safetensors`, `loss.csv` and checkpoints into `out`.
///
/// # Errors
/// [`Error`] if something cannot be written, or `out` holds checkpoints of another recipe.
pub fn run(recipe: &Recipe, out: &Path, device: &Device) -> Result<PathBuf> {
    let config = pretrain::config();
    let preprocessing = preprocessing();
    let size = PictureSize { height: preprocessing.height, width: preprocessing.width };
    if recipe.batch == 0 || recipe.corpus < recipe.batch {
        return Err(Error::user("a corpus smaller than one batch", "raise --corpus or lower --batch"));
    }
    let bar = progress::bar("rendering corpus", recipe.corpus, "pictures");
    let items = corpus::render(recipe.seed, recipe.corpus, size, Depictions { drawn: recipe.drawn, infrared: recipe.infrared }, &|| bar.inc(1));
    bar.finish();
    device.seed(recipe.seed);
    let checkpoints = Checkpoints::new(out.join("checkpoint"), 1);
    let optimiser = AdamWConfig::new()
        .with_beta_2(0.98)
        .with_epsilon(1e-6)
        .with_weight_decay(0.05)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
        .init();
    let training = device.clone().autodiff();
    let start = match &recipe.init {
        Some(path) => Backbone::load(&Weights::open(path)?, &training)?.0,
        None => config.init(&training),
    };
    let (mut model, mut optimiser, state) = checkpoints.resume::<Backbone, State>(start, optimiser)?;
    let first = state.map_or(0, |s| s.step);
    let schedule = WarmupCosine { base: recipe.rate, warmup: recipe.warmup, steps: recipe.steps, floor: 0.02 };
    fs::create_dir_all(out)?;
    let log = out.join("loss.csv");
    let mut log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log)
        .map_err(|e| Error::Failure(format!("cannot write {}: {e}", log.display())))?;
    let bar = progress::bar("pre-training", recipe.steps, "steps");
    bar.set_position(first as u64);
    for step in first..recipe.steps {
        let (images, captions) = prepare(recipe, &items, step);
        let loss = pretrain::loss(&model, pictures(&images, &preprocessing, device), token_ids(&captions, device), recipe.temperature);
        let value: f32 = loss.clone().into_scalar();
        if !value.is_finite() {
            return Err(Error::Failure(format!("the contrastive loss is {value} at step {step}")));
        }
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optimiser.step(schedule.at(step), model, grads);
        writeln!(log, "{step},{value}").map_err(|e| Error::Failure(format!("cannot write the loss curve: {e}")))?;
        bar.inc(1);
        if (step + 1) % CHECKPOINT_EVERY == 0 || step + 1 == recipe.steps {
            checkpoints.save(step + 1, &model, &optimiser, &State { step: step + 1, recipe: recipe.clone() })?;
            write(out, &model.valid(), recipe)?;
        }
    }
    bar.finish();
    write(out, &model.valid(), recipe)
}

fn write(out: &Path, model: &Backbone, recipe: &Recipe) -> Result<PathBuf> {
    let recipe = serde_json::to_value(recipe).map_err(|e| Error::Failure(e.to_string()))?;
    let card = [("recipe", recipe), ("licence", "MIT OR Apache-2.0".into()), ("origin", "aio pretrain, rendered data only".into())];
    let bytes = model.to_bytes(&pretrain::config(), &preprocessing(), &card)?;
    let path = out.join("embedded.safetensors");
    fs::write_then_rename(&path, &bytes)?;
    Ok(path)
}
