use super::grid::{Field, Grid, Mark};
use crate::error::{Error, Result};
use crate::run::RunResult;
use polars::prelude::{AnyValue, BooleanChunked, ChunkFilter, Column, DataFrame, PolarsError};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A Markdown table.
    #[value(name = "md", alias = "markdown")]
    Markdown,
    /// A LaTeX tabular with booktabs rules.
    Latex,
    /// Comma-separated values, one row per task and seed.
    Csv,
    /// An HTML table.
    Html,
}

const METRICS: [&str; 4] = ["rank1", "rank5", "map", "minp"];

fn polars_error(error: &PolarsError) -> Error {
    Error::Failure(format!("the result table: {error}"))
}

/// One row per task and seed: the trained model, the encoder before training, and chance.
fn frame(results: &[RunResult]) -> Result<DataFrame> {
    let rows: Vec<(&RunResult, &String)> =
        results.iter().flat_map(|r| r.order.iter().map(move |t| (r, t))).collect();
    let mut columns = vec![
        Column::new("task".into(), rows.iter().map(|(_, t)| t.as_str()).collect::<Vec<_>>()),
        Column::new("seed".into(), rows.iter().map(|(r, _)| r.seed).collect::<Vec<_>>()),
        Column::new(
            "queries".into(),
            rows.iter().map(|(r, t)| r.tasks[*t].queries as u64).collect::<Vec<_>>(),
        ),
        Column::new(
            "skipped".into(),
            rows.iter().map(|(r, t)| r.tasks[*t].skipped as u64).collect::<Vec<_>>(),
        ),
        Column::new(
            "gallery".into(),
            rows.iter().map(|(r, t)| r.tasks[*t].gallery as u64).collect::<Vec<_>>(),
        ),
    ];
    for metric in METRICS {
        let of = |map: &BTreeMap<String, f64>, t: &str| {
            100.0 * map.get(&format!("{t}.{metric}")).copied().unwrap_or(f64::NAN)
        };
        columns.push(Column::new(
            metric.into(),
            rows.iter().map(|(r, t)| of(&r.metrics, t)).collect::<Vec<_>>(),
        ));
        if metric == "rank1" || metric == "map" {
            columns.push(Column::new(
                format!("{metric}_baseline").into(),
                rows.iter().map(|(r, t)| of(&r.baseline, t)).collect::<Vec<_>>(),
            ));
            columns.push(Column::new(
                format!("{metric}_chance").into(),
                rows.iter().map(|(r, t)| of(&r.chance, t)).collect::<Vec<_>>(),
            ));
        }
    }
    DataFrame::new(rows.len(), columns).map_err(|e| polars_error(&e))
}

/// Mean and, of several values, standard deviation (over n − 1).
pub(super) struct Spread {
    pub(super) mean: f64,
    pub(super) deviation: Option<f64>,
}

impl Spread {
    /// None of no value.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let deviation = (n > 1).then(|| {
            (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1) as f64).sqrt()
        });
        (n > 0).then_some(Self { mean, deviation })
    }
}

fn spread(frame: &DataFrame, task: &str, column: &str) -> Result<Spread> {
    let names =
        frame.column("task").and_then(|c| c.str().cloned()).map_err(|e| polars_error(&e))?;
    let values =
        frame.column(column).and_then(|c| c.f64().cloned()).map_err(|e| polars_error(&e))?;
    let mask: BooleanChunked = names.iter().map(|n| Some(n == Some(task))).collect();
    let chosen = values.filter(&mask).map_err(|e| polars_error(&e))?;
    let values: Vec<f64> = chosen.into_no_null_iter().collect();
    Ok(Spread::of(&values).unwrap_or(Spread { mean: f64::NAN, deviation: None }))
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
    let first = results
        .first()
        .ok_or_else(|| Error::user("no finished run", "run the experiment first"))?;
    if let Some(other) =
        results.iter().find(|r| r.config_id != first.config_id || r.order != first.order)
    {
        return Err(Error::user(
            format!(
                "the results of cells {} and {} cannot share a table",
                first.config_id, other.config_id
            ),
            "they were made with different configurations; report them one by one",
        ));
    }
    let frame = frame(results)?;
    match format {
        Format::Markdown => Ok(grid(&frame, first, results.len())?.markdown()),
        Format::Latex => Ok(grid(&frame, first, results.len())?.latex()),
        Format::Html => Ok(grid(&frame, first, results.len())?.html()),
        Format::Csv => Ok(csv(&frame)),
    }
}

