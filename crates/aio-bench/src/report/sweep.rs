//! What the table and the bars of a sweep are made of.

use crate::run::RunResult;
use aio_types::{Measure, MetricId, TaskId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Results of a sweep and what is shown of them.
#[derive(Debug, Clone, Serialize)]
pub struct SweepResults {
    /// What stands above the table.
    #[serde(rename = "file")]
    pub title: String,
    /// The cells, one row each.
    pub rows: Vec<SweepRow>,
    /// Rows of published numbers.
    pub quoted: Vec<Quoted>,
    /// The tasks, one column each.
    pub tasks: Vec<TaskId>,
    /// What is shown of every task.
    #[serde(rename = "metric")]
    pub measure: Measure,
}

/// A cell of a sweep.
#[derive(Debug, Clone, Serialize)]
pub struct SweepRow {
    /// What is varied.
    pub label: String,
    /// Its results, one per seed; empty where none is finished.
    pub results: Vec<RunResult>,
}

/// Numbers that others published. Tables mark them with † and name their source.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quoted {
    /// What the row is called.
    pub name: String,
    /// Where the numbers were published; LaTeX takes it as it is written, so that it can hold a `\cite`.
    pub citation: String,
    /// Percentages by task.
    pub values: BTreeMap<TaskId, f64>,
}

impl SweepResults {
    /// The metric of every column.
    pub(super) fn metrics(&self) -> Vec<MetricId> {
        let metric = |task: &TaskId| MetricId { task: task.clone(), measure: self.measure };
        self.tasks.iter().map(metric).collect()
    }
}
