use super::{COLOURS, Drawn, TITLE, WIDTH, text};
use crate::report::figure::{Point, ScatterPlot};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Rows that points are drawn in, in pixels.
const ROWS: u32 = 430;
/// Rows above them, for the title.
const ABOVE: i32 = 24;
/// Rows below them.
const BELOW: u32 = 6;
/// Height of a plot, in pixels.
pub(super) const HEIGHT: u32 = ABOVE as u32 + ROWS + BELOW;

pub(super) fn draw<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    plot: &ScatterPlot,
    title: &str,
) -> Drawn
where
    B::ErrorType: 'static,
{
    let middle = TextStyle::from(("sans-serif", TITLE)).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw(&Text::new(title.to_owned(), (WIDTH as i32 / 2, 16), middle)).map_err(text)?;
    let columns = Axis::over(plot, |point| point.0, WIDTH, 20);
    let rows = Axis::over(plot, |point| point.1, ROWS, 12);
    for (number, class) in plot.classes.iter().enumerate() {
        for (x, y) in &class.points {
            let at = (columns.pixel(*x), ABOVE + rows.pixel(*y));
            draw_mark(area, at, number, COLOURS[number % COLOURS.len()])?;
        }
    }
    Ok(())
}

/// Maps values to pixels.
struct Axis {
    low: f64,
    high: f64,
    pixels: u32,
    /// Pixels that stay free at both ends.
    margin: i32,
}

impl Axis {
    /// An axis that holds one coordinate of all points.
    fn over(plot: &ScatterPlot, of: fn(&Point) -> f64, pixels: u32, margin: i32) -> Self {
        let values = || plot.classes.iter().flat_map(|class| &class.points).map(of);
        let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
        Self { low, high, pixels, margin }
    }

    fn pixel(&self, value: f64) -> i32 {
        let room = f64::from(self.pixels as i32 - 2 * self.margin);
        self.margin + ((value - self.low) / (self.high - self.low).max(1e-9) * room) as i32
    }
}

/// Draws a point of a class: shapes repeat after three classes.
pub(super) fn draw_mark<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    at: (i32, i32),
    class: usize,
    colour: RGBColor,
) -> Drawn
where
    B::ErrorType: 'static,
{
    match class % 3 {
        0 => area.draw(&Circle::new(at, 5, colour.filled())),
        1 => area.draw(&TriangleMarker::new(at, 6, colour.filled())),
        _ => area.draw(&Cross::new(at, 5, colour.stroke_width(3))),
    }
    .map_err(text)
}
