//! Rendering of the synthetic benchmark, by one process at a time.

use crate::error::Result;
use crate::lock::{DirectoryLock, WhenTaken};
use aio_data::{DatasetName, fs};
use aio_synth::benchmark::{self, Manifest, Size};
use aio_train::{Progress, StopFlag};
use std::path::Path;

/// Whether the benchmark holds a data set.
pub(crate) fn is_rendered(name: DatasetName) -> bool {
    let of_table = name.name().strip_prefix("table:");
    let folders = of_table.as_slice().iter().chain(name.info().folders);
    folders.into_iter().any(|folder| benchmark::FOLDERS.contains(folder))
}

/// Renders the benchmark of (`seed`, `size`) under `root`, continues what another call began, or returns the manifest of a finished one.
///
/// # Errors
/// [`Error`](crate::error::Error) naming the file that cannot be written, or the other benchmark that `root` holds;
/// [`Error::Interrupted`](crate::error::Error::Interrupted) after a signal.
pub(crate) fn benchmark(root: &Path, seed: u64, size: Size, stop: &StopFlag) -> Result<Manifest> {
    // A finished one needs no lock: it may lie where nothing can be written.
    let lock = match benchmark::manifest(root)? {
        Some(_) => None,
        None => Some(DirectoryLock::require(root, WhenTaken::Wait, stop)?),
    };
    if lock.is_some() {
        fs::remove_temporaries(root, &benchmark::FOLDERS)?;
    }
    let progress = Progress::new("rendering", 1, "pictures");
    let manifest = benchmark::write(root, seed, size, &|done, total| {
        progress.set_total(total);
        progress.set_position(done);
        stop.poll()
    })?;
    progress.finish();
    Ok(manifest)
}
