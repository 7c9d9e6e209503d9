//! Experiments: configuration, runs, training, evaluation, reports. The binary `aio` calls [`cli::main`].

pub mod adapt;
pub mod allocator;
pub mod cli;
pub mod config;
pub mod device;
pub mod embed;
pub mod encode;
pub mod error;
pub mod experiment;
pub mod features;
pub mod finished;
pub mod gallery;
mod lock;
mod markdown;
pub mod novelty;
mod overwrite;
mod render;
pub mod report;
pub mod run;
pub mod score;
pub mod search;
pub mod serve;
mod spreadsheet;
pub mod sweep;
pub mod tokenize;
pub mod weights;
pub mod widen;
