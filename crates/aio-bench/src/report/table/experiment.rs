//! The tables of one experiment: one row per task, or one row per task and seed.

use super::columns::ResultColumn;
use super::{Column, ColumnKind, Field, Mark, Table, Value};
use crate::error::{Error, Result};
use crate::markdown::code;
use crate::report::alike::check_data;
use crate::report::estimate::Estimate;
use crate::report::scores::{Scored, Scores};
use crate::run::{RunResult, TaskSummary};
use aio_types::{Measure, MetricId};
use std::collections::{BTreeMap, BTreeSet};

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

/// One row per task: mean ± standard deviation over seeds, the trained model's mAP in bold. `columns` are the keys of the columns, separated by
/// commas; without them mAP stands beside late fusion of mixed queries, the untrained encoder, hand-made descriptors and chance, with how much higher it is than that
/// of the untrained encoder and of late fusion.
///
/// # Errors
/// [`Error::User`] if the results belong to different configurations, or no column has a key.
pub(in crate::report) fn by_task(results: &[RunResult], columns: Option<&str>) -> Result<Table> {
    let first = one_configuration(results)?;
    let scores = Scores::new([results])?;
    let columns = match columns {
        Some(keys) => ResultColumn::chosen(keys)?,
        None => ResultColumn::usual(first),
    };
    let mut rows = Vec::new();
    for task in &first.order {
        let mut row: Vec<Field> = vec![Value::Text(task.to_string()).into()];
        for column in &columns {
            row.push(match *column {
                ResultColumn::Sizes => sizes(&first.tasks[task]).into(),
                ResultColumn::Bounds(bounded) => bounded.value(results, task).into(),
                ResultColumn::Score(scored, measure) => {
                    let found = scores.get(0, scored, &MetricId { task: task.clone(), measure });
                    match (scored, measure) {
                        (Scored::Trained, Measure::Map) => {
                            Field { value: Value::score(found), mark: Mark::Best }
                        }
                        (Scored::Trained, _) => Value::score(found).into(),
                        // How a reference varies between seeds says nothing of the model.
                        _ => Value::score(found.map(|e| Estimate::single(e.mean))).into(),
                    }
                }
            });
        }
        rows.push(row);
    }
    let titles = columns.iter().map(|column| {
        let kind = match column {
            ResultColumn::Sizes => ColumnKind::Plain,
            ResultColumn::Score(..) | ResultColumn::Bounds(_) => ColumnKind::Estimate,
        };
        Column { title: column.title(), key: column.to_string(), kind }
    });
    let seeds = results.len();
    let plural = if seeds == 1 { "seed" } else { "seeds" };
    Ok(Table {
        caption: format!(
            "{} · cell {} · {seeds} {plural} · percent{}",
            code(&first.experiment),
            code(&first.config_id),
            unusual(results)
        ),
        columns: std::iter::once(Column::new("task", ColumnKind::Plain)).chain(titles).collect(),
        rows,
        sources: Vec::new(),
    })
}

/// What captions say of results that were not evaluated as usual: in one way, or in several.
pub(super) fn unusual<'a>(results: impl IntoIterator<Item = &'a RunResult>) -> String {
    let ways: BTreeSet<&str> =
        results.into_iter().map(|result| result.evaluated_with.as_str()).collect();
    let named = |way: &&str| if way.is_empty() { "as usual".to_owned() } else { (*way).to_owned() };
    match ways.iter().map(named).collect::<Vec<_>>().as_slice() {
        [] => String::new(),
        [way] if way == "as usual" => String::new(),
        [way] => format!(" · {way}"),
        several => format!(" · evaluated in several ways: {}", several.join("; ")),
    }
}

fn sizes(task: &TaskSummary) -> Value {
    Value::Sizes { queries: task.queries, skipped: task.skipped, gallery: task.gallery }
}

