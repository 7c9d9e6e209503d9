//! Exporting a gallery: features for `aio score` and other tools, or the table of its rows.

use crate::embed::{self, Manifest, Row};
use crate::error::{Error, Result};
use crate::{overwrite, spreadsheet};
use aio_data::{DataError, Label, fs};
use aio_gallery::{Collection, Filter, Gallery};
use aio_train::StopFlag;
use aio_types::Modality;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// What was exported.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    /// The file.
    pub output: PathBuf,
    /// Its rows.
    pub rows: usize,
}

/// Writes the rows that a filter lets through: `.safetensors` with the features and a manifest as of `aio embed`, `.csv` or `.jsonl` with
/// what is known of the rows.
///
/// # Errors
/// [`Error`] naming the file, if its ending is another one, it lies in the gallery, it holds something else or it cannot be written, or a column that is not
/// there.
/// [`Error::Interrupted`] after a signal; then nothing is written.
pub fn export(directory: &Path, output: &Path, filter: &Filter) -> Result<Exported> {
    let gallery = Gallery::open(directory)?;
    overwrite::check_outside("--output", output, directory)?;
    let stop = StopFlag::on_signals()?;
    let rows = gallery.select(filter)?;
    let chosen = Chosen { gallery: &gallery, rows: &rows, stop: &stop };
    match output.extension().and_then(|extension| extension.to_str()) {
        Some("safetensors") => chosen.export_features(output)?,
        Some("csv") => chosen.export_csv(output)?,
        Some("jsonl") => chosen.export_lines(output)?,
        _ => {
            return Err(Error::user(
                format!("--output {}: unknown ending", output.display()),
                "name a .safetensors file for features, or a .csv or .jsonl file for the table of rows",
            ));
        }
    }
    Ok(Exported { output: output.to_path_buf(), rows: rows.len() })
}

/// The rows that are exported.
struct Chosen<'a> {
    gallery: &'a Gallery,
    rows: &'a [u64],
    stop: &'a StopFlag,
}

/// Calls `write` for every row, until it fails or a signal comes. Its error goes to `failed`, since what writes a file passes on errors of the
/// system alone.
fn each(
    rows: &[u64],
    stop: &StopFlag,
    failed: &mut Option<Error>,
    mut write: impl FnMut(u64) -> Result<()>,
) -> io::Result<()> {
    for row in rows {
        let written = stop.check("exporting").map_err(Error::from).and_then(|()| write(*row));
        if let Err(error) = written {
            *failed = Some(error);
            return Err(io::Error::other("the export failed"));
        }
    }
    Ok(())
}

fn cannot_write(path: &Path, source: std::io::Error) -> Error {
    DataError::Io { action: "write", path: path.to_path_buf(), source }.into()
}

/// What an earlier table of rows is called where a file is something else.
const TABLE: &str = "a table of rows that an earlier export wrote";

/// Whether a file has the columns of a table of rows. A list of inputs has no column `row`: the name is taken.
fn is_table(path: &Path) -> Result<bool> {
    overwrite::has_columns(path, &["row"], Some("modality"))
}

/// Whether the first line of a file is one of a table of rows.
fn is_lines(path: &Path) -> Result<bool> {
    let mut line = String::new();
    let file = fs::open(path)?.take(overwrite::LONGEST_START);
    let read = BufReader::new(file).read_line(&mut line);
    let row: Value = serde_json::from_str(&line).unwrap_or_default();
    Ok(read.is_ok() && row["row"].is_u64() && row["modality"].is_string())
}

/// A row of the table: its number and every column.
#[derive(Serialize)]
struct Line {
    row: u64,
    #[serde(flatten)]
    record: aio_gallery::Record,
}

