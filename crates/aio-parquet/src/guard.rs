//! Panics of polars on damaged files become errors.

use crate::{ParquetError, Result};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread becomes an error.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Turns a panic into an error and prints nothing: polars panics on some damaged files.
///
/// `catch_unwind` alone would leave polars' message and a backtrace on standard error, since the panic hook runs before
/// unwinding, and the standard library has one hook for the whole process. The hook set here changes nothing for other
/// threads or other code: it calls the hook before it unless this thread is reading a Parquet file.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
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
    outcome.unwrap_or_else(|_| Err(ParquetError::new("the Parquet file is damaged")))
}
