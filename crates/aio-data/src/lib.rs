//! Samples, dataset readers, transforms, missing-modality synthesis and samplers.
//!
//! Data flows one way: a [`reader`](readers) turns a directory in its published layout into [`Sample`]s, a
//! [`sampler`] decides which samples form a batch, [`picture`] decodes and resizes them, and [`augment`] and
//! [`synthesis`] turn them into the arrays a tokenizer takes. Nothing here knows of tensors, models or metrics.

pub mod augment;
mod error;
pub mod fs;
pub mod index;
mod parquet;
pub mod picture;
pub mod readers;
mod sample;
pub mod sampler;
pub mod synthesis;

pub use error::{DataError, Result};
pub use readers::{Card, Count, DatasetName};
pub use sample::{Content, Dataset, Sample, Split, Trial};
