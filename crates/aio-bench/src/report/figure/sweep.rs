use super::{BarChart, BarSeries, Figure};
use crate::error::Result;
use crate::report::SweepResults;
use crate::report::scores::{Scored, Scores};
use aio_types::TaskId;

/// The cells of a sweep as bars, one group per task.
///
/// # Errors
/// As [`Scores::new`].
pub(in crate::report) fn sweep_bars(sweep: &SweepResults) -> Result<Figure> {
    let metrics = sweep.metrics();
    let scores = Scores::new(sweep.rows.iter().map(|row| row.results.as_slice()))?;
    let series = (0..)
        .zip(&sweep.rows)
        .map(|(cell, row)| BarSeries {
            name: row.label.clone(),
            bars: metrics.iter().map(|id| scores.get(cell, Scored::Trained, id)).collect(),
        })
        .collect();
    let groups = sweep.tasks.iter().map(TaskId::to_string).collect();
    Ok(Figure::Bars(BarChart { y: format!("{} (%)", sweep.measure.title()), groups, series }))
}