/// Results of one cell as a table, the trained model's mAP in bold.
fn grid(frame: &DataFrame, first: &RunResult, seeds: usize) -> Result<Grid> {
    let plural = if seeds == 1 { "seed" } else { "seeds" };
    let head = [
        "task",
        "queries / gallery",
        "Rank-1",
        "Rank-5",
        "mAP",
        "mINP",
        "mAP untrained",
        "mAP chance",
    ];
    let mut rows = Vec::new();
    for task in &first.order {
        let of = |column: &str| spread(frame, task, column);
        let summary = &first.tasks[task];
        let skipped = if summary.skipped > 0 {
            format!(" ({} skipped)", summary.skipped)
        } else {
            String::new()
        };
        rows.push(vec![
            task.clone().into(),
            format!("{}{skipped} / {}", summary.queries, summary.gallery).into(),
            of("rank1")?.to_string().into(),
            of("rank5")?.to_string().into(),
            Field { text: of("map")?.to_string(), mark: Mark::Best },
            of("minp")?.to_string().into(),
            Spread { deviation: None, ..of("map_baseline")? }.to_string().into(),
            format!("{:.1}", of("map_chance")?.mean).into(),
        ]);
    }
    let caption =
        format!("`{}` · cell `{}` · {seeds} {plural} · percent", first.experiment, first.config_id);
    Ok(Grid { caption, head: head.map(str::to_owned).to_vec(), rows, quoted: Vec::new() })
}

/// Numbers that others published, which a table marks with † and their citation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quoted {
    /// What the row is called.
    pub name: String,
    /// Where the numbers stand; a LaTeX table cites it as it is written.
    pub citation: String,
    /// Percentages by task.
    pub values: BTreeMap<String, f64>,
}

/// A metric in percent over the results that have it; none if none has.
pub(super) fn spread_of(results: &[RunResult], key: &str) -> Option<Spread> {
    let found: Vec<f64> =
        results.iter().filter_map(|r| r.metrics.get(key).map(|v| 100.0 * v)).collect();
    Spread::of(&found)
}

/// The table of a sweep: one row per cell (what is varied, and its results by seed), one column per task, mean ± standard deviation of `metric` in percent. The
/// best of a column is bold, the second underlined; what is missing is shown as missing. Below stand
/// the untrained encoder, once for all cells that started from the same, and chance, then quoted rows, marked with †.
///
/// # Errors
/// [`Error::User`] if a task or metric is not in the results, or a column would mix protocols.
pub fn sweep(
    title: &str,
    rows: &[(String, Vec<RunResult>)],
    quoted: &[Quoted],
    tasks: &[String],
    metric: &str,
    format: Format,
) -> Result<String> {
    if let Some(unknown) = tasks.iter().find(|task| {
        let key = format!("{task}.{metric}");
        rows.iter().any(|(_, results)| !results.is_empty())
            && !rows.iter().flat_map(|(_, results)| results).any(|r| r.metrics.contains_key(&key))
    }) {
        let hint = "[report] names tasks and metric as result.json does";
        return Err(Error::user(format!("no result of the sweep has `{unknown}.{metric}`"), hint));
    }
    let mut values: Vec<Vec<Option<Spread>>> = Vec::new();
    for (_, results) in rows {
        // A cell that is not tested on a task has nothing there.
        let of = |task: &String| spread_of(results, &format!("{task}.{metric}"));
        values.push(tasks.iter().map(of).collect());
    }
    let marks: Vec<[Option<f64>; 2]> = (0..tasks.len())
        .map(|column| {
            let mut means: Vec<f64> =
                values.iter().filter_map(|row| row[column].as_ref().map(|s| s.mean)).collect();
            means.sort_by(|a, b| b.total_cmp(a));
            means.dedup();
            // One row has nothing to be better than.
            if rows.len() < 2 { [None; 2] } else { [means.first().copied(), means.get(1).copied()] }
        })
        .collect();
    let head =
        ["cell".to_owned(), "seeds".into()].into_iter().chain(tasks.iter().cloned()).collect();
    let field = |(column, value): (usize, &Option<Spread>)| match value {
        None => Field::from("–".to_owned()),
        Some(spread) => {
            let mark = match marks[column] {
                [Some(best), _] if best == spread.mean => Mark::Best,
                [_, Some(second)] if second == spread.mean => Mark::Second,
                _ => Mark::Plain,
            };
            Field { text: spread.to_string(), mark }
        }
    };
    let lines = rows.iter().zip(&values).map(|((name, results), values)| {
        let fields = values.iter().enumerate().map(field);
        [name.clone().into(), results.len().to_string().into()]
            .into_iter()
            .chain(fields)
            .collect::<Vec<Field>>()
    });
    let untrained =
        references(rows, &tasks.iter().map(|task| format!("{task}.{metric}")).collect::<Vec<_>>());
    // Quoted numbers stand apart: they are of other data, and none of them is the best or second of ours.
    let others = quoted.iter().map(|Quoted { name, values, .. }| {
        let fields = tasks
            .iter()
            .map(|task| values.get(task).map_or("–".to_owned(), |v| format!("{v:.1}")).into());
        [format!("{name} †").into(), String::new().into()]
            .into_iter()
            .chain(fields)
            .collect::<Vec<Field>>()
    });
    let versions: Vec<(&String, Vec<&str>)> = tasks
        .iter()
        .map(|task| {
            let mut found: Vec<&str> = rows
                .iter()
                .flat_map(|(_, results)| results)
                .filter_map(|r| Some(r.tasks.get(task)?.protocol.as_str()))
                .collect();
            found.sort_unstable();
            found.dedup();
            (task, found)
        })
        .collect();
    if let Some((task, found)) = versions.iter().find(|(_, found)| found.len() > 1) {
        let problem = format!(
            "results of `{task}` are of several protocols ({}), which one column must not mix",
            found.join(", ")
        );
        return Err(Error::user(problem, "run the older cells again"));
    }
    let grid = Grid {
        caption: format!("{title} · {metric} · percent"),
        head,
        rows: lines
            .chain(untrained.into_iter().map(|row| row.into_iter().map(Field::from).collect()))
            .chain(others)
            .collect(),
        quoted: quoted.iter().map(|q| (q.name.clone(), q.citation.clone())).collect(),
    };
    Ok(match format {
        Format::Markdown => grid.markdown(),
        Format::Latex => grid.latex(),
        Format::Html => grid.html(),
        Format::Csv => {
            let quoted = |text: &str| {
                if text.contains([',', '"']) {
                    format!("\"{}\"", text.replace('"', "\"\""))
                } else {
                    text.to_owned()
                }
            };
            let lines = std::iter::once(grid.head.iter().map(|h| quoted(h)).collect::<Vec<_>>())
                .chain(grid.rows.iter().map(|row| row.iter().map(|f| quoted(&f.text)).collect()));
            lines.map(|l| l.join(",") + "\n").collect()
        }
    })
}

