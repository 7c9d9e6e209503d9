use super::{AXIS, COLOURS, Drawn, GRID, LABEL, TITLE, text};
use crate::report::figure::{LineChart, Scale};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

/// An axis: its range and how its numbers are written.
pub(super) struct Axis<R> {
    pub(super) range: R,
    pub(super) write: fn(&f64) -> String,
}

/// The smallest and the largest x of a chart.
pub(super) fn range(chart: &LineChart) -> (f64, f64) {
    let starts = chart.lines.iter().filter_map(|line| line.points.first());
    let first = starts.map(|(x, _)| *x).fold(f64::MAX, f64::min);
    let least = match chart.scale {
        Scale::Linear => first + 1.0,
        Scale::LogarithmicX | Scale::Logarithmic => first,
    };
    let ends = chart.lines.iter().filter_map(|line| line.points.last());
    (first, ends.map(|(x, _)| *x).fold(least, f64::max))
}

/// A whole number.
pub(super) fn whole(value: &f64) -> String {
    format!("{value:.0}")
}

/// A power of ten: as it is from 0.01 to 1,000, and with an exponent otherwise.
pub(super) fn power(value: &f64) -> String {
    if (0.01..=1_000.0).contains(value) {
        format!("{value}")
    } else {
        format!("{value:.0e}").replace("e-", "e−")
    }
}

pub(super) fn draw<B, X, Y>(
    area: &DrawingArea<B, Shift>,
    chart: &LineChart,
    title: &str,
    (x, y): (Axis<X>, Axis<Y>),
) -> Drawn
where
    B: DrawingBackend,
    B::ErrorType: 'static,
    X: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut context = ChartBuilder::on(area)
        .caption(title, ("sans-serif", TITLE))
        .margin(12)
        .margin_right(26)
        .x_label_area_size(52)
        .y_label_area_size(66)
        .build_cartesian_2d(x.range, y.range)
        .map_err(text)?;
    context
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .x_desc(chart.x)
        .y_desc(chart.y)
        .x_labels(7)
        .y_labels(6)
        .x_label_formatter(&x.write)
        .y_label_formatter(&y.write)
        .axis_desc_style(("sans-serif", AXIS))
        .label_style(("sans-serif", LABEL))
        .draw()
        .map_err(text)?;
    for line in &chart.lines {
        let (colour, points) = (COLOURS[line.colour], line.points.iter().copied());
        if line.dashed {
            let dashes = DashedLineSeries::new(points, 6, 5, colour.stroke_width(1));
            context.draw_series(dashes).map_err(text)?;
        } else {
            context.draw_series(LineSeries::new(points, colour.stroke_width(2))).map_err(text)?;
        }
        if chart.scale == Scale::Logarithmic {
            let marks = line.points.iter().map(|point| Circle::new(*point, 4, colour.filled()));
            context.draw_series(marks).map_err(text)?;
        }
    }
    Ok(())
}
