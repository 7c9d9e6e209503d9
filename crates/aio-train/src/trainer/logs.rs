//! What a training writes beside its checkpoints: `metrics.jsonl`, TensorBoard's event files, and a description of a step that failed.

use super::setup::TrainingPaths;
use crate::error::{Result, TrainError, io_error};
use crate::tensorboard::Events;
use aio_data::fs;
use aio_model::NonFinite;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// One line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricsLine {
    /// Optimiser step, from 0.
    pub step: usize,
    /// Name of the stage.
    pub stage: String,
    /// Epoch within the stage, from 0.
    pub epoch: usize,
    /// Learning rate.
    #[serde(rename = "rate")]
    pub learning_rate: f64,
    /// Loss terms of the step by name.
    pub terms: BTreeMap<String, f32>,
    /// What was measured of the step beside its loss, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<String, f32>,
    /// Validation score, on lines after which there was a validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
}

/// The logs of one stage.
pub(super) struct StageLogs {
    metrics_path: PathBuf,
    metrics: BufWriter<File>,
    events_directory: PathBuf,
    events: Events,
}

impl StageLogs {
    /// Opens the metrics for appending, and starts an event file of its own for the steps from `step` on.
    ///
    /// # Errors
    /// [`TrainError::Data`] naming the path.
    pub(super) fn open(paths: &TrainingPaths, step: usize) -> Result<Self> {
        let (metrics_path, events_directory) = (paths.metrics.clone(), paths.events.clone());
        let metrics = File::options()
            .create(true)
            .append(true)
            .open(&metrics_path)
            .map_err(|e| io_error("write", &metrics_path, e))?;
        let events = Events::create(&events_directory, step)
            .map_err(|e| io_error("write", &events_directory, e))?;
        Ok(Self { metrics_path, metrics: BufWriter::new(metrics), events_directory, events })
    }

    /// Appends a line to both logs.
    ///
    /// # Errors
    /// [`TrainError::Data`] naming the path.
    pub(super) fn append(&mut self, line: &MetricsLine) -> Result<()> {
        let text = serde_json::to_string(line)
            .map_err(|e| TrainError::Failure(format!("cannot serialise metrics: {e}")))?;
        writeln!(self.metrics, "{text}")
            .and_then(|()| self.metrics.flush())
            .map_err(|e| io_error("write", &self.metrics_path, e))?;
        let mut scalars = Vec::new();
        for (name, value) in &line.terms {
            scalars.push((format!("loss/{name}"), *value));
        }
        for (name, value) in &line.measures {
            scalars.push((format!("measure/{name}"), *value));
        }
        scalars.push(("rate".to_owned(), line.learning_rate as f32));
        if let Some(validation) = line.validation {
            scalars.push(("validation".to_owned(), validation as f32));
        }
        self.events
            .scalars(line.step, scalars)
            .map_err(|e| io_error("write", &self.events_directory, e))
    }

    /// Waits until the disk has every line: a checkpoint that outlives a loss of power must find the lines of its steps.
    ///
    /// # Errors
    /// [`TrainError::Data`] naming the path.
    pub(super) fn sync(&mut self) -> Result<()> {
        self.metrics
            .flush()
            .and_then(|()| self.metrics.get_ref().sync_data())
            .map_err(|e| io_error("write", &self.metrics_path, e))
    }

    /// Hands what was written to the system.
    ///
    /// # Errors
    /// [`TrainError::Data`] naming the path.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.events.flush().map_err(|e| io_error("write", &self.events_directory, e))
    }
}

/// Drops metric lines of steps from `step` on, which a killed call wrote after its last checkpoint.
///
/// # Errors
/// [`TrainError::Data`] naming the path; [`TrainError::Invalid`] if the lines of the steps before `step` are not all there, in their order.
pub(super) fn truncate_metrics(path: &Path, step: usize) -> Result<()> {
    #[derive(Deserialize)]
    struct Step {
        step: usize,
    }
    if step == 0 && !path.exists() {
        return Ok(());
    }
    let text = if path.exists() { fs::read_to_string(path)? } else { String::new() };
    // A line that was cut off in the middle belongs to the last step.
    let step_of = |line: &str| serde_json::from_str::<Step>(line).ok().map(|line| line.step);
    let before = text.lines().filter(|line| step_of(line).is_some_and(|of_line| of_line < step));
    let kept: Vec<&str> = before.collect();
    if let Some(lost) =
        (0..step).find(|step| kept.get(*step).copied().and_then(step_of) != Some(*step))
    {
        return Err(TrainError::invalid(
            format!(
                "{} has lost the line of step {lost}; the checkpoint was written after {step} steps",
                path.display()
            ),
            "restore the file from a copy, or remove the directory of the run; the run then starts from its beginning",
        ));
    }
    let kept: String = kept.into_iter().flat_map(|line| [line, "\n"]).collect();
    Ok(fs::write_then_rename(path, kept.as_bytes())?)
}

