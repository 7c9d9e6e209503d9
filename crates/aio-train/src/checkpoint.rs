//! Checkpoints: model, optimiser and state, written as one directory that appears whole or not at all.

use crate::error::{Result, TrainError, io_error};
use aio_data::fs;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use serde::{Serialize, de::DeserializeOwned};
use std::path::{Path, PathBuf};

/// A model and its optimiser, which are saved and loaded together.
pub(crate) struct Learner<M> {
    pub(crate) model: M,
    pub(crate) optimiser: ModuleOptimizer,
}

/// The checkpoints of one training, each a directory `step-<number of steps>`.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    directory: PathBuf,
    keep: usize,
}

const MODEL: &str = "model";
const OPTIMISER: &str = "optimizer";

/// Written last: a directory without it is no complete checkpoint.
const STATE: &str = "state.json";

impl Checkpoints {
    /// Checkpoints in `directory`, of which the newest `keep` stay.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, keep: usize) -> Self {
        Self { directory: directory.into(), keep: keep.max(1) }
    }

    fn path(&self, step: usize) -> PathBuf {
        self.directory.join(format!("step-{step:07}"))
    }

    /// Steps that have a complete checkpoint, oldest first. There is none where the directory cannot be listed.
    #[must_use]
    pub fn steps(&self) -> Vec<usize> {
        let entries = fs::sorted_entries(&self.directory).unwrap_or_default();
        let mut steps: Vec<usize> = entries.iter().filter_map(|path| complete_step(path)).collect();
        steps.sort_unstable();
        steps
    }

    /// Writes the state after `step` optimiser steps, then removes all but the newest checkpoints.
    ///
    /// # Errors
    /// [`TrainError::Data`] naming the path; nothing half-written stays.
    pub(crate) fn save<M: Module + Clone, S: Serialize>(
        &self,
        step: usize,
        learner: &Learner<M>,
        state: &S,
    ) -> Result<()> {
        let temporary = self.directory.join(format!(".step-{step:07}.{}.tmp", std::process::id()));
        fs::create_dir_all(&temporary)?;
        let written = self
            .write_files(&temporary, learner, state)
            .and_then(|()| replace_directory(&temporary, &self.path(step)));
        if written.is_err() {
            // The write's own error is the one to report.
            let _ = std::fs::remove_dir_all(&temporary);
        }
        written?;
        let steps = self.steps();
        for old in &steps[..steps.len().saturating_sub(self.keep)] {
            let path = self.path(*old);
            std::fs::remove_dir_all(&path).map_err(|e| io_error("remove", &path, e))?;
        }
        Ok(())
    }

    fn write_files<M: Module + Clone, S: Serialize>(
        &self,
        directory: &Path,
        learner: &Learner<M>,
        state: &S,
    ) -> Result<()> {
        let failed = |file: &str, e: &dyn std::fmt::Display| {
            let source = std::io::Error::other(e.to_string());
            io_error("write the checkpoint", &self.directory.join(file), source)
        };
        let Learner { model, optimiser } = learner;
        model.clone().save_file(directory.join(MODEL)).map_err(|e| failed(MODEL, &e))?;
        optimiser.save(directory.join(OPTIMISER)).map_err(|e| failed(OPTIMISER, &e))?;
        let text = serde_json::to_string_pretty(state).map_err(|e| failed(STATE, &e))?;
        fs::write_then_rename(&directory.join(STATE), text.as_bytes())?;
        Ok(())
    }

    /// What was saved beside the newest checkpoint's weights, if there is one.
    ///
    /// # Errors
    /// [`TrainError::Invalid`] naming the checkpoint if this cannot be read.
    pub(crate) fn state<S: DeserializeOwned>(&self) -> Result<Option<S>> {
        let Some(step) = self.steps().last().copied() else { return Ok(None) };
        let path = self.path(step);
        let text = fs::read_to_string(&path.join(STATE))?;
        serde_json::from_str(&text).map(Some).map_err(|e| unusable(&path, &e))
    }

    /// Loads the newest checkpoint into `learner`, or returns it unchanged where there is none.
    ///
    /// # Errors
    /// [`TrainError::Invalid`] naming the checkpoint if it does not fit the model.
    pub(crate) fn resume<M: Module, S: DeserializeOwned>(
        &self,
        learner: Learner<M>,
    ) -> Result<(Learner<M>, Option<S>)> {
        let Some(step) = self.steps().last().copied() else { return Ok((learner, None)) };
        let path = self.path(step);
        let state = self.state()?;
        let Learner { model, optimiser } = learner;
        let model = model.try_load_file(path.join(MODEL)).map_err(|e| unusable(&path, &e))?;
        let optimiser = optimiser.load(path.join(OPTIMISER)).map_err(|e| unusable(&path, &e))?;
        Ok((Learner { model, optimiser }, state))
    }
}

