//! Checkpoints: model, optimiser and state, written as one directory that appears whole or not at all.
//!
//! `SHA256SUMS` lists the files of a checkpoint. A damaged one is passed over with a warning, and training continues from the one before it.

use crate::decay::decayed;
use crate::error::{Result, TrainError, io_error};
use crate::signals::StopFlag;
use aio_data::checksum::folder;
use aio_data::{DataError, fs};
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use serde::{Serialize, de::DeserializeOwned};
use std::path::{Path, PathBuf};

/// A model and its optimiser, which are saved and loaded together.
pub(crate) struct Learner<M> {
    pub(crate) model: M,
    /// AdamW without its weight decay.
    pub(crate) optimiser: ModuleOptimizer,
    /// Weight decay, as a multiple of the learning rate.
    pub(crate) weight_decay: f64,
    /// Largest norm of all gradients of a step together.
    pub(crate) max_grad_norm: f64,
}

impl<M: Module + Clone> Learner<M> {
    /// Decays the weights and changes all parameters by their gradients.
    pub(crate) fn update(mut self, learning_rate: f64, gradients: GradientsParams) -> Self {
        let model = decayed(self.model, &gradients, learning_rate * self.weight_decay);
        self.model = self.optimiser.step(learning_rate, model, gradients);
        self
    }
}

/// The checkpoints of one training, each a directory `step-<number of steps>`.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    directory: PathBuf,
    keep: usize,
    /// Says whether this process may still write.
    stop: StopFlag,
}

const MODEL: &str = "model.bpk";
const OPTIMISER: &str = "optimizer.bpk";

/// What the training knows beside its weights.
const STATE: &str = "state.json";

/// The files of a checkpoint beside their checksums.
const FILES: [&str; 3] = [MODEL, OPTIMISER, STATE];

/// Why a checkpoint was not used.
enum Refused {
    /// It is not what was written; an older one may be.
    Damaged(String),
    /// It is what was written, so that older ones do not fit either.
    Unfit(TrainError),
}

impl Checkpoints {
    /// Checkpoints in `directory`, of which the newest `keep` stay.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, keep: usize) -> Self {
        Self { directory: directory.into(), keep: keep.max(1), stop: StopFlag::default() }
    }

    /// The same checkpoints, which are written only while the claim of `stop` counts.
    #[must_use]
    pub(crate) fn claimed_by(self, stop: &StopFlag) -> Self {
        Self { stop: stop.clone(), ..self }
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
    /// [`TrainError::Data`] naming the path, or [`TrainError::Failure`] if another process has taken the directory over; nothing half-written stays.
    pub(crate) fn save<M: Module + Clone, S: Serialize>(
        &self,
        step: usize,
        learner: &Learner<M>,
        state: &S,
    ) -> Result<()> {
        self.save_beside(step, learner, state, None)
    }

    /// [`Checkpoints::save`] that also leaves the checkpoint of the step `kept` where it is.
    ///
    /// # Errors
    /// As [`Checkpoints::save`].
    pub(crate) fn save_beside<M: Module + Clone, S: Serialize>(
        &self,
        step: usize,
        learner: &Learner<M>,
        state: &S,
        kept: Option<usize>,
    ) -> Result<()> {
        let temporary = fs::temporary_beside(&self.path(step));
        fs::create_dir_all(&temporary)?;
        let written = self
            .write_files(&temporary, learner, state)
            .and_then(|()| self.stop.check_claim())
            .and_then(|()| Ok(fs::replace_directory(&temporary, &self.path(step))?));
        if written.is_err() {
            // The write's own error is the one to report.
            let _ = std::fs::remove_dir_all(&temporary);
        }
        written?;
        let steps = self.steps();
        // A damaged one of a later step, which was passed over, must not displace the one just written.
        let old = &steps[..steps.len().saturating_sub(self.keep)];
        self.remove(old.iter().filter(|old| **old != step && Some(**old) != kept))
    }

    /// Removes the checkpoints of all steps but one.
    ///
    /// # Errors
    /// [`TrainError::Data`] naming the path.
    pub(crate) fn keep_only(&self, step: usize) -> Result<()> {
        self.remove(self.steps().iter().filter(|other| **other != step))
    }

    fn remove<'a>(&self, steps: impl Iterator<Item = &'a usize>) -> Result<()> {
        for step in steps {
            let path = self.path(*step);
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
        let Learner { model, optimiser, .. } = learner;
        model.clone().save_file(directory.join(MODEL)).map_err(|e| failed(MODEL, &e))?;
        optimiser.save(directory.join(OPTIMISER)).map_err(|e| failed(OPTIMISER, &e))?;
        let text = serde_json::to_string_pretty(state).map_err(|e| failed(STATE, &e))?;
        fs::write_then_rename(&directory.join(STATE), text.as_bytes())?;
        Ok(folder::write(directory, &FILES)?)
    }

    /// What was saved beside the weights of the newest undamaged checkpoint, if there is a checkpoint.
    ///
    /// # Errors
    /// [`TrainError::Invalid`] naming the checkpoints if all are damaged, or the one that another version wrote.
    pub(crate) fn state<S: DeserializeOwned>(&self) -> Result<Option<S>> {
        Ok(self.newest(log::Level::Debug, read_state)?.map(|(_, state)| state))
    }

    /// Loads the newest undamaged checkpoint into `learner`, or returns it unchanged where there is no checkpoint.
    ///
    /// # Errors
    /// [`TrainError::Invalid`] naming the checkpoints if all are damaged, or the one that does not fit the model.
    pub(crate) fn resume<M: Module, S: DeserializeOwned>(
        &self,
        learner: Learner<M>,
    ) -> Result<(Learner<M>, Option<S>)> {
        let found = self.newest(log::Level::Warn, |path| fitted(path, &learner))?;
        match found {
            Some((step, (loaded, state))) => {
                log::debug!("continues from the checkpoint of step {step}");
                Ok((loaded, Some(state)))
            }
            None => Ok((learner, None)),
        }
    }

    /// Loads the checkpoint of one step into `learner`, or returns nothing where there is none of that step.
    ///
    /// # Errors
    /// [`TrainError::Invalid`] if it is damaged or does not fit the model.
    pub(crate) fn load<M: Module, S: DeserializeOwned>(
        &self,
        step: usize,
        learner: Learner<M>,
    ) -> Result<Option<(Learner<M>, S)>> {
        if !self.steps().contains(&step) {
            return Ok(None);
        }
        match opened(&self.path(step), |path| fitted(path, &learner)) {
            Ok(found) => Ok(Some(found)),
            Err(Refused::Unfit(error)) => Err(error),
            Err(Refused::Damaged(problem)) => Err(TrainError::invalid(
                problem,
                "restore it from a copy, or remove the directory of the run and run the command again; the training then starts from its beginning",
            )),
        }
    }

    /// The newest checkpoint that is not damaged, opened, and its step. Every damaged one is reported at `level`.
    fn newest<T>(
        &self,
        level: log::Level,
        open: impl Fn(&Path) -> std::result::Result<T, String>,
    ) -> Result<Option<(usize, T)>> {
        let mut damaged = Vec::new();
        let mut steps = self.steps();
        while let Some(step) = steps.pop() {
            let path = self.path(step);
            match opened(&path, &open) {
                Ok(found) => return Ok(Some((step, found))),
                Err(Refused::Unfit(error)) => return Err(error),
                Err(Refused::Damaged(problem)) => {
                    let next = match steps.last() {
                        Some(before) => format!("continuing from the one of step {before}"),
                        None => "there is none before it".to_owned(),
                    };
                    log::log!(level, "{problem}; {next}");
                    damaged.push(problem);
                }
            }
        }
        if damaged.is_empty() {
            return Ok(None);
        }
        Err(TrainError::invalid(
            format!("every checkpoint is damaged: {}", damaged.join("; ")),
            format!(
                "restore one of them from a copy, or remove {} and run the command again; the training then starts from its beginning",
                self.directory.display()
            ),
        ))
    }
}

