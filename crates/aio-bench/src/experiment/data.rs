//! Whether a run is continued with what it began with: its configuration, its seed, and its data.

use super::begun::Begun;
use super::requirements::datasets;
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::run::{Run, RunResult};
use aio_data::{ContentFingerprint, same_content};
use aio_train::{Checkpoints, Library, Progress, StopFlag};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of the file in the directory of a run.
const FILE: &str = "data.json";

/// The contents of every data set that a run reads, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct RunData(BTreeMap<String, ContentFingerprint>);

/// `data.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    /// The configuration and the seed of the checkpoints beside it; earlier versions noted none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begun: Option<Begun>,
    data: RunData,
    /// The data set that changed while the run was computed: what was computed is of neither contents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<String>,
}

impl RunData {
    /// The data of a run that begins or continues. What an earlier call noted before its first checkpoint binds nobody: nothing was computed from it.
    ///
    /// # Errors
    /// [`Error::User`] naming what differs if the checkpoints are those of another run, the data set that has changed since the run began, or the run
    /// that has checkpoints and does not say of which data.
    pub(super) fn of_run(
        run: &Run,
        begun: Begun,
        experiment: &Experiment,
        library: &Library,
        stop: &StopFlag,
    ) -> Result<Self> {
        let stored = run.read_sealed::<Stored>(FILE)?;
        let has_checkpoint = has_checkpoint(run);
        if has_checkpoint {
            let stored = stored.as_ref().ok_or_else(|| unnoted(run))?;
            if let Some(name) = &stored.changed {
                return Err(changed_meanwhile(name, run));
            }
            if let Some(difference) = stored.other_run(run, &begun, experiment)? {
                return Err(copied(run, &difference));
            }
        }
        let earlier = stored.map(|stored| stored.data);
        let found = Self::found(library, earlier.as_ref(), stop)?;
        if let Some(earlier) = &earlier
            && has_checkpoint
        {
            compare(&earlier.contents(), &found, run)?;
        }
        run.write(FILE, &Stored { begun: Some(begun), data: found.clone(), changed: None })?;
        Ok(found)
    }

    /// Compares the data of a finished run with those that there are now. Data sets of which nothing is left cannot be compared, and a warning says
    /// so.
    ///
    /// # Errors
    /// [`Error::User`] naming the data set that has changed since the run began; as [`Library::get`] for a data set of which a part is missing or wrong.
    pub(super) fn check_finished(
        run: &Run,
        result: &RunResult,
        experiment: &Experiment,
        stop: &StopFlag,
    ) -> Result<()> {
        let stored = run.read_sealed::<Stored>(FILE)?;
        let earlier = stored.map(|stored| stored.data);
        let mut noted = result.data.clone();
        if let Some(earlier) = earlier.as_ref().filter(|_| noted.is_empty()) {
            noted = earlier.contents();
        }
        if noted.is_empty() {
            log::warn!(
                "the data of this finished run cannot be compared: an earlier version did not note their contents"
            );
            return Ok(());
        }
        let mut library = Library::new(&experiment.data.root);
        for name in datasets(experiment)? {
            if !noted.contains_key(&name.to_string()) {
                continue;
            }
            if name.is_gone(library.root()) {
                let root = library.root().display();
                log::warn!(
                    "the data of this finished run cannot be compared: {name} is not below {root}"
                );
            } else {
                library.get(name)?;
            }
        }
        compare(&noted, &Self::found(&library, earlier.as_ref(), stop)?, run)
    }

    /// Compares the data with those that the run began with, before its result is written. If they differ, the run notes it, so that no later call
    /// continues from what was computed.
    ///
    /// # Errors
    /// [`Error::User`] naming the data set that changed while the run was computed.
    pub(super) fn check_unchanged(
        &self,
        run: &Run,
        begun: Begun,
        library: &Library,
        stop: &StopFlag,
    ) -> Result<()> {
        let found = Self::found(library, Some(self), stop)?;
        let differs = |(name, began): &(&String, &ContentFingerprint)| {
            found.0.get(*name).is_some_and(|found| found.content != began.content)
        };
        let Some((name, _)) = self.0.iter().find(differs) else { return Ok(()) };
        let changed = Some(name.clone());
        run.write(FILE, &Stored { begun: Some(begun), data: self.clone(), changed })?;
        Err(changed_meanwhile(name, run))
    }

