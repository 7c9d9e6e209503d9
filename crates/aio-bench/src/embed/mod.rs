//! Features of the user's own pictures and sentences, any modality or combination.
//!
//! Rows are embedded in blocks that are written to disk at once, so that memory does not grow with the number of rows
//! and a stopped call continues.

mod list;
mod manifest;
mod model;
mod output;
mod partial;
mod rows;
mod write;

use crate::error::{Error, Result};
use crate::lock::{DirectoryLock, WhenTaken};
use aio_data::fs;
use aio_model::Extractor;
use aio_train::StopFlag;
use aio_types::{Modality, Observation, Picture};
use partial::PartialFile;
use rayon::prelude::*;
use serde::Serialize;
use std::path::{Path, PathBuf};

pub use list::read as people;
pub(crate) use manifest::{Maker, unusable};
pub use manifest::{Manifest, SkippedRow};
pub(crate) use model::Loaded;
pub use model::{ImportSettings, Model, ModelSource};
pub use rows::{Row, pictures};
pub(crate) use rows::{check_utf8, each_picture, sentences};
pub(crate) use write::write;

/// Rows that are embedded at once, and between two writes.
pub(crate) const BLOCK: usize = 256;

/// What is embedded, and where the features go.
#[derive(Debug, Clone)]
pub struct Request {
    /// Pictures, and folders of pictures.
    pub inputs: Vec<PathBuf>,
    /// Modality of these pictures.
    pub modality: Modality,
    /// A text file with one sentence per line.
    pub captions: Option<PathBuf>,
    /// A CSV file with one person per row.
    pub list: Option<PathBuf>,
    /// The feature file to write; its manifest is written beside it.
    pub output: PathBuf,
    /// The model.
    pub model: ModelSource,
    /// What to do about a picture that cannot be read.
    pub on_error: OnError,
}

/// What to do about a picture that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Stop and name it.
    #[default]
    Fail,
    /// Pass over its row, list and count it.
    Skip,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Embedded {
    /// The feature file.
    pub output: PathBuf,
    /// Its manifest.
    pub manifest: PathBuf,
    /// Rows of the features.
    pub rows: usize,
    /// Rows that were passed over.
    pub skipped: usize,
    /// Columns of the features.
    pub width: usize,
    /// SHA-256 of the weights.
    pub weights: String,
}

/// Embeds rows; pictures are decoded in parallel.
///
/// # Errors
/// [`Error`] naming the picture that cannot be read or the modality that the model does not know.
pub fn embed(rows: &[Row], extractor: &Extractor) -> Result<Vec<Vec<f32>>> {
    let rows: Vec<&Row> = rows.iter().collect();
    of_inputs(&inputs(&rows, extractor)?, extractor, |place| rows[place].name())
}

/// Opens the pictures of rows, in parallel.
///
/// # Errors
/// [`Error`] naming the first picture that cannot be read.
pub(crate) fn inputs(rows: &[&Row], extractor: &Extractor) -> Result<Vec<Observation<Picture>>> {
    let opened: Vec<_> = rows.par_iter().map(|row| row.input(extractor)).collect();
    opened.into_iter().collect()
}

/// Embeds what is opened already. `name` says in messages what the input at a place is.
///
/// # Errors
/// [`Error`] naming the modality that the model does not know, or the input whose embedding cannot be used.
pub(crate) fn of_inputs(
    inputs: &[Observation<Picture>],
    extractor: &Extractor,
    name: impl Fn(usize) -> String,
) -> Result<Vec<Vec<f32>>> {
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let before = extractor.cut_sentences();
    let embedded = extractor.embed(inputs).map_err(|e| {
        Error::user(
            e.to_string(),
            "the model has no tokenizer for it (a checkpoint without text tower and token table embeds no sentences), or a row is empty",
        )
    })?;
    let is_unusable = |features: &Vec<f32>| features.iter().any(|value| !value.is_finite());
    if let Some(place) = embedded.iter().position(is_unusable) {
        return Err(Error::user(
            format!("the model's embedding of {} holds values that are not finite", name(place)),
            "its weights hold NaN or infinity, or values that are too large: use other weights",
        ));
    }
    if before == 0 && extractor.cut_sentences() > 0 {
        let most = extractor.sentences().context();
        log::warn!("a sentence is longer than {most} token ids and cut off; others are not named");
    }
    Ok(embedded)
}

