//! Figures as SVG and PNG, sized for a column of a paper: at 84 mm, the smallest letters are 6 points high.

use super::table::{Spread, spread_of};
use crate::error::{Error, Result};
use crate::run::RunResult;
use aio_data::fs;
use aio_train::MetricsLine;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
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

/// What is drawn, with a key below it where there are series.
pub(super) enum Figure {
    Lines(Lines),
    Bars(Bars),
    Heat(Heat),
    Scatter(Scatter),
}

/// One line of a figure.
pub(super) struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    dashed: bool,
    colour: usize,
}

/// A line chart.
pub(super) struct Lines {
    x: &'static str,
    y: &'static str,
    series: Vec<Series>,
    top: f64,
    /// Whether the x axis is logarithmic.
    logarithmic: bool,
}

/// Mean and deviation, or nothing.
type Bar = Option<(f64, f64)>;

fn bar_of(Spread { mean, deviation }: Spread) -> (f64, f64) {
    (mean, deviation.unwrap_or(0.0))
}

/// Bars in groups, one of each series per group.
pub(super) struct Bars {
    pub(super) y: String,
    pub(super) groups: Vec<String>,
    pub(super) series: Vec<(String, Vec<Bar>)>,
}

/// A matrix of percentages.
pub(super) struct Heat {
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<(String, Vec<Option<f64>>)>,
}

/// Points in the plane, in named classes; the axes mean nothing.
pub(super) struct Scatter {
    /// Class and, within `0..7`, shape and colour; points.
    pub(super) classes: Vec<(String, Vec<(f64, f64)>)>,
}

/// Rank at which CMC figures end.
const LAST_RANK: usize = 20;

/// The tasks that a curve figure shows: all but the many combinations, as many as there are colours.
fn curve_tasks(result: &RunResult) -> Vec<&String> {
    let shown: Vec<&String> = result
        .order
        .iter()
        .filter(|t| !t.starts_with("tri-") && !t.starts_with("orbench"))
        .take(COLOURS.len())
        .collect();
    if shown.is_empty() { result.order.iter().take(COLOURS.len()).collect() } else { shown }
}

/// CMC of the main tasks, solid after and dashed before training.
pub(super) fn cmc(result: &RunResult) -> Figure {
    let points = |cmc: &[f64]| {
        cmc.iter().take(LAST_RANK).enumerate().map(|(k, v)| (k as f64 + 1.0, 100.0 * v)).collect()
    };
    let mut series = Vec::new();
    for (colour, task) in curve_tasks(result).into_iter().enumerate() {
        let summary = &result.tasks[task];
        series.push(Series {
            name: task.clone(),
            points: points(&summary.cmc),
            dashed: false,
            colour,
        });
        series.push(Series {
            name: String::new(),
            points: points(&summary.cmc_baseline),
            dashed: true,
            colour,
        });
    }
    Figure::Lines(Lines {
        x: "rank (dashed: untrained encoder)",
        y: "matching rate (%)",
        series,
        top: 100.0,
        logarithmic: false,
    })
}

/// ROC of the main tasks over the pairs that their protocols let queries see; none if no task has one.
pub(super) fn roc(result: &RunResult) -> Option<Figure> {
    let of = |(colour, task): (usize, &String)| {
        let points: Vec<(f64, f64)> =
            result.tasks[task].roc.iter().map(|(fpr, tpr)| (*fpr, 100.0 * tpr)).collect();
        (points.len() > 1).then(|| Series { name: task.clone(), points, dashed: false, colour })
    };
    let series: Vec<Series> = curve_tasks(result).into_iter().enumerate().filter_map(of).collect();
    let lines = Lines {
        x: "false accept rate",
        y: "true accept rate (%)",
        series,
        top: 100.0,
        logarithmic: true,
    };
    (!lines.series.is_empty()).then_some(Figure::Lines(lines))
}

