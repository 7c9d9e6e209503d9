//! Changes of galleries: threads of this process wait for each other. Other processes are refused.

use aio_bench::error::Result;
use aio_train::StopFlag;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf, absolute};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The directories that threads change at the moment.
static CHANGING: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Tells waiting threads that a change has ended.
static ENDED: Condvar = Condvar::new();

/// How often a waiting thread looks for signals.
const LOOK: Duration = Duration::from_millis(100);

/// Changes the gallery of a directory while no other thread of this process does. Python's lock must not be held.
///
/// # Errors
/// [`aio_bench::error::Error::Interrupted`] if a signal comes before it is this thread's turn; those of `change`.
pub(crate) fn alone<T>(directory: &Path, change: impl FnOnce() -> Result<T>) -> Result<T> {
    let stop = StopFlag::on_signals()?;
    let directory = same_for_all(directory);
    let mut changing = changing();
    while changing.contains(&directory) {
        let (waited, _) =
            ENDED.wait_timeout(changing, LOOK).unwrap_or_else(PoisonError::into_inner);
        // Python runs handlers of signals here, which may take any time.
        drop(waited);
        stop.check("waiting for another thread")?;
        changing = self::changing();
    }
    changing.insert(directory.clone());
    drop(changing);
    let _turn = Turn(directory);
    change()
}

fn changing() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    CHANGING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The turn of a thread, until it is dropped.
struct Turn(PathBuf);

impl Drop for Turn {
    fn drop(&mut self) {
        changing().remove(&self.0);
        ENDED.notify_all();
    }
}

/// The path of a directory, however it is named, also of one that does not exist yet.
fn same_for_all(directory: &Path) -> PathBuf {
    let whole = absolute(directory).unwrap_or_else(|_| directory.to_path_buf());
    let found = whole.ancestors().find_map(|ancestor| {
        let rest = whole.strip_prefix(ancestor).ok()?;
        Some(ancestor.canonicalize().ok()?.join(rest))
    });
    found.unwrap_or(whole)
}
