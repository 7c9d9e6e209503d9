//! The report of a run: a table, curves, ranked lists, and one page that holds them all.

mod attention;
mod grid;
mod html;
mod plot;
mod ranked;
mod table;
mod tsne;

use crate::error::{Error, Result};
use crate::evaluate::{Lists, Placed, RankedList};
use crate::run::{Run, RunResult};
use aio_data::fs;
use aio_model::Extractor;
use aio_train::MetricsLine;
use aio_train::tensorboard::{Events, Image};
use std::collections::BTreeMap;
use std::path::Path;

pub use table::{Format, Quoted, results, sweep};

/// Writes `report/`: `table.md`, `table.csv`, figures as SVG and PNG, ranked lists as PNG, and `index.html`, which holds them all.
///
/// `example` is a data set with embeddings of a few of its people; `extractor` is the trained model.
///
/// # Errors
/// [`Error`] naming the file that cannot be written or the picture that cannot be read.
pub fn write(
    run: &Run,
    result: &RunResult,
    lists: &BTreeMap<String, Lists>,
    example: Option<(String, &[Placed])>,
    extractor: &Extractor,
) -> Result<()> {
    let directory = run.report();
    let table = results(std::slice::from_ref(result), Format::Markdown)?;
    fs::write_then_rename(&directory.join("table.md"), table.as_bytes())?;
    fs::write_then_rename(
        &directory.join("table.csv"),
        results(std::slice::from_ref(result), Format::Csv)?.as_bytes(),
    )?;
    plot::register_font()?;
    let mut figures = vec![plot::write(
        &directory,
        "cmc",
        "Cumulative matching characteristic",
        &plot::cmc(result),
    )?];
    let lines = training(run)?;
    let losses = (lines.len() > 1).then(|| plot::losses(&lines));
    for (name, title, figure) in [
        ("roc", "Receiver operating characteristic over pairs", plot::roc(result)),
        ("loss", "Loss terms during training", losses),
        ("query-sizes", "Queries of several modalities", plot::query_sizes(result)),
        ("directions", "mAP (%) by modality of query and gallery", plot::directions(result)),
    ] {
        if let Some(figure) = figure {
            figures.push(plot::write(&directory, name, title, &figure)?);
        }
    }
    if let Some((dataset, placed)) = example.filter(|(_, placed)| placed.len() > 3) {
        let points =
            tsne::embed(&placed.iter().map(|one| one.values.clone()).collect::<Vec<_>>(), 0);
        for (name, title, class) in [
            (
                "tsne-identity",
                format!("t-SNE of {dataset} by identity"),
                (|one: &Placed| format!("person {}", one.identity)) as fn(&Placed) -> String,
            ),
            ("tsne-modality", format!("t-SNE of {dataset} by modality"), |one: &Placed| {
                one.modality.to_string()
            }),
        ] {
            figures.push(plot::write(
                &directory,
                name,
                &title,
                &plot::scatter(placed.iter().map(class).zip(points.iter().copied())),
            )?);
        }
    }
    let mut events =
        Events::create(&run.events(), result.steps).map_err(|e| run.events_error(e))?;
    let scores = result
        .metrics
        .iter()
        .filter(|(name, _)| name.ends_with(".map") || name.ends_with(".rank1"));
    let scores = scores.map(|(name, value)| (format!("test/{name}"), *value as f32));
    events.scalars(result.steps, scores).map_err(|e| run.events_error(e))?;
    let mut pages = Vec::new();
    for task in &result.order {
        let Some(Lists { chosen, best, worst }) = lists.get(task) else { continue };
        let mut pictures = Vec::new();
        for (kind, shown) in [("chosen", chosen), ("best", best), ("worst", worst)] {
            if shown.is_empty() {
                continue;
            }
            let picture = ranked::draw(task, shown)?;
            let encoded = ranked::jpeg(&picture)?;
            if kind == "chosen" {
                let name = format!("ranked-{}.png", task.replace(['.', '+'], "-"));
                fs::write_then_rename(&directory.join(&name), &ranked::png(&picture)?)?;
                let image =
                    Image { height: picture.height(), width: picture.width(), encoded: &encoded };
                events
                    .image(result.steps, &format!("ranked lists/{task}"), image)
                    .map_err(|e| run.events_error(e))?;
            }
            pictures.push((kind, encoded));
        }
        pages.push(html::TaskPage { task: task.clone(), pictures });
    }
    events.flush().map_err(|e| run.events_error(e))?;
    let mut attention = None;
    let parts = |task: &&String| {
        task.split('.').nth(1).map_or(0, |direction| direction.matches('+').count())
    };
    // The task whose queries have the most modalities; of equals, the first.
    let richest =
        result.order.iter().rev().max_by_key(parts).and_then(|task| Some((task, lists.get(task)?)));
    if let Some((task, shown)) = richest
        && let Some(picture) = attention::draw(extractor, task, &shown.chosen)?
    {
        fs::write_then_rename(&directory.join("attention.png"), &ranked::png(&picture)?)?;
        attention = Some(ranked::jpeg(&picture)?);
    }
    let page = html::page(result, &figures, attention.as_deref(), &pages)?;
    Ok(fs::write_then_rename(&directory.join("index.html"), page.as_bytes())?)
}

/// Draws the table of a sweep as bars, one group per task, to `<directory>/<name>.svg` and `.png`.
///
/// # Errors
/// [`Error`] naming the file that cannot be written.
pub fn bars(
    directory: &Path,
    name: &str,
    rows: &[(String, Vec<RunResult>)],
    tasks: &[String],
    metric: &str,
) -> Result<()> {
    plot::register_font()?;
    let title = format!("{name}: mean and standard deviation over seeds");
    plot::write(directory, name, &title, &plot::cells(rows, tasks, metric)).map(|_| ())
}

/// Draws queries and their ranked lists to a PNG file.
///
/// # Errors
/// [`Error`] naming the picture that cannot be read or the file that cannot be written.
pub fn picture(path: &Path, title: &str, lists: &[RankedList]) -> Result<()> {
    plot::register_font()?;
    Ok(fs::write_then_rename(path, &ranked::png(&ranked::draw(title, lists)?)?)?)
}

fn training(run: &Run) -> Result<Vec<MetricsLine>> {
    let text = fs::read_to_string(&run.metrics())?;
    text.lines()
        .map(|l| {
            serde_json::from_str(l)
                .map_err(|e| Error::Failure(format!("{}: {e}", run.metrics().display())))
        })
        .collect()
}