/// Embeds a block of rows that a manifest will name. The rows that are passed over are counted from the start of the block.
fn block(
    rows: &[Row],
    extractor: &Extractor,
    on_error: OnError,
) -> Result<(Vec<Vec<f32>>, Vec<SkippedRow>)> {
    let opened: Vec<_> = rows.par_iter().map(|row| row.named_input(extractor)).collect();
    let (mut inputs, mut opened_rows) = (Vec::with_capacity(rows.len()), Vec::new());
    let mut skipped = Vec::new();
    for (row, input) in opened.into_iter().enumerate() {
        match input {
            Ok(input) => {
                inputs.push(input);
                opened_rows.push(&rows[row]);
            }
            Err(error @ Error::Data(_)) if on_error == OnError::Skip => {
                skipped.push(SkippedRow { row, problem: error.to_string() });
            }
            Err(error) => return Err(error),
        }
    }
    Ok((of_inputs(&inputs, extractor, |place| opened_rows[place].name())?, skipped))
}

/// Refuses to write features to `output`, and their manifest beside it, under another ending or over files that hold something else.
///
/// # Errors
/// [`Error::User`] naming the file.
pub(crate) fn check_output(output: &Path) -> Result<()> {
    output::check_name(output)?;
    output::check_replaced(output)
}

/// Embeds everything that the request names and writes a feature file and its manifest.
///
/// # Errors
/// [`Error`] naming the input that cannot be used; what was embedded before it is kept for the next call. [`Error::Interrupted`] after a
/// signal, [`Error::Taken`] if another process writes the same file.
pub fn run(request: &Request) -> Result<Embedded> {
    let output = &request.output;
    output::check_name(output)?;
    let rows = collect(request)?;
    if rows.is_empty() {
        return Err(nothing(request));
    }
    output::check_files(request, &rows)?;
    let stop = StopFlag::on_signals()?;
    let model = request.model.open()?;
    let mut manifest = Manifest {
        model: request.model.name.clone(),
        weights: model.sha256,
        preprocessing: model.extractor.preprocessing().clone(),
        import: request.model.import,
        width: model.extractor.width(),
        rows,
        skipped: Vec::new(),
    };
    let directory = PartialFile::directory(output);
    let lock = DirectoryLock::require(&directory, WhenTaken::Refuse, &stop)?;
    for written in [output, &Manifest::path(output)] {
        fs::remove_temporaries_of(written)?;
    }
    let stop = lock.guard(stop);
    let extractor = &model.extractor;
    let mut partial = PartialFile::open(lock, output, &manifest, extractor, request.on_error)?;
    partial.fill(&manifest.rows, extractor, request.on_error, &stop)?;
    manifest.pass_over(partial.skipped());
    if manifest.rows.is_empty() {
        return Err(Error::user(
            format!("none of {} rows could be embedded", manifest.skipped.len()),
            "the messages above say what was wrong with each",
        ));
    }
    partial.finish(output, &manifest, &stop)?;
    Ok(Embedded {
        output: output.clone(),
        manifest: Manifest::path(output),
        rows: manifest.rows.len(),
        skipped: manifest.skipped.len(),
        width: manifest.width,
        weights: manifest.weights,
    })
}

/// The error of a request without rows.
fn nothing(request: &Request) -> Error {
    let files = request.captions.iter().chain(&request.list);
    let files: Vec<String> = files.map(|path| path.display().to_string()).collect();
    if files.is_empty() {
        let hint = "name pictures, folders, --captions FILE or --list FILE";
        return Error::user("nothing to embed", hint);
    }
    Error::user(
        format!("nothing to embed: no rows in {}", files.join(" and ")),
        "a text has one sentence per line; a list has the names of its columns in the first line and one person in each line below",
    )
}

/// Everything that the request names, in its order.
fn collect(request: &Request) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for input in &request.inputs {
        rows.extend(pictures(input, request.modality)?);
    }
    if let Some(path) = &request.captions {
        rows.extend(sentences(path)?.iter().map(|sentence| Row::sentence(sentence)));
    }
    if let Some(path) = &request.list {
        rows.extend(list::read(path)?);
    }
    Ok(rows)
}
