//! What the runs of a cell take: time and memory, measured or predicted.

use super::{Cell, Sweep};
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::experiment;
use crate::markdown::{self, Align};
use crate::run::{self, Run};
use aio_data::checksum::inside;
use aio_data::fs;
use aio_train::{Probe, StopFlag};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// What a run of a cell takes; also the contents of `prediction.json`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Seconds of training.
    pub seconds: f64,
    /// Memory at the peak in MiB, if it is known.
    pub memory: Option<u64>,
    /// Whether the numbers are estimated, not measured.
    pub predicted: bool,
}

impl Cost {
    /// The columns of [`Cost::fields`].
    pub(super) const COLUMNS: [(&str, Align); 2] =
        [("minutes of training", Align::Right), ("MiB at the peak", Align::Right)];

    /// Minutes and memory for a table; `~` marks an estimate, `–` what is not known.
    pub(super) fn fields(cost: Option<Self>) -> [String; 2] {
        let unknown = || "–".to_owned();
        let Some(Self { seconds, memory, predicted }) = cost else {
            return [unknown(), unknown()];
        };
        let mark = if predicted { "~" } else { "" };
        let memory = memory.map_or_else(unknown, |memory| format!("{mark}{memory}"));
        [format!("{mark}{:.1}", seconds / 60.0), memory]
    }
}

/// Costs of the cells where they are known, by configuration id.
#[derive(Debug)]
pub(super) struct Costs(BTreeMap<String, Cost>);

impl Costs {
    /// What a run of `cell` takes, if it is known.
    pub(super) fn of(&self, cell: &Cell) -> Option<Cost> {
        self.0.get(&cell.config_id).copied()
    }

    /// Mean seconds of a run over the cells where they are known.
    pub(super) fn mean_seconds(&self) -> Option<f64> {
        let seconds: f64 = self.0.values().map(|cost| cost.seconds).sum();
        (!self.0.is_empty()).then(|| seconds / self.0.len() as f64)
    }
}

/// What [`Sweep::check`] found.
#[derive(Debug, Clone, Serialize)]
pub struct CostCheck {
    /// Cells in the order of the file.
    pub cells: Vec<CheckedCell>,
}

/// A cell of which one step was computed.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedCell {
    /// Content hash of its configuration.
    pub config_id: String,
    /// Name in tables.
    pub label: String,
    /// Optimiser steps of a run.
    pub steps: usize,
    /// Seconds of one step.
    pub step_seconds: f64,
    /// Floating-point operations of all steps, predicted.
    pub flops: f64,
    /// What a run is expected to take.
    pub cost: Cost,
}

impl fmt::Display for CostCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut columns = vec![
            ("cell", Align::Left),
            ("what is varied", Align::Left),
            ("steps", Align::Right),
            ("seconds a step", Align::Right),
            ("TFLOP", Align::Right),
        ];
        columns.extend(Cost::COLUMNS);
        let mut rows = Vec::new();
        for CheckedCell { config_id, label, steps, step_seconds, flops, cost } in &self.cells {
            let mut row = vec![config_id.clone(), label.clone(), steps.to_string()];
            row.push(format!("{step_seconds:.2}"));
            row.push(format!("~{:.1}", flops / 1e12));
            row.extend(Cost::fields(Some(*cost)));
            rows.push(row);
        }
        f.write_str(&markdown::table(&columns, &rows))
    }
}

impl Sweep {
    /// Computes one step forward and backward of every cell, after checking its configuration and data. Plans show
    /// the predicted costs from then on.
    ///
    /// # Errors
    /// The first [`Error`], naming the cell; [`Error::Interrupted`] after a signal.
    pub fn check(&self, runs: &Path, device: &str) -> Result<CostCheck> {
        let mut cells = Vec::new();
        let stop = StopFlag::on_signals()?;
        for cell in &self.cells {
            stop.check("going from one cell to the next")?;
            let experiment = Experiment::load(&self.base, &cell.settings)?;
            let Probe { steps, seconds_per_step, seconds, memory, flops } =
                experiment::probe(&experiment, device).map_err(|error| of_cell(cell, error))?;
            let cost =
                Cost { seconds, memory: Some((memory.total() >> 20) as u64), predicted: true };
            let json = inside::to_json(&cost).map_err(|e| Error::Failure(e.to_string()))?;
            fs::write_output(&self.prediction(runs, cell), json.as_bytes())?;
            cells.push(CheckedCell {
                config_id: cell.config_id.clone(),
                label: cell.label.clone(),
                steps,
                step_seconds: seconds_per_step,
                flops,
                cost,
            });
        }
        Ok(CostCheck { cells })
    }