/// The weights and the optimiser of a checkpoint in the place of those of `learner`, and what was saved beside them.
fn fitted<M: Module, S: DeserializeOwned>(
    path: &Path,
    learner: &Learner<M>,
) -> std::result::Result<(Learner<M>, S), String> {
    let state = read_state(path)?;
    let unfit = |e: &dyn std::fmt::Display| format!("it does not fit the model: {e}");
    let model = learner.model.clone().try_load_file(path.join(MODEL)).map_err(|e| unfit(&e))?;
    let optimiser = learner.optimiser.clone().load(path.join(OPTIMISER)).map_err(|e| unfit(&e))?;
    Ok((Learner { model, optimiser, ..*learner }, state))
}

/// Opens a checkpoint after its checksums were compared.
fn opened<T>(
    path: &Path,
    open: impl Fn(&Path) -> std::result::Result<T, String>,
) -> std::result::Result<T, Refused> {
    let is_sealed = match folder::check(path, &FILES) {
        Ok(is_sealed) => is_sealed,
        Err(error @ DataError::Damaged { .. }) => {
            return Err(Refused::Damaged(format!("the checkpoint {error}")));
        }
        Err(error) => return Err(Refused::Unfit(error.into())),
    };
    open(path).map_err(|problem| {
        let problem = format!("the checkpoint {} cannot be used: {problem}", path.display());
        // Without checksums, of earlier versions, damage and misfit look alike.
        if !is_sealed {
            return Refused::Damaged(problem);
        }
        Refused::Unfit(TrainError::invalid(
            problem,
            "its files are as they were written, by another version or for another model; choose another directory, or remove it",
        ))
    })
}

fn read_state<S: DeserializeOwned>(path: &Path) -> std::result::Result<S, String> {
    let text = fs::read_to_string(&path.join(STATE)).map_err(|e| e.to_string())?;
    serde_json::from_str(&text).map_err(|e| format!("{STATE}: {e}"))
}

/// The step of a checkpoint's directory, unless it was never complete: it is complete where its state or its checksums are there.
fn complete_step(directory: &Path) -> Option<usize> {
    let step = directory.file_name()?.to_str()?.strip_prefix("step-")?.parse().ok()?;
    [STATE, folder::SUMS].iter().any(|name| directory.join(name).is_file()).then_some(step)
}

#[cfg(test)]
mod tests;