/// Loss terms over steps, averaged over neighbouring steps and over a step's combinations so that trends are seen.
pub(super) fn losses(lines: &[MetricsLine]) -> Figure {
    let family =
        |term: &'_ str| term.trim_end_matches(|c: char| c == ' ' || c.is_ascii_digit()).to_owned();
    let mut names: Vec<String> =
        lines.iter().flat_map(|l| l.terms.keys()).map(|term| family(term)).collect();
    names.sort();
    names.dedup();
    let window = (lines.len() / 60).max(1);
    let smooth = |name: &str| {
        lines
            .chunks(window)
            .filter_map(|chunk| {
                let values: Vec<f64> = chunk
                    .iter()
                    .flat_map(|l| &l.terms)
                    .filter(|(term, _)| family(term) == name)
                    .map(|(_, v)| f64::from(*v))
                    .collect();
                (!values.is_empty()).then(|| {
                    (chunk[0].step as f64, values.iter().sum::<f64>() / values.len() as f64)
                })
            })
            .collect::<Vec<_>>()
    };
    let series: Vec<Series> = names
        .into_iter()
        .enumerate()
        .map(|(i, name)| Series {
            points: smooth(&name),
            name,
            dashed: i >= COLOURS.len(),
            colour: i % COLOURS.len(),
        })
        .collect();
    let top = series.iter().flat_map(|s| s.points.iter().map(|p| p.1)).fold(0.1, f64::max);
    Figure::Lines(Lines { x: "optimiser step", y: "loss", series, top, logarithmic: false })
}

/// mAP of queries of one modality by what they are and what they are searched in, over the tasks of one data set; none if every gallery
/// is of one modality.
pub(super) fn directions(result: &RunResult) -> Option<Figure> {
    let parse = |task: &String| {
        let mut fields = task.split('.');
        let (dataset, direction) = (fields.next()?.to_owned(), fields.next()?);
        let (query, gallery) = match direction.strip_suffix("-colour-pencil") {
            Some(query) => (query, "colour-pencil"),
            None => direction.rsplit_once('-')?,
        };
        let value = 100.0 * *result.metrics.get(&format!("{task}.map"))?;
        (!query.contains('+') && fields.next().is_none())
            .then(|| (dataset, query.to_owned(), gallery.to_owned(), value))
    };
    let found: Vec<(String, String, String, f64)> = result.order.iter().filter_map(parse).collect();
    let galleries =
        |dataset: &str| unique(found.iter().filter(|f| f.0 == dataset).map(|f| f.2.clone()));
    let dataset =
        found.iter().map(|f| &f.0).max_by_key(|dataset| galleries(dataset).len())?.clone();
    let columns = galleries(&dataset);
    if columns.len() < 2 {
        return None;
    }
    let queries = unique(found.iter().filter(|f| f.0 == dataset).map(|f| f.1.clone()));
    let value = |query: &str, gallery: &str| {
        found.iter().find(|f| f.0 == dataset && f.1 == query && f.2 == gallery).map(|f| f.3)
    };
    let rows = queries
        .into_iter()
        .map(|query| {
            (query.clone(), columns.iter().map(|gallery| value(&query, gallery)).collect())
        })
        .collect();
    Some(Figure::Heat(Heat { x: "gallery", y: "query", columns, rows }))
}

/// mAP by the number of modalities of a query, over the combinations of one data set: mean and deviation, after and before training; none
/// where there are no combinations.
pub(super) fn query_sizes(result: &RunResult) -> Option<Figure> {
    let size = |task: &String| {
        task.split('.').nth(1)?.rsplit_once('-').map(|(query, _)| query.matches('+').count() + 1)
    };
    let datasets =
        unique(result.order.iter().filter_map(|t| t.split('.').next().map(str::to_owned)));
    let of = |dataset: &str| {
        result.order.iter().filter(|t| t.starts_with(&format!("{dataset}."))).collect::<Vec<_>>()
    };
    let sizes =
        |dataset: &str| unique(of(dataset).into_iter().filter_map(size).map(|n| n.to_string()));
    let dataset = datasets.into_iter().max_by_key(|dataset| sizes(dataset).len())?;
    let groups = sizes(&dataset);
    if groups.len() < 2 {
        return None;
    }
    let bar = |metrics: &std::collections::BTreeMap<String, f64>, group: &String| {
        let chosen = of(&dataset)
            .into_iter()
            .filter(|task| size(task).is_some_and(|n| n.to_string() == *group));
        let values: Vec<f64> = chosen
            .filter_map(|task| metrics.get(&format!("{task}.map")).map(|v| 100.0 * v))
            .collect();
        Spread::of(&values).map(bar_of)
    };
    let series = [("trained", &result.metrics), ("untrained encoder", &result.baseline)];
    let series = series
        .map(|(name, metrics)| {
            (name.to_owned(), groups.iter().map(|group| bar(metrics, group)).collect())
        })
        .to_vec();
    let groups = groups
        .into_iter()
        .map(|n| if n == "1" { "1 modality".to_owned() } else { format!("{n} modalities") })
        .collect();
    Some(Figure::Bars(Bars { y: format!("{dataset} mAP (%)"), groups, series }))
}

