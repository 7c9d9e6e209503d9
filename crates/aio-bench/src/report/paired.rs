//! How the cells of a sweep differ from one of them, with intervals over people.

use crate::error::{Error, Result};
use crate::markdown::escaped;
use crate::run::TaskQueries;
use aio_eval::{Interval, check_same_queries, difference};
use aio_types::{Measure, TaskId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Seed of the draws of people.
const SEED: u64 = 0;

/// The queries of a cell: by seed, then by task.
pub type CellQueries = BTreeMap<u64, BTreeMap<TaskId, TaskQueries>>;

/// A cell of a sweep and what its queries scored.
#[derive(Debug, Clone)]
pub struct ComparedCell {
    /// Its name in tables.
    pub label: String,
    /// What its queries scored; seeds without `queries.json` are not there.
    pub queries: CellQueries,
}

/// Cells of a sweep against one of them.
#[derive(Debug, Clone, Serialize)]
pub struct PairedDifferences {
    /// The sweep.
    pub file: String,
    /// The cell that the others are compared with.
    pub against: String,
    /// What is compared.
    pub metric: Measure,
    /// The columns.
    pub tasks: Vec<TaskId>,
    /// The other cells.
    pub rows: Vec<PairedRow>,
}

/// A cell against another one.
#[derive(Debug, Clone, Serialize)]
pub struct PairedRow {
    /// Its name.
    pub label: String,
    /// Seeds that both cells have.
    pub seeds: usize,
    /// By task: the mean of the cell's scores minus those of the other, as fractions, over seeds and queries, and its interval over people; none for
    /// tasks with fewer than two people, and where the cells have no seed with stored queries in common or one of them was not tested.
    pub differences: Vec<Option<Interval>>,
}

/// Compares the cells of the sweep `file` with the one called `against`, task by task, by a bootstrap over people that draws the same people for
/// both (`aio_eval::difference`). The scores of a query are means over the seeds that both cells have.
///
/// # Errors
/// [`Error::User`] if no cell has that name, if it has no finished seed with stored queries, if no cell was tested on a task, if the measure is not
/// stored by query, or if two cells were tested on different queries.
pub fn paired_differences(
    file: &str,
    cells: &[ComparedCell],
    against: &str,
    tasks: &[TaskId],
    measure: Measure,
) -> Result<PairedDifferences> {
    let base = cells.iter().find(|cell| cell.label == against).ok_or_else(|| {
        let labels: Vec<&str> = cells.iter().map(|cell| cell.label.as_str()).collect();
        Error::user(
            format!("{file}: no cell is called `{against}`"),
            format!("its cells are: {}", labels.join("; ")),
        )
    })?;
    if base.queries.is_empty() {
        return Err(Error::user(
            format!("{file}: `{against}` has no seed whose run holds queries.json"),
            "finish a seed of it; runs of versions before 0.2 do not store the scores of single queries",
        ));
    }
    let is_tested = |task: &&TaskId| {
        cells.iter().flat_map(|cell| cell.queries.values()).any(|tasks| tasks.contains_key(task))
    };
    if let Some(unknown) = tasks.iter().find(|task| !is_tested(task)) {
        let problem = format!("{file}: no cell has queries of {unknown}");
        return Err(Error::user(problem, "[report] names tasks as result.json does"));
    }
    let mut rows = Vec::new();
    for cell in cells.iter().filter(|cell| cell.label != against) {
        let seeds: Vec<u64> =
            cell.queries.keys().filter(|seed| base.queries.contains_key(seed)).copied().collect();
        let differences = tasks
            .iter()
            .map(|task| compare(file, task, measure, &seeds, [cell, base]))
            .collect::<Result<_>>()?;
        rows.push(PairedRow { label: cell.label.clone(), seeds: seeds.len(), differences });
    }
    let (file, against) = (file.to_owned(), against.to_owned());
    Ok(PairedDifferences { file, against, metric: measure, tasks: tasks.to_vec(), rows })
}

/// The difference of two cells on one task; none without a seed, and where one of them was not tested on it.
fn compare(
    file: &str,
    task: &TaskId,
    measure: Measure,
    seeds: &[u64],
    cells: [&ComparedCell; 2],
) -> Result<Option<Interval>> {
    let mut sums: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    let mut first: Option<&TaskQueries> = None;
    for seed in seeds {
        for (cell, sums) in cells.iter().zip(&mut sums) {
            let of_seed = cell.queries.get(seed).and_then(|tasks| tasks.get(task));
            let Some(queries) = of_seed else { return Ok(None) };
            let known = *first.get_or_insert(queries);
            check_same_queries(known.counted(), queries.counted()).map_err(|other| {
                let problem = format!(
                    "{file}: seed {seed} of `{}` was tested on other queries of {task} than `{}`: {other}",
                    cell.label, cells[0].label
                );
                Error::user(problem, "run the older cells again with the same data")
            })?;
            let values = queries.values(measure).ok_or_else(|| {
                let problem = format!("{file}: differences of {measure} cannot be paired by query");
                Error::user(
                    problem,
                    "name map, rank1 or minp, with --metric or in [report] of the sweep file",
                )
            })?;
            sums.resize(values.len(), 0.0);
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value / seeds.len() as f64);
        }
    }
    let Some(TaskQueries { identity, weight, .. }) = first else { return Ok(None) };
    let weights = (!weight.is_empty()).then_some(&weight[..]);
    Ok(difference(&sums[0], &sums[1], identity, weights, Interval::DRAWS, SEED)?)
}

