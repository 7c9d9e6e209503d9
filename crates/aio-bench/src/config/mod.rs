//! Experiment files: layered, strict, and resolved exactly once.
//!
//! Layers, later ones winning: built-in defaults ← the file named by `base` ← the experiment file ← environment
//! variables `AIO__SECTION__KEY` ← `--set section.key=value` (of one stage: `--set train.stages[0].steps=100`).
//!
//! | file | holds |
//! |---|---|
//! | `schema` | the keys: [`Experiment`] and its sections |
//! | `rules` | type, range, default and description of a key, read from the schema |
//! | `layers` | where values come from, and how they are merged |
//! | `stage_keys` | keys of one stage of a list |
//! | `renamed` | keys and values of earlier versions |
//! | `validation` | what is refused of a single key |
//! | `contradictions` | what is refused of keys together |
//! | `identity` | the content hash of an experiment |
//! | `difference` | the first key in which two experiments differ |
//! | `files` | where the file of a name is looked for |
//! | `reference` | docs/configuration.md |

mod contradictions;
mod difference;
mod files;
mod identity;
mod layers;
mod reference;
mod renamed;
mod rules;
mod schema;
mod section;
mod stage_keys;
mod validation;

pub use files::ExperimentFile;
pub(crate) use files::plain;
pub use identity::Checksums;
pub use reference::reference;
pub use rules::json_schema;
pub use schema::{Evaluation, Experiment};
pub(crate) use validation::is_of_experiment;

use crate::error::{Error, Result};
use aio_data::task::Task;
use aio_train::config::TrainingConfig;
use layers::Layer;
use std::path::Path;

impl Experiment {
    /// Reads and resolves the experiment file at `path` with environment variables and `--set` options.
    ///
    /// # Errors
    /// [`Error::User`] naming the layer, the key, what was expected and the nearest valid key.
    pub fn load(path: &Path, settings: &[String]) -> Result<Self> {
        Self::open(&ExperimentFile::at(path), settings)
    }

    /// The same for a file that has been found by name.
    ///
    /// # Errors
    /// As [`Experiment::load`].
    pub fn open(file: &ExperimentFile, settings: &[String]) -> Result<Self> {
        let mut layers = layers::of_file(file)?;
        layers.extend(layers::of_environment()?);
        layers.extend(layers::of_settings(settings)?);
        renamed::warn(layers.iter().flat_map(Layer::warnings));
        Self::resolve(&layers)
    }

    /// Reads the resolved configuration that a run has written. Environment variables do not change it, and keys of earlier
    /// versions give no warning: no user wrote them.
    ///
    /// # Errors
    /// As [`Experiment::load`].
    pub fn read(path: &Path) -> Result<Self> {
        Self::resolve(&layers::of_file(&ExperimentFile::at(path))?)
    }

    fn resolve(layers: &[Layer]) -> Result<Self> {
        let merged = layers::merge(layers)?;
        validation::check_values(&merged)?;
        let origins = layers.iter().map(Layer::origin).collect::<Vec<_>>().join(" ← ");
        let experiment: Self = serde_path_to_error::deserialize(merged).map_err(|e| {
            let key = e.path().to_string();
            validation::refused(&origins, &key, &validation::without_key(e.into_inner()))
        })?;
        experiment.validate(&origins)?;
        Ok(experiment)
    }

    /// The part of the experiment that decides its training.
    #[must_use]
    pub fn training(&self) -> TrainingConfig {
        TrainingConfig {
            seed: self.seed,
            data: self.data.clone(),
            model: self.model.clone(),
            train: self.train.clone(),
            losses: self.losses,
        }
    }

    /// The tasks, each once, with `*` expanded.
    ///
    /// # Errors
    /// [`Error::User`] naming a task that cannot be parsed.
    pub fn tasks(&self) -> Result<Vec<Task>> {
        let mut tasks = Vec::new();
        for text in &self.evaluation.tasks {
            for task in Task::parse(text)? {
                if !tasks.contains(&task) {
                    tasks.push(task);
                }
            }
        }
        Ok(tasks)
    }

    /// The experiment as a TOML file that sets every key.
    ///
    /// # Errors
    /// [`Error::Failure`] if a value has no TOML form, such as a path that is not UTF-8.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Error::Failure(format!("the configuration: {e}")))
    }
}

#[cfg(test)]
mod tests;