/// Classes and their points, in the order in which they come.
pub(super) fn scatter(points: impl Iterator<Item = (String, (f64, f64))>) -> Figure {
    let mut classes: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for (class, point) in points {
        match classes.iter_mut().find(|(name, _)| *name == class) {
            Some((_, members)) => members.push(point),
            None => classes.push((class, vec![point])),
        }
    }
    Figure::Scatter(Scatter { classes })
}

/// Cells of a sweep as bars: one group per task.
pub(super) fn cells(rows: &[(String, Vec<RunResult>)], tasks: &[String], metric: &str) -> Figure {
    let bar = |results: &[RunResult], task: &String| {
        spread_of(results, &format!("{task}.{metric}")).map(bar_of)
    };
    let series = rows
        .iter()
        .map(|(name, results)| {
            (name.clone(), tasks.iter().map(|task| bar(results, task)).collect())
        })
        .collect();
    let written = match metric {
        "map" => "mAP".to_owned(),
        "minp" => "mINP".to_owned(),
        rank => rank.replace("rank", "Rank-"),
    };
    Figure::Bars(Bars { y: format!("{written} (%)"), groups: tasks.to_vec(), series })
}

/// Values in the order in which they first occur.
fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut found = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

/// Columns of a figure, in pixels.
const WIDTH: u32 = 640;
/// Rows of the plot itself.
const HEIGHT: u32 = 360;
/// Rows of a line of the key.
const KEY: u32 = 22;
const TITLE: i32 = 20;
const AXIS: i32 = 19;
const LABEL: i32 = 17;

type Drawn = std::result::Result<(), String>;

/// How an entry of the key is marked.
enum Sample {
    Line { dashed: bool },
    Box,
    Shape(usize),
}

impl Figure {
    /// Entries of the key: name, colour, mark.
    fn key(&self) -> Vec<(&str, RGBColor, Sample)> {
        match self {
            Self::Lines(lines) => {
                let named = lines.series.iter().filter(|s| !s.name.is_empty());
                named
                    .map(|s| {
                        (s.name.as_str(), COLOURS[s.colour], Sample::Line { dashed: s.dashed })
                    })
                    .collect()
            }
            Self::Bars(bars) => (0..)
                .zip(&bars.series)
                .map(|(i, (name, _))| (name.as_str(), COLOURS[i % COLOURS.len()], Sample::Box))
                .collect(),
            Self::Heat(_) => Vec::new(),
            Self::Scatter(scatter) => (0..)
                .zip(&scatter.classes)
                .map(|(i, (name, _))| (name.as_str(), COLOURS[i % COLOURS.len()], Sample::Shape(i)))
                .collect(),
        }
    }

    /// Entries of the key in a row of it: as many as the longest name leaves room for.
    fn key_columns(&self) -> u32 {
        let longest =
            self.key().iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0) as u32;
        ((WIDTH - 20) / (54 + 9 * longest)).clamp(1, 5)
    }

    fn plot_height(&self) -> u32 {
        match self {
            Self::Heat(heat) => 90 + 44 * heat.rows.len() as u32,
            Self::Scatter(_) => 460,
            _ => HEIGHT,
        }
    }

    fn size(&self) -> (u32, u32) {
        (
            WIDTH,
            self.plot_height() + KEY * (self.key().len() as u32).div_ceil(self.key_columns()) + 8,
        )
    }
}

fn text<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> String {
    error.to_string()
}