/// One row per task and seed, with the score columns that have the keys `columns`, or all of them.
///
/// # Errors
/// As [`by_task`]; [`Error::User`] if a column is chosen that holds no score.
pub(in crate::report) fn by_seed(results: &[RunResult], columns: Option<&str>) -> Result<Table> {
    one_configuration(results)?;
    let mut scores = Vec::new();
    for column in columns.map_or_else(|| Ok(ResultColumn::all()), ResultColumn::chosen)? {
        match column {
            ResultColumn::Score(scored, measure) => {
                scores.push((column.to_string(), scored, measure));
            }
            ResultColumn::Bounds(_) if columns.is_some() => {
                return Err(Error::user(
                    format!("`{column}` is not in CSV tables, whose rows are single seeds"),
                    "choose scores, or another --format",
                ));
            }
            // The sizes are always there.
            ResultColumn::Bounds(_) | ResultColumn::Sizes => {}
        }
    }
    let mut rows = Vec::new();
    for result in results {
        for task in &result.order {
            let summary = &result.tasks[task];
            let mut row: Vec<Field> = vec![
                Value::Text(task.to_string()).into(),
                Value::Text(result.config_id.clone()).into(),
                Value::Count(result.seed).into(),
                Value::Count(summary.queries as u64).into(),
                Value::Count(summary.skipped as u64).into(),
                Value::Count(summary.gallery as u64).into(),
            ];
            for (_, scored, measure) in &scores {
                let metric = MetricId { task: task.clone(), measure: *measure };
                let values: &BTreeMap<MetricId, f64> = scored.of(result);
                let percent = values.get(&metric).map(|value| Estimate::single(100.0 * value));
                row.push(Value::score(percent).into());
            }
            rows.push(row);
        }
    }
    let plain = ["task", "cell", "seed", "queries", "skipped", "gallery"]
        .map(|key| Column::new(key, ColumnKind::Plain));
    let scores = scores.iter().map(|(key, ..)| Column::new(key, ColumnKind::Score));
    let columns = plain.into_iter().chain(scores).collect();
    Ok(Table { caption: String::new(), columns, rows, sources: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::{result, summary};
    use crate::run::TaskIntervals;
    use aio_eval::Interval;
    use aio_types::TaskId;

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
        let table = by_task(&results, None).expect("a table");
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

    #[test]
    fn chosen_columns_are_shown_in_their_order() {
        let metrics = [("a.rgb-rgb.rank10", 0.75), ("a.rgb-rgb.map", 0.5)];
        let mut result = result(0, &metrics, &[("a.rgb-rgb.map", 0.25)]);
        let task: TaskId = "a.rgb-rgb".parse().expect("an id");
        result.order = vec![task.clone()];
        result.tasks = [(task, summary_of(None))].into();
        let keys = Some("rank10,map_baseline,map_interval,sizes,map");
        let table = by_task(std::slice::from_ref(&result), keys).expect("a table");
        let titles: Vec<&str> = table.columns.iter().map(|column| column.title.as_str()).collect();
        let expected =
            ["task", "Rank-10", "mAP untrained", "mAP, 95 %", "queries / gallery", "mAP"];
        assert_eq!(titles, expected);
        let row: Vec<String> = table.rows[0].iter().map(|field| field.value.to_string()).collect();
        assert_eq!(row, ["a.rgb-rgb", "75.0", "25.0", "40.0 to 60.0", "3 / 4", "50.0"]);
        let csv = |keys| by_seed(std::slice::from_ref(&result), Some(keys));
        let table = csv("map_baseline,rank10").expect("a table");
        let keys: Vec<&str> = table.columns.iter().map(|column| column.key.as_str()).collect();
        assert_eq!(keys[6..], ["map_baseline", "rank10"]);
        let error = csv("map,map_gain").expect_err("an interval").to_string();
        assert!(error.contains("`map_gain` is not in CSV tables"), "{error}");
    }

    #[test]
    fn captions_name_what_is_not_usual() {
        let with = |evaluated_with: &str| {
            let mut result = result(0, &[], &[]);
            result.evaluated_with = evaluated_with.to_owned();
            result
        };
        assert_eq!(unusual(&[with(""), with("")]), "");
        assert_eq!(unusual(&[with("mirrored pictures")]), " · mirrored pictures");
        assert_eq!(
            unusual(&[with("mirrored pictures"), with("")]),
            " · evaluated in several ways: as usual; mirrored pictures"
        );
    }
}
