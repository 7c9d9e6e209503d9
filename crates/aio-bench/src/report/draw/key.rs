//! The key below a figure: a mark and a name for every series.

use super::scatter::draw_mark;
use super::{COLOURS, Drawn, LABEL, WIDTH, bar_colour, text};
use crate::report::figure::Figure;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Rows of a line of the key, in pixels.
const LINE_HEIGHT: u32 = 22;

/// How an entry of the key is marked.
enum Mark {
    Line { dashed: bool },
    Box,
    Point { class: usize },
}

/// An entry of the key.
struct Entry<'a> {
    name: &'a str,
    colour: RGBColor,
    mark: Mark,
}

fn entries(figure: &Figure) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    match figure {
        Figure::Lines(chart) => {
            for line in &chart.lines {
                if let Some(name) = &line.name {
                    let (colour, mark) = (COLOURS[line.colour], Mark::Line { dashed: line.dashed });
                    entries.push(Entry { name, colour, mark });
                }
            }
        }
        Figure::Bars(chart) => {
            for (number, series) in chart.series.iter().enumerate() {
                let colour = bar_colour(number);
                entries.push(Entry { name: &series.name, colour, mark: Mark::Box });
            }
        }
        Figure::Heat(_) => {}
        Figure::Scatter(plot) => {
            for (number, class) in plot.classes.iter().enumerate() {
                let colour = COLOURS[number % COLOURS.len()];
                let mark = Mark::Point { class: number };
                entries.push(Entry { name: &class.name, colour, mark });
            }
        }
    }
    entries
}

/// Entries in a line of the key: as many as the longest name leaves room for.
fn columns(entries: &[Entry]) -> u32 {
    let lengths = entries.iter().map(|entry| entry.name.chars().count());
    let longest = lengths.max().unwrap_or(0) as u32;
    ((WIDTH - 20) / (54 + 9 * longest)).clamp(1, 5)
}

/// Height of a figure's key, in pixels.
pub(super) fn height(figure: &Figure) -> u32 {
    let entries = entries(figure);
    LINE_HEIGHT * (entries.len() as u32).div_ceil(columns(&entries))
}

pub(super) fn draw<B: DrawingBackend>(area: &DrawingArea<B, Shift>, figure: &Figure) -> Drawn
where
    B::ErrorType: 'static,
{
    let entries = entries(figure);
    let columns = columns(&entries);
    let style = TextStyle::from(("sans-serif", LABEL - 1)).pos(Pos::new(HPos::Left, VPos::Center));
    for (number, entry) in (0..).zip(&entries) {
        let x = 14 + (number % columns * (WIDTH - 20) / columns) as i32;
        let y = (number / columns * LINE_HEIGHT + LINE_HEIGHT / 2) as i32;
        draw_entry_mark(area, entry, (x, y))?;
        let name = Text::new(entry.name.to_owned(), (x + 36, y), style.clone());
        area.draw(&name).map_err(text)?;
    }
    Ok(())
}

fn draw_entry_mark<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    entry: &Entry,
    (x, y): (i32, i32),
) -> Drawn
where
    B::ErrorType: 'static,
{
    let colour = entry.colour;
    match entry.mark {
        Mark::Line { dashed } => {
            let pieces: &[(i32, i32)] =
                if dashed { &[(0, 6), (11, 17), (22, 28)] } else { &[(0, 28)] };
            for (from, to) in pieces {
                let piece = vec![(x + from, y), (x + to, y)];
                area.draw(&PathElement::new(piece, colour.stroke_width(2))).map_err(text)?;
            }
            Ok(())
        }
        Mark::Box => {
            let corners = [(x + 6, y - 7), (x + 24, y + 7)];
            area.draw(&Rectangle::new(corners, colour.filled())).map_err(text)
        }
        Mark::Point { class } => draw_mark(area, (x + 15, y), class, colour),
    }
}