fn draw<B: DrawingBackend>(area: &DrawingArea<B, Shift>, figure: &Figure, title: &str) -> Drawn
where
    B::ErrorType: 'static,
{
    area.fill(&WHITE).map_err(text)?;
    let (plot, key) = area.split_vertically(figure.plot_height());
    match figure {
        Figure::Lines(lines) if lines.logarithmic => {
            let (first, last) = lines.ends();
            lines.draw(ChartBuilder::on(&plot), title, (first..last).log_scale(), |v| {
                format!("{v:.0e}").replace("e-", "e−")
            })?;
        }
        Figure::Lines(lines) => {
            let (first, last) = lines.ends();
            lines.draw(ChartBuilder::on(&plot), title, first..last, |v| format!("{v:.0}"))?;
        }
        Figure::Bars(bars) => bars.draw(&plot, title)?,
        Figure::Heat(heat) => heat.draw(&plot, title)?,
        Figure::Scatter(scatter) => scatter.draw(&plot, title)?,
    }
    let columns = figure.key_columns();
    let style = TextStyle::from(("sans-serif", LABEL - 1)).pos(Pos::new(HPos::Left, VPos::Center));
    for (number, (name, colour, sample)) in (0..).zip(figure.key()) {
        let (x, y) = (
            14 + (number % columns * (WIDTH - 20) / columns) as i32,
            (number / columns * KEY + KEY / 2) as i32,
        );
        match sample {
            Sample::Line { dashed } => {
                let pieces: &[(i32, i32)] =
                    if dashed { &[(0, 6), (11, 17), (22, 28)] } else { &[(0, 28)] };
                for (from, to) in pieces {
                    key.draw(&PathElement::new(
                        vec![(x + from, y), (x + to, y)],
                        colour.stroke_width(2),
                    ))
                    .map_err(text)?;
                }
            }
            Sample::Box => key
                .draw(&Rectangle::new([(x + 6, y - 7), (x + 24, y + 7)], colour.filled()))
                .map_err(text)?,
            Sample::Shape(shape) => mark(&key, (x + 15, y), shape, colour)?,
        }
        key.draw(&Text::new(name.to_owned(), (x + 36, y), style.clone())).map_err(text)?;
    }
    area.present().map_err(text)
}

impl Lines {
    fn ends(&self) -> (f64, f64) {
        let first =
            self.series.iter().flat_map(|s| s.points.first()).map(|p| p.0).fold(f64::MAX, f64::min);
        (
            first,
            self.series
                .iter()
                .flat_map(|s| s.points.last())
                .map(|p| p.0)
                .fold(first + if self.logarithmic { 0.0 } else { 1.0 }, f64::max),
        )
    }

    fn draw<B, X>(
        &self,
        mut builder: ChartBuilder<B>,
        title: &str,
        x: X,
        written: impl Fn(&f64) -> String,
    ) -> Drawn
    where
        B: DrawingBackend,
        B::ErrorType: 'static,
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
    {
        let mut context = builder
            .caption(title, ("sans-serif", TITLE))
            .margin(12)
            .margin_right(26)
            .x_label_area_size(52)
            .y_label_area_size(66)
            .build_cartesian_2d(x, 0.0..self.top * 1.02)
            .map_err(text)?;
        context
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(RGBColor(225, 225, 225))
            .x_desc(self.x)
            .y_desc(self.y)
            .x_labels(7)
            .y_labels(6)
            .x_label_formatter(&written)
            .y_label_formatter(&|v| format!("{:.0}", v))
            .axis_desc_style(("sans-serif", AXIS))
            .label_style(("sans-serif", LABEL))
            .draw()
            .map_err(text)?;
        for series in &self.series {
            let (colour, points) = (COLOURS[series.colour], series.points.iter().copied());
            if series.dashed {
                context
                    .draw_series(DashedLineSeries::new(points, 6, 5, colour.stroke_width(1)))
                    .map_err(text)?;
            } else {
                context
                    .draw_series(LineSeries::new(points, colour.stroke_width(2)))
                    .map_err(text)?;
            }
        }
        Ok(())
    }
}

/// Pixels from one line of a group's name to the next.
const LINE: u32 = 15;

