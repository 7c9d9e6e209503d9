use super::{AXIS, COLOURS, Drawn, GRID, LABEL, TITLE, text};
use crate::report::figure::{LineChart, Scale};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

/// The x axis: its range and how its numbers are written.
pub(super) struct XAxis<R, F> {
    pub(super) range: R,
    pub(super) label: F,
}

/// The smallest and the largest x of a chart.
pub(super) fn range(chart: &LineChart) -> (f64, f64) {
    let starts = chart.lines.iter().filter_map(|line| line.points.first());
    let first = starts.map(|(x, _)| *x).fold(f64::MAX, f64::min);
    let least = match chart.scale {
        Scale::Linear => first + 1.0,
        Scale::Logarithmic => first,
    };
    let ends = chart.lines.iter().filter_map(|line| line.points.last());
    (first, ends.map(|(x, _)| *x).fold(least, f64::max))
}

pub(super) fn draw<B, R, F>(
    area: &DrawingArea<B, Shift>,
    chart: &LineChart,
    title: &str,
    x: XAxis<R, F>,
) -> Drawn
where
    B: DrawingBackend,
    B::ErrorType: 'static,
    R: AsRangedCoord<Value = f64>,
    R::CoordDescType: ValueFormatter<f64>,
    F: Fn(&f64) -> String,
{
    let mut context = ChartBuilder::on(area)
        .caption(title, ("sans-serif", TITLE))
        .margin(12)
        .margin_right(26)
        .x_label_area_size(52)
        .y_label_area_size(66)
        .build_cartesian_2d(x.range, 0.0..chart.top * 1.02)
        .map_err(text)?;
    context
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .x_desc(chart.x)
        .y_desc(chart.y)
        .x_labels(7)
        .y_labels(6)
        .x_label_formatter(&x.label)
        .y_label_formatter(&|v| format!("{v:.0}"))
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
    }
    Ok(())
}
