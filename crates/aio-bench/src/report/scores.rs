//! Scores of finished runs, aggregated over seeds.

use super::estimate::Estimate;
use crate::error::{Error, Result};
use crate::run::RunResult;
use aio_data::descriptor::Descriptor;
use aio_types::MetricId;
use polars::prelude::{Column, DataFrame, PolarsError, PolarsResult};
use std::collections::{BTreeMap, BTreeSet};

/// Whose rankings were scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scored {
    /// The trained model's.
    Trained,
    /// The encoder's before any training.
    Untrained,
    /// The trained model's, where the parts of a query are embedded on their own and averaged.
    LateFusion,
    /// A hand-made descriptor's.
    Described(Descriptor),
    /// Random rankings.
    Chance,
}

impl Scored {
    const ALL: [Self; 6] = [
        Self::Trained,
        Self::Untrained,
        Self::LateFusion,
        Self::Described(Descriptor::ColourHistogram),
        Self::Described(Descriptor::Hog),
        Self::Chance,
    ];

    /// Its scores in a result, fractions in 0..1.
    pub(super) fn of(self, result: &RunResult) -> &BTreeMap<MetricId, f64> {
        static NONE: BTreeMap<MetricId, f64> = BTreeMap::new();
        match self {
            Self::Trained => &result.metrics,
            Self::Untrained => &result.baseline,
            Self::LateFusion => &result.late_fusion,
            Self::Described(descriptor) => result.descriptors.get(&descriptor).unwrap_or(&NONE),
            Self::Chance => &result.chance,
        }
    }
}

/// Scores of several configurations over their seeds, in percent.
pub(super) struct Scores(BTreeMap<(usize, Scored, MetricId), Estimate>);

const CELL: &str = "cell";
const SCORED: &str = "scored";
const METRIC: &str = "metric";
const PERCENT: &str = "percent";
const MEAN: &str = "mean";
const DEVIATION: &str = "deviation";

impl Scores {
    /// Aggregates the results of each configuration; `cells` holds one list of results per configuration, one result per seed.
    ///
    /// # Errors
    /// [`Error::Failure`] with the message of polars.
    pub(super) fn new<'a>(cells: impl IntoIterator<Item = &'a [RunResult]>) -> Result<Self> {
        let cells: Vec<&[RunResult]> = cells.into_iter().collect();
        let metrics = all_metrics(&cells);
        let frame = long_frame(&cells, &metrics).map_err(failed)?;
        if frame.height() == 0 {
            return Ok(Self(BTreeMap::new()));
        }
        let aggregated = aggregate(&frame).map_err(failed)?;
        read_aggregated(&aggregated, &metrics).map_err(failed).map(Self)
    }

    /// Mean and deviation over the seeds of configuration number `cell`; `None` where no result has the metric.
    pub(super) fn get(&self, cell: usize, scored: Scored, metric: &MetricId) -> Option<Estimate> {
        self.0.get(&(cell, scored, metric.clone())).copied()
    }
}

fn failed(error: PolarsError) -> Error {
    Error::Failure(format!("the table of results: {error}"))
}

fn all_metrics(cells: &[&[RunResult]]) -> Vec<MetricId> {
    let results = cells.iter().copied().flatten();
    let scores = results.flat_map(|result| Scored::ALL.map(|scored| scored.of(result)));
    let metrics: BTreeSet<&MetricId> = scores.flat_map(BTreeMap::keys).collect();
    metrics.into_iter().cloned().collect()
}

