//! Curves of one run: CMC, ROC and losses.

use super::{Figure, Line, LineChart, Point, Scale};
use crate::report::palette::COLOURS;
use crate::run::RunResult;
use aio_data::DatasetName;
use aio_train::MetricsLine;
use aio_types::TaskId;
use std::collections::BTreeSet;

/// Rank at which CMC figures end.
const LAST_RANK: usize = 20;

/// Points of a loss curve, at most about so many.
const LOSS_POINTS: usize = 60;

/// The tasks that a curve figure shows, as many as there are colours: without the data sets that are tested with many
/// combinations of modalities, unless there are no others.
fn curve_tasks(result: &RunResult) -> Vec<&TaskId> {
    let single = |task: &&TaskId| !has_combinations(task);
    let shown: Vec<&TaskId> = result.order.iter().filter(single).take(COLOURS.len()).collect();
    if shown.is_empty() { result.order.iter().take(COLOURS.len()).collect() } else { shown }
}

fn has_combinations(task: &TaskId) -> bool {
    let dataset = task.dataset().parse::<DatasetName>();
    dataset.is_ok_and(|dataset| dataset.info().rules.has_combinations)
}

/// CMC of the main tasks, solid after and dashed before training.
pub(in crate::report) fn cmc(result: &RunResult) -> Figure {
    let points = |cmc: &[f64]| -> Vec<Point> {
        (1..=LAST_RANK).zip(cmc).map(|(rank, rate)| (rank as f64, 100.0 * rate)).collect()
    };
    let mut lines = Vec::new();
    for (colour, task) in curve_tasks(result).into_iter().enumerate() {
        let summary = &result.tasks[task];
        let name = Some(task.to_string());
        lines.push(Line { name, points: points(&summary.cmc), dashed: false, colour });
        let points = points(&summary.cmc_baseline);
        lines.push(Line { name: None, points, dashed: true, colour });
    }
    Figure::Lines(LineChart {
        x: "rank (dashed: untrained encoder)",
        y: "matching rate (%)",
        lines,
        heights: (0.0, 100.0),
        scale: Scale::Linear,
    })
}

/// ROC of the main tasks over the pairs that their protocols let queries see; `None` if no task has one.
pub(in crate::report) fn roc(result: &RunResult) -> Option<Figure> {
    let mut lines = Vec::new();
    for (colour, task) in curve_tasks(result).into_iter().enumerate() {
        let roc = result.tasks[task].roc.iter();
        let points: Vec<Point> = roc.map(|(false_, true_)| (*false_, 100.0 * true_)).collect();
        if points.len() > 1 {
            lines.push(Line { name: Some(task.to_string()), points, dashed: false, colour });
        }
    }
    if lines.is_empty() {
        return None;
    }
    Some(Figure::Lines(LineChart {
        x: "false accept rate",
        y: "true accept rate (%)",
        lines,
        heights: (0.0, 100.0),
        scale: Scale::LogarithmicX,
    }))
}

/// Loss terms over steps, averaged over neighbouring steps and over the modality combinations of a step; `None` with fewer than two
/// steps.
pub(in crate::report) fn losses(training: &[MetricsLine]) -> Option<Figure> {
    if training.len() < 2 {
        return None;
    }
    let terms = training.iter().flat_map(|line| line.terms.keys());
    let families: BTreeSet<&str> = terms.map(|term| family(term)).collect();
    let mut lines = Vec::new();
    for (number, name) in families.into_iter().enumerate() {
        lines.push(Line {
            name: Some(name.to_owned()),
            points: smoothed(training, name),
            dashed: number >= COLOURS.len(),
            colour: number % COLOURS.len(),
        });
    }
    let values = lines.iter().flat_map(|line| line.points.iter().map(|(_, value)| *value));
    let top = values.fold(0.1, f64::max);
    let (x, y) = ("optimiser step", "loss");
    Some(Figure::Lines(LineChart { x, y, lines, heights: (0.0, top), scale: Scale::Linear }))
}

/// The name of a loss term without the number of its combination.
fn family(term: &str) -> &str {
    term.trim_end_matches(|c: char| c == ' ' || c.is_ascii_digit())
}

/// Means of the terms of one family over neighbouring steps.
fn smoothed(training: &[MetricsLine], name: &str) -> Vec<Point> {
    let window = (training.len() / LOSS_POINTS).max(1);
    let mut points = Vec::new();
    for chunk in training.chunks(window) {
        let terms = chunk.iter().flat_map(|line| &line.terms);
        let values: Vec<f64> = terms
            .filter(|(term, _)| family(term) == name)
            .map(|(_, value)| f64::from(*value))
            .collect();
        if !values.is_empty() {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            points.push((chunk[0].step as f64, mean));
        }
    }
    points
}
