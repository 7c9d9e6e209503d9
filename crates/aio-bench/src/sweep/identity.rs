//! Configuration ids of cells.

use super::file::wrong;
use crate::config::{Checksums, Experiment};
use crate::error::{Error, Result};
use crate::experiment;
use aio_data::fs;
use aio_model::TextUse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Computes configuration ids. Files are large and cells are many, so every file is read once.
#[derive(Debug, Default)]
pub(super) struct ConfigIds {
    checksums: BTreeMap<Files, Checksums>,
}

/// The files of an experiment whose contents count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Files {
    weights: String,
    /// Decides whether a tokenizer beside the weights is read.
    text: TextUse,
    sketch_generator: Option<PathBuf>,
}

impl ConfigIds {
    /// The configuration id of an experiment.
    ///
    /// # Errors
    /// [`Error::User`] naming the files that are missing.
    pub(super) fn of(&mut self, experiment: &Experiment) -> Result<String> {
        let files = Files {
            weights: experiment.model.weights.clone(),
            text: experiment.model.text,
            sketch_generator: experiment.data.sketch_generator.weights().map(PathBuf::from),
        };
        if !self.checksums.contains_key(&files) {
            self.checksums.insert(files.clone(), experiment::checksums(experiment)?);
        }
        Ok(experiment.config_id(&self.checksums[&files]))
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
        let mut written = runs.iter().map(|run| Experiment::read(&run.join("config.toml")));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_recognised_by_their_configuration_unless_two_ids_share_it() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let run = |id: &str, text: &str| {
            let run = directory.path().join(id).join("seed-0");
            std::fs::create_dir_all(&run).expect("directory");
            std::fs::write(run.join("config.toml"), text).expect("write");
        };
        let experiment = |text: &str| {
            let path = directory.path().join("wanted.toml");
            std::fs::write(&path, text).expect("write");
            Experiment::load(&path, &[]).expect("valid")
        };
        let half = experiment("[losses]\nbinding = 0.5\n");
        assert_eq!(recognise(directory.path(), &half).expect("no runs"), None);
        run("aaaa", "[losses]\nbinding = 0.5\n");
        run("bbbb", "[losses]\nbinding = 0.25\n");
        run("dddd", "not a configuration");
        assert_eq!(recognise(directory.path(), &half).expect("one"), Some("aaaa".to_owned()));
        // The seed is part of a run and not of its configuration.
        run("cccc", "seed = 3\n[losses]\nbinding = 0.5\n");
        let error = recognise(directory.path(), &half).expect_err("two").to_string();
        assert!(error.contains("aaaa and cccc have the same configuration"), "{error}");
        assert_eq!(recognise(&directory.path().join("none"), &half).expect("none"), None);
    }

    #[test]
    fn two_cells_with_one_id_are_refused() {
        let known = || [("aaaa", "first"), ("bbbb", "second")];
        let path = Path::new("sweep.toml");
        refuse_twin(path, "cccc", "third", known()).expect("another id");
        let error = refuse_twin(path, "bbbb", "third", known()).expect_err("a twin").to_string();
        assert_eq!(error, "sweep.toml: the cells `second` and `third` are the same experiment");
    }
}
