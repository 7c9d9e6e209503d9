//! Configuration ids of cells.

use super::file::wrong;
use crate::config::{Checksums, Experiment};
use crate::error::{Error, Result};
use crate::experiment;
use aio_data::fs;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Computes configuration ids. Files are large and cells are many, so every file is read once.
#[derive(Debug, Default)]
pub(super) struct ConfigIds {
    checksums: BTreeMap<Files, Checksums>,
}

/// The files of an experiment whose contents count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Files {
    weights: String,
    sketch_generator: String,
}

impl ConfigIds {
    /// The configuration id of an experiment.
    ///
    /// # Errors
    /// [`Error::User`] naming the files that are missing.
    pub(super) fn of(&mut self, experiment: &Experiment) -> Result<String> {
        let files = Files {
            weights: experiment.model.weights.clone(),
            sketch_generator: experiment.data.sketch_generator.clone(),
        };
        if !self.checksums.contains_key(&files) {
            self.checksums.insert(files.clone(), experiment::checksums(experiment)?);
        }
        Ok(experiment.cell(&self.checksums[&files]))
    }
}

/// Refuses a cell whose configuration id another cell has. `known` holds ids and labels of the cells before it.
///
/// # Errors
/// [`Error::User`] naming the sweep file and both cells.
pub(super) fn refuse_twin<'a>(
    path: &Path,
    config_id: &str,
    label: &str,
    known: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<()> {
    let twin = known.into_iter().find(|(id, _)| *id == config_id);
    let Some((_, twin)) = twin else { return Ok(()) };
    Err(wrong(path, &format!("the cells `{twin}` and `{label}` are the same experiment")))
}

/// The configuration id under which runs below `directory` were configured as `experiment` is, if there are such runs.
///
/// # Errors
/// [`Error::User`] if there are several: they differ in the contents of files that have the same name.
pub(super) fn recognise(directory: &Path, experiment: &Experiment) -> Result<Option<String>> {
    let mut found = BTreeSet::new();
    for configuration in fs::sorted_entries(directory).unwrap_or_default() {
        let runs = fs::sorted_entries(&configuration).unwrap_or_default();
        let mut written = runs.iter().map(|run| Experiment::load(&run.join("config.toml"), &[]));
        if written.any(|was| was.is_ok_and(|was| was.difference(experiment).is_none())) {
            found.extend(configuration.file_name().map(|id| id.to_string_lossy().into_owned()));
        }
    }
    if found.len() > 1 {
        let ids = found.into_iter().collect::<Vec<_>>().join(" and ");
        let directory = directory.display();
        return Err(Error::user(
            format!("{directory}: {ids} have the same configuration and different weights"),
            "put the weights in their place: their checksums decide which of them is meant",
        ));
    }
    Ok(found.pop_first())
}
