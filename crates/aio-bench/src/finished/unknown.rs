//! What may have been meant by a name of which there are no runs.

use crate::config::{ExperimentFile, plain};
use crate::error::Error;
use crate::run::seed_of;
use crate::sweep;
use aio_data::fs;
use aio_types::nearest;
use std::path::{Path, PathBuf};

/// The error about an experiment of which nothing lies below `runs`.
pub(super) fn without_runs(name: &str, runs: &Path) -> Error {
    Error::user(format!("no runs of `{name}` below {}", runs.display()), hint(name, runs))
}

fn hint(name: &str, runs: &Path) -> String {
    let sweep = sweep::usual_path(name);
    if sweep.is_file() {
        return format!("`{name}` is a sweep: aio report {}", sweep.display());
    }
    if let Some((experiment, _)) = experiment_at(Path::new(name), runs) {
        return format!("name the experiment and not a folder: aio report {experiment}");
    }
    let known = fs::sorted_entries(runs).unwrap_or_default();
    let known = known.iter().filter(|folder| is_experiment(folder));
    let known = known.filter_map(|folder| folder.file_name()?.to_str());
    let near = nearest(name, known).filter(|_| ExperimentFile::find(name).is_err());
    near.map_or_else(
        || {
            format!(
                "run the experiment first: aio experiment {name}; committed runs: --runs results"
            )
        },
        |near| format!("did you mean `{near}`?"),
    )
}

/// The experiment that a name or a path stands for, and what lies at the path below the folder of its runs: nothing where it is this folder.
pub(super) fn experiment_at(path: &Path, runs: &Path) -> Option<(String, PathBuf)> {
    let whole = |path: &Path| Some(plain(&std::path::absolute(path).ok()?));
    let runs = whole(runs)?;
    let is_named =
        |folder: &Path| !folder.as_os_str().is_empty() && is_experiment(&runs.join(folder));
    // A shell completes `runs/smoke`.
    [whole(path)?, plain(&runs.join(path))].iter().find_map(|path| {
        let below = path.strip_prefix(&runs).ok()?;
        let experiment = below.ancestors().find(|folder| is_named(folder))?;
        let inner = below.strip_prefix(experiment).ok()?;
        Some((experiment.display().to_string(), inner.to_path_buf()))
    })
}

/// Whether a folder holds runs: folders of configurations, and in one of them that of a seed.
fn is_experiment(folder: &Path) -> bool {
    let inside = |configuration: &PathBuf| fs::names(configuration).unwrap_or_default();
    let configurations = fs::sorted_entries(folder).unwrap_or_default();
    configurations.iter().flat_map(inside).any(|run| seed_of(&run.to_string_lossy()).is_some())
}
