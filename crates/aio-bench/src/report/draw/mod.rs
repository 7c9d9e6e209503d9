//! Draws figures as SVG and PNG, sized for a column of a paper: at 84 mm, the smallest letters are 6 points high.

mod bars;
mod heat;
mod key;
mod lines;
mod scatter;

use super::figure::{Figure, LineChart, NamedFigure, Scale};
use super::palette::COLOURS;
use super::picture;
use crate::error::{Error, Result};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font as register;
use std::sync::OnceLock;

/// The font of every figure (DejaVu Sans; licence beside the file).
const FONT: &[u8] = include_bytes!("../../../assets/DejaVuSans.ttf");

/// The colour of a series of bars: the colours in turn, then lighter, then darker; after three rounds they repeat.
fn bar_colour(number: usize) -> RGBColor {
    let RGBColor(red, green, blue) = COLOURS[number % COLOURS.len()];
    let towards = |end: u8| {
        let mixed = |part: u8| ((u16::from(part) + u16::from(end)) / 2) as u8;
        RGBColor(mixed(red), mixed(green), mixed(blue))
    };
    match number / COLOURS.len() % 3 {
        0 => RGBColor(red, green, blue),
        1 => towards(255),
        _ => towards(0),
    }
}

/// Columns of a figure, in pixels.
const WIDTH: u32 = 640;
/// Rows of a plot with axes.
const HEIGHT: u32 = 360;

/// Height of the letters of a title, in pixels.
const TITLE: i32 = 20;
/// Height of the letters beside an axis.
const AXIS: i32 = 19;
/// Height of other letters.
const LABEL: i32 = 17;

/// The grid behind a plot.
const GRID: RGBColor = RGBColor(225, 225, 225);

/// Result of drawing; the error is the message of plotters.
type Drawn = std::result::Result<(), String>;

/// A figure in both forms.
pub(super) struct DrawnFigure {
    /// Name of its files, without the ending.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) svg: String,
    pub(super) png: Vec<u8>,
}

/// Registers the embedded font; plotters has none of its own.
///
/// # Errors
/// [`Error::Failure`] if the font cannot be read.
pub(super) fn register_font() -> Result<()> {
    static DONE: OnceLock<bool> = OnceLock::new();
    if *DONE.get_or_init(|| register("sans-serif", FontStyle::Normal, FONT).is_ok()) {
        Ok(())
    } else {
        Err(Error::Failure("the embedded font cannot be read".into()))
    }
}

/// Draws a figure as SVG and PNG.
///
/// # Errors
/// [`Error::Failure`] naming the figure.
pub(super) fn draw(named: &NamedFigure) -> Result<DrawnFigure> {
    let NamedFigure { name, title, figure } = named;
    let failed =
        |problem: String| Error::Failure(format!("cannot draw the figure `{name}`: {problem}"));
    let (width, height) = size(figure);
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
    draw_on(&area, figure, title).map_err(failed)?;
    // Dropping the area ends the document.
    drop(area);
    let mut pixels = vec![0u8; (width * height * 3) as usize];
    let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
    draw_on(&area, figure, title).map_err(failed)?;
    drop(area);
    let bitmap = image::RgbImage::from_raw(width, height, pixels)
        .ok_or_else(|| failed("the canvas has the wrong size".into()))?;
    let png = picture::png(&bitmap)?;
    Ok(DrawnFigure { name: name.clone(), title: title.clone(), svg, png })
}

/// Width and height of a figure, in pixels.
fn size(figure: &Figure) -> (u32, u32) {
    (WIDTH, plot_height(figure) + key::height(figure) + 8)
}

/// Height of a figure without its key, in pixels.
fn plot_height(figure: &Figure) -> u32 {
    match figure {
        Figure::Lines(_) | Figure::Bars(_) => HEIGHT,
        Figure::Heat(map) => heat::height(map),
        Figure::Scatter(_) => scatter::HEIGHT,
    }
}

fn draw_on<B: DrawingBackend>(area: &DrawingArea<B, Shift>, figure: &Figure, title: &str) -> Drawn
where
    B::ErrorType: 'static,
{
    area.fill(&WHITE).map_err(text)?;
    let (plot, key) = area.split_vertically(plot_height(figure));
    match figure {
        Figure::Lines(chart) => draw_lines(&plot, chart, title)?,
        Figure::Bars(chart) => bars::draw(&plot, chart, title)?,
        Figure::Heat(map) => heat::draw(&plot, map, title)?,
        Figure::Scatter(plotted) => scatter::draw(&plot, plotted, title)?,
    }
    key::draw(&key, figure)?;
    area.present().map_err(text)
}

fn draw_lines<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    chart: &LineChart,
    title: &str,
) -> Drawn
where
    B::ErrorType: 'static,
{
    let (first, last) = lines::range(chart);
    let (bottom, top) = chart.heights;
    let (along, up) = (first..last, bottom..top * 1.02);
    let whole = |range| lines::Axis { range, write: lines::whole };
    match chart.scale {
        Scale::Linear => lines::draw(area, chart, title, (whole(along), whole(up))),
        Scale::LogarithmicX => {
            let x = lines::Axis { range: along.log_scale(), write: lines::power };
            lines::draw(area, chart, title, (x, whole(up)))
        }
        Scale::Logarithmic => {
            let x = lines::Axis { range: along.log_scale(), write: lines::power };
            let y = lines::Axis { range: up.log_scale(), write: lines::power };
            lines::draw(area, chart, title, (x, y))
        }
    }
}

fn text<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> String {
    error.to_string()
}
