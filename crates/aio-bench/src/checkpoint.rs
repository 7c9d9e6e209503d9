//! Training state on disk: model, optimiser and step, written as one directory that appears whole or not at all.

use crate::error::{Error, Result};
use aio_data::{DataError, fs};
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use serde::{Serialize, de::DeserializeOwned};
use std::path::{Path, PathBuf};

/// The checkpoints of one run.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    directory: PathBuf,
    keep: usize,
}

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

    /// Steps that have a complete checkpoint, oldest first.
    #[must_use]
    pub fn steps(&self) -> Vec<usize> {
        let entries = fs::sorted_entries(&self.directory).unwrap_or_default();
        let step = |path: PathBuf| {
            path.file_name()?
                .to_str()?
                .strip_prefix("step-")?
                .parse()
                .ok()
                .filter(|_| path.join(STATE).is_file())
        };
        entries.into_iter().filter_map(step).collect()
    }

    /// Writes the state after `step` optimiser steps, then removes what is older than the newest `keep`.
    ///
    /// # Errors
    /// [`Error::Data`] naming the path; nothing half-written stays.
    pub fn save<M: Module + Clone, S: Serialize>(
        &self,
        step: usize,
        model: &M,
        optimiser: &ModuleOptimizer,
        state: &S,
    ) -> Result<()> {
        let temporary = self.directory.join(format!(".step-{step:07}.{}.tmp", std::process::id()));
        fs::create_dir_all(&temporary)?;
        let written = self.fill(&temporary, model, optimiser, state).and_then(|()| {
            let target = self.path(step);
            if target.exists() {
                std::fs::remove_dir_all(&target).map_err(|e| io("replace", &target, e))?;
            }
            std::fs::rename(&temporary, &target).map_err(|e| io("write the checkpoint", &target, e))
        });
        if written.is_err() {
            // The write's own error is the one to report.
            let _ = std::fs::remove_dir_all(&temporary);
        }
        written?;
        let steps = self.steps();
        for old in &steps[..steps.len().saturating_sub(self.keep)] {
            let path = self.path(*old);
            std::fs::remove_dir_all(&path).map_err(|e| io("remove", &path, e))?;
        }
        Ok(())
    }

    fn fill<M: Module + Clone, S: Serialize>(
        &self,
        directory: &Path,
        model: &M,
        optimiser: &ModuleOptimizer,
        state: &S,
    ) -> Result<()> {
        let failed = |what: &str, e: &dyn std::fmt::Display| {
            Error::Data(DataError::Io {
                action: "write the checkpoint",
                path: self.directory.join(what),
                source: std::io::Error::other(e.to_string()),
            })
        };
        model.clone().save_file(directory.join("model")).map_err(|e| failed("model", &e))?;
        optimiser.save(directory.join("optimizer")).map_err(|e| failed("optimizer", &e))?;
        let text = serde_json::to_string_pretty(state).map_err(|e| failed(STATE, &e))?;
        fs::write_then_rename(&directory.join(STATE), text.as_bytes())?;
        Ok(())
    }

    /// What was saved beside the newest checkpoint's weights, if there is one.
    ///
    /// # Errors
    /// [`Error::User`] naming the checkpoint if this cannot be read.
    pub fn state<S: DeserializeOwned>(&self) -> Result<Option<S>> {
        let Some(step) = self.steps().last().copied() else { return Ok(None) };
        let path = self.path(step);
        serde_json::from_str(&fs::read_to_string(&path.join(STATE))?)
            .map(Some)
            .map_err(|e| unusable(&path, &e))
    }

    /// Loads the newest checkpoint into `model` and `optimiser`, or returns them unchanged where there is none.
    ///
    /// # Errors
    /// [`Error::User`] naming the checkpoint if it does not fit the model.
    pub fn resume<M: Module, S: DeserializeOwned>(
        &self,
        model: M,
        optimiser: ModuleOptimizer,
    ) -> Result<(M, ModuleOptimizer, Option<S>)> {
        let Some(step) = self.steps().last().copied() else { return Ok((model, optimiser, None)) };
        let path = self.path(step);
        let state = self.state()?;
        let model = model.try_load_file(path.join("model")).map_err(|e| unusable(&path, &e))?;
        let optimiser = optimiser.load(path.join("optimizer")).map_err(|e| unusable(&path, &e))?;
        Ok((model, optimiser, state))
    }
}

fn unusable(path: &Path, e: &dyn std::fmt::Display) -> Error {
    Error::user(
        format!("the checkpoint {} cannot be used: {e}", path.display()),
        "remove that directory to continue from the one before it",
    )
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Data(DataError::Io { action, path: path.to_path_buf(), source })
}
