//! Modalities, samples, dataset readers, transforms, missing-modality synthesis, samplers and the synthetic
//! benchmark of the AIO framework.
//!
//! Data flows one way: a [`reader`](readers) turns a directory in its published layout into [`Sample`]s, a
//! [`sampler`] decides which samples form a batch, [`picture`] decodes and resizes them, and [`augment`] and
//! [`synthesis`] turn them into the arrays a tokenizer takes. [`synth`] renders the benchmark that makes all of
//! this run without any real data set. Nothing here knows of tensors, models or metrics.

pub mod augment;
mod error;
pub mod fs;
pub mod index;
mod modality;
mod parquet;
pub mod picture;
pub mod readers;
mod rng;
mod sample;
pub mod sampler;
pub mod synth;
pub mod synthesis;

pub use error::{DataError, Result};
pub use modality::{Modality, ModalitySet, ParseModalityError};
pub use readers::{Card, Count, DatasetName};
pub use rng::rng;
pub use sample::{Camera, Content, Dataset, Identity, Sample, SourcePhoto, Split, Trial};
