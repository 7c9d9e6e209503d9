//! Exporting a gallery: features for `aio score` and other tools, or the table of its rows.

use crate::embed::{self, Manifest, Row};
use crate::error::{Error, Result};
use crate::spreadsheet;
use aio_data::{DataError, Label, fs};
use aio_gallery::{Filter, Gallery};
use aio_types::Modality;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufWriter, Write};
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
/// [`Error`] naming the file, if its ending is another one or it cannot be written, or a column that is not there.
pub fn export(directory: &Path, output: &Path, filter: &Filter) -> Result<Exported> {
    let gallery = Gallery::open(directory)?;
    let rows = gallery.select(filter)?;
    match output.extension().and_then(|extension| extension.to_str()) {
        Some("safetensors") => export_features(&gallery, &rows, output)?,
        Some("csv") => export_csv(&gallery, &rows, output)?,
        Some("jsonl") => export_lines(&gallery, &rows, output)?,
        _ => {
            return Err(Error::user(
                format!("--output {}: unknown ending", output.display()),
                "name a .safetensors file for features, or a .csv or .jsonl file for the table of rows",
            ));
        }
    }
    Ok(Exported { output: output.to_path_buf(), rows: rows.len() })
}

/// Writes a file through a temporary one, whose rows come one by one.
fn stream(
    output: &Path,
    rows: &[u64],
    mut write: impl FnMut(&mut BufWriter<File>, u64) -> Result<()>,
) -> Result<()> {
    let mut failed = None;
    let outcome = fs::replace_output(output, |temporary| {
        let mut file = BufWriter::new(File::create(temporary)?);
        for row in rows {
            if let Err(error) = write(&mut file, *row) {
                failed = Some(error);
                return Err(std::io::Error::other("the export failed"));
            }
        }
        file.flush()
    });
    failed.map_or(Ok(()), Err)?;
    Ok(outcome?)
}

fn cannot_write(path: &Path, source: std::io::Error) -> Error {
    DataError::Io { action: "write", path: path.to_path_buf(), source }.into()
}

/// A row of the table: its number and every column.
#[derive(Serialize)]
struct Line {
    row: u64,
    #[serde(flatten)]
    record: aio_gallery::Record,
}

fn export_lines(gallery: &Gallery, rows: &[u64], output: &Path) -> Result<()> {
    stream(output, rows, |file, row| {
        let line = Line { row, record: gallery.row(row)?.record };
        let text = serde_json::to_string(&line).map_err(|e| Error::Failure(e.to_string()))?;
        writeln!(file, "{text}").map_err(|e| cannot_write(output, e))
    })
}

fn export_csv(gallery: &Gallery, rows: &[u64], output: &Path) -> Result<()> {
    let columns = gallery.columns();
    let line = |fields: Vec<String>| -> Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let failed = |e: String| Error::Failure(format!("the CSV table: {e}"));
        writer.write_record(fields).map_err(|e| failed(e.to_string()))?;
        writer.into_inner().map_err(|e| failed(e.to_string()))
    };
    let names = std::iter::once("row").chain(columns.iter().copied());
    let first = line(names.map(spreadsheet::text).collect())?;
    if rows.is_empty() {
        return Ok(fs::write_output(output, &first)?);
    }
    let mut is_first = true;
    stream(output, rows, |file, row| {
        let record = gallery.row(row)?.record;
        let mut fields = vec![row.to_string()];
        fields
            .extend(columns.iter().map(|c| spreadsheet::text(&record.get(c).unwrap_or_default())));
        let header = if std::mem::take(&mut is_first) { &first[..] } else { &[] };
        let fields = line(fields)?;
        file.write_all(header)
            .and_then(|()| file.write_all(&fields))
            .map_err(|e| cannot_write(output, e))
    })
}

