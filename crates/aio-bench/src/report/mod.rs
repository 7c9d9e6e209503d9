//! Reports: tables, figures, ranked lists, and one page that holds them all.
//!
//! A report is drawn from the files of a run alone, after the run is finished: files → typed results (`scores`, `table`, `figure`) → forms
//! (`form`, `draw`, `picture`, `page`).

mod agreement;
mod alike;
mod chosen;
mod draw;
mod estimate;
mod events;
mod figure;
mod files;
mod form;
mod page;
mod paired;
mod palette;
mod picture;
mod scores;
mod sweep;
mod table;
mod tsne;

pub use agreement::{MethodMeans, OrderAgreement, TaskSet, order_agreement};
pub(crate) use alike::check_data;
pub use chosen::ChosenTasks;
pub use figure::CostCurve;
pub use files::{
    ATTENTION, AttentionExample, AttentionQuery, CaptionRelevance, CaptionWords, EMBEDDINGS,
    EmbeddingExample, EmbeddingSample, PictureRelevance, RANKINGS, RankedList, RankedLists,
    Retrieved, ShownPicture, training_log,
};
pub use form::Format;
pub use paired::{CellQueries, ComparedCell, PairedDifferences, PairedRow, paired_differences};
pub(crate) use picture::jpeg;
pub use sweep::{Quoted, SweepResults, SweepRow};

use crate::error::{Error, Result};
use crate::lock::{DirectoryLock, WhenTaken};
use crate::markdown::code;
use crate::run::{Run, RunResult};
use aio_data::fs;
use aio_train::StopFlag;
use aio_types::{Picture, PictureSize};
use draw::DrawnFigure;
use figure::NamedFigure;
use files::ReportFiles;
use page::PageContent;
use picture::{DrawnLists, ListKind};
use std::path::Path;

/// The table of one experiment's results, one result per seed: percent, mean ± standard deviation over seeds. As CSV, one row per task
/// and seed. `columns` are the keys of the columns that are shown, separated by commas, as CSV files name them; the usual ones without it.
///
/// # Errors
/// [`Error::User`] if the results belong to different experiments or configurations, or a column is not known.
pub fn results(results: &[RunResult], columns: Option<&str>, format: Format) -> Result<String> {
    match format {
        Format::Csv => table::by_seed(results, columns)?.write(format),
        Format::Markdown | Format::Latex | Format::Html => {
            table::by_task(results, columns)?.write(format)
        }
    }
}

/// What every modality adds to queries of several: one row per configuration, task and modality, in percent, of the sweep or experiment `title`.
/// Configurations are named where there are several, and in CSV; otherwise the one of an experiment is named above the table. Nothing if no result
/// says it.
///
/// # Errors
/// [`Error::User`] if results of one configuration were made with different ones.
pub fn additions(
    title: &str,
    configurations: &[SweepRow],
    format: Format,
) -> Result<Option<String>> {
    let is_named = configurations.len() > 1 || format == Format::Csv;
    let table = table::additions(&heading(title, configurations), configurations, is_named)?;
    table.map(|table| written(table, title, format)).transpose()
}

/// A table as text. Rows of several CSV tables may follow each other, and have nothing above them, so that each says of what it is.
fn written(table: table::Table, title: &str, format: Format) -> Result<String> {
    match format {
        Format::Csv => table.with_name(title).write(format),
        Format::Markdown | Format::Latex | Format::Html => table.write(format),
    }
}

/// The error if no run of experiments and sweeps says what a modality adds.
#[must_use]
pub fn nothing_added(names: &[String]) -> Error {
    Error::user(
        format!("{}: no finished run says what a modality adds to its queries", names.join(", ")),
        "evaluate a task whose queries have several modalities, such as tri-cuhk-pedes.rgb+text-rgb; runs of earlier versions do not store it",
    )
}

/// What stands above tables: a title, with the configuration where there is one.
fn heading(title: &str, configurations: &[SweepRow]) -> String {
    let first = configurations.iter().find_map(|row| row.results.first());
    match (configurations, first) {
        ([_], Some(RunResult { config_id, .. })) => {
            format!("{} · cell {}", code(title), code(config_id))
        }
        _ => code(title),
    }
}

