//! Whether the data of a run are those that it began with.

use super::prepare::open_data;
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::run::Run;
use aio_data::ContentFingerprint;
use aio_train::{Library, Progress, StopFlag};
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
    data: RunData,
}

impl RunData {
    /// The data of a run that begins or continues.
    ///
    /// # Errors
    /// [`Error::User`] naming the data set that has changed since the run began.
    pub(super) fn of_run(run: &Run, library: &Library, stop: &StopFlag) -> Result<Self> {
        let earlier = Self::stored(run)?;
        let found = Self::found(library, earlier.as_ref(), stop)?;
        if let Some(earlier) = &earlier {
            earlier.compare(&found, run)?;
        }
        stop.check_claim()?;
        run.write(FILE, &Stored { data: found.clone() })?;
        Ok(found)
    }

    /// Compares the data of a finished run with those that there are now. Where these cannot be read any more, nothing can be compared,
    /// and a warning says so.
    ///
    /// # Errors
    /// [`Error::User`] naming the data set that has changed since the run began.
    pub(super) fn check_finished(
        run: &Run,
        experiment: &Experiment,
        stop: &StopFlag,
    ) -> Result<()> {
        let Some(earlier) = Self::stored(run)? else {
            log::debug!("{}: an earlier version did not note the contents of its data", FILE);
            return Ok(());
        };
        let found = open_data(experiment)
            .and_then(|(library, _)| Self::found(&library, Some(&earlier), stop));
        match found {
            Ok(found) => earlier.compare(&found, run),
            Err(stopped @ Error::Interrupted { .. }) => Err(stopped),
            Err(error) => {
                log::warn!("the data of this finished run cannot be compared: {error}");
                Ok(())
            }
        }
    }

    /// One hash of everything.
    pub(super) fn content(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, of_dataset) in &self.0 {
            hasher.update(format!("{name}\t{}\n", of_dataset.content).as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    fn stored(run: &Run) -> Result<Option<Self>> {
        Ok(run.read::<Stored>(FILE)?.map(|stored| stored.data))
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

    /// Refuses other data than these. A data set that only one side has is another experiment's and changes nothing.
    fn compare(&self, found: &Self, run: &Run) -> Result<()> {
        let changed = self.0.iter().find(|(name, earlier)| {
            found.0.get(*name).is_some_and(|found| found.content != earlier.content)
        });
        let Some((name, _)) = changed else { return Ok(()) };
        let directory = run.directory().display();
        Err(Error::user(
            format!("the contents of {name} have changed since the run in {directory} began"),
            format!(
                "restore the data, choose another directory with --runs, or remove {directory}; the run then starts from its beginning"
            ),
        ))
    }
}