/// The step of a checkpoint's directory, unless it lacks the file that is written last.
fn complete_step(directory: &Path) -> Option<usize> {
    let step = directory.file_name()?.to_str()?.strip_prefix("step-")?.parse().ok()?;
    directory.join(STATE).is_file().then_some(step)
}

/// Renames a directory to `target`, which may exist.
fn replace_directory(from: &Path, target: &Path) -> Result<()> {
    if target.exists() {
        std::fs::remove_dir_all(target).map_err(|e| io_error("replace", target, e))?;
    }
    std::fs::rename(from, target).map_err(|e| io_error("write the checkpoint", target, e))
}

fn unusable(path: &Path, e: &dyn std::fmt::Display) -> TrainError {
    TrainError::invalid(
        format!("the checkpoint {} cannot be used: {e}", path.display()),
        "remove that directory to continue from the one before it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::optim::AdamWConfig;
    use burn::tensor::Device;

    fn learner() -> Learner<Linear> {
        let device = Device::flex().autodiff();
        let model = LinearConfig::new(2, 1).init(&device);
        Learner { model, optimiser: AdamWConfig::new().init() }
    }

    fn weights(learner: &Learner<Linear>) -> Vec<f32> {
        learner.model.weight.val().into_data().iter::<f32>().collect()
    }

    #[test]
    fn the_newest_complete_checkpoint_is_loaded_and_old_ones_are_removed() {
        let _alone = crate::test_data::exclusive();
        let directory = tempfile::tempdir().expect("temporary directory");
        let checkpoints = Checkpoints::new(directory.path(), 2);
        assert!(
            checkpoints.steps().is_empty() && checkpoints.state::<u32>().expect("none").is_none()
        );
        let saved: Vec<Vec<f32>> = [3, 1_000, 12]
            .into_iter()
            .map(|step| {
                let learner = learner();
                checkpoints.save(step, &learner, &step).expect("saved");
                weights(&learner)
            })
            .collect();
        assert_eq!(checkpoints.steps(), [12, 1_000], "by number, not by when they were written");
        let (loaded, state) = checkpoints.resume::<_, usize>(learner()).expect("loads");
        assert_eq!((weights(&loaded), state), (saved[1].clone(), Some(1_000)));
        let entries = std::fs::read_dir(directory.path()).expect("lists").count();
        assert_eq!(entries, 2, "nothing temporary stays");
    }

    #[test]
    fn half_written_checkpoints_are_ignored() {
        let _alone = crate::test_data::exclusive();
        let directory = tempfile::tempdir().expect("temporary directory");
        let checkpoints = Checkpoints::new(directory.path(), 2);
        checkpoints.save(5, &learner(), &"five").expect("saved");
        // Killed before the state was written, and before the directory was renamed.
        for name in ["step-0000009", ".step-0000009.1.tmp"] {
            std::fs::create_dir(directory.path().join(name)).expect("create");
            std::fs::copy(
                directory.path().join("step-0000005/model.bpk"),
                directory.path().join(name).join("model.bpk"),
            )
            .expect("copy");
        }
        std::fs::write(directory.path().join(".step-0000009.1.tmp/state.json"), "9")
            .expect("write");
        assert_eq!(checkpoints.steps(), [5]);
        assert_eq!(checkpoints.state::<String>().expect("reads").as_deref(), Some("five"));
    }

    #[test]
    fn a_damaged_checkpoint_is_named() {
        let _alone = crate::test_data::exclusive();
        let directory = tempfile::tempdir().expect("temporary directory");
        let checkpoints = Checkpoints::new(directory.path(), 2);
        checkpoints.save(7, &learner(), &7).expect("saved");
        std::fs::write(directory.path().join("step-0000007/state.json"), "{").expect("write");
        let error = checkpoints.resume::<_, usize>(learner()).err().expect("damaged");
        assert!(error.to_string().contains("step-0000007 cannot be used"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("the one before it")));
    }
}