/// The table of a sweep: one row per cell, one column per task, mean ± standard deviation in percent.
///
/// # Errors
/// [`Error::User`] if a metric is not in the results, or a column would mix protocols.
pub fn sweep_table(sweep: &SweepResults, format: Format) -> Result<String> {
    written(table::sweep(sweep)?, &sweep.title, format)
}

/// Draws the table of a sweep as bars, one group per task, to `<directory>/<name>.svg` and `.png`.
///
/// # Errors
/// [`Error`] naming the file that cannot be written.
pub fn sweep_bars(directory: &Path, name: &str, sweep: &SweepResults) -> Result<()> {
    draw::register_font()?;
    let title = format!("{name}: mean and standard deviation over seeds");
    let drawn = draw::draw(&NamedFigure::new(name, &title, figure::sweep_bars(sweep)?))?;
    write_figure(directory, &drawn)
}

/// Draws costs against a size to `<directory>/<name>.svg` and `.png`, both axes logarithmic; `axes` are the labels of x and y.
///
/// # Errors
/// [`Error`] naming the file that cannot be written.
pub fn cost_figure(
    directory: &Path,
    name: &str,
    title: &str,
    axes: (&'static str, &'static str),
    curves: &[CostCurve],
) -> Result<()> {
    draw::register_font()?;
    let figure = figure::costs(axes.0, axes.1, curves);
    write_figure(directory, &draw::draw(&NamedFigure::new(name, title, figure))?)
}

/// Draws queries and their ranked lists to a PNG file.
///
/// # Errors
/// [`Error`] naming the picture that cannot be read or the file that cannot be written.
pub fn picture(path: &Path, title: &str, lists: &[RankedList]) -> Result<()> {
    picture_of(path, title, lists, picture::from_file)
}

/// As [`picture()`], for retrieved pictures that are no files: `open` gives the picture that a `P` stands for.
pub(crate) fn picture_of<P>(
    path: &Path,
    title: &str,
    lists: &[RankedList<P>],
    open: impl Fn(&P, PictureSize) -> Result<Picture>,
) -> Result<()> {
    draw::register_font()?;
    let picture = picture::ranked_lists(title, lists, open)?;
    Ok(fs::write_output(path, &picture::png(&picture)?)?)
}

/// Draws the report of a finished run to `report/`, and writes its scores and ranked lists to its TensorBoard files.
///
/// # Errors
/// [`Error`] naming the file that cannot be read or written. The scores are in the TensorBoard files even if the report
/// cannot be drawn. [`Error::Lost`] if another process has taken the run over.
pub fn write(run: &Run) -> Result<()> {
    let files = ReportFiles::read(run)?;
    let report = Report::draw(&files);
    let ranked_lists = report.as_ref().map_or(&[][..], |report| &report.ranked_lists);
    run.check_claim()?;
    events::write(run, &files.result, ranked_lists)?;
    report?.save(run)
}

/// Draws the report of a finished run to `report/` again; from the same files it gives the same report. Waits while another process works on
/// the run.
///
/// # Errors
/// As [`write()`]; [`Error::Interrupted`] after a signal.
pub fn redraw(run: &Run) -> Result<()> {
    let stop = StopFlag::on_signals()?;
    stop.check("drawing reports")?;
    let lock = DirectoryLock::require(run.directory(), WhenTaken::Wait, &stop)?;
    let run = run.clone().claimed_by(&lock.guard(stop));
    Report::draw(&ReportFiles::read(&run)?)?.save(&run)
}

/// A report in memory.
struct Report {
    markdown: String,
    csv: String,
    /// What every modality adds, where queries have several.
    additions: Option<Additions>,
    figures: Vec<DrawnFigure>,
    ranked_lists: Vec<DrawnLists>,
    attention: Option<image::RgbImage>,
    /// HTML.
    page: String,
}

/// What every modality adds to queries of several, in the forms of the report.
struct Additions {
    markdown: String,
    csv: String,
    html: String,
}