/// A task's name in lines of so many characters: the data set, then modalities of query and gallery.
fn group_label(name: &str, room: usize) -> Vec<String> {
    const LONGEST_DATASET: usize = "tri-cuhk-pedes".len();
    let words = if room >= LONGEST_DATASET {
        name.replace('.', " ")
    } else {
        name.replace(['.', '-'], " ")
    };
    super::ranked::wrap(&words.replace('+', "+ "), room)
        .into_iter()
        .map(|line| line.replace("+ ", "+"))
        .collect()
}

impl Bars {
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, title: &str) -> Drawn
    where
        B::ErrorType: 'static,
    {
        let reach = |bar: &(f64, f64)| bar.0 + bar.1;
        let top = self
            .series
            .iter()
            .flat_map(|(_, bars)| bars.iter().flatten())
            .map(reach)
            .fold(1.0, f64::max);
        let (groups, count) = (self.groups.len() as f64, self.series.len().max(1) as f64);
        // Below the groups, in as many lines as they need.
        let room = (f64::from(WIDTH - 90) / groups / 6.7) as usize;
        let names: Vec<Vec<String>> =
            self.groups.iter().map(|name| group_label(name, room.max(6))).collect();
        let mut context = ChartBuilder::on(area)
            .caption(title, ("sans-serif", TITLE))
            .margin(12)
            .x_label_area_size(4 + LINE * names.iter().map(Vec::len).max().unwrap_or(0) as u32)
            .y_label_area_size(66)
            .build_cartesian_2d(0.0..groups, 0.0..(top * 1.05).min(100.0f64.max(top)))
            .map_err(text)?;
        context
            .configure_mesh()
            .disable_x_mesh()
            .disable_x_axis()
            .light_line_style(TRANSPARENT)
            .bold_line_style(RGBColor(225, 225, 225))
            .y_desc(&self.y)
            .y_labels(6)
            .y_label_formatter(&|v| format!("{v:.0}"))
            .axis_desc_style(("sans-serif", AXIS))
            .label_style(("sans-serif", LABEL))
            .draw()
            .map_err(text)?;
        let width = 0.8 / count;
        for (i, (_, bars)) in self.series.iter().enumerate() {
            for (group, bar) in
                bars.iter().enumerate().filter_map(|(group, bar)| bar.map(|bar| (group, bar)))
            {
                let (mean, deviation) = bar;
                let left = group as f64 + 0.1 + i as f64 * width;
                let colour = COLOURS[i % COLOURS.len()];
                let body = Rectangle::new(
                    [(left + 0.06 * width, 0.0), (left + 0.94 * width, mean)],
                    colour.filled(),
                );
                context.draw_series(std::iter::once(body)).map_err(text)?;
                let middle = left + width / 2.0;
                let (low, high) = ((mean - deviation).max(0.0), (mean + deviation).min(100.0));
                let tick = |y: f64| vec![(middle - 0.2 * width, y), (middle + 0.2 * width, y)];
                let whiskers = [vec![(middle, low), (middle, high)], tick(low), tick(high)];
                let whiskers = whiskers
                    .into_iter()
                    .filter(|_| deviation > 0.0)
                    .map(|line| PathElement::new(line, BLACK.stroke_width(1)));
                context.draw_series(whiskers).map_err(text)?;
            }
        }
        let style =
            TextStyle::from(("sans-serif", LABEL - 2)).pos(Pos::new(HPos::Center, VPos::Top));
        for (group, lines) in names.into_iter().enumerate() {
            let (x, y) = context.backend_coord(&(group as f64 + 0.5, 0.0));
            for (line, part) in (0..).zip(lines) {
                area.draw(&Text::new(part, (x, y + 4 + LINE as i32 * line), style.clone()))
                    .map_err(text)?;
            }
        }
        Ok(())
    }
}

