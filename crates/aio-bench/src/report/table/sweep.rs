//! The table of a sweep: one row per cell, one column per task.

use super::experiment::unusual;
use super::references::references;
use super::{Column, ColumnKind, Field, Mark, Source, Table, Value};
use crate::error::{Error, Result};
use crate::markdown::escaped;
use crate::report::alike::check_data;
use crate::report::estimate::Estimate;
use crate::report::scores::{Scored, Scores};
use crate::report::{Quoted, SweepResults, SweepRow};
use aio_types::{MetricId, TaskId};

/// Mean ± standard deviation of the sweep's measure in percent. The best of a column is bold, the second underlined. Beside a task of mixed queries
/// stands what the cell reaches with late fusion, where its results have that. Below stand the untrained encoder, once for all cells that started from
/// the same, then chance, then quoted rows, marked with †.
///
/// # Errors
/// [`Error::User`] if a metric is not in the results, or a column would mix protocols.
pub(in crate::report) fn sweep(sweep: &SweepResults) -> Result<Table> {
    let SweepResults { title, rows, quoted, tasks, measure } = sweep;
    let metrics = sweep.metrics();
    check_metrics(rows, &metrics)?;
    check_data(rows.iter().map(|row| row.results.as_slice()))?;
    let scores = Scores::new(rows.iter().map(|row| row.results.as_slice()))?;
    let estimates: Vec<Vec<Option<Estimate>>> = (0..rows.len())
        .map(|cell| {
            metrics.iter().map(|metric| scores.get(cell, Scored::Trained, metric)).collect()
        })
        .collect();
    let podiums: Vec<Podium> = (0..tasks.len())
        .map(|column| Podium::new(estimates.iter().filter_map(|row| row[column])))
        .collect();
    let late = LateFusion::of(rows, &metrics);
    let mut fields: Vec<Vec<Field>> = Vec::new();
    for (cell, (row, estimates)) in rows.iter().zip(estimates).enumerate() {
        let of_late =
            |metric: &MetricId| Value::score(scores.get(cell, Scored::LateFusion, metric));
        fields.push(late.beside(cell_row(row, &estimates, &podiums), of_late));
    }
    // What no cell has trained has no late fusion.
    let none = |_: &MetricId| Value::Empty;
    fields.extend(references(rows, &metrics).into_iter().map(|row| late.beside(row, none)));
    // Quoted numbers stand apart: they are of other data, and none of them is the best or second of ours.
    fields.extend(quoted.iter().map(|quoted| late.beside(quoted_row(quoted, tasks), none)));
    let plain = ["cell", "seeds"].map(|title| Column::new(title, ColumnKind::Plain));
    let columns = tasks.iter().zip(&metrics).flat_map(|(task, metric)| {
        let column = |title: String, key: String| Column { title, key, kind: ColumnKind::Estimate };
        let own = column(task.to_string(), metric.to_string());
        let fused = || column(format!("{task}, late fusion"), format!("{metric}_late_fusion"));
        [Some(own), late.has(metric).then(fused)]
    });
    let columns = columns.flatten();
    let sources = quoted
        .iter()
        .map(|quoted| Source { row: quoted.name.clone(), citation: quoted.citation.clone() })
        .collect();
    Ok(Table {
        caption: format!(
            "{} · {measure} · percent{}",
            escaped(title),
            unusual(rows.iter().flat_map(|row| &row.results))
        ),
        columns: plain.into_iter().chain(columns).collect(),
        rows: fields,
        sources,
    })
}

/// The columns with a column of late fusion beside them.
struct LateFusion<'a> {
    metrics: &'a [MetricId],
    scored: Vec<bool>,
}

impl<'a> LateFusion<'a> {
    /// The columns of which a result has late fusion: those of mixed queries.
    fn of(rows: &[SweepRow], metrics: &'a [MetricId]) -> Self {
        let results = || rows.iter().flat_map(|row| &row.results);
        let is_scored = |metric| results().any(|result| result.late_fusion.contains_key(metric));
        Self { metrics, scored: metrics.iter().map(is_scored).collect() }
    }

