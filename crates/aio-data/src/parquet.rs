//! Opening Parquet files by their path.

use crate::{DataError, Result};
use aio_parquet::{ParquetError, ParquetFile};
use std::fs::File;
use std::path::Path;

/// Opens a file and reads its metadata.
///
/// # Errors
/// [`DataError`] naming the file if it cannot be read or is damaged.
pub(crate) fn open(path: &Path) -> Result<ParquetFile> {
    let unreadable = |source| DataError::Io { action: "read", path: path.to_path_buf(), source };
    let file = File::open(path).map_err(unreadable)?;
    ParquetFile::open(file).map_err(damaged(path))
}

/// The error of a file that is damaged or holds something else.
pub(crate) fn damaged(path: &Path) -> impl Fn(ParquetError) -> DataError + '_ {
    |e| DataError::Parse { path: path.to_path_buf(), problem: e.to_string() }
}
