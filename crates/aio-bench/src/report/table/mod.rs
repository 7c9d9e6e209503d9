//! Tables of results as values; `form` writes them.

mod additions;
mod columns;
mod experiment;
mod references;
mod sweep;

pub(super) use additions::additions;
pub(super) use experiment::{by_seed, by_task};
pub(super) use sweep::sweep;

use super::estimate::Estimate;
use aio_eval::Interval;
use std::fmt;

/// How a field stands out in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Plain,
    /// Bold.
    Best,
    /// Underlined where the form has that.
    Second,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Count(u64),
    /// Sizes of a task.
    Sizes {
        queries: usize,
        skipped: usize,
        gallery: usize,
    },
    /// Percent.
    Score(Estimate),
    /// Bounds, in percent.
    Bounds {
        low: f64,
        high: f64,
    },
    /// No result.
    Missing,
    /// Nothing belongs here.
    Empty,
}

/// A value and how it stands out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) value: Value,
    pub(super) mark: Mark,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    /// Names and counts.
    Plain,
    /// Scores of one seed, in percent.
    Score,
    /// Mean and deviation of scores over seeds, in percent.
    Estimate,
    /// Bounds of an interval, in percent.
    Bounds,
}

/// A column of a table.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// What stands above it.
    pub(super) title: String,
    /// Its name in CSV files.
    pub(super) key: String,
    pub(super) kind: ColumnKind,
}

/// Where the numbers of a quoted row were published.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Name of the row.
    pub(super) row: String,
    /// LaTeX takes it as it is written, so that it can hold a `\cite`.
    pub(super) citation: String,
}

/// Rows of fields; the first column holds names, the others numbers.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// What stands above the table, as Markdown.
    pub(super) caption: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Field>>,
    /// Sources of the rows marked with †.
    pub(super) sources: Vec<Source>,
}

impl Table {
    /// The table with a column in front that says of which sweep or experiment the rows are.
    pub(super) fn with_name(mut self, name: &str) -> Self {
        self.columns.insert(0, Column::new("name", ColumnKind::Plain));
        for row in &mut self.rows {
            row.insert(0, Value::Text(name.to_owned()).into());
        }
        self
    }
}

impl Column {
    /// A column whose title is its key.
    pub(super) fn new(title: &str, kind: ColumnKind) -> Self {
        Self { title: title.to_owned(), key: title.to_owned(), kind }
    }
}

impl From<Value> for Field {
    fn from(value: Value) -> Self {
        Self { value, mark: Mark::Plain }
    }
}

impl Value {
    /// A score, or [`Value::Missing`].
    pub(super) fn score(estimate: Option<Estimate>) -> Self {
        estimate.map_or(Self::Missing, Self::Score)
    }

    /// The means of the seeds' bounds, in percent.
    fn mean_bounds(of_seeds: impl Iterator<Item = Interval>) -> Self {
        let intervals: Vec<Interval> = of_seeds.collect();
        if intervals.is_empty() {
            return Self::Missing;
        }
        let mean = |bound: fn(&Interval) -> f64| {
            100.0 * intervals.iter().map(bound).sum::<f64>() / intervals.len() as f64
        };
        Self::Bounds { low: mean(|interval| interval.low), high: mean(|interval| interval.high) }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Count(count) => count.fmt(f),
            Self::Sizes { queries, skipped: 0, gallery } => write!(f, "{queries} / {gallery}"),
            Self::Sizes { queries, skipped, gallery } => {
                write!(f, "{queries} ({skipped} skipped) / {gallery}")
            }
            Self::Score(estimate) => estimate.fmt(f),
            Self::Bounds { low, high } => write!(f, "{low:.1} to {high:.1}"),
            Self::Missing => f.write_str("–"),
            Self::Empty => Ok(()),
        }
    }
}

#[cfg(test)]
pub(in crate::report) mod tests {
    use crate::run::{RunResult, TaskSummary};
    use aio_eval::Unmatched;
    use aio_types::MetricId;
    use std::collections::BTreeMap;

    /// A result with these scores of the trained and of the untrained model.
    pub(in crate::report) fn result(
        seed: u64,
        metrics: &[(&str, f64)],
        baseline: &[(&str, f64)],
    ) -> RunResult {
        let scores = |values: &[(&str, f64)]| -> BTreeMap<MetricId, f64> {
            values.iter().map(|(id, value)| (id.parse().expect(id), *value)).collect()
        };
        RunResult {
            schema: 1,
            experiment: "e".into(),
            claim: String::new(),
            config_id: "c".into(),
            seed,
            metrics: scores(metrics),
            baseline: scores(baseline),
            chance: BTreeMap::new(),
            late_fusion: BTreeMap::new(),
            descriptors: BTreeMap::new(),
            evaluated_with: String::new(),
            data: BTreeMap::new(),
            order: Vec::new(),
            tasks: BTreeMap::new(),
            train_seconds: 1.0,
            steps: 1,
        }
    }

    /// A task of three queries and four gallery entries.
    pub(in crate::report) fn summary() -> TaskSummary {
        TaskSummary {
            queries: 3,
            skipped: 0,
            unmatched: Unmatched::default(),
            unmatched_by_trial: Vec::new(),
            spread: None,
            intervals: None,
            without: BTreeMap::new(),
            gallery: 4,
            trials: 1,
            protocol: "none".into(),
            cmc: Vec::new(),
            cmc_baseline: Vec::new(),
            roc: Vec::new(),
        }
    }
}
