//! How much memory training will take, before it takes it.

use crate::config::Experiment;
use crate::error::Result;
use crate::source::Source;
use crate::train::Start;
use aio_model::{Aio, EncoderUse};
use aio_types::{Modality, ModalitySet};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use std::fmt;

/// Bytes by what they are for.
///
/// The sum is what the kernels of the CPU take (`just bench size` compares it with what the process took). Other devices run the plain
/// compositions, which keep more between the passes: there it is a lower bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The model, and the file it came from.
    pub weights: usize,
    /// Gradients and AdamW's two moments of what learns.
    pub optimiser: usize,
    /// What the forward pass keeps for the backward pass, and what that works on.
    pub activations: usize,
    /// After training, when what was trained is written, compared with what it started from, and reported.
    pub after: usize,
    /// Decoded pictures.
    pub pictures: usize,
    /// The program itself, and what its allocator holds back.
    pub program: usize,
}

impl Estimate {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> usize {
        (self.weights + self.optimiser + self.activations).max(self.after)
            + self.pictures
            + self.program
    }
}

fn mebibytes(bytes: usize) -> usize {
    bytes >> 20
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { weights, optimiser, activations, after, pictures, program } = self;
        let parts = [
            ("weights", weights),
            ("optimiser", optimiser),
            ("activations", activations),
            ("or afterwards", after),
            ("pictures", pictures),
            ("program", program),
        ];
        let listed: Vec<String> =
            parts.iter().map(|(name, bytes)| format!("{name} {}", mebibytes(**bytes))).collect();
        write!(f, "about {} MiB at the peak ({})", mebibytes(self.total()), listed.join(", "))
    }
}

/// What the program takes beside everything that depends on the experiment.
const PROGRAM: usize = 100 << 20;

/// What evaluation and the report take beside models and files.
const REPORT: usize = 200 << 20;

/// Seconds for which the allocator keeps what was freed (`main` asks it to). Steps differ in the lengths of their sequences, so that what one
/// frees seldom fits the next: in short steps about half of the activations is held a second time.
const PATIENCE: f64 = 10.0;

/// Operations a second of one thread, about.
const SPEED: f64 = 5e10;

/// Bytes of a number.
const NUMBER: usize = 4;

/// Parameters by whether they learn.
#[derive(Debug, Default)]
struct Count {
    all: usize,
    learned: usize,
}

impl ModuleVisitor for Count {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let count: usize = value.dims().iter().product();
        self.all += count;
        self.learned += if value.is_require_grad() { count } else { 0 };
    }
}

/// A forward pass of the encoder: so many sequences of so many tokens, made of so many pictures each.
#[derive(Debug, Clone, Copy)]
struct Pass {
    rows: usize,
    tokens: usize,
    pictures: usize,
}

/// The passes of the largest step: every modality alone, the longest combinations, and the attribute head's.
fn passes(experiment: &Experiment, start: &Start, rows: usize, caption: usize) -> Vec<Pass> {
    let tokenizers = &start.config.tokenizers;
    let grid = tokenizers.grid();
    let of = |set: ModalitySet| {
        let pictures = set.iter().filter(|m| m.is_visual()).count();
        let text = if set.contains(Modality::Text) { caption } else { 0 };
        Pass {
            rows,
            tokens: 1 + tokenizers.registers + pictures * grid.rows * grid.columns + text,
            pictures,
        }
    };
    let known = experiment.model.modalities;
    let alone = |m: Modality| of([m].into_iter().collect());
    // A sentence alone keeps nothing where its tokenizer is frozen and [CLS] with it.
    let silent = |m: &Modality| {
        experiment.model.shared == aio_model::Shared::Frozen
            && experiment.model.frozen_tokenizers.contains(m)
            && experiment.model.encoder != EncoderUse::Trained
    };
    let mut passes: Vec<Pass> = known.iter().filter(|m| !silent(m)).map(alone).collect();
    let mut combined: Vec<Pass> = ModalitySet::combinations()
        .into_iter()
        .filter(|set| set.len() > 1 && set.iter().all(|m| known.contains(m)))
        .map(of)
        .collect();
    combined.sort_by_key(|pass| std::cmp::Reverse(pass.tokens));
    passes.extend(combined.into_iter().take(experiment.train.combinations));
    if experiment.losses.attribute != 0.0 && known.contains(Modality::Text) {
        passes.push(of([Modality::Rgb, Modality::Text].into_iter().collect()));
    }
    passes
}

