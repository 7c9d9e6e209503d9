//! Figures as values: series with names and numbers; `draw` draws them.

mod cost;
mod curves;
mod modalities;
mod run;
mod sweep;

pub use cost::CostCurve;
pub(super) use cost::costs;
pub(super) use run::of_run;
pub(super) use sweep::sweep_bars;

use super::estimate::Estimate;

/// A point or a range of a figure.
pub(super) type Point = (f64, f64);

/// What is drawn, with a key below it where there are several series.
pub(super) enum Figure {
    Lines(LineChart),
    Bars(BarChart),
    Heat(HeatMap),
    Scatter(ScatterPlot),
}

/// A figure, the name of its files and its title.
pub(super) struct NamedFigure {
    /// Name of its files, without the ending.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) figure: Figure,
}

impl NamedFigure {
    pub(super) fn new(name: &str, title: &str, figure: Figure) -> Self {
        Self { name: name.to_owned(), title: title.to_owned(), figure }
    }
}

/// One line of a chart.
pub(super) struct Line {
    /// Name in the key; `None` for a line that is not in the key.
    pub(super) name: Option<String>,
    pub(super) points: Vec<Point>,
    pub(super) dashed: bool,
    /// Number of its colour.
    pub(super) colour: usize,
}

/// Scales of the axes of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    /// The x axis is logarithmic.
    LogarithmicX,
    /// Both axes are logarithmic, and every point has a mark.
    Logarithmic,
}

/// A line chart; its x axis spans the points.
pub(super) struct LineChart {
    /// Label of the x axis.
    pub(super) x: &'static str,
    /// Label of the y axis.
    pub(super) y: &'static str,
    pub(super) lines: Vec<Line>,
    /// Lowest and highest value of the y axis.
    pub(super) heights: (f64, f64),
    pub(super) scale: Scale,
}

/// Bars of one colour, one per group; `None` where there is no result.
pub(super) struct BarSeries {
    pub(super) name: String,
    pub(super) bars: Vec<Option<Estimate>>,
}

/// Bars in groups, one of each series per group; whiskers show the deviation.
pub(super) struct BarChart {
    /// Label of the y axis.
    pub(super) y: String,
    pub(super) groups: Vec<String>,
    pub(super) series: Vec<BarSeries>,
}

/// A matrix of percentages.
pub(super) struct HeatMap {
    /// What the columns are.
    pub(super) x: &'static str,
    /// What the rows are.
    pub(super) y: &'static str,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<HeatRow>,
}

/// A row of a heat map; `None` where there is no result.
pub(super) struct HeatRow {
    pub(super) name: String,
    pub(super) percent: Vec<Option<f64>>,
}

/// Points in the plane, in named classes; the axes have no unit.
pub(super) struct ScatterPlot {
    pub(super) classes: Vec<PointClass>,
}

/// Points of one class.
pub(super) struct PointClass {
    pub(super) name: String,
    pub(super) points: Vec<Point>,
}

impl ScatterPlot {
    /// Sorts points into classes, in the order in which the classes first occur.
    pub(super) fn new(points: impl Iterator<Item = (String, Point)>) -> Self {
        let mut classes: Vec<PointClass> = Vec::new();
        for (name, point) in points {
            match classes.iter_mut().find(|class| class.name == name) {
                Some(class) => class.points.push(point),
                None => classes.push(PointClass { name, points: vec![point] }),
            }
        }
        Self { classes }
    }
}

/// Values in the order in which they first occur.
fn unique<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}