impl PairedDifferences {
    /// The differences as a Markdown table, in points (percent).
    #[must_use]
    pub fn text(&self) -> String {
        let Self { file, against, metric, tasks, rows } = self;
        let mut text = format!(
            "{} · {metric} minus that of `{}` · points\n\n| cell | seeds |",
            escaped(file),
            escaped(against)
        );
        for task in tasks {
            let _ = write!(text, " {task} |");
        }
        text += "\n|---|--:|";
        text += &"--:|".repeat(tasks.len());
        text.push('\n');
        for row in rows {
            let _ = write!(text, "| {} | {} |", escaped(&row.label), row.seeds);
            for difference in &row.differences {
                text += &match difference {
                    Some(Interval { mean, low, high, .. }) => {
                        let [mean, low, high] = [mean, low, high].map(|v| 100.0 * v);
                        format!(" {mean:+.1} [{low:+.1}, {high:+.1}] |")
                    }
                    None => " – |".to_owned(),
                };
            }
            text.push('\n');
        }
        text += "\nMeans over seeds; in brackets 95 % over people drawn again, the same people for both cells. How much seeds differ is in the table of the sweep.\n";
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::Identity;

    fn task() -> TaskId {
        "market1501.rgb-rgb".parse().expect("a task")
    }

    fn cell(label: &str, seeds: &[(u64, [f64; 4])]) -> ComparedCell {
        let queries = |values: [f64; 4]| TaskQueries {
            query: vec![0, 1, 2, 3],
            identity: [1, 1, 2, 3].map(Identity).into(),
            weight: Vec::new(),
            average_precision: values.into(),
            rank1: values.map(|value| value / 2.0).into(),
            inverse_negative_penalty: vec![0.0; 4],
        };
        let queries = seeds.iter().map(|(seed, v)| (*seed, [(task(), queries(*v))].into()));
        ComparedCell { label: label.to_owned(), queries: queries.collect() }
    }

    #[test]
    fn a_difference_is_that_of_the_means_and_constant_differences_have_no_width() {
        let cells = [
            cell("base", &[(0, [0.1, 0.5, 0.3, 0.9]), (1, [0.3, 0.5, 0.1, 0.9])]),
            // 0.1 better with every query, in both seeds; the third seed has no counterpart.
            cell("better", &[(0, [0.2, 0.6, 0.4, 1.0]), (1, [0.4, 0.6, 0.2, 1.0]), (2, [0.0; 4])]),
        ];
        let found = paired_differences("s.toml", &cells, "base", &[task()], Measure::Map);
        let found = found.expect("comparable");
        let [row] = &found.rows[..] else { panic!("{found:?}") };
        assert_eq!((row.label.as_str(), row.seeds), ("better", 2));
        let interval = row.differences[0].expect("three people");
        for value in [interval.mean, interval.low, interval.high] {
            assert!((value - 0.1).abs() < 1e-9, "{interval:?}");
        }
        assert!(found.text().contains("| better | 2 | +10.0 [+10.0, +10.0] |"), "{}", found.text());
        let rank1 = paired_differences("s.toml", &cells, "base", &[task()], Measure::Rank1);
        let rank1 = rank1.expect("stored").rows[0].differences[0].expect("three people");
        assert!((rank1.mean - 0.05).abs() < 1e-9);
    }

    #[test]
    fn a_difference_weights_queries_as_the_scores_of_the_tasks_do() {
        let weighted = |label: &str, values: [f64; 4]| {
            let mut cell = cell(label, &[(0, values)]);
            for queries in cell.queries.values_mut().flat_map(BTreeMap::values_mut) {
                queries.weight = vec![0.5, 0.25, 1.0, 0.25];
            }
            cell
        };
        let cells = [weighted("base", [0.5; 4]), weighted("other", [0.6, 0.4, 0.8, 0.3])];
        let found = paired_differences("s.toml", &cells, "base", &[task()], Measure::Map);
        let mean = found.expect("comparable").rows[0].differences[0].expect("three people").mean;
        // (0.5·0.1 − 0.25·0.1 + 1·0.3 − 0.25·0.2) / 2
        assert!((mean - 0.1375).abs() < 1e-12, "{mean}");
        let unequal = [cells[0].clone(), cell("older", &[(0, [0.2; 4])])];
        let refused = paired_differences("s.toml", &unequal, "base", &[task()], Measure::Map);
        let refused = refused.expect_err("other weights").to_string();
        assert!(
            refused.contains("tested on other queries") && refused.contains("weight 0.5"),
            "{refused}"
        );
    }

    #[test]
    fn an_unfinished_cell_and_a_task_that_one_cell_lacks_are_dashes() {
        let mut tested_twice = cell("both tasks", &[(0, [0.2; 4])]);
        let second: TaskId = "llcm.infrared-rgb".parse().expect("a task");
        for tasks in tested_twice.queries.values_mut() {
            let queries = tasks[&task()].clone();
            tasks.insert(second.clone(), queries);
        }
        let cells = [
            cell("base", &[(0, [0.1; 4])]),
            cell("unfinished", &[]),
            cell("another seed", &[(1, [0.2; 4])]),
            tested_twice,
        ];
        let found = paired_differences("s.toml", &cells, "base", &[task(), second], Measure::Map);
        let text = found.expect("comparable").text();
        for row in [
            "| unfinished | 0 | – | – |",
            "| another seed | 0 | – | – |",
            "| both tasks | 1 | +10.0 [+10.0, +10.0] | – |",
        ] {
            assert!(text.contains(row), "{row}: {text}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_named() {
        let base = cell("base", &[(0, [0.1; 4])]);
        let refused = |other: ComparedCell, against: &str, measure| {
            let cells = [base.clone(), other];
            let refused = paired_differences("s.toml", &cells, against, &[task()], measure);
            refused.expect_err("refused").to_string()
        };
        let good = || cell("good", &[(0, [0.2; 4])]);
        assert!(refused(good(), "bad", Measure::Map).contains("no cell is called `bad`"));
        assert!(refused(good(), "base", Measure::Rank5).contains("cannot be paired"));
        let none = cell("none", &[]);
        assert!(refused(none, "none", Measure::Map).contains("`none` has no seed"));
        let unknown = ["llcm.infrared-rgb".parse().expect("a task")];
        let cells = [base.clone(), good()];
        let refused_task = paired_differences("s.toml", &cells, "base", &unknown, Measure::Map);
        let text = refused_task.expect_err("nobody was tested").to_string();
        assert!(text.contains("no cell has queries of llcm.infrared-rgb"), "{text}");
        let mut other = good();
        let queries = other.queries.get_mut(&0).and_then(|t| t.get_mut(&task())).expect("there");
        queries.identity[0] = Identity(7);
        assert!(refused(other, "base", Measure::Map).contains("tested on other queries"));
    }
}