impl Heat {
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, title: &str) -> Drawn
    where
        B::ErrorType: 'static,
    {
        let middle = |size: i32| {
            TextStyle::from(("sans-serif", size)).pos(Pos::new(HPos::Center, VPos::Center))
        };
        let (left, above, cell) =
            (150, 76, (((WIDTH - 170) / self.columns.len().max(1) as u32).min(120) as i32, 44));
        area.draw(&Text::new(title.to_owned(), (WIDTH as i32 / 2, 16), middle(TITLE)))
            .map_err(text)?;
        let axes = format!("{} → {}", self.y, self.x);
        area.draw(&Text::new(axes, (left / 2, 54), middle(LABEL))).map_err(text)?;
        for (column, name) in (0..).zip(&self.columns) {
            area.draw(&Text::new(
                name.clone(),
                (left + column * cell.0 + cell.0 / 2, 54),
                middle(LABEL),
            ))
            .map_err(text)?;
        }
        for (row, (name, values)) in (0..).zip(&self.rows) {
            let y = above + row * cell.1;
            let right =
                TextStyle::from(("sans-serif", LABEL)).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(name.clone(), (left - 10, y + cell.1 / 2), right))
                .map_err(text)?;
            for (column, value) in (0..).zip(values) {
                let x = left + column * cell.0;
                let strength = value.unwrap_or(0.0) / 100.0;
                // White to Okabe and Ito's blue, which stays readable in grey.
                let blend = |to: f64| (255.0 + (to - 255.0) * strength) as u8;
                let colour = if value.is_some() {
                    RGBColor(blend(0.0), blend(90.0), blend(160.0))
                } else {
                    RGBColor(240, 240, 240)
                };
                area.draw(&Rectangle::new(
                    [(x, y), (x + cell.0 - 2, y + cell.1 - 2)],
                    colour.filled(),
                ))
                .map_err(text)?;
                let ink = if strength > 0.55 { WHITE } else { BLACK };
                let written = value.map_or("–".to_owned(), |v| format!("{v:.1}"));
                area.draw(&Text::new(
                    written,
                    (x + cell.0 / 2, y + cell.1 / 2),
                    middle(LABEL).color(&ink),
                ))
                .map_err(text)?;
            }
        }
        Ok(())
    }
}

/// Draws a point of a class: colours repeat after seven classes, shapes after three.
fn mark<B: DrawingBackend>(
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

impl Scatter {
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, title: &str) -> Drawn
    where
        B::ErrorType: 'static,
    {
        let middle =
            TextStyle::from(("sans-serif", TITLE)).pos(Pos::new(HPos::Center, VPos::Center));
        area.draw(&Text::new(title.to_owned(), (WIDTH as i32 / 2, 16), middle)).map_err(text)?;
        let all = || self.classes.iter().flat_map(|(_, points)| points);
        let span = |of: fn(&(f64, f64)) -> f64| {
            (all().map(of).fold(f64::MAX, f64::min), all().map(of).fold(f64::MIN, f64::max))
        };
        let ((left, right), (low, high)) = (span(|p| p.0), span(|p| p.1));
        let place = |value: f64, (from, to): (f64, f64), pixels: u32, margin: i32| {
            margin
                + ((value - from) / (to - from).max(1e-9) * f64::from(pixels as i32 - 2 * margin))
                    as i32
        };
        for (class, (_, points)) in self.classes.iter().enumerate() {
            for (x, y) in points {
                let at =
                    (place(*x, (left, right), WIDTH, 20), 24 + place(*y, (low, high), 430, 12));
                mark(area, at, class, COLOURS[class % COLOURS.len()])?;
            }
        }
        Ok(())
    }
}

/// Writes `<name>.svg` and `<name>.png` and returns the title and the SVG for the page.
pub(super) fn write(
    directory: &Path,
    name: &str,
    title: &str,
    figure: &Figure,
) -> Result<(String, String)> {
    let failed =
        |problem: String| Error::Failure(format!("cannot draw the figure `{name}`: {problem}"));
    let size = figure.size();
    let mut svg = String::new();
    draw(&SVGBackend::with_string(&mut svg, size).into_drawing_area(), figure, title)
        .map_err(failed)?;
    fs::write_then_rename(&directory.join(format!("{name}.svg")), svg.as_bytes())?;
    let mut pixels = vec![0u8; (size.0 * size.1 * 3) as usize];
    draw(&BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area(), figure, title)
        .map_err(failed)?;
    let picture = image::RgbImage::from_raw(size.0, size.1, pixels)
        .ok_or_else(|| failed("the canvas has the wrong size".into()))?;
    fs::write_then_rename(&directory.join(format!("{name}.png")), &super::ranked::png(&picture)?)?;
    Ok((title.to_owned(), svg))
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
