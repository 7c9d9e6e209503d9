//! The parts of an experiment file that decide a training: data, model, training and losses.

use aio_data::DatasetName;
use aio_data::augment::Augmentation;
use aio_encoder::Precision;
use aio_model::import::{Normalisation, Stems};
use aio_model::{EncoderUse, LossWeights, Shared};
use aio_synth::benchmark::Size;
use aio_tokenize::BatchNormMode;
use aio_types::{Modality, ModalitySet};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that decides a training.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingConfig {
    /// Seed of weights, order and augmentation.
    pub seed: u64,
    /// Where data come from.
    pub data: DataConfig,
    /// What is trained.
    pub model: ModelConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// Losses and their weights.
    pub losses: LossWeights,
}

/// Where data come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Directory of the data sets. Relative paths start at the working directory.
    pub root: PathBuf,
    /// Whether the synthetic benchmark is rendered into `root` if it is not there.
    pub synthetic: bool,
    /// Seed of the synthetic benchmark.
    pub seed: u64,
    /// People in the synthetic benchmark.
    pub size: Size,
    /// Fraction of the first data set's training identities held out for validation.
    #[serde(rename = "validation")]
    pub validation_fraction: f64,
    /// Fraction of every data set's training identities that is used, drawn with the seed.
    #[serde(rename = "fraction")]
    pub identity_fraction: f64,
    /// Weights of the informative-drawings line generator, which draws missing sketches; empty for the line filter.
    #[serde(rename = "lines")]
    pub sketch_generator: String,
    /// Whether real data sets may be tested although a training set shows some of the same people.
    pub allow_leakage: bool,
}

/// What is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// `embedded`, or the path of a weights file of this project or of a checkpoint of another one (docs/weights.md).
    pub weights: String,
    /// Rows of input pictures, to which positions are interpolated; 0 keeps those of the weights (256 for checkpoints).
    pub height: usize,
    /// Columns of input pictures; 0 keeps those of the weights (128 for checkpoints).
    pub width: usize,
    /// Where image stems and text table start from.
    pub stems: Stems,
    /// Whether the encoder keeps its pre-trained weights, learns, or is random.
    pub encoder: EncoderUse,
    /// How pictures are normalised for a checkpoint whose layout does not tell.
    pub normalisation: Normalisation,
    /// Attention heads of a checkpoint; 0 stands for one per 64 channels.
    #[serde(rename = "heads")]
    pub attention_heads: usize,
    /// Modalities that get a tokenizer.
    pub modalities: ModalitySet,
    /// Modalities whose tokenizers keep their pre-trained weights.
    #[serde(rename = "frozen")]
    pub frozen_tokenizers: Vec<Modality>,
    /// Whether the `[CLS]` token and the output projection, which all modalities share, learn.
    pub shared: Shared,
    /// Which statistics batch normalisation uses in training.
    #[serde(rename = "statistics")]
    pub batch_norm_mode: BatchNormMode,
}

/// Which checkpoint is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// The last one.
    Last,
    /// The best one by the validation split.
    Best,
}

/// How it is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Identities in a batch (P).
    pub identities: usize,
    /// Photographs of each (K).
    #[serde(rename = "tuples")]
    pub instances_per_identity: usize,
    /// Combinations of modalities that are embedded together in a step, drawn anew each time.
    pub combinations: usize,
    /// Batches whose gradients are averaged into one optimiser step.
    #[serde(rename = "accumulate")]
    pub accumulation_steps: usize,
    /// Whether the encoder's blocks are computed again in the backward pass: about a sixth of their memory for a quarter to a half more time.
    #[serde(rename = "recompute")]
    pub activation_checkpointing: bool,
    /// In which numbers the encoder's large products are computed in training.
    pub precision: Precision,
    /// Weight decay of AdamW.
    pub weight_decay: f64,
    /// Largest norm of a parameter's gradient.
    #[serde(rename = "clip")]
    pub max_grad_norm: f64,
    /// Epochs between validations; 0 validates only at the end of a stage.
    pub validate_every: usize,
    /// Epochs between checkpoints.
    pub checkpoint_every: usize,
    /// Checkpoints that are kept.
    #[serde(rename = "keep")]
    pub keep_checkpoints: usize,
    /// Which checkpoint is evaluated.
    pub select: Select,
    /// Augmentation of training pictures.
    pub augment: Augmentation,
    /// Progressive stages, in order.
    pub stages: Vec<StageConfig>,
}

/// One stage of progressive training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageConfig {
    /// Name, for logs and plots.
    pub name: String,
    /// Data sets whose training identities are pooled.
    pub datasets: Vec<DatasetName>,
    /// Passes over the identities.
    pub epochs: usize,
    /// Modalities of which real samples are used where a person has them; all others are synthesised.
    pub real: Vec<Modality>,
    /// Peak learning rate.
    #[serde(rename = "rate")]
    pub learning_rate: f64,
    /// Optimiser steps of the linear warm-up.
    #[serde(rename = "warmup")]
    pub warmup_steps: usize,
    /// Fraction of the peak rate at the end of the stage.
    #[serde(rename = "floor")]
    pub min_lr_ratio: f64,
    /// Modalities that are synthesised from the photograph where a person has no real sample; tuples go without the others.
    #[serde(default = "StageConfig::synthesised")]
    pub synthesise: Vec<Modality>,
    /// Whether the people of the data sets' validation and test parts are trained on, too, as domain generalisation does with its sources.
    #[serde(default, rename = "whole")]
    pub all_splits: bool,
}

impl StageConfig {
    /// Modalities that can be made from a photograph.
    pub fn synthesised() -> Vec<Modality> {
        vec![Modality::Infrared, Modality::Sketch, Modality::ColourPencil]
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            root: "datasets/synthetic".into(),
            synthetic: true,
            seed: 0,
            size: Size::default(),
            validation_fraction: 0.1,
            identity_fraction: 1.0,
            sketch_generator: String::new(),
            allow_leakage: false,
        }
    }
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            weights: "embedded".into(),
            height: 0,
            width: 0,
            stems: Stems::FromCheckpoint,
            encoder: EncoderUse::Frozen,
            normalisation: Normalisation::Auto,
            attention_heads: 0,
            modalities: [Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::Text]
                .into_iter()
                .collect(),
            frozen_tokenizers: Vec::new(),
            shared: Shared::Trained,
            batch_norm_mode: BatchNormMode::Batch,
        }
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            identities: 16,
            instances_per_identity: 2,
            combinations: 1,
            accumulation_steps: 1,
            activation_checkpointing: false,
            precision: Precision::F32,
            weight_decay: 0.02,
            max_grad_norm: 1.0,
            validate_every: 0,
            checkpoint_every: 2,
            keep_checkpoints: 2,
            select: Select::Last,
            augment: Augmentation::default(),
            stages: vec![StageConfig {
                name: "synthetic pairs".into(),
                datasets: vec![DatasetName::SynthPedes],
                epochs: 1,
                real: vec![Modality::Text],
                learning_rate: 1e-3,
                warmup_steps: 20,
                min_lr_ratio: 0.05,
                synthesise: StageConfig::synthesised(),
                all_splits: false,
            }],
        }
    }
}
