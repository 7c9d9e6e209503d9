//! `aio pretrain`.

use super::arguments::{DeviceArgument, JsonArgument, choice};
use super::output::Output;
use crate::device;
use crate::error::Result;
use crate::lock::{DirectoryLock, WhenTaken};
use crate::overwrite;
use aio_data::checksum::folder;
use aio_data::fs;
use aio_train::StopFlag;
use aio_train::pretrain::{self, Recipe, Stem};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  aio pretrain
  aio pretrain --depth 6 --width 192 --output runs/pretrain/large
  aio pretrain --steps 1500 --pictures-first 500 --company-steps 375 --warmup-steps 100 --stem batch --device cuda

A call that was stopped continues when it is repeated. The embedded weights were made by an earlier recipe (docs/fidelity.md).";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Directory of the weights, the loss curve and the checkpoints.
    #[arg(long, alias = "out", value_name = "DIR", default_value = "runs/pretrain")]
    output: PathBuf,
    #[command(flatten)]
    device: DeviceArgument,
    #[command(flatten)]
    form: JsonArgument,
    #[command(flatten)]
    recipe: RecipeArguments,
}

/// The recipe.
#[derive(Debug, Args)]
#[command(next_help_heading = "Recipe")]
struct RecipeArguments {
    /// Optimiser steps, without those of --company-steps.
    #[arg(long, default_value_t = Recipe::default().steps)]
    steps: usize,
    /// Pairs of picture and caption in a step.
    #[arg(long, default_value_t = Recipe::default().batch)]
    batch: usize,
    /// People in the corpus, with two pictures each.
    #[arg(long, default_value_t = Recipe::default().corpus)]
    corpus: usize,
    /// Peak learning rate.
    #[arg(long, alias = "rate", default_value_t = Recipe::default().learning_rate)]
    learning_rate: f64,
    /// Temperature of the contrastive loss.
    #[arg(long, default_value_t = Recipe::default().temperature)]
    temperature: f64,
    /// Weight of the loss of the words, which is a sum over all words of the vocabulary.
    #[arg(long, default_value_t = Recipe::default().words)]
    words: f64,
    /// Weight of the contrastive loss between pictures and captions.
    #[arg(long, default_value_t = Recipe::default().contrastive)]
    contrastive: f64,
    /// Weight of the contrastive loss between two views of a picture.
    #[arg(long, default_value_t = Recipe::default().views)]
    views: f64,
    /// Fraction of second views that are the other picture of the person, by another camera, instead of the same picture.
    #[arg(long, default_value_t = Recipe::default().pairs)]
    pairs: f64,
    /// Optimiser steps at the beginning that read no captions.
    #[arg(long, default_value_t = Recipe::default().pictures_first)]
    pictures_first: usize,
    /// Final steps with several inputs of some people in one sequence, by turns a picture and a caption, two pictures, and two pictures and a caption. They follow those of --steps, which does not include them.
    #[arg(long, default_value_t = Recipe::default().company_steps)]
    company_steps: usize,
    /// Peak learning rate of these later steps, which have their own warm-up and cosine schedule.
    #[arg(long, alias = "company-rate", default_value_t = Recipe::default().company_learning_rate)]
    company_learning_rate: f64,
    /// Optimiser steps of the linear warm-up.
    #[arg(long, alias = "warmup", default_value_t = Recipe::default().warmup_steps)]
    warmup_steps: usize,
    /// Weights to start from instead of random ones. They decide --stem, --depth and --width, and need pictures and text.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["stem", "depth", "width"])]
    init: Option<PathBuf>,
    /// Fraction of pictures in near infrared.
    #[arg(long, default_value_t = Recipe::default().infrared)]
    infrared: f32,
    /// Fraction of pencil sketches.
    #[arg(long, default_value_t = Recipe::default().sketch)]
    sketch: f32,
    /// Fraction of colour-pencil drawings.
    #[arg(long, default_value_t = Recipe::default().colour_pencil)]
    colour_pencil: f32,
    /// Strength of the randomisation of every picture, from 0 to 1.
    #[arg(long, default_value_t = Recipe::default().randomise)]
    randomise: f32,
    /// Seed of the corpus, the weights and the order.
    #[arg(long, default_value_t = Recipe::default().seed)]
    seed: u64,
    /// What turns pictures into tokens: a pyramid of convolutions with IBN (ibn), the same with batch normalisation
    /// (batch), or one convolution per patch (patch).
    #[arg(long, default_value = "ibn", value_parser = choice(&STEMS))]
    stem: Stem,
    /// Blocks of the encoder.
    #[arg(long, default_value_t = Recipe::default().depth)]
    depth: usize,
    /// Width of the encoder, a multiple of 32: attention heads have 32 channels.
    #[arg(long, default_value_t = Recipe::default().embed_dim)]
    width: usize,
}

const STEMS: [(&str, Stem); 3] =
    [("ibn", Stem::Ibn), ("batch", Stem::Batch), ("patch", Stem::Patch)];

impl From<RecipeArguments> for Recipe {
    fn from(typed: RecipeArguments) -> Self {
        Self {
            steps: typed.steps,
            batch: typed.batch,
            corpus: typed.corpus,
            learning_rate: typed.learning_rate,
            temperature: typed.temperature,
            words: typed.words,
            contrastive: typed.contrastive,
            views: typed.views,
            pairs: typed.pairs,
            pictures_first: typed.pictures_first,
            company_steps: typed.company_steps,
            company_learning_rate: typed.company_learning_rate,
            warmup_steps: typed.warmup_steps,
            init: typed.init,
            infrared: typed.infrared,
            sketch: typed.sketch,
            colour_pencil: typed.colour_pencil,
            randomise: typed.randomise,
            seed: typed.seed,
            stem: typed.stem,
            depth: typed.depth,
            embed_dim: typed.width,
        }
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Written {
    weights: PathBuf,
}

/// Refuses a directory in which the weights to start from, or files of another kind, have the names of what is written.
fn check_files(directory: &Path, recipe: &Recipe) -> Result<()> {
    let weights = directory.join(pretrain::WEIGHTS);
    overwrite::check("--output", &weights, recipe.init.as_deref())?;
    overwrite::check_weights("--output", &weights)?;
    let curve = directory.join(pretrain::LOSS_CURVE);
    let columns: Vec<&str> = pretrain::LOSS_CURVE_HEADER.split(',').collect();
    overwrite::check_kind("--output", &curve, "the loss curve of a pre-training", |path| {
        overwrite::has_columns(path, &columns, None)
    })?;
    let sums = directory.join(folder::SUMS);
    overwrite::check_kind("--output", &sums, "the checksum of pre-trained weights", |path| {
        Ok(fs::read_to_string(path)?.lines().all(|line| line.ends_with(pretrain::WEIGHTS)))
    })
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let device = device::open(&self.device.device)?;
        let recipe = Recipe::from(self.recipe);
        check_files(&self.output, &recipe)?;
        let stop = StopFlag::on_signals()?;
        let lock = DirectoryLock::require(&self.output, WhenTaken::Refuse, &stop)?;
        let stop = lock.guard(stop);
        let weights = pretrain::run(&recipe, &self.output, &device, &stop)?;
        let written = Written { weights };
        self.form.output(&written, || format!("{}\n", written.weights.display()))
    }
}
