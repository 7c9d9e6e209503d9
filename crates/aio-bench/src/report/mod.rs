//! The report of a run: a table, curves, ranked lists, and one page that holds them all.

mod grid;
mod html;
mod plot;
mod ranked;
mod table;

use crate::error::{Error, Result};
use crate::evaluate::RankedList;
use crate::run::{Run, RunResult};
use crate::tensorboard::{Events, Image};
use crate::train::Line;
use aio_data::fs;
use std::collections::BTreeMap;
use std::path::Path;

pub use table::{Format, results, sweep};

/// Writes `report/`: `table.md`, `table.csv`, curves as SVG and PNG, ranked lists as PNG, and `index.html`.
///
/// # Errors
/// [`Error`] naming the file that cannot be written or the picture that cannot be read.
pub fn write(run: &Run, result: &RunResult, lists: &BTreeMap<String, Vec<RankedList>>) -> Result<()> {
    let directory = run.report();
    let table = results(std::slice::from_ref(result), Format::Markdown)?;
    fs::write_then_rename(&directory.join("table.md"), table.as_bytes())?;
    fs::write_then_rename(&directory.join("table.csv"), results(std::slice::from_ref(result), Format::Csv)?.as_bytes())?;
    plot::register_font()?;
    let mut figures = Vec::new();
    let cmc = plot::cmc(result);
    figures.push(plot::write(&directory, "cmc", "Cumulative matching characteristic", &cmc)?);
    let lines = training(run)?;
    if lines.len() > 1 {
        figures.push(plot::write(&directory, "loss", "Loss terms during training", &plot::losses(&lines))?);
    }
    let mut pictures = Vec::new();
    let mut events = Events::create(&run.events(), result.steps).map_err(|e| run.events_error(e))?;
    let scores = result.metrics.iter().filter(|(name, _)| name.ends_with(".map") || name.ends_with(".rank1"));
    let scores: Vec<(String, f32)> = scores.map(|(name, value)| (format!("test/{name}"), *value as f32)).collect();
    events.scalars(result.steps, scores.iter().map(|(tag, value)| (tag.as_str(), *value))).map_err(|e| run.events_error(e))?;
    for task in &result.order {
        if let Some(shown) = lists.get(task).filter(|l| !l.is_empty()) {
            let name = format!("ranked-{}.png", task.replace(['.', '+'], "-"));
            let picture = ranked::draw(task, shown)?;
            fs::write_then_rename(&directory.join(&name), &ranked::png(&picture)?)?;
            let encoded = ranked::jpeg(&picture)?;
            let (height, width) = (picture.height(), picture.width());
            events
                .image(result.steps, &format!("ranked lists/{task}"), Image { height, width, encoded: &encoded })
                .map_err(|e| run.events_error(e))?;
            pictures.push((task.clone(), encoded));
        }
    }
    events.flush().map_err(|e| run.events_error(e))?;
    let page = html::page(result, &figures, &pictures)?;
    Ok(fs::write_then_rename(&directory.join("index.html"), page.as_bytes())?)
}

/// Draws queries and their ranked lists to a PNG file.
///
/// # Errors
/// [`Error`] naming the picture that cannot be read or the file that cannot be written.
pub fn picture(path: &Path, title: &str, lists: &[RankedList]) -> Result<()> {
    plot::register_font()?;
    Ok(fs::write_then_rename(path, &ranked::png(&ranked::draw(title, lists)?)?)?)
}

fn training(run: &Run) -> Result<Vec<Line>> {
    let text = fs::read_to_string(&run.metrics())?;
    text.lines().map(|l| serde_json::from_str(l).map_err(|e| Error::Failure(format!("{}: {e}", run.metrics().display())))).collect()
}
