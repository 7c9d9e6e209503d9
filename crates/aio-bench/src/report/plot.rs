use crate::error::{Error, Result};
use crate::run::RunResult;
use crate::train::Line;
use aio_data::fs;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font as register;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;
use std::sync::OnceLock;

/// The font of every figure (DejaVu Sans; licence beside the file).
pub(super) const FONT: &[u8] = include_bytes!("../../assets/DejaVuSans.ttf");

/// Okabe and Ito's colours, which colour-blind readers can tell apart.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(60, 60, 60),
];

/// Registers the embedded font; plotters has none of its own.
pub(super) fn register_font() -> Result<()> {
    static DONE: OnceLock<bool> = OnceLock::new();
    if *DONE.get_or_init(|| register("sans-serif", FontStyle::Normal, FONT).is_ok()) {
        Ok(())
    } else {
        Err(Error::Failure("the embedded font cannot be read".into()))
    }
}

/// One line of a figure.
pub(super) struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    dashed: bool,
    colour: usize,
}

/// A line chart.
pub(super) struct Chart {
    x: &'static str,
    y: &'static str,
    series: Vec<Series>,
    top: f64,
}

/// Rank at which CMC figures end.
const LAST_RANK: usize = 20;

/// CMC of every task but the many combinations, solid after and dashed before training.
pub(super) fn cmc(result: &RunResult) -> Chart {
    let shown: Vec<&String> = result.order.iter().filter(|t| !t.starts_with("tri-") && !t.starts_with("orbench")).take(COLOURS.len()).collect();
    let shown = if shown.is_empty() { result.order.iter().take(COLOURS.len()).collect() } else { shown };
    let points = |cmc: &[f64]| cmc.iter().take(LAST_RANK).enumerate().map(|(k, v)| (k as f64 + 1.0, 100.0 * v)).collect();
    let mut series = Vec::new();
    for (colour, task) in shown.into_iter().enumerate() {
        let summary = &result.tasks[task];
        series.push(Series { name: task.clone(), points: points(&summary.cmc), dashed: false, colour });
        series.push(Series { name: String::new(), points: points(&summary.cmc_baseline), dashed: true, colour });
    }
    Chart { x: "rank (dashed: untrained encoder)", y: "matching rate (%)", series, top: 100.0 }
}

/// Loss terms over steps, averaged over neighbouring steps and over a step's combinations so that trends are seen.
pub(super) fn losses(lines: &[Line]) -> Chart {
    let family = |term: &'_ str| term.trim_end_matches(|c: char| c == ' ' || c.is_ascii_digit()).to_owned();
    let mut names: Vec<String> = lines.iter().flat_map(|l| l.terms.keys()).map(|term| family(term)).collect();
    names.sort();
    names.dedup();
    let window = (lines.len() / 60).max(1);
    let smooth = |name: &str| {
        lines
            .chunks(window)
            .filter_map(|chunk| {
                let values: Vec<f64> =
                    chunk.iter().flat_map(|l| &l.terms).filter(|(term, _)| family(term) == name).map(|(_, v)| f64::from(*v)).collect();
                (!values.is_empty()).then(|| (chunk[0].step as f64, values.iter().sum::<f64>() / values.len() as f64))
            })
            .collect::<Vec<_>>()
    };
    let series: Vec<Series> = names
        .into_iter()
        .enumerate()
        .map(|(i, name)| Series { points: smooth(&name), name, dashed: i >= COLOURS.len(), colour: i % COLOURS.len() })
        .collect();
    let top = series.iter().flat_map(|s| s.points.iter().map(|p| p.1)).fold(0.1, f64::max);
    Chart { x: "optimiser step", y: "loss", series, top }
}

fn draw<B: DrawingBackend>(area: DrawingArea<B, Shift>, chart: &Chart, title: &str) -> std::result::Result<(), String>
where
    B::ErrorType: 'static,
{
    let text = |e: DrawingAreaErrorKind<B::ErrorType>| e.to_string();
    let first = chart.series.iter().flat_map(|s| s.points.first()).map(|p| p.0).fold(f64::MAX, f64::min);
    let last = chart.series.iter().flat_map(|s| s.points.last()).map(|p| p.0).fold(first + 1.0, f64::max);
    area.fill(&WHITE).map_err(text)?;
    // The key stands beside the plot: a dozen terms would hide the curves.
    let (plot, key) = area.split_horizontally(SIZE.0 - KEY_WIDTH);
    let mut context = ChartBuilder::on(&plot)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(first..last, 0.0..chart.top * 1.02)
        .map_err(text)?;
    context
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_desc(chart.x)
        .y_desc(chart.y)
        .x_label_formatter(&|v| format!("{v:.0}"))
        .axis_desc_style(("sans-serif", 15))
        .label_style(("sans-serif", 13))
        .draw()
        .map_err(text)?;
    for series in &chart.series {
        let (colour, points) = (COLOURS[series.colour], series.points.iter().copied());
        if series.dashed {
            context.draw_series(DashedLineSeries::new(points, 6, 5, colour.stroke_width(1))).map_err(text)?;
        } else {
            context.draw_series(LineSeries::new(points, colour.stroke_width(2))).map_err(text)?;
        }
    }
    let style = TextStyle::from(("sans-serif", 13)).pos(Pos::new(HPos::Left, VPos::Center));
    for (row, series) in (0..).zip(chart.series.iter().filter(|s| !s.name.is_empty())) {
        let (colour, y) = (COLOURS[series.colour], 60 + 20 * row);
        let pieces: &[(i32, i32)] = if series.dashed { &[(0, 6), (11, 17), (22, 28)] } else { &[(0, 28)] };
        for (from, to) in pieces {
            key.draw(&PathElement::new(vec![(*from, y), (*to, y)], colour.stroke_width(2))).map_err(text)?;
        }
        key.draw(&Text::new(series.name.clone(), (36, y), style.clone())).map_err(text)?;
    }
    area.present().map_err(text)
}

const SIZE: (u32, u32) = (960, 480);

/// Columns of the key.
const KEY_WIDTH: u32 = 230;

/// Writes `<name>.svg` and `<name>.png` and returns the SVG for the page.
pub(super) fn write(directory: &Path, name: &str, title: &str, chart: &Chart) -> Result<(String, String)> {
    let failed = |problem: String| Error::Failure(format!("cannot draw the figure `{name}`: {problem}"));
    let mut svg = String::new();
    draw(SVGBackend::with_string(&mut svg, SIZE).into_drawing_area(), chart, title).map_err(failed)?;
    fs::write_then_rename(&directory.join(format!("{name}.svg")), svg.as_bytes())?;
    let mut pixels = vec![0u8; (SIZE.0 * SIZE.1 * 3) as usize];
    draw(BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area(), chart, title).map_err(failed)?;
    let picture = image::RgbImage::from_raw(SIZE.0, SIZE.1, pixels).ok_or_else(|| failed("the canvas has the wrong size".into()))?;
    fs::write_then_rename(&directory.join(format!("{name}.png")), &super::ranked::png(&picture)?)?;
    Ok((title.to_owned(), svg))
}