impl Additions {
    /// Nothing where no query has several modalities, and for results of earlier versions.
    fn of(result: &RunResult) -> Result<Option<Self>> {
        let label = result.experiment.clone();
        let configurations = [SweepRow { label, results: vec![result.clone()] }];
        let heading = heading(&result.experiment, &configurations);
        let Some(table) = table::additions(&heading, &configurations, false)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            markdown: table.write(Format::Markdown)?,
            csv: table.write(Format::Csv)?,
            html: table.write(Format::Html)?,
        }))
    }
}

impl Report {
    fn draw(files: &ReportFiles) -> Result<Self> {
        draw::register_font()?;
        let result = std::slice::from_ref(&files.result);
        let table = table::by_task(result, None)?;
        let figures: Vec<DrawnFigure> =
            figure::of_run(files).iter().map(draw::draw).collect::<Result<_>>()?;
        let ranked_lists = ranked_lists(files)?;
        let attention = match &files.attention {
            Some(example) => picture::attention(example)?,
            None => None,
        };
        let additions = Additions::of(&files.result)?;
        let attention_jpeg = attention.as_ref().map(picture::jpeg).transpose()?;
        let page = page::page(&PageContent {
            result: &files.result,
            table: &table,
            additions: additions.as_ref().map(|additions| additions.html.as_str()),
            figures: &figures,
            ranked_lists: &ranked_lists,
            attention: attention_jpeg.as_deref(),
        })?;
        Ok(Self {
            markdown: table.write(Format::Markdown)?,
            csv: table::by_seed(result, None)?.write(Format::Csv)?,
            additions,
            figures,
            ranked_lists,
            attention,
            page,
        })
    }

    /// Writes below `report/`: `table.md` and `table.csv`, `added.md` and `added.csv` where queries have several modalities, the figures as SVG and PNG, the chosen ranked lists and the attention as PNG, and
    /// `index.html`, which holds them all. The directory appears whole or not at all.
    fn save(&self, run: &Run) -> Result<()> {
        let directory = run.report();
        let temporary = fs::temporary_beside(&directory);
        let written = run
            .check_claim()
            .and_then(|()| self.save_files(&temporary))
            .and_then(|()| run.check_claim())
            .and_then(|()| Ok(fs::replace_directory(&temporary, &directory)?));
        if written.is_err() {
            // The write's own error is the one to report.
            let _ = std::fs::remove_dir_all(&temporary);
        }
        written
    }

    fn save_files(&self, directory: &Path) -> Result<()> {
        fs::write_then_rename(&directory.join("table.md"), self.markdown.as_bytes())?;
        fs::write_then_rename(&directory.join("table.csv"), self.csv.as_bytes())?;
        if let Some(Additions { markdown, csv, .. }) = &self.additions {
            fs::write_then_rename(&directory.join("added.md"), markdown.as_bytes())?;
            fs::write_then_rename(&directory.join("added.csv"), csv.as_bytes())?;
        }
        for figure in &self.figures {
            write_figure(directory, figure)?;
        }
        for lists in self.ranked_lists.iter().filter(|lists| lists.kind == ListKind::Chosen) {
            let name = format!("ranked-{}.png", lists.task.as_str().replace(['.', '+'], "-"));
            fs::write_then_rename(&directory.join(name), &picture::png(&lists.picture)?)?;
        }
        if let Some(attention) = &self.attention {
            fs::write_then_rename(&directory.join("attention.png"), &picture::png(attention)?)?;
        }
        Ok(fs::write_then_rename(&directory.join("index.html"), self.page.as_bytes())?)
    }
}

/// The ranked lists of every task, in the order of the tasks.
fn ranked_lists(files: &ReportFiles) -> Result<Vec<DrawnLists>> {
    let mut drawn = Vec::new();
    for task in &files.result.order {
        if let Some(lists) = files.rankings.get(task) {
            drawn.extend(picture::ranked_lists_of_task(task, lists)?);
        }
    }
    Ok(drawn)
}

fn write_figure(directory: &Path, figure: &DrawnFigure) -> Result<()> {
    let DrawnFigure { name, svg, png, .. } = figure;
    fs::write_then_rename(&directory.join(format!("{name}.svg")), svg.as_bytes())?;
    Ok(fs::write_then_rename(&directory.join(format!("{name}.png")), png)?)
}