    /// Costs of the cells, measured where runs are done, or else predicted where [`Sweep::check`] has done so.
    pub(super) fn costs(&self, runs: &Path) -> Costs {
        let mut costs = BTreeMap::new();
        for cell in &self.cells {
            let cost = self.measured(runs, cell).or_else(|| self.predicted(runs, cell));
            costs.extend(cost.map(|cost| (cell.config_id.clone(), cost)));
        }
        Costs(costs)
    }

    /// Mean time and largest memory of the seeds that are done.
    fn measured(&self, runs: &Path, cell: &Cell) -> Option<Cost> {
        let mut seconds = Vec::new();
        let mut memory = None;
        for seed in &self.seeds {
            let run = self.run_of(runs, cell, *seed);
            // A damaged result is reported where results are read; here its cost is unknown.
            if let Ok(Some(result)) = run.result() {
                seconds.push(result.train_seconds);
                memory = memory.max(run::peak_memory(&run));
            }
        }
        let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
        (!seconds.is_empty()).then_some(Cost { seconds: mean, memory, predicted: false })
    }

    fn predicted(&self, runs: &Path, cell: &Cell) -> Option<Cost> {
        let path = self.prediction(runs, cell);
        // A damaged prediction is none; the next check writes it again.
        inside::from_json(&path, &std::fs::read_to_string(&path).ok()?).ok()
    }

    /// Where [`Sweep::check`] writes the predicted cost of a cell.
    fn prediction(&self, runs: &Path, cell: &Cell) -> PathBuf {
        Run::seeds(runs, &self.experiment, &cell.config_id).join("prediction.json")
    }
}

/// The error of a cell, which it names. Its exit code stays.
fn of_cell(cell: &Cell, error: Error) -> Error {
    if matches!(error, Error::Interrupted { .. }) {
        return error;
    }
    let message = format!("cell {} ({}): {error}", cell.config_id, cell.label);
    if error.is_user() {
        Error::User { message, hint: error.hint() }
    } else {
        Error::Failure(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_cell_names_it_and_keeps_its_exit_code() {
        let cell = Cell { config_id: "a1".into(), settings: Vec::new(), label: "half".into() };
        let of_user = of_cell(&cell, Error::user("no data", "render them"));
        assert_eq!(of_user.with_hint(), "cell a1 (half): no data\nhint: render them");
        assert_eq!(of_user.exit_code(), 2);
        let failed = of_cell(&cell, Error::Failure("the device is lost".into()));
        assert_eq!(failed.with_hint(), "cell a1 (half): the device is lost");
        assert_eq!(failed.exit_code(), 1);
        let stopped = of_cell(&cell, Error::Interrupted { phase: "trying a step" });
        assert_eq!(stopped.exit_code(), 75);
    }

    #[test]
    fn estimates_are_marked_and_unknown_costs_are_dashes() {
        let cost = Cost { seconds: 90.0, memory: Some(512), predicted: true };
        assert_eq!(Cost::fields(Some(cost)), ["~1.5", "~512"]);
        let measured = Cost { memory: None, predicted: false, ..cost };
        assert_eq!(Cost::fields(Some(measured)), ["1.5", "–"]);
        assert_eq!(Cost::fields(None), ["–", "–"]);
    }

    #[test]
    fn predictions_of_version_0_1_are_read() {
        let cost: Cost =
            serde_json::from_str("{\"seconds\":3.5,\"memory\":700,\"predicted\":true}")
                .expect("a cost");
        assert_eq!(cost, Cost { seconds: 3.5, memory: Some(700), predicted: true });
    }
}
