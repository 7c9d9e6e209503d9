//! Training: batches, the loop, checkpoints, schedules and predicted memory; shared by experiments and pre-training.

pub mod config;
pub mod schedule;
pub mod tensorboard;