impl Chosen<'_> {
    /// Writes a file through a temporary one, whose rows come one by one.
    fn stream(
        &self,
        output: &Path,
        mut write: impl FnMut(&mut BufWriter<File>, u64) -> Result<()>,
    ) -> Result<()> {
        let mut failed = None;
        let outcome = fs::replace_output(output, |temporary| {
            let mut file = BufWriter::new(File::create(temporary)?);
            each(self.rows, self.stop, &mut failed, |row| write(&mut file, row))?;
            file.flush()
        });
        failed.map_or(Ok(()), Err)?;
        Ok(outcome?)
    }

    fn export_lines(&self, output: &Path) -> Result<()> {
        overwrite::check_kind("--output", output, TABLE, is_lines)?;
        self.stream(output, |file, row| {
            let line = Line { row, record: self.gallery.row(row)?.record };
            let text = serde_json::to_string(&line).map_err(|e| Error::Failure(e.to_string()))?;
            writeln!(file, "{text}").map_err(|e| cannot_write(output, e))
        })
    }

    fn export_csv(&self, output: &Path) -> Result<()> {
        overwrite::check_kind("--output", output, TABLE, is_table)?;
        let columns = self.gallery.columns();
        let line = |fields: Vec<String>| -> Result<Vec<u8>> {
            let mut writer = csv::Writer::from_writer(Vec::new());
            let failed = |e: String| Error::Failure(format!("the CSV table: {e}"));
            writer.write_record(fields).map_err(|e| failed(e.to_string()))?;
            writer.into_inner().map_err(|e| failed(e.to_string()))
        };
        let names = std::iter::once("row").chain(columns.iter().copied());
        let first = line(names.map(spreadsheet::text).collect())?;
        if self.rows.is_empty() {
            return Ok(fs::write_output(output, &first)?);
        }
        let mut is_first = true;
        self.stream(output, |file, row| {
            let record = self.gallery.row(row)?.record;
            let texts = columns.iter().map(|c| record.get(c).unwrap_or_default());
            let mut fields = vec![row.to_string()];
            fields.extend(texts.map(|text| spreadsheet::text(&text)));
            let header = if std::mem::take(&mut is_first) { &first[..] } else { &[] };
            let fields = line(fields)?;
            file.write_all(header)
                .and_then(|()| file.write_all(&fields))
                .map_err(|e| cannot_write(output, e))
        })
    }

    fn export_features(&self, output: &Path) -> Result<()> {
        let Self { gallery, rows, stop } = self;
        if rows.is_empty() {
            let problem = format!("{} has no row to export", gallery.directory().display());
            return Err(Error::user(problem, "a feature file has one row or more"));
        }
        embed::check_output(output)?;
        let (mut records, mut chosen) = (Vec::with_capacity(rows.len()), rows.iter().peekable());
        for found in gallery.records() {
            stop.check("exporting")?;
            let (number, record) = found?;
            if chosen.next_if_eq(&&number).is_some() {
                records.push(record);
            }
        }
        check_labels(&records)?;
        let manifest = manifest(gallery, records.into_iter().map(described).collect())?;
        write_features(output, &manifest, rows, stop, |row| Ok(gallery.features_of(row)?))
    }
}

/// Writes a feature file of rows whose features come one by one.
fn write_features(
    output: &Path,
    manifest: &Manifest,
    rows: &[u64],
    stop: &StopFlag,
    mut features: impl FnMut(u64) -> Result<Vec<f32>>,
) -> Result<()> {
    let mut failed = None;
    let written = embed::write(output, manifest, |file| {
        each(rows, stop, &mut failed, |row| {
            let bytes: Vec<u8> = features(row)?.iter().flat_map(|v| v.to_le_bytes()).collect();
            file.write_all(&bytes).map_err(|e| cannot_write(output, e))
        })
    });
    failed.map_or(written, Err)
}

fn manifest(gallery: &Gallery, rows: Vec<Row>) -> Result<Manifest> {
    let model = gallery.model();
    let parse = |e: serde_json::Error| Error::Failure(format!("the gallery's model: {e}"));
    let import = match &model.settings {
        Value::Null => embed::ImportSettings::default(),
        settings => serde_json::from_value(settings.clone()).map_err(parse)?,
    };
    Ok(Manifest {
        model: model.name.clone(),
        weights: model.sha256.clone(),
        preprocessing: serde_json::from_value(model.description["preprocessing"].clone())
            .map_err(parse)?,
        import,
        width: gallery.width(),
        rows,
        skipped: Vec::new(),
    })
}

/// A row as a manifest names it: what its features were made from. A caption that was not embedded is no part of it.
pub(super) fn described(record: aio_gallery::Record) -> Row {
    let (mut pictures, mut text) = (BTreeMap::new(), None);
    for modality in record.modality.split('+').filter_map(|name| name.parse::<Modality>().ok()) {
        if modality == Modality::Text {
            // A caption beside it was not embedded.
            text = record.extra.get(modality.name()).or(record.caption.as_ref()).cloned();
            continue;
        }
        // The path is that of one picture; those of further ones are in columns of their modalities' names.
        let path = record.extra.get(modality.name()).or(record.path.as_ref());
        pictures.extend(path.map(|path| (modality.name().to_owned(), PathBuf::from(path))));
    }
    Row {
        pictures,
        text,
        identity: record.identity.map(label),
        camera: record.camera.map(label),
        ..Row::default()
    }
}

/// A label of a gallery, where every text is one that is known: a feature file would read a negative number as one that is not.
fn label(text: String) -> Label {
    match Label::parse(&text) {
        Label::Number(number) if number < 0 => Label::Name(text),
        label => label,
    }
}

/// Refuses two identities, or two cameras, that are one number: a feature file would make one of them.
fn check_labels(records: &[aio_gallery::Record]) -> Result<()> {
    let column = |of: fn(&aio_gallery::Record) -> Option<&String>| records.iter().filter_map(of);
    let identities = column(|record| record.identity.as_ref());
    let cameras = column(|record| record.camera.as_ref());
    distinct("identities", identities).and_then(|()| distinct("cameras", cameras))
}

fn distinct<'a>(what: &str, texts: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut known = HashMap::new();
    for text in texts {
        let number = label(text.clone()).number();
        let first = *known.entry(number).or_insert(text);
        if first != text {
            return Err(Error::user(
                format!("the {what} `{first}` and `{text}` are both {number} in a feature file"),
                "name them otherwise in the gallery, or export them apart with --where; .csv and .jsonl keep the texts",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