fn export_features(gallery: &Gallery, rows: &[u64], output: &Path) -> Result<()> {
    if rows.is_empty() {
        let problem = format!("{} has no row to export", gallery.directory().display());
        return Err(Error::user(problem, "a feature file has one row or more"));
    }
    embed::check_output(output)?;
    let values = fs::temporary_beside(output);
    let mut records = Vec::with_capacity(rows.len());
    let written = stream(&values, rows, |file, row| {
        let row = gallery.row(row)?;
        records.push(row.record);
        let bytes: Vec<u8> = row.features.iter().flat_map(|v| v.to_le_bytes()).collect();
        file.write_all(&bytes).map_err(|e| cannot_write(output, e))
    });
    let outcome = written.and_then(|()| check_labels(&records)).and_then(|()| {
        let rows = records.into_iter().map(described).collect();
        write_features(gallery, &values, rows, output)
    });
    // The features have been copied; a leftover that cannot be removed adds nothing to an error.
    let _ = std::fs::remove_file(&values);
    outcome
}

fn write_features(gallery: &Gallery, values: &Path, rows: Vec<Row>, output: &Path) -> Result<()> {
    let model = gallery.model();
    let parse = |e: serde_json::Error| Error::Failure(format!("the gallery's model: {e}"));
    let import = match &model.settings {
        Value::Null => embed::ImportSettings::default(),
        settings => serde_json::from_value(settings.clone()).map_err(parse)?,
    };
    let manifest = Manifest {
        model: model.name.clone(),
        weights: model.sha256.clone(),
        preprocessing: serde_json::from_value(model.description["preprocessing"].clone())
            .map_err(parse)?,
        import,
        width: gallery.width(),
        rows,
        skipped: Vec::new(),
    };
    embed::write(output, values, &manifest)
}

/// A row as a manifest names it: what its features were made from. A caption that was not embedded is no part of it.
fn described(record: aio_gallery::Record) -> Row {
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
mod tests {
    use super::*;

    #[test]
    fn a_row_is_described_by_what_was_embedded() {
        let record = |modality: &str, extra: &[(&str, &str)]| aio_gallery::Record {
            path: Some("a.jpg".into()),
            modality: modality.into(),
            caption: Some("a red coat".into()),
            extra: extra.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Default::default()
        };
        let row = described(record("rgb", &[("floor", "2")]));
        assert_eq!((row.text, row.pictures.len()), (None, 1), "a caption is not embedded");
        let row = described(record("rgb+sketch+text", &[("sketch", "s.png")]));
        assert_eq!(row.text.as_deref(), Some("a red coat"));
        let paths: Vec<(&str, &str)> =
            row.pictures.iter().map(|(m, p)| (m.as_str(), p.to_str().expect("UTF-8"))).collect();
        assert_eq!(paths, [("rgb", "a.jpg"), ("sketch", "s.png")]);
        let row = described(aio_gallery::Record { path: None, ..record("text", &[]) });
        assert!(row.pictures.is_empty() && row.text.is_some());
        let row = described(record("rgb+text", &[("text", "a blue hat")]));
        assert_eq!(row.text.as_deref(), Some("a blue hat"), "the caption was not embedded");
        assert_eq!(described(record("rgb", &[("text", "a blue hat")])).text, None);
    }

    #[test]
    fn names_that_are_numbers_stay_and_others_have_a_number_in_every_file() {
        let number = |text: &str| label(text.to_owned()).number();
        assert_eq!((number("7"), number("0")), (7, 0));
        assert!(number("-1") > 0 && number("b") > 0 && number("a") != number("b"));
        assert_eq!(label("-1".to_owned()), Label::Name("-1".to_owned()));
    }

    #[test]
    fn two_people_who_would_become_one_number_are_refused() {
        let check = |identities: &[&str]| {
            let record = |identity: &&str| aio_gallery::Record {
                identity: Some((*identity).to_owned()),
                camera: Some("7".into()),
                ..Default::default()
            };
            check_labels(&identities.iter().map(record).collect::<Vec<_>>())
        };
        check(&["007", "007", "8", "anna", "-1"]).expect("each is one person");
        for (first, second) in [("007", "7"), ("7", "7.0"), ("0", "-0")] {
            let error = check(&["8", first, second]).expect_err(second);
            let text = error.to_string();
            assert!(text.contains(&format!("the identities `{first}` and `{second}`")), "{text}");
            assert_eq!(error.exit_code(), 2);
        }
    }
}