/// One row per configuration, seed, metric and scored ranking. Keys are numbers: of the configuration, of the metric in
/// `metrics`, and of the entry of [`Scored::ALL`].
fn long_frame(cells: &[&[RunResult]], metrics: &[MetricId]) -> PolarsResult<DataFrame> {
    let number: BTreeMap<&MetricId, u32> = metrics.iter().zip(0..).collect();
    let mut keys: [Vec<u32>; 3] = Default::default();
    let mut values = Vec::new();
    for (cell, results) in (0u32..).zip(cells) {
        for result in *results {
            for (scored, of) in (0u32..).zip(Scored::ALL) {
                for (metric, value) in of.of(result) {
                    keys[0].push(cell);
                    keys[1].push(scored);
                    keys[2].push(number[metric]);
                    values.push(100.0 * value);
                }
            }
        }
    }
    let [cell, scored, metric] = keys;
    let columns = vec![
        Column::new(CELL.into(), cell),
        Column::new(SCORED.into(), scored),
        Column::new(METRIC.into(), metric),
        Column::new(PERCENT.into(), &values),
    ];
    DataFrame::new(values.len(), columns)
}

/// Mean and deviation of each group of rows with equal keys.
fn aggregate(frame: &DataFrame) -> PolarsResult<DataFrame> {
    frame.group_by_stable([CELL, SCORED, METRIC])?.apply(|group| {
        let estimate = Estimate::of_column(group.column(PERCENT)?.f64()?);
        let mut row = group.select([CELL, SCORED, METRIC])?.head(Some(1));
        row.with_column(Column::new(MEAN.into(), [estimate.map(|e| e.mean)]))?;
        row.with_column(Column::new(DEVIATION.into(), [estimate.and_then(|e| e.deviation)]))?;
        Ok(row)
    })
}

fn read_aggregated(
    frame: &DataFrame,
    metrics: &[MetricId],
) -> PolarsResult<BTreeMap<(usize, Scored, MetricId), Estimate>> {
    let keys = [CELL, SCORED, METRIC].map(|name| frame.column(name).and_then(|c| c.u32().cloned()));
    let [cells, scored, of_metric] = keys;
    let (cells, scored, of_metric) = (cells?, scored?, of_metric?);
    let means = frame.column(MEAN)?.f64()?;
    let deviations = frame.column(DEVIATION)?.f64()?;
    let mut estimates = BTreeMap::new();
    for row in 0..frame.height() {
        let key = (cells.get(row), scored.get(row), of_metric.get(row));
        if let ((Some(cell), Some(scored), Some(metric)), Some(mean)) = (key, means.get(row)) {
            let key =
                (cell as usize, Scored::ALL[scored as usize], metrics[metric as usize].clone());
            estimates.insert(key, Estimate { mean, deviation: deviations.get(row) });
        }
    }
    Ok(estimates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::result;

    #[test]
    fn seeds_are_aggregated_by_configuration_metric_and_ranking() {
        let metric = |text: &str| text.parse::<MetricId>().expect(text);
        let first = [
            result(0, &[("market1501.rgb-rgb.map", 0.5)], &[("market1501.rgb-rgb.map", 0.25)]),
            result(1, &[("market1501.rgb-rgb.map", 0.7)], &[("market1501.rgb-rgb.map", 0.25)]),
        ];
        let second = [result(0, &[("market1501.rgb-rgb.rank1", 1.0)], &[])];
        let scores = Scores::new([&first[..], &[], &second]).expect("scores");
        let map = metric("market1501.rgb-rgb.map");
        let estimate = scores.get(0, Scored::Trained, &map).expect("two seeds");
        assert!((estimate.mean - 60.0).abs() < 1e-9);
        // |70 − 50| / √2
        assert!((estimate.deviation.expect("two seeds") - 14.142_135_623_730_951).abs() < 1e-9);
        let untrained = scores.get(0, Scored::Untrained, &map).expect("two seeds");
        assert_eq!((untrained.mean, untrained.deviation), (25.0, Some(0.0)));
        assert_eq!(scores.get(0, Scored::Chance, &map), None);
        assert_eq!(scores.get(1, Scored::Trained, &map), None);
        assert_eq!(scores.get(2, Scored::Trained, &map), None);
        let rank = metric("market1501.rgb-rgb.rank1");
        assert_eq!(scores.get(2, Scored::Trained, &rank), Some(Estimate::single(100.0)));
        assert!(Scores::new([&[][..]]).expect("nothing").get(0, Scored::Trained, &map).is_none());
    }
}