/// Describes a step whose loss is not finite in a file below `directory`, and returns the error that names it.
pub(super) fn describe_failure(
    directory: &Path,
    error: &NonFinite,
    step: usize,
    classes: &[usize],
) -> TrainError {
    let terms: BTreeMap<_, _> =
        error.terms.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let text = serde_json::json!({"step": step, "term": error.term.to_string(), "terms": terms, "classes": classes});
    let path = directory.join(format!("non-finite-step-{step}.json"));
    TrainError::Failure(match fs::write_then_rename(&path, text.to_string().as_bytes()) {
        Ok(()) => format!("step {step}: {error}; the step is described in {}", path.display()),
        Err(e) => format!("step {step}: {error}; it could not be described: {e}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_model::LossTerm;

    fn line(step: usize) -> MetricsLine {
        MetricsLine {
            step,
            stage: "one".into(),
            epoch: 0,
            learning_rate: 0.5,
            terms: BTreeMap::from([("binding".to_owned(), 1.5)]),
            measures: BTreeMap::new(),
            validation: None,
        }
    }

    #[test]
    fn metrics_have_the_form_of_version_0_1_and_lines_behind_the_checkpoint_are_dropped() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let paths = TrainingPaths {
            checkpoints: directory.path().join("checkpoints"),
            best_checkpoint: directory.path().join("best"),
            metrics: directory.path().join("metrics.jsonl"),
            events: directory.path().join("events"),
            directory: directory.path().to_path_buf(),
        };
        truncate_metrics(&paths.metrics, 0).expect("nothing to truncate");
        let mut logs = StageLogs::open(&paths, 0).expect("opens");
        for step in 0..4 {
            logs.append(&line(step)).expect("writes");
        }
        drop(logs);
        let text = std::fs::read_to_string(&paths.metrics).expect("reads");
        let first = r#"{"step":0,"stage":"one","epoch":0,"rate":0.5,"terms":{"binding":1.5}}"#;
        assert_eq!(text.lines().next(), Some(first));
        // A killed process may leave half a line.
        std::fs::write(&paths.metrics, format!("{text}{{\"step\":4,\"st")).expect("writes");
        truncate_metrics(&paths.metrics, 2).expect("truncates");
        let kept = std::fs::read_to_string(&paths.metrics).expect("reads");
        assert_eq!(kept, text.lines().take(2).flat_map(|l| [l, "\n"]).collect::<String>());
    }

    #[test]
    fn metrics_written_after_the_last_checkpoint_are_removed() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("metrics.jsonl");
        truncate_metrics(&path, 0).expect("nothing to remove");
        let lines = "{\"step\":0}\n{\"step\":1}\n{\"step\":2}\n{\"ste";
        std::fs::write(&path, lines).expect("write");
        truncate_metrics(&path, 2).expect("truncated");
        let kept = std::fs::read_to_string(&path).expect("metrics");
        assert_eq!(kept, "{\"step\":0}\n{\"step\":1}\n");
    }

    #[test]
    fn a_log_without_lines_of_earlier_steps_is_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("metrics.jsonl");
        let refused = |step| truncate_metrics(&path, step).expect_err("lost lines").to_string();
        assert!(refused(1).contains("metrics.jsonl has lost the line of step 0"));
        for (lines, lost) in [
            ("{\"step\":0}\n{\"step\":2}\n", 1),
            ("{\"step\":0}\n{\"step\":1}\n", 2),
            ("{\"step\":0}\n\0\0\0\0\n{\"step\":2}\n", 1),
            ("{\"step\":0}\n{\"step\":0}\n{\"step\":1}\n{\"step\":2}\n", 1),
        ] {
            std::fs::write(&path, lines).expect("write");
            let text = refused(3);
            assert!(text.contains(&format!("the line of step {lost}; ")), "{lines}: {text}");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), lines, "as it was");
        }
    }

    #[test]
    fn a_step_that_is_not_finite_is_described() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let error = NonFinite {
            term: LossTerm::Triplet,
            value: f32::NAN,
            terms: vec![(LossTerm::Triplet, f32::NAN)],
        };
        let message = describe_failure(directory.path(), &error, 7, &[3, 5]).to_string();
        assert!(message.contains("step 7: the loss term `triplet` is NaN"), "{message}");
        let text = std::fs::read_to_string(directory.path().join("non-finite-step-7.json"));
        let json = r#"{"step":7,"term":"triplet","terms":{"triplet":"NaN"},"classes":[3,5]}"#;
        assert_eq!(text.expect("described"), json);
    }
}
