//! Training, shared by experiments and pre-training: batches, the loop, checkpoints, schedules and predicted memory.
//!
//! [`train()`] trains a configuration on the data sets of a [`Library`], [`probe()`] tries one step of it, and [`pretrain`] makes the embedded encoder. All
//! of them write only into the paths that they are given, continue from the newest checkpoint, and stop after one when a [`StopFlag`] is raised.
//!
//! Messages and progress go through the [`log`] facade. Without a logger of level `info` nothing is printed ([`Progress`]).

mod checkpoint;
mod clip;
pub mod config;
mod decay;
mod embedding;
mod error;
mod flops;
mod loader;
mod memory;
pub mod pretrain;
mod probe;
mod progress;
mod schedule;
mod signals;
mod start;
mod started_from;
pub mod tensorboard;
#[cfg(test)]
mod test_data;
mod trainer;
mod training_loop;
mod workload;

pub use checkpoint::Checkpoints;
pub use embedding::{BLOCK, Stream, embed_stream};
pub use error::{Result, TrainError};
pub use loader::{Library, pictures_after_the_first_step, trained_modalities, trained_samples};
pub use memory::MemoryEstimate;
pub use probe::{Probe, probe};
pub use progress::Progress;
pub use signals::StopFlag;
pub use start::{StartingPoint, import_hints, open_weights, weights_checksum};
pub use started_from::StartedFrom;
pub use trainer::{
    MetricsLine, TrainedModel, TrainingPaths, TrainingSetup, train, trained_seconds,
};
