//! The tables of one experiment: one row per task, or one row per task and seed.

use super::{Column, ColumnKind, Field, Mark, Table, Value};
use crate::error::{Error, Result};
use crate::markdown::code;
use crate::report::alike::check_data;
use crate::report::estimate::Estimate;
use crate::report::scores::{Scored, Scores};
use crate::run::{RunResult, TaskIntervals};
use aio_data::descriptor::Descriptor;
use aio_eval::Interval;
use aio_types::{Measure, MetricId, TaskId};
use std::collections::BTreeMap;

/// Refuses results of different configurations or data; returns the first.
pub(super) fn one_configuration(results: &[RunResult]) -> Result<&RunResult> {
    let first = results
        .first()
        .ok_or_else(|| Error::user("no finished run", "run the experiment first"))?;
    match results.iter().find(|r| r.config_id != first.config_id || r.order != first.order) {
        None => check_data([results]).map(|()| first),
        Some(other) => Err(Error::user(
            format!(
                "the results of cells {} and {} cannot share a table",
                first.config_id, other.config_id
            ),
            "they were made with different configurations; report them one by one",
        )),
    }
}

/// Titles of the columns of intervals over people.
const MAP_BOUNDS: &str = "mAP, 95 %";
const GAIN_BOUNDS: &str = "gain over untrained, 95 %";
const LATE_BOUNDS: &str = "gain over late fusion, 95 %";

/// An interval over the people of a task, in percent: the means of the seeds' bounds.
fn bounds(
    results: &[RunResult],
    task: &TaskId,
    of: impl Fn(&TaskIntervals) -> Option<Interval>,
) -> Value {
    let intervals = results
        .iter()
        .filter_map(|result| result.tasks.get(task)?.intervals.as_ref().and_then(&of));
    mean_bounds(intervals)
}

/// The means of the seeds' bounds, in percent.
pub(super) fn mean_bounds(of_seeds: impl Iterator<Item = Interval>) -> Value {
    let intervals: Vec<Interval> = of_seeds.collect();
    if intervals.is_empty() {
        return Value::Missing;
    }
    let mean = |bound: fn(&Interval) -> f64| {
        100.0 * intervals.iter().map(bound).sum::<f64>() / intervals.len() as f64
    };
    Value::Bounds { low: mean(|interval| interval.low), high: mean(|interval| interval.high) }
}

/// The columns of mAP beside the trained model's. Results of earlier versions have neither late fusion nor hand-made descriptors.
fn references(result: &RunResult) -> Vec<(&'static str, Scored)> {
    let mut columns = Vec::new();
    if !result.late_fusion.is_empty() {
        columns.push(("mAP late fusion", Scored::LateFusion));
    }
    columns.push(("mAP untrained", Scored::Untrained));
    for (title, descriptor) in
        [("mAP histogram", Descriptor::ColourHistogram), ("mAP HOG", Descriptor::Hog)]
    {
        if result.descriptors.contains_key(&descriptor) {
            columns.push((title, Scored::Described(descriptor)));
        }
    }
    columns.push(("mAP chance", Scored::Chance));
    columns
}

/// One row per task: mean ± standard deviation over seeds, the trained model's mAP in bold, late fusion of mixed queries, the untrained encoder,
/// hand-made descriptors and chance, and how much higher the mAP is than that of the untrained encoder and of late fusion.
///
/// # Errors
/// [`Error::User`] if the results belong to different configurations.
pub(in crate::report) fn by_task(results: &[RunResult]) -> Result<Table> {
    let first = one_configuration(results)?;
    let scores = Scores::new([results])?;
    let score = |scored: Scored, task: &TaskId, measure: Measure| {
        scores.get(0, scored, &MetricId { task: task.clone(), measure })
    };
    let references = references(first);
    let intervals = first.tasks.values().any(|task| task.intervals.is_some());
    let is_late = |intervals: &TaskIntervals| intervals.map_gain_over_late_fusion.is_some();
    let has_late_bounds =
        first.tasks.values().any(|task| task.intervals.as_ref().is_some_and(is_late));
    let mut rows = Vec::new();
    for task in &first.order {
        let summary = &first.tasks[task];
        let sizes = Value::Sizes {
            queries: summary.queries,
            skipped: summary.skipped,
            gallery: summary.gallery,
        };
        let trained = |measure: Measure| Value::score(score(Scored::Trained, task, measure));
        let reference = |scored: Scored| {
            let mean = score(scored, task, Measure::Map).map(|e| Estimate::single(e.mean));
            Value::score(mean)
        };
        let mut row = vec![
            Value::Text(task.to_string()).into(),
            sizes.into(),
            trained(Measure::Rank1).into(),
            trained(Measure::Rank5).into(),
            Field { value: trained(Measure::Map), mark: Mark::Best },
        ];
        if intervals {
            row.push(bounds(results, task, |of| Some(of.map)).into());
        }
        row.push(trained(Measure::Minp).into());
        row.extend(references.iter().map(|(_, scored)| reference(*scored).into()));
        if intervals {
            row.push(bounds(results, task, |of| Some(of.map_gain)).into());
        }
        if has_late_bounds {
            row.push(bounds(results, task, |of| of.map_gain_over_late_fusion).into());
        }
        rows.push(row);
    }
    let plain = ["task", "queries / gallery"].map(|title| Column::new(title, ColumnKind::Plain));
    let of_intervals = |title| intervals.then_some(title);
    let estimates = ["Rank-1", "Rank-5", "mAP"]
        .into_iter()
        .chain(of_intervals(MAP_BOUNDS))
        .chain(["mINP"])
        .chain(references.iter().map(|(title, _)| *title))
        .chain(of_intervals(GAIN_BOUNDS))
        .chain(has_late_bounds.then_some(LATE_BOUNDS))
        .map(|title| Column::new(title, ColumnKind::Estimate));
    let seeds = results.len();
    let plural = if seeds == 1 { "seed" } else { "seeds" };
    let unusual = match first.evaluated_with.as_str() {
        "" => String::new(),
        unusual => format!(" · {unusual}"),
    };
    Ok(Table {
        caption: format!(
            "{} · cell {} · {seeds} {plural} · percent{unusual}",
            code(&first.experiment),
            code(&first.config_id)
        ),
        columns: plain.into_iter().chain(estimates).collect(),
        rows,
        sources: Vec::new(),
    })
}