/// Seconds that a step takes, about: two operations per weight and token forward, as many backward, and again what is computed again.
fn step_seconds(experiment: &Experiment, start: &Start, passes: &[Pass]) -> f64 {
    let encoder = &start.config.encoder;
    let weights = encoder.depth
        * (4 * encoder.embed_dim * encoder.embed_dim + 2 * encoder.embed_dim * encoder.mlp);
    let tokens: usize = passes.iter().map(|pass| pass.rows * pass.tokens).sum();
    let times = if experiment.train.activation_checkpointing { 6.0 } else { 4.0 };
    times * (weights * tokens) as f64 / (SPEED * rayon::current_num_threads() as f64)
}

/// Bytes of activations at the peak of a step.
fn activations(experiment: &Experiment, start: &Start, passes: &[Pass]) -> usize {
    let (encoder, tokenizers) = (&start.config.encoder, &start.config.tokenizers);
    let learned = experiment.model.encoder == EncoderUse::Trained;
    let picture = tokenizers.stem.activations_per_picture(
        tokenizers.height,
        tokenizers.width,
        experiment.model.batch_norm_mode,
    );
    let stems: usize = passes.iter().map(|pass| pass.rows * pass.pictures * picture).sum();
    let in_block =
        |pass: &Pass| pass.rows * pass.tokens * encoder.activations_per_token(pass.tokens, learned);
    let working = passes
        .iter()
        .map(|pass| pass.rows * pass.tokens * encoder.backward_workspace_per_token())
        .max()
        .unwrap_or(0);
    let blocks: usize = if experiment.train.activation_checkpointing {
        // Inputs of all blocks of all passes, and one block of one pass at a time.
        let inputs: usize = passes
            .iter()
            .map(|pass| pass.rows * pass.tokens * encoder.embed_dim * (encoder.depth + 1))
            .sum();
        inputs + passes.iter().map(in_block).max().unwrap_or(0)
    } else {
        encoder.depth * passes.iter().map(in_block).sum::<usize>()
    };
    NUMBER * (stems + blocks + working)
}

/// Predicts the peak of training on `source` with `model`.
///
/// # Errors
/// As [`Source::batch`].
pub fn predict(
    experiment: &Experiment,
    start: &Start,
    model: &Aio,
    source: &Source,
) -> Result<Estimate> {
    let mut count = Count::default();
    model.visit(&mut count);
    let first =
        source.epoch(0).into_iter().next().map(|tuples| source.batch(&tuples, 0)).transpose()?;
    // Captions are padded to the longest of their batch, and any batch will do for how long that is.
    let caption = first
        .iter()
        .flat_map(|batch| &batch.tuples)
        .filter_map(|tuple| Some(tuple.caption.as_ref()?.ids.len()))
        .max()
        .unwrap_or(0)
        .next_multiple_of(8);
    let rows = experiment.train.identities * experiment.train.instances_per_identity;
    let (model, file) = (NUMBER * count.all, start.bytes());
    let passes = passes(experiment, start, rows, caption);
    let activations = activations(experiment, start, &passes);
    let held_back =
        if step_seconds(experiment, start, &passes) < PATIENCE / 5.0 { activations / 2 } else { 0 };
    Ok(Estimate {
        weights: model + file,
        after: 3 * file + 2 * model + REPORT,
        optimiser: 3 * NUMBER * count.learned,
        activations,
        pictures: source.held_bytes(),
        program: PROGRAM + held_back,
    })
}
