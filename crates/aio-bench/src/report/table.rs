use crate::error::{Error, Result};
use crate::run::RunResult;
use polars::prelude::*;
use std::fmt::Write;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A Markdown table.
    Markdown,
    /// Comma-separated values.
    Csv,
}

const METRICS: [&str; 4] = ["rank1", "rank5", "map", "minp"];

fn polars_error(error: &PolarsError) -> Error {
    Error::Failure(format!("the result table: {error}"))
}

/// One row per task and seed: the trained model, the encoder before training, and chance.
fn frame(results: &[RunResult]) -> Result<DataFrame> {
    let rows: Vec<(&RunResult, &String)> = results.iter().flat_map(|r| r.order.iter().map(move |t| (r, t))).collect();
    let mut columns = vec![
        Column::new("task".into(), rows.iter().map(|(_, t)| t.as_str()).collect::<Vec<_>>()),
        Column::new("seed".into(), rows.iter().map(|(r, _)| r.seed).collect::<Vec<_>>()),
        Column::new("queries".into(), rows.iter().map(|(r, t)| r.tasks[*t].queries as u64).collect::<Vec<_>>()),
        Column::new("skipped".into(), rows.iter().map(|(r, t)| r.tasks[*t].skipped as u64).collect::<Vec<_>>()),
        Column::new("gallery".into(), rows.iter().map(|(r, t)| r.tasks[*t].gallery as u64).collect::<Vec<_>>()),
    ];
    for metric in METRICS {
        let of = |map: &std::collections::BTreeMap<String, f64>, t: &str| 100.0 * map.get(&format!("{t}.{metric}")).copied().unwrap_or(f64::NAN);
        columns.push(Column::new(metric.into(), rows.iter().map(|(r, t)| of(&r.metrics, t)).collect::<Vec<_>>()));
        if metric == "rank1" || metric == "map" {
            columns.push(Column::new(format!("{metric}_baseline").into(), rows.iter().map(|(r, t)| of(&r.baseline, t)).collect::<Vec<_>>()));
            columns.push(Column::new(format!("{metric}_chance").into(), rows.iter().map(|(r, t)| of(&r.chance, t)).collect::<Vec<_>>()));
        }
    }
    DataFrame::new(rows.len(), columns).map_err(|e| polars_error(&e))
}

/// Mean and standard deviation (over n − 1) of a metric by task, in the order of the experiment.
struct Spread {
    mean: f64,
    deviation: Option<f64>,
}

fn spread(frame: &DataFrame, task: &str, column: &str) -> Result<Spread> {
    let names = frame.column("task").and_then(|c| c.str().cloned()).map_err(|e| polars_error(&e))?;
    let values = frame.column(column).and_then(|c| c.f64().cloned()).map_err(|e| polars_error(&e))?;
    let mask: BooleanChunked = names.iter().map(|n| Some(n == Some(task))).collect();
    let chosen = values.filter(&mask).map_err(|e| polars_error(&e))?;
    Ok(Spread { mean: chosen.mean().unwrap_or(f64::NAN), deviation: chosen.std(1).filter(|_| chosen.len() > 1) })
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1}", self.mean)?;
        match self.deviation {
            Some(deviation) => write!(f, " ± {deviation:.1}"),
            None => Ok(()),
        }
    }
}

/// The table of one experiment's results, one per seed; percentages, mean ± standard deviation over seeds.
///
/// # Errors
/// [`Error::User`] if the results belong to different experiments or configurations.
pub fn results(results: &[RunResult], format: Format) -> Result<String> {
    let first = results.first().ok_or_else(|| Error::user("no finished run", "run the experiment first"))?;
    if let Some(other) = results.iter().find(|r| r.cell != first.cell || r.order != first.order) {
        return Err(Error::user(
            format!("the results of cells {} and {} cannot share a table", first.cell, other.cell),
            "they were made with different configurations; report them one by one",
        ));
    }
    let frame = frame(results)?;
    match format {
        Format::Markdown => markdown(&frame, first, results.len()),
        Format::Csv => Ok(csv(&frame)),
    }
}

fn markdown(frame: &DataFrame, first: &RunResult, seeds: usize) -> Result<String> {
    let mut text = String::new();
    let plural = if seeds == 1 { "seed" } else { "seeds" };
    let header = "| task | queries / gallery | Rank-1 | Rank-5 | mAP | mINP | mAP untrained | mAP chance |\n|---|--:|--:|--:|--:|--:|--:|--:|\n";
    let _ = write!(text, "`{}` · cell `{}` · {seeds} {plural} · percent\n\n{header}", first.experiment, first.cell);
    for task in &first.order {
        let of = |column: &str| spread(frame, task, column);
        let summary = &first.tasks[task];
        let skipped = if summary.skipped > 0 { format!(" ({} skipped)", summary.skipped) } else { String::new() };
        let _ = writeln!(
            text,
            "| {task} | {}{skipped} / {} | {} | {} | **{}** | {} | {} | {:.1} |",
            summary.queries,
            summary.gallery,
            of("rank1")?,
            of("rank5")?,
            of("map")?,
            of("minp")?,
            Spread { deviation: None, ..of("map_baseline")? },
            of("map_chance")?.mean,
        );
    }
    Ok(text)
}

/// Writes a frame of names and numbers; no field holds a comma or a quote.
fn csv(frame: &DataFrame) -> String {
    let names: Vec<String> = frame.get_column_names().iter().map(ToString::to_string).collect();
    let mut text = names.join(",") + "\n";
    for i in 0..frame.height() {
        let row: Vec<String> = frame
            .columns()
            .iter()
            .map(|c| match c.get(i) {
                Ok(AnyValue::String(s)) => s.to_owned(),
                Ok(AnyValue::Float64(v)) => format!("{v:.4}"),
                Ok(value) => value.to_string(),
                Err(_) => String::new(),
            })
            .collect();
        text += &(row.join(",") + "\n");
    }
    text
}