/// A score column of [`by_seed`].
struct SeedColumn {
    key: String,
    scored: Scored,
    measure: Measure,
}

fn seed_columns() -> Vec<SeedColumn> {
    let mut columns = Vec::new();
    for measure in Measure::ALL {
        columns.push(SeedColumn { key: measure.to_string(), scored: Scored::Trained, measure });
        if matches!(measure, Measure::Rank1 | Measure::Map) {
            let references = [
                ("baseline", Scored::Untrained),
                ("late_fusion", Scored::LateFusion),
                ("histogram", Scored::Described(Descriptor::ColourHistogram)),
                ("hog", Scored::Described(Descriptor::Hog)),
                ("chance", Scored::Chance),
            ];
            for (suffix, scored) in references {
                columns.push(SeedColumn { key: format!("{measure}_{suffix}"), scored, measure });
            }
        }
    }
    columns
}

/// One row per task and seed.
///
/// # Errors
/// As [`by_task`].
pub(in crate::report) fn by_seed(results: &[RunResult]) -> Result<Table> {
    one_configuration(results)?;
    let scores = seed_columns();
    let mut rows = Vec::new();
    for result in results {
        for task in &result.order {
            let summary = &result.tasks[task];
            let mut row: Vec<Field> = vec![
                Value::Text(task.to_string()).into(),
                Value::Count(result.seed).into(),
                Value::Count(summary.queries as u64).into(),
                Value::Count(summary.skipped as u64).into(),
                Value::Count(summary.gallery as u64).into(),
            ];
            for SeedColumn { scored, measure, .. } in &scores {
                let metric = MetricId { task: task.clone(), measure: *measure };
                let values: &BTreeMap<MetricId, f64> = scored.of(result);
                let percent = values.get(&metric).map(|value| Estimate::single(100.0 * value));
                row.push(Value::score(percent).into());
            }
            rows.push(row);
        }
    }
    let plain = ["task", "seed", "queries", "skipped", "gallery"]
        .map(|key| Column::new(key, ColumnKind::Plain));
    let scores = scores.iter().map(|column| Column::new(&column.key, ColumnKind::Score));
    let columns = plain.into_iter().chain(scores).collect();
    Ok(Table { caption: String::new(), columns, rows, sources: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::{result, summary};
    use crate::run::TaskSummary;

    const MIXED: &str = "tri-cuhk-pedes.sketch+text-rgb";
    const PHOTOGRAPHS: &str = "market1501.rgb-rgb";

    fn summary_of(gain_over_late_fusion: Option<(f64, f64)>) -> TaskSummary {
        let interval = |low: f64, high: f64| Interval { mean: 0.5 * (low + high), low, high };
        let over_late_fusion = gain_over_late_fusion.map(|(low, high)| interval(low, high));
        let intervals = TaskIntervals {
            rank1: interval(0.1, 0.3),
            map: interval(0.4, 0.6),
            map_gain: interval(0.2, 0.3),
            map_gain_over_late_fusion: over_late_fusion,
        };
        TaskSummary { intervals: Some(intervals), ..summary() }
    }

    #[test]
    fn a_mixed_query_stands_beside_late_fusion_with_the_interval_of_the_difference() {
        let [mixed, photographs] = [MIXED, PHOTOGRAPHS].map(|id| id.parse::<TaskId>().expect(id));
        let of_seed = |seed: u64, late: f64, bounds: (f64, f64)| {
            let (a, b) = (format!("{MIXED}.map"), format!("{PHOTOGRAPHS}.map"));
            let mut result = result(seed, &[(&a, 0.5), (&b, 0.75)], &[]);
            result.late_fusion = [(a.parse().expect("an id"), late)].into();
            result.order = vec![mixed.clone(), photographs.clone()];
            result.tasks = [
                (mixed.clone(), summary_of(Some(bounds))),
                (photographs.clone(), summary_of(None)),
            ]
            .into();
            result
        };
        let results = [of_seed(0, 0.25, (0.125, 0.25)), of_seed(1, 0.5, (-0.125, 0.05))];
        let table = by_task(&results).expect("a table");
        let column = |title: &str| -> Vec<String> {
            let number = table.columns.iter().position(|column| column.title == title);
            let number = number.unwrap_or_else(|| panic!("no column {title}"));
            table.rows.iter().map(|row| row[number].value.to_string()).collect()
        };
        assert_eq!(column("mAP"), ["50.0 ± 0.0", "75.0 ± 0.0"]);
        assert_eq!(column("mAP late fusion"), ["37.5", "–"]);
        // The means of the bounds of both seeds; queries of one modality have no late fusion.
        assert_eq!(column("gain over late fusion, 95 %"), ["0.0 to 15.0", "–"]);
        assert_eq!(column("gain over untrained, 95 %"), ["20.0 to 30.0"; 2]);
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }
}
