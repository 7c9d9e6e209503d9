//! mAP by what queries and galleries consist of.

use super::{BarChart, BarSeries, Figure, HeatMap, HeatRow, unique};
use crate::report::estimate::Estimate;
use crate::report::scores::Scored;
use crate::run::RunResult;
use aio_types::{Measure, MetricId, Modality, TaskId, TaskQuery};

/// mAP of a task in percent.
fn map_percent(result: &RunResult, scored: Scored, task: &TaskId) -> Option<f64> {
    let metric = MetricId { task: task.clone(), measure: Measure::Map };
    scored.of(result).get(&metric).map(|value| 100.0 * value)
}

/// mAP of queries of one modality by their modality and the gallery's, over the tasks of the data set with the most galleries; `None`
/// if every gallery is of one modality.
pub(in crate::report) fn directions(result: &RunResult) -> Option<Figure> {
    let tasks: Vec<&TaskId> = result.order.iter().filter(|task| is_plain_direction(task)).collect();
    let of = |dataset: &str| -> Vec<&TaskId> {
        tasks.iter().copied().filter(|task| task.dataset() == dataset).collect()
    };
    let galleries =
        |dataset: &str| -> Vec<Modality> { unique(of(dataset).into_iter().map(TaskId::gallery)) };
    let datasets = tasks.iter().map(|task| task.dataset());
    let dataset = datasets.max_by_key(|dataset| galleries(dataset).len())?;
    let columns = galleries(dataset);
    if columns.len() < 2 {
        return None;
    }
    let queries: Vec<TaskQuery> = unique(of(dataset).into_iter().map(TaskId::query));
    let percent = |query: TaskQuery, gallery: Modality| {
        let task =
            of(dataset).into_iter().find(|t| t.query() == query && t.gallery() == gallery)?;
        map_percent(result, Scored::Trained, task)
    };
    let rows = queries
        .into_iter()
        .map(|query| HeatRow {
            name: query.to_string(),
            percent: columns.iter().map(|gallery| percent(query, *gallery)).collect(),
        })
        .collect();
    let columns = columns.iter().map(Modality::to_string).collect();
    Some(Figure::Heat(HeatMap { x: "gallery", y: "query", columns, rows }))
}

/// Whether queries are of one modality and the task is no variant of another.
fn is_plain_direction(task: &TaskId) -> bool {
    task.query().size() == 1 && task.variants().next().is_none()
}

/// mAP by the number of modalities of a query, over the combinations of one data set: mean and deviation over its tasks, after and
/// before training; `None` where there are no combinations.
pub(in crate::report) fn query_sizes(result: &RunResult) -> Option<Figure> {
    let of = |dataset: &str| -> Vec<&TaskId> {
        result.order.iter().filter(|task| task.dataset() == dataset).collect()
    };
    let sizes = |dataset: &str| -> Vec<usize> {
        unique(of(dataset).into_iter().map(|task| task.query().size()))
    };
    let datasets = unique(result.order.iter().map(TaskId::dataset)).into_iter();
    let dataset = datasets.max_by_key(|dataset| sizes(dataset).len())?;
    let sizes = sizes(dataset);
    if sizes.len() < 2 {
        return None;
    }
    let bar = |scored: Scored, size: usize| {
        let tasks = of(dataset).into_iter().filter(|task| task.query().size() == size);
        let values: Vec<f64> = tasks.filter_map(|task| map_percent(result, scored, task)).collect();
        Estimate::of(&values)
    };
    let series = [("trained", Scored::Trained), ("untrained encoder", Scored::Untrained)];
    let series = series
        .map(|(name, scored)| BarSeries {
            name: name.to_owned(),
            bars: sizes.iter().map(|size| bar(scored, *size)).collect(),
        })
        .into();
    let groups = sizes
        .iter()
        .map(|size| if *size == 1 { "1 modality".to_owned() } else { format!("{size} modalities") })
        .collect();
    Some(Figure::Bars(BarChart { y: format!("{dataset} mAP (%)"), groups, series }))
}
