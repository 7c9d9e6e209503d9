//! Opening Parquet files by their path.

use crate::{DataError, Result, fs};
use aio_parquet::{ParquetError, ParquetFile};
use std::path::Path;

/// Opens a file and reads its metadata.
///
/// # Errors
/// [`DataError`] naming the file if it cannot be read or is damaged.
pub(crate) fn open(path: &Path) -> Result<ParquetFile<'static>> {
    ParquetFile::open(fs::open(path)?).map_err(damaged(path))
}

/// The error of a file that is damaged or holds something else.
pub(crate) fn damaged(path: &Path) -> impl Fn(ParquetError) -> DataError + '_ {
    |e| DataError::Parse { path: path.to_path_buf(), problem: e.to_string() }
}
