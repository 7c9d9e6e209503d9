//! Experiments: configuration, runs, training, evaluation, reports. The binary `aio` is a thin shell over this crate.

pub mod checkpoint;
pub mod error;
pub mod pretrain;
pub mod progress;
pub mod schedule;