    /// The fingerprint of the contents of every data set, by name.
    pub(super) fn contents(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(name, of_dataset)| (name.clone(), of_dataset.content.clone())).collect()
    }

    /// One hash of everything.
    pub(super) fn content(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, of_dataset) in &self.0 {
            hasher.update(format!("{name}\t{}\n", of_dataset.content).as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    fn found(library: &Library, earlier: Option<&Self>, stop: &StopFlag) -> Result<Self> {
        let progress = Progress::new("comparing data", 1, "files");
        let mut found = BTreeMap::new();
        let known = |name: &str| earlier.and_then(|earlier| earlier.0.get(name));
        for (name, dataset) in library.datasets() {
            let name = name.to_string();
            let fingerprint =
                dataset.content_fingerprint(library.root(), known(&name), &|total| {
                    progress.set_total(total);
                    progress.inc(1);
                    stop.poll()
                })?;
            progress.set_position(0);
            found.insert(name, fingerprint);
        }
        progress.finish();
        Ok(Self(found))
    }
}

impl Stored {
    /// How the run of the checkpoints differs from the one that is wanted in its place; none if it is that run.
    ///
    /// # Errors
    /// As [`Begun::of_earlier_version`].
    fn other_run(
        &self,
        run: &Run,
        wanted: &Begun,
        experiment: &Experiment,
    ) -> Result<Option<String>> {
        match &self.begun {
            Some(begun) => Ok(begun.difference(wanted, run, experiment)),
            None => Begun::of_earlier_version(run, experiment),
        }
    }
}

/// What keeps a run with checkpoints from being continued, whatever its data are now; none if nothing does.
///
/// # Errors
/// [`Error::Data`] naming the file of the run that cannot be read, [`Error::User`] if its configuration cannot be used.
pub(crate) fn obstacle(
    run: &Run,
    wanted: &Begun,
    experiment: &Experiment,
) -> Result<Option<String>> {
    match run.read_sealed::<Stored>(FILE)? {
        None => Ok(Some(format!("no {FILE}"))),
        Some(Stored { changed: Some(name), .. }) => {
            Ok(Some(format!("{name} changed while the run was computed")))
        }
        Some(stored) => stored.other_run(run, wanted, experiment),
    }
}

fn unnoted(run: &Run) -> Error {
    let directory = run.directory().display();
    Error::user(
        format!(
            "{directory} has checkpoints, and no {FILE} that says on which data they were trained"
        ),
        format!("restore {FILE}, or remove {directory}; the run then starts from its beginning"),
    )
}

/// Whether anything was computed from the data.
pub(super) fn has_checkpoint(run: &Run) -> bool {
    let directories = [run.checkpoints(), run.best()];
    directories.into_iter().any(|directory| !Checkpoints::new(directory, 1).steps().is_empty())
        || run.model().exists()
}

/// Refuses other data than those that were noted.
fn compare(noted: &BTreeMap<String, String>, found: &RunData, run: &Run) -> Result<()> {
    for (name, noted) in noted {
        let Some(found) = found.0.get(name) else { continue };
        match same_content(noted, &found.content) {
            Some(true) => {}
            Some(false) => {
                let directory = run.directory().display();
                return Err(Error::user(
                    format!(
                        "the contents of {name} have changed since the run in {directory} began"
                    ),
                    format!(
                        "restore the data, choose another directory with --runs, or remove {directory}; the run then starts from its beginning"
                    ),
                ));
            }
            None => log::warn!(
                "the contents of {name} cannot be compared with those that the run noted: its index was built or removed since, or an earlier version noted less"
            ),
        }
    }
    Ok(())
}

fn copied(run: &Run, difference: &str) -> Error {
    let directory = run.directory().display();
    Error::user(
        format!("{directory} has the checkpoints of another run: {difference}"),
        format!(
            "it was copied or renamed; move {directory} out of the directory of runs, or remove it; the run then starts from its beginning"
        ),
    )
}

fn changed_meanwhile(name: &str, run: &Run) -> Error {
    let directory = run.directory().display();
    Error::user(
        format!("the contents of {name} changed while the run in {directory} was computed"),
        format!(
            "remove {directory} and run the same command again; the run then starts from its beginning"
        ),
    )
}
