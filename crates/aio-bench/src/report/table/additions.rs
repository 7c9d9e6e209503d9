//! What every modality adds to queries of several.

use super::experiment::{one_configuration, unusual};
use super::{Column, ColumnKind, Field, Table, Value};
use crate::error::Result;
use crate::markdown::escaped;
use crate::report::estimate::Estimate;
use crate::report::sweep::SweepRow;
use crate::run::{RunResult, WithoutModality};
use aio_types::{Measure, MetricId, Modality, TaskId};
use std::collections::BTreeSet;

/// One row per configuration, task and modality, below a `heading` in Markdown: mAP of the queries without the modality and with it, mean ± standard deviation over seeds, and
/// the gain with its interval over people, the means of the seeds' bounds. The configurations are named if `is_named`. `None` if no result
/// says what its modalities add: no query has several, or the runs are of an earlier version.
///
/// # Errors
/// [`Error::User`](crate::error::Error::User) if results of one configuration were made with different ones.
pub(in crate::report) fn additions(
    heading: &str,
    configurations: &[SweepRow],
    is_named: bool,
) -> Result<Option<Table>> {
    let mut rows = Vec::new();
    let mut lacking = Vec::new();
    for SweepRow { label, results } in configurations.iter().filter(|row| !row.results.is_empty()) {
        let first = one_configuration(results)?;
        let saying: Vec<RunResult> =
            results.iter().filter(|result| says_what_is_added(result)).cloned().collect();
        if saying.len() < results.len() {
            let of = if is_named { escaped(label) } else { "runs".to_owned() };
            lacking.push(format!("{of}: {} of {} seeds", saying.len(), results.len()));
        }
        for task in &first.order {
            let modalities: BTreeSet<Modality> = saying
                .iter()
                .flat_map(|result| result.tasks[task].without.keys().copied())
                .collect();
            for modality in modalities {
                let name = is_named.then(|| Value::Text(label.clone()).into());
                rows.push(name.into_iter().chain(row(&saying, task, modality)).collect());
            }
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let results = configurations.iter().flat_map(|row| &row.results);
    let mut caption =
        format!("{heading} · what every modality adds to a query · percent{}", unusual(results));
    if !lacking.is_empty() {
        caption += &format!(" · seeds that say it: {}", lacking.join("; "));
    }
    let column =
        |title: &str, key: &str, kind| Column { key: key.into(), ..Column::new(title, kind) };
    let named = is_named.then(|| Column::new("cell", ColumnKind::Plain));
    let columns = [
        Column::new("task", ColumnKind::Plain),
        column("without", "without", ColumnKind::Plain),
        column("mAP without it", "map_without", ColumnKind::Estimate),
        column("mAP with it", "map", ColumnKind::Estimate),
        column("gain", "gain", ColumnKind::Score),
        column("gain, 95 %", "gain", ColumnKind::Bounds),
    ];
    Ok(Some(Table {
        caption,
        columns: named.into_iter().chain(columns).collect(),
        rows,
        sources: Vec::new(),
    }))
}

/// Whether a result says of its mixed queries what their modalities add; results of earlier versions do not.
fn says_what_is_added(result: &RunResult) -> bool {
    let is_mixed =
        |task: &TaskId| task.query().modalities().is_some_and(|modalities| modalities.len() > 1);
    result
        .order
        .iter()
        .filter(|task| is_mixed(task))
        .all(|task| !result.tasks[task].without.is_empty())
}

/// The fields of a task and the modality that is left out.
fn row(results: &[RunResult], task: &TaskId, modality: Modality) -> Vec<Field> {
    let metric = MetricId { task: task.clone(), measure: Measure::Map };
    let of_seeds: Vec<(f64, WithoutModality)> = results
        .iter()
        .filter_map(|result| {
            let without = result.tasks.get(task)?.without.get(&modality)?;
            Some((*result.metrics.get(&metric)?, *without))
        })
        .collect();
    let percent = |of: fn(&(f64, WithoutModality)) -> f64| {
        let values: Vec<f64> = of_seeds.iter().map(|seed| 100.0 * of(seed)).collect();
        Estimate::of(&values)
    };
    let gain = percent(|(with, without)| with - without.map);
    let bounds = of_seeds.iter().filter_map(|(_, without)| without.map_gain);
    [
        Value::Text(task.to_string()),
        Value::Text(modality.to_string()),
        Value::score(percent(|(_, without)| without.map)),
        Value::score(percent(|(with, _)| *with)),
        Value::score(gain.map(|gain| Estimate::single(gain.mean))),
        Value::mean_bounds(bounds),
    ]
    .map(Field::from)
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Format;
    use crate::report::table::tests::{result, summary};
    use crate::run::TaskSummary;
    use aio_eval::Interval;

    const MIXED: &str = "tri-cuhk-pedes.rgb+text-rgb";

    /// A result of a mixed query of 50 percent with and so much without its sentence.
    fn of_seed(seed: u64, without: f64, bounds: Option<(f64, f64)>) -> RunResult {
        let task: TaskId = MIXED.parse().expect("a task");
        let mut result = result(seed, &[(&format!("{MIXED}.map"), 0.5)], &[]);
        let map_gain = bounds.map(|(low, high)| Interval { mean: 0.5 - without, low, high });
        let without = WithoutModality { rank1: 0.0, map: without, map_gain };
        let of_task = TaskSummary { without: [(Modality::Text, without)].into(), ..summary() };
        result.order = vec![task.clone()];
        result.tasks = [(task, of_task)].into();
        result
    }

    fn configuration(label: &str, results: Vec<RunResult>) -> SweepRow {
        SweepRow { label: label.to_owned(), results }
    }

    #[test]
    fn a_gain_is_the_difference_of_the_means_with_the_means_of_the_bounds() {
        let results = vec![of_seed(0, 0.75, Some((-0.5, 0.0))), of_seed(1, 0.25, Some((0.0, 0.5)))];
        let table = additions("e", &[configuration("e", results)], false)
            .expect("one configuration")
            .expect("a table");
        let markdown = table.write(Format::Markdown).expect("text");
        // |75 − 25| / √2
        let row = format!("| {MIXED} | text | 50.0 ± 35.4 | 50.0 ± 0.0 | 0.0 | -25.0 to 25.0 |");
        assert!(markdown.contains(&row), "{markdown}");
        let csv = table.write(Format::Csv).expect("text");
        let expected = format!(
            "task,without,map_without,map_without.std,map,map.std,gain,gain.low,gain.high\n\
             {MIXED},text,50.0000,35.3553,50.0000,0.0000,0.0000,-25.0000,25.0000\n"
        );
        assert_eq!(csv, expected);
    }

    #[test]
    fn configurations_are_named_where_there_are_several() {
        let configurations = [
            configuration("a", vec![of_seed(0, 0.25, None)]),
            configuration("unfinished", Vec::new()),
            configuration("b", vec![of_seed(0, 0.5, None)]),
        ];
        let table = additions("s.toml", &configurations, true)
            .expect("one configuration")
            .expect("a table");
        let markdown = table.write(Format::Markdown).expect("text");
        for row in [format!("| a | {MIXED} | text | 25.0 | 50.0 | 25.0 | – |"), "| b |".into()] {
            assert!(markdown.contains(&row), "{markdown}");
        }
        assert!(!markdown.contains("unfinished"), "{markdown}");
    }

    #[test]
    fn results_without_such_scores_have_no_table() {
        let mut older = of_seed(0, 0.25, None);
        older.tasks.values_mut().for_each(|task| task.without.clear());
        let configurations = [configuration("e", vec![older])];
        let table = additions("e", &configurations, false).expect("one configuration");
        assert!(table.is_none(), "{table:?}");
        let asked = crate::report::additions("e", &configurations, Format::Csv);
        assert_eq!(asked.expect("one configuration"), None, "nothing to print");
        let error = crate::report::nothing_added(&["e".to_owned()]).to_string();
        assert!(error.contains("e: no finished run says"), "{error}");
    }
}
