//! Samples, dataset readers and their tasks, transforms, missing-modality synthesis and samplers.
//!
//! Data flows one way: a [`reader`](readers) turns a directory in its published layout into [`Sample`]s, a
//! [`sampler`] decides which samples form a batch, [`picture`] decodes and resizes them, and [`augment`] and
//! [`synthesis`] turn them into the arrays a tokenizer takes. A [`task`] says which samples are queries, which are the
//! gallery and under which protocol; [`check`] compares a copy of a data set with what its owners published. A
//! [`descriptor`] is a hand-made feature, which results are compared with. Nothing here depends on tensors or models.

pub mod augment;
pub mod check;
pub mod checksum;
pub mod descriptor;
mod error;
mod evaluation;
mod fingerprint;
pub mod folder;
pub mod fs;
pub mod index;
mod label;
mod links;
mod list;
mod parquet;
pub mod picture;
pub mod readers;
mod sample;
pub mod sampler;
pub mod synthesis;
mod table_name;
pub mod task;
mod temporary;
mod undecodable;

pub use error::{DataError, Result};
pub use fingerprint::{ContentFingerprint, same_content};
pub use label::{Label, LabelNames};
pub use list::{CsvRecords, repeated};
pub use readers::{Count, DatasetInfo, DatasetName, FurtherCount};
pub use sample::{Content, Dataset, Sample, Split, Trial};
pub use undecodable::Undecodable;