    fn has(&self, metric: &MetricId) -> bool {
        self.metrics.iter().zip(&self.scored).any(|(of, scored)| of == metric && *scored)
    }

    /// A row with `value` beside these columns; its last fields are one for each metric.
    fn beside(&self, row: Vec<Field>, value: impl Fn(&MetricId) -> Value) -> Vec<Field> {
        let first = row.len() - self.metrics.len();
        let mut wider = Vec::with_capacity(row.len());
        for (number, field) in row.into_iter().enumerate() {
            wider.push(field);
            let column = number.checked_sub(first).filter(|column| self.scored[*column]);
            wider.extend(column.map(|column| value(&self.metrics[column]).into()));
        }
        wider
    }
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

/// The two highest means of a column.
struct Podium {
    best: Option<f64>,
    second: Option<f64>,
}

impl Podium {
    fn new(column: impl Iterator<Item = Estimate>) -> Self {
        let mut means: Vec<f64> = column.map(|estimate| estimate.mean).collect();
        // A single result is compared with nothing.
        if means.len() < 2 {
            return Self { best: None, second: None };
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::result;
    use aio_types::Measure;

    const PHOTOGRAPHS: &str = "market1501.rgb-rgb.map";
    const MIXED: &str = "tri-cuhk-pedes.sketch+text-rgb.map";

    #[test]
    fn late_fusion_stands_beside_a_mixed_column() {
        let seed = |seed: u64, mixed: f64, late: f64| {
            let mut result = result(seed, &[(PHOTOGRAPHS, 0.5), (MIXED, mixed)], &[(MIXED, 0.25)]);
            result.late_fusion = [(MIXED.parse().expect("an id"), late)].into();
            result
        };
        let row = |label: &str, results| SweepRow { label: label.to_owned(), results };
        let task = |metric: &str| metric.trim_end_matches(".map").parse().expect("a task");
        let results = SweepResults {
            title: "s.toml".into(),
            rows: vec![
                row("a", vec![seed(0, 0.5, 0.25), seed(1, 0.75, 0.75)]),
                row("b", vec![seed(0, 0.5, 0.375)]),
                row("open", Vec::new()),
            ],
            quoted: vec![Quoted {
                name: "others".into(),
                citation: "c".into(),
                values: [(task(MIXED), 40.0)].into(),
            }],
            tasks: vec![task(PHOTOGRAPHS), task(MIXED)],
            measure: Measure::Map,
        };
        let table = sweep(&results).expect("a table");
        let titles: Vec<&str> = table.columns.iter().map(|column| column.title.as_str()).collect();
        let mixed = "tri-cuhk-pedes.sketch+text-rgb";
        let late = format!("{mixed}, late fusion");
        assert_eq!(titles, ["cell", "seeds", "market1501.rgb-rgb", mixed, &late]);
        assert_eq!(table.columns[4].key, format!("{MIXED}_late_fusion"));
        let written = |row: &Vec<Field>| -> Vec<String> {
            row.iter().map(|field| field.value.to_string()).collect()
        };
        let rows: Vec<Vec<String>> = table.rows.iter().map(written).collect();
        // 25 and 75: 50 ± 50/√2.
        assert_eq!(rows[0], ["a", "2", "50.0 ± 0.0", "62.5 ± 17.7", "50.0 ± 35.4"]);
        assert_eq!(rows[1], ["b", "1", "50.0", "50.0", "37.5"]);
        assert_eq!(rows[2], ["open", "0", "–", "–", "–"]);
        assert_eq!(rows[3], ["untrained encoder", "", "–", "25.0", ""]);
        assert_eq!(rows.last().expect("quoted"), &["others †", "", "–", "40.0", ""]);
        let mut plain = results;
        plain.rows.iter_mut().flat_map(|row| &mut row.results).for_each(|r| r.late_fusion.clear());
        assert_eq!(sweep(&plain).expect("a table").columns.len(), 4, "results without late fusion");
    }
}
