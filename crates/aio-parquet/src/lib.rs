//! Parquet files as typed columns.
//!
//! The readers of data sets and the index use this crate and not polars itself. Nothing here is generic, so polars'
//! generic code is compiled once, in this crate, and not again in every crate that reads a file. The one exception is
//! [`Texts::get`], which searches call for every row.

mod announced;
mod guard;
mod reader;
mod thrift;
mod writer;

pub use announced::most_unpacked;
pub use reader::{ParquetFile, Table, Texts};
pub use writer::{Column, ColumnType, ParquetFileWriter};

use std::fmt;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, ParquetError>;

/// What is wrong with a Parquet file. The caller knows its path and adds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParquetError(String);

impl ParquetError {
    fn new(problem: impl fmt::Display) -> Self {
        Self(problem.to_string())
    }
}

impl fmt::Display for ParquetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParquetError {}

impl From<ParquetError> for std::io::Error {
    fn from(error: ParquetError) -> Self {
        Self::other(error)
    }
}
