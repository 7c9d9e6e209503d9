//! The parts of an experiment file that decide a training: data, model, training and losses.
//!
//! The types are the schema of the file: doc comments are the descriptions of docs/configuration.md, and the ranges of the
//! `schemars` attributes are those that a file is checked against. `x-unit` is the unit of a number.

mod data;
mod model;
mod number_or_word;
mod train;

pub use data::{DataConfig, SketchSource};
pub use model::ModelConfig;
pub(crate) use train::TrainedParts;
pub use train::{Batches, Select, StageConfig, StageLength, TrainConfig};

use aio_model::LossWeights;

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
