//! Experiments: configuration, runs, training, evaluation, reports. The binary `aio` is a thin shell over this crate.

pub mod cli;
pub mod config;
pub mod device;
pub mod embed;
pub mod error;
pub mod experiment;
pub mod features;
pub mod foundation;
mod markdown;
pub mod report;
pub mod run;
pub mod score;
pub mod search;
pub mod sweep;
