//! Experiments: configuration, runs, training, evaluation, reports. The binary `aio` is a thin shell over this crate.

pub mod checkpoint;
pub mod cli;
pub mod config;
pub mod device;
pub mod embed;
mod embedding;
pub mod error;
pub mod experiment;
pub mod features;
pub mod foundation;
mod markdown;
pub mod memory;
pub mod pretrain;
pub mod progress;
pub mod report;
pub mod run;
pub mod score;
pub mod search;
pub mod source;
pub mod sweep;
pub mod train;
mod validate;