/// What cells started from, one row for those that started from the same, and what chance gives, in percent.
fn references(rows: &[(String, Vec<RunResult>)], keys: &[String]) -> Vec<Vec<String>> {
    const SAME: f64 = 1e-6;
    // Values by column, and the cells that have them.
    let mut starts: Vec<(Vec<Option<f64>>, Vec<&str>)> = Vec::new();
    for (name, results) in rows.iter().filter(|(_, results)| !results.is_empty()) {
        let found: Vec<Option<f64>> =
            keys.iter().map(|key| results[0].baseline.get(key).copied()).collect();
        // Cells that are tested on different tasks may have started from the same.
        let agree = |(a, b): (&Option<f64>, &Option<f64>)| {
            a.zip(*b).is_none_or(|(a, b)| (a - b).abs() < SAME)
        };
        match starts.iter_mut().find(|(known, _)| known.iter().zip(&found).all(agree)) {
            Some((known, names)) => {
                known.iter_mut().zip(found).for_each(|(known, found)| *known = known.or(found));
                names.push(name);
            }
            None => starts.push((found, vec![name])),
        }
    }
    let row = |name: String, values: &[Option<f64>]| {
        let fields = values
            .iter()
            .map(|value| value.map_or("–".to_owned(), |v| format!("{:.1}", 100.0 * v)));
        [name, String::new()].into_iter().chain(fields).collect::<Vec<String>>()
    };
    let one = starts.len() < 2;
    if starts.is_empty() {
        starts.push((vec![None; keys.len()], Vec::new()));
    }
    let name = |cells: &[&str]| {
        if one {
            "untrained encoder".to_owned()
        } else {
            format!("untrained: {}", cells.join("; "))
        }
    };
    let chance = keys
        .iter()
        .map(|key| {
            rows.iter().flat_map(|(_, results)| results).find_map(|r| r.chance.get(key)).copied()
        })
        .collect::<Vec<_>>();
    starts
        .iter()
        .map(|(values, cells)| row(name(cells), values))
        .chain([row("chance".into(), &chance)])
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cell(name: &str, baseline: serde_json::Value) -> (String, Vec<RunResult>) {
        let result = json!({
            "schema": 1, "experiment": "e", "claim": "", "cell": name, "seed": 0, "metrics": {}, "baseline": baseline,
            "chance": { "a.map": 0.1, "b.map": 0.2 }, "order": ["a", "b"], "tasks": {}, "train_seconds": 1.0, "steps": 1,
        });
        (name.to_owned(), vec![serde_json::from_value(result).expect("a result")])
    }

    #[test]
    fn cells_that_started_from_the_same_share_a_row() {
        let keys = ["a.map".to_owned(), "b.map".into()];
        let one = [
            cell("x", json!({ "a.map": 0.5 })),
            cell("y", json!({ "b.map": 0.25 })),
            ("open".into(), Vec::new()),
        ];
        assert_eq!(
            references(&one, &keys),
            [["untrained encoder", "", "50.0", "25.0"], ["chance", "", "10.0", "20.0"]]
        );
        let two = [
            cell("x", json!({ "a.map": 0.5 })),
            cell("y", json!({ "a.map": 0.25 })),
            cell("z", json!({ "a.map": 0.5 })),
        ];
        let expected = [
            ["untrained: x; z", "", "50.0", "–"],
            ["untrained: y", "", "25.0", "–"],
            ["chance", "", "10.0", "20.0"],
        ];
        assert_eq!(references(&two, &keys), expected);
        assert_eq!(
            references(&[("open".into(), Vec::new())], &keys),
            [["untrained encoder", "", "–", "–"], ["chance", "", "–", "–"]]
        );
    }
}
