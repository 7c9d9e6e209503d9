//! The table of a sweep: one row per cell, one column per task.

use super::references::references;
use super::{Column, ColumnKind, Field, Mark, Source, Table, Value};
use crate::error::{Error, Result};
use crate::markdown::escaped;
use crate::report::estimate::Estimate;
use crate::report::scores::{Scored, Scores};
use crate::report::{Quoted, SweepResults, SweepRow};
use aio_types::{MetricId, TaskId};
use std::collections::BTreeSet;

/// Mean ± standard deviation of the sweep's measure in percent. The best of a column is bold, the second underlined. Below stand the
/// untrained encoder, once for all cells that started from the same, then chance, then quoted rows, marked with †.
///
/// # Errors
/// [`Error::User`] if a metric is not in the results, or a column would mix protocols.
pub(in crate::report) fn sweep(sweep: &SweepResults) -> Result<Table> {
    let SweepResults { title, rows, quoted, tasks, measure } = sweep;
    let metrics = sweep.metrics();
    check_metrics(rows, &metrics)?;
    check_protocols(rows, tasks)?;
    let scores = Scores::new(rows.iter().map(|row| row.results.as_slice()))?;
    let estimates: Vec<Vec<Option<Estimate>>> = (0..rows.len())
        .map(|cell| {
            metrics.iter().map(|metric| scores.get(cell, Scored::Trained, metric)).collect()
        })
        .collect();
    let podiums: Vec<Podium> = (0..tasks.len())
        .map(|column| match rows.len() {
            // A single row is compared with nothing.
            0 | 1 => Podium { best: None, second: None },
            _ => Podium::new(estimates.iter().filter_map(|row| row[column])),
        })
        .collect();
    let mut fields: Vec<Vec<Field>> = Vec::new();
    for (row, estimates) in rows.iter().zip(estimates) {
        fields.push(cell_row(row, &estimates, &podiums));
    }
    fields.extend(references(rows, &metrics));
    // Quoted numbers stand apart: they are of other data, and none of them is the best or second of ours.
    fields.extend(quoted.iter().map(|quoted| quoted_row(quoted, tasks)));
    let plain = ["cell", "seeds"].map(|title| Column::new(title, ColumnKind::Plain));
    let columns = tasks.iter().zip(&metrics).map(|(task, metric)| Column {
        title: task.to_string(),
        key: metric.to_string(),
        kind: ColumnKind::Estimate,
    });
    let sources = quoted
        .iter()
        .map(|quoted| Source { row: quoted.name.clone(), citation: quoted.citation.clone() })
        .collect();
    Ok(Table {
        caption: format!("{} · {measure} · percent", escaped(title)),
        columns: plain.into_iter().chain(columns).collect(),
        rows: fields,
        sources,
    })
}

/// Refuses a metric that no result has, where there are results.
fn check_metrics(rows: &[SweepRow], metrics: &[MetricId]) -> Result<()> {
    let results = || rows.iter().flat_map(|row| &row.results);
    if results().next().is_none() {
        return Ok(());
    }
    match metrics.iter().find(|metric| !results().any(|r| r.metrics.contains_key(metric))) {
        None => Ok(()),
        Some(unknown) => Err(Error::user(
            format!("no result of the sweep has `{unknown}`"),
            "[report] names tasks and metric as result.json does",
        )),
    }
}

/// Refuses a column whose results were made under different protocols.
fn check_protocols(rows: &[SweepRow], tasks: &[TaskId]) -> Result<()> {
    for task in tasks {
        let results = rows.iter().flat_map(|row| &row.results);
        let protocols: BTreeSet<&str> = results
            .filter_map(|result| result.tasks.get(task))
            .map(|summary| summary.protocol.as_str())
            .collect();
        if protocols.len() > 1 {
            let protocols = protocols.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Error::user(
                format!(
                    "results of `{task}` are of several protocols ({protocols}), which one column must not mix"
                ),
                "run the older cells again",
            ));
        }
    }
    Ok(())
}

/// The two highest means of a column.
struct Podium {
    best: Option<f64>,
    second: Option<f64>,
}

impl Podium {
    fn new(column: impl Iterator<Item = Estimate>) -> Self {
        let mut means: Vec<f64> = column.map(|estimate| estimate.mean).collect();
        means.sort_by(|a, b| b.total_cmp(a));
        means.dedup();
        Self { best: means.first().copied(), second: means.get(1).copied() }
    }

    fn mark(&self, estimate: &Estimate) -> Mark {
        let is = |mean: Option<f64>| mean == Some(estimate.mean);
        match (is(self.best), is(self.second)) {
            (true, _) => Mark::Best,
            (_, true) => Mark::Second,
            _ => Mark::Plain,
        }
    }
}

fn cell_row(row: &SweepRow, estimates: &[Option<Estimate>], podiums: &[Podium]) -> Vec<Field> {
    let mut fields =
        vec![Value::Text(row.label.clone()).into(), Value::Count(row.results.len() as u64).into()];
    for (estimate, podium) in estimates.iter().zip(podiums) {
        let mark = estimate.as_ref().map_or(Mark::Plain, |estimate| podium.mark(estimate));
        fields.push(Field { value: Value::score(*estimate), mark });
    }
    fields
}

fn quoted_row(quoted: &Quoted, tasks: &[TaskId]) -> Vec<Field> {
    let mut fields = vec![Value::Text(format!("{} †", quoted.name)).into(), Value::Empty.into()];
    for task in tasks {
        let value = quoted.values.get(task).map(|percent| Estimate::single(*percent));
        fields.push(Value::score(value).into());
    }
    fields
}
