//! Reading Parquet files that come from elsewhere.

use crate::{DataError, Result};
use polars::prelude::{DataFrame, ParallelStrategy, ParquetReader, SerReader};
use std::cell::Cell;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;

/// Most rows per byte of a file; a file that announces more is damaged. Dictionaries and runs make columns small, but not
/// without limit.
const ROWS_PER_BYTE: u64 = 1_000;

thread_local! {
    /// Whether a panic of this thread becomes an error.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Reads a file, or the named columns of it; `check` looks at its metadata first.
///
/// # Errors
/// [`DataError`] naming the file if it cannot be read or is damaged.
pub(crate) fn read(
    path: &Path,
    columns: Option<&[&str]>,
    check: impl FnOnce(&[(String, String)]) -> Result<()>,
) -> Result<DataFrame> {
    let damaged = |problem: String| DataError::Parse { path: path.to_path_buf(), problem };
    let unreadable = |source| DataError::Io { action: "read", path: path.to_path_buf(), source };
    let file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_or(0, |m| m.len());
    let mut reader = ParquetReader::new(file).read_parallel(ParallelStrategy::None);
    let (rows, pairs) = guarded(|| {
        let metadata = reader.get_metadata().map_err(|e| e.to_string())?;
        let pairs = metadata
            .key_value_metadata
            .iter()
            .flatten()
            .filter_map(|pair| Some((pair.key.clone(), pair.value.clone()?)));
        Ok((metadata.num_rows as u64, pairs.collect::<Vec<_>>()))
    })
    .map_err(damaged)?;
    if rows > bytes.saturating_mul(ROWS_PER_BYTE) {
        return Err(damaged(format!("it announces {rows} rows in {bytes} bytes")));
    }
    check(&pairs)?;
    let columns = columns.map(|names| names.iter().map(|n| (*n).to_owned()).collect());
    guarded(|| reader.with_columns(columns).finish().map_err(|e| e.to_string())).map_err(damaged)
}

/// Turns a panic into an error and prints nothing: polars panics on some damaged files.
///
/// `catch_unwind` alone would leave polars' message and a backtrace on standard error, since the panic hook runs before
/// unwinding, and the standard library has one hook for the whole process. The hook set here changes nothing for other
/// threads or other code: it calls the hook before it unless this thread is reading a Parquet file.
fn guarded<T>(
    work: impl FnOnce() -> std::result::Result<T, String>,
) -> std::result::Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    outcome.unwrap_or_else(|_| Err("the Parquet file is damaged".into()))
}
