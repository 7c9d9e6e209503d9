use super::{AXIS, Drawn, GRID, LABEL, TITLE, WIDTH, bar_colour, text};
use crate::report::estimate::Estimate;
use crate::report::figure::BarChart;
use crate::report::picture::wrap;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Pixels from one line of a group's name to the next.
const LINE_HEIGHT: u32 = 15;

/// Width of a letter of a group's name, in pixels.
const LETTER: f64 = 6.7;

pub(super) fn draw<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    chart: &BarChart,
    title: &str,
) -> Drawn
where
    B::ErrorType: 'static,
{
    let groups = chart.groups.len() as f64;
    // Names stand below the groups, in as many lines as they need.
    let room = ((f64::from(WIDTH - 90) / groups / LETTER) as usize).max(6);
    let names: Vec<Vec<String>> = chart.groups.iter().map(|name| group_label(name, room)).collect();
    let name_lines = names.iter().map(Vec::len).max().unwrap_or(0) as u32;
    let top = top(chart);
    let mut context = ChartBuilder::on(area)
        .caption(title, ("sans-serif", TITLE))
        .margin(12)
        .x_label_area_size(4 + LINE_HEIGHT * name_lines)
        .y_label_area_size(66)
        .build_cartesian_2d(0.0..groups, 0.0..(top * 1.05).min(100.0f64.max(top)))
        .map_err(text)?;
    context
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .y_desc(&chart.y)
        .y_labels(6)
        .y_label_formatter(&|v| format!("{v:.0}"))
        .axis_desc_style(("sans-serif", AXIS))
        .label_style(("sans-serif", LABEL))
        .draw()
        .map_err(text)?;
    // A group is 1 wide, with a tenth free at both sides.
    let width = 0.8 / chart.series.len().max(1) as f64;
    for (number, series) in chart.series.iter().enumerate() {
        let colour = bar_colour(number);
        for (group, estimate) in series.bars.iter().enumerate() {
            let Some(estimate) = estimate else { continue };
            let bar = Bar { left: group as f64 + 0.1 + number as f64 * width, width };
            let body = Rectangle::new(bar.corners(estimate), colour.filled());
            context.draw_series(std::iter::once(body)).map_err(text)?;
            let whiskers = bar.whiskers(estimate).into_iter();
            context
                .draw_series(whiskers.map(|line| PathElement::new(line, BLACK.stroke_width(1))))
                .map_err(text)?;
        }
    }
    let style = TextStyle::from(("sans-serif", LABEL - 2)).pos(Pos::new(HPos::Center, VPos::Top));
    for (group, lines) in names.into_iter().enumerate() {
        let (x, y) = context.backend_coord(&(group as f64 + 0.5, 0.0));
        for (line, part) in (0..).zip(lines) {
            let at = (x, y + 4 + LINE_HEIGHT as i32 * line);
            area.draw(&Text::new(part, at, style.clone())).map_err(text)?;
        }
    }
    Ok(())
}

/// The highest end of a whisker.
fn top(chart: &BarChart) -> f64 {
    let estimates = chart.series.iter().flat_map(|series| series.bars.iter().flatten());
    estimates.map(|e| e.mean + e.deviation.unwrap_or(0.0)).fold(1.0, f64::max)
}

/// Where a bar stands, in groups.
struct Bar {
    left: f64,
    width: f64,
}

impl Bar {
    fn corners(&self, estimate: &Estimate) -> [(f64, f64); 2] {
        let Self { left, width } = self;
        [(left + 0.06 * width, 0.0), (left + 0.94 * width, estimate.mean)]
    }

    /// A line over one deviation to both sides of the mean, and its ends; nothing without a deviation.
    fn whiskers(&self, estimate: &Estimate) -> Vec<Vec<(f64, f64)>> {
        let Some(deviation) = estimate.deviation.filter(|deviation| *deviation > 0.0) else {
            return Vec::new();
        };
        let middle = self.left + self.width / 2.0;
        let low = (estimate.mean - deviation).max(0.0);
        let high = (estimate.mean + deviation).min(100.0);
        let end = |y: f64| vec![(middle - 0.2 * self.width, y), (middle + 0.2 * self.width, y)];
        vec![vec![(middle, low), (middle, high)], end(low), end(high)]
    }
}

/// A task's name in lines of so many characters: the data set, then modalities of query and gallery.
fn group_label(name: &str, room: usize) -> Vec<String> {
    const LONGEST_DATASET: usize = "tri-cuhk-pedes".len();
    let words = if room >= LONGEST_DATASET {
        name.replace('.', " ")
    } else {
        name.replace(['.', '-'], " ")
    };
    // A `+` stays at the end of its line.
    let lines = wrap(&words.replace('+', "+ "), room);
    lines.into_iter().map(|line| line.replace("+ ", "+")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_group_is_never_cut() {
        let name = "tri-cuhk-pedes.infrared+sketch+text-rgb";
        assert_eq!(group_label(name, 16), ["tri-cuhk-pedes", "infrared+", "sketch+text-rgb"]);
        assert_eq!(group_label("market1501.rgb-rgb", 16), ["market1501", "rgb-rgb"]);
        let narrow = group_label(name, 8).concat();
        assert_eq!(narrow.replace(' ', ""), name.replace(['.', '-'], ""));
    }
}
