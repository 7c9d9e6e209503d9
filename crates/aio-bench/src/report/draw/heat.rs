use super::{Drawn, LABEL, TITLE, WIDTH, text};
use crate::report::figure::HeatMap;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Pixels left of the cells, which hold the names of rows.
const LEFT: i32 = 150;
/// Pixels above the cells, which hold the title and the names of columns.
const ABOVE: i32 = 76;
const CELL_HEIGHT: i32 = 44;
/// Pixels below the cells.
const BELOW: i32 = 14;
const WIDEST_CELL: u32 = 120;
/// Where the names of columns stand.
const COLUMN_NAMES: i32 = 54;

/// Height of a map, in pixels.
pub(super) fn height(map: &HeatMap) -> u32 {
    (ABOVE + BELOW) as u32 + CELL_HEIGHT as u32 * map.rows.len() as u32
}

pub(super) fn draw<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    map: &HeatMap,
    title: &str,
) -> Drawn
where
    B::ErrorType: 'static,
{
    let columns = map.columns.len().max(1) as u32;
    let cell_width = ((WIDTH - 170) / columns).min(WIDEST_CELL) as i32;
    area.draw(&Text::new(title.to_owned(), (WIDTH as i32 / 2, 16), centred(TITLE)))
        .map_err(text)?;
    let axes = format!("{} → {}", map.y, map.x);
    area.draw(&Text::new(axes, (LEFT / 2, COLUMN_NAMES), centred(LABEL))).map_err(text)?;
    for (column, name) in (0..).zip(&map.columns) {
        let at = (LEFT + column * cell_width + cell_width / 2, COLUMN_NAMES);
        area.draw(&Text::new(name.clone(), at, centred(LABEL))).map_err(text)?;
    }
    let right = TextStyle::from(("sans-serif", LABEL)).pos(Pos::new(HPos::Right, VPos::Center));
    for (row, heat_row) in (0..).zip(&map.rows) {
        let y = ABOVE + row * CELL_HEIGHT;
        let name = heat_row.name.clone();
        area.draw(&Text::new(name, (LEFT - 10, y + CELL_HEIGHT / 2), right.clone()))
            .map_err(text)?;
        for (column, percent) in (0..).zip(&heat_row.percent) {
            draw_cell(area, (LEFT + column * cell_width, y), cell_width, *percent)?;
        }
    }
    Ok(())
}

fn centred<'a>(size: i32) -> TextStyle<'a> {
    TextStyle::from(("sans-serif", size)).pos(Pos::new(HPos::Center, VPos::Center))
}

fn draw_cell<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    (x, y): (i32, i32),
    width: i32,
    percent: Option<f64>,
) -> Drawn
where
    B::ErrorType: 'static,
{
    let strength = percent.unwrap_or(0.0) / 100.0;
    // White to Okabe and Ito's blue, which stays readable in grey.
    let blend = |to: f64| (255.0 + (to - 255.0) * strength) as u8;
    let colour = match percent {
        Some(_) => RGBColor(blend(0.0), blend(90.0), blend(160.0)),
        None => RGBColor(240, 240, 240),
    };
    let corners = [(x, y), (x + width - 2, y + CELL_HEIGHT - 2)];
    area.draw(&Rectangle::new(corners, colour.filled())).map_err(text)?;
    let ink = if strength > 0.55 { WHITE } else { BLACK };
    let written = percent.map_or("–".to_owned(), |v| format!("{v:.1}"));
    let middle = (x + width / 2, y + CELL_HEIGHT / 2);
    area.draw(&Text::new(written, middle, centred(LABEL).color(&ink))).map_err(text)
}
