//! The page of a report: one HTML file that needs no other file and no network.

use super::draw::DrawnFigure;
use super::form;
use super::picture::DrawnLists;
use super::table::Table;
use crate::error::{Error, Result};
use crate::run::{RunResult, TaskSummary};
use aio_types::{MetricId, TaskId};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::collections::BTreeMap;

const STYLE: &str = include_str!("../../templates/report.css");
const SCRIPT: &str = include_str!("../../templates/report.js");

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    result: &'a RunResult,
    style: &'static str,
    script: &'static str,
    /// HTML.
    table: String,
    /// HTML.
    additions: Option<&'a str>,
    ranked_lists: Vec<ListsOnPage<'a>>,
    figures: Vec<FigureOnPage<'a>>,
    /// JPEG in base64.
    attention: Option<String>,
    data: ScriptData<'a>,
}

/// Ranked lists of one task and kind.
struct ListsOnPage<'a> {
    task: &'a TaskId,
    kind: &'static str,
    /// In base64.
    jpeg: String,
}

struct FigureOnPage<'a> {
    title: &'a str,
    svg: String,
}

/// What the script compares with another run's `result.json`.
#[derive(Serialize)]
struct ScriptData<'a> {
    experiment: &'a str,
    cell: &'a str,
    seed: u64,
    metrics: &'a BTreeMap<MetricId, f64>,
    order: &'a [TaskId],
    /// What must be the same for a comparison.
    tasks: BTreeMap<&'a TaskId, ComparedTask<'a>>,
    data: &'a BTreeMap<String, String>,
    evaluated_with: &'a str,
}

/// A task, by the keys that `result.json` has.
#[derive(Serialize)]
struct ComparedTask<'a> {
    dataset: &'a str,
    protocol: &'a str,
    queries: usize,
    gallery: usize,
    trials: usize,
}

/// What a page shows.
pub(super) struct PageContent<'a> {
    pub(super) result: &'a RunResult,
    pub(super) table: &'a Table,
    /// HTML: what every modality adds.
    pub(super) additions: Option<&'a str>,
    pub(super) figures: &'a [DrawnFigure],
    pub(super) ranked_lists: &'a [DrawnLists],
    /// JPEG.
    pub(super) attention: Option<&'a [u8]>,
}

/// Writes the page.
///
/// # Errors
/// [`Error::Failure`] if a template fails.
pub(super) fn page(content: &PageContent) -> Result<String> {
    let PageContent { result, table, additions, figures, ranked_lists, attention } = content;
    let ranked_lists = ranked_lists
        .iter()
        .map(|lists| ListsOnPage {
            task: &lists.task,
            kind: lists.kind.name(),
            jpeg: STANDARD.encode(&lists.jpeg),
        })
        .collect();
    let figures = figures
        .iter()
        .map(|figure| FigureOnPage {
            title: &figure.title,
            svg: figure.svg.replace("<svg ", "<svg role=\"img\" "),
        })
        .collect();
    let compared = result.tasks.iter().map(|(task, summary)| {
        let TaskSummary { protocol, queries, gallery, trials, .. } = summary;
        let (dataset, protocol) = (task.dataset(), protocol.as_str());
        let (queries, gallery, trials) = (*queries, *gallery, *trials);
        (task, ComparedTask { dataset, protocol, queries, gallery, trials })
    });
    let data = ScriptData {
        experiment: &result.experiment,
        cell: &result.config_id,
        seed: result.seed,
        metrics: &result.metrics,
        order: &result.order,
        tasks: compared.collect(),
        data: &result.data,
        evaluated_with: &result.evaluated_with,
    };
    let page = Page {
        result,
        style: STYLE,
        script: SCRIPT,
        table: form::html(table)?,
        additions: *additions,
        ranked_lists,
        figures,
        attention: attention.map(|jpeg| STANDARD.encode(jpeg)),
        data,
    };
    page.render().map_err(|e| Error::Failure(format!("cannot write index.html: {e}")))
}
