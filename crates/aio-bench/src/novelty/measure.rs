//! `aio weights novelty`: fits the statistics of a model, and measures what they flag.

use super::fit::{Sample, fit};
use super::{Judged, OfModality, Statistics, VERSION, evidence};
use crate::embed::{self, BLOCK, Model, ModelSource, Row};
use crate::error::{Error, Result};
use crate::markdown::{self, Align};
use crate::overwrite;
use aio_data::checksum::Checksum;
use aio_data::{CsvRecords, DataError, fs};
use aio_types::{Modality, Observation, Picture};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What statistics are fitted on and measured with.
#[derive(Debug, Clone)]
pub struct NoveltyRequest {
    /// The model.
    pub model: ModelSource,
    /// CSV files with the columns `path` and `modality`, one per style: rendered people.
    pub lists: Vec<PathBuf>,
    /// Share of rendered pictures of an unseen style that is flagged.
    pub share: f64,
    /// Folders of other pictures; each is measured as every modality.
    pub compare: Vec<PathBuf>,
    /// The file to write.
    pub output: PathBuf,
}

/// What was written, and what it flags.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// The file.
    pub output: PathBuf,
    /// SHA-256 of the weights.
    pub model: String,
    /// Pictures that the statistics were fitted on, by modality.
    pub pictures: BTreeMap<String, usize>,
    /// Share of the pictures of each folder that is flagged, by modality.
    pub flagged: Vec<Flagged>,
}

/// What is flagged of a folder.
#[derive(Debug, Clone, Serialize)]
pub struct Flagged {
    /// The folder.
    pub folder: PathBuf,
    /// Its pictures.
    pub pictures: usize,
    /// Share of them that is flagged as a picture of each modality.
    pub shares: BTreeMap<String, f64>,
}

/// A row of a list; other columns are passed over.
#[derive(Deserialize)]
struct Line {
    path: PathBuf,
    modality: Modality,
}

/// Fits, measures and writes.
///
/// # Errors
/// [`Error`] naming the list or picture that cannot be read, or the modality that has too few pictures.
pub fn measure(request: &NoveltyRequest) -> Result<Measured> {
    let model = request.model.file();
    let inputs = request.lists.iter().chain([&model]).map(PathBuf::as_path);
    overwrite::check("--output", &request.output, inputs)?;
    let model = request.model.open()?;
    let mut samples: BTreeMap<Modality, Vec<Sample>> = BTreeMap::new();
    for (style, list) in request.lists.iter().enumerate() {
        for (modality, rows) in rows_of(list)? {
            let samples = samples.entry(modality).or_default();
            for block in rows.chunks(BLOCK) {
                let inputs = opened(&model, block)?;
                let evidence = evidence(&model.extractor, &judged(&inputs))?;
                samples.extend(evidence.into_iter().map(|evidence| Sample { evidence, style }));
            }
        }
    }
    let mut modalities: BTreeMap<Modality, OfModality> = BTreeMap::new();
    for (modality, samples) in &samples {
        let fitted = fit(samples, request.share).map_err(|problem| {
            let hint = "give --list twice or more, with rendered people of different styles";
            Error::user(format!("{modality}: {problem}"), hint)
        })?;
        modalities.insert(*modality, fitted);
    }
    let names = request.lists.iter().map(|list| {
        let name = list.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(format!("{name} ({})", Checksum::of_file(list)?))
    });
    let statistics = Statistics {
        version: VERSION,
        model: model.sha256.clone(),
        data: names.collect::<Result<Vec<_>>>()?.join(", "),
        share: request.share,
        modalities,
    };
    let flagged = request.compare.iter().map(|folder| compare(&model, &statistics, folder));
    let flagged = flagged.collect::<Result<_>>()?;
    let text = serde_json::to_string(&statistics).map_err(|e| Error::Failure(e.to_string()))?;
    fs::write_then_rename(&request.output, (text + "\n").as_bytes())?;
    let count = |(modality, of): (&Modality, &OfModality)| (modality.to_string(), of.pictures);
    Ok(Measured {
        output: request.output.clone(),
        model: model.sha256,
        pictures: statistics.modalities.iter().map(count).collect(),
        flagged,
    })
}

/// The different pictures of a list by modality, without sentences.
fn rows_of(list: &Path) -> Result<BTreeMap<Modality, Vec<Row>>> {
    let folder = list.parent().unwrap_or(Path::new("."));
    let mut records = CsvRecords::new(list, fs::open(list)?)?;
    let names = records.names().1.clone();
    let mut found: BTreeMap<Modality, BTreeSet<PathBuf>> = BTreeMap::new();
    while let Some((row, record)) = records.next_record()? {
        let line = record.deserialize(Some(&names));
        let Line { path, modality } = line.map_err(|e| DataError::Row {
            path: list.to_path_buf(),
            row,
            problem: e.to_string(),
        })?;
        if modality.is_visual() {
            found.entry(modality).or_default().insert(folder.join(path));
        }
    }
    let row = |modality: Modality, path: PathBuf| Row {
        pictures: BTreeMap::from([(modality.name().to_owned(), path)]),
        ..Row::default()
    };
    let rows = |(modality, paths): (Modality, BTreeSet<PathBuf>)| {
        (modality, paths.into_iter().map(|path| row(modality, path)).collect())
    };
    Ok(found.into_iter().map(rows).collect())
}

fn opened(model: &Model, rows: &[Row]) -> Result<Vec<Observation<Picture>>> {
    embed::inputs(&rows.iter().collect::<Vec<_>>(), &model.extractor)
}

fn judged(inputs: &[Observation<Picture>]) -> Vec<Judged<'_>> {
    let pictures = inputs.iter().flat_map(|input| &input.pictures);
    pictures.map(|(modality, picture)| Judged::new(*modality, picture)).collect()
}

fn compare(model: &Model, statistics: &Statistics, folder: &Path) -> Result<Flagged> {
    let (mut shares, mut pictures) = (BTreeMap::new(), 0);
    for modality in statistics.modalities.keys() {
        let rows = embed::pictures(folder, *modality)?;
        pictures = rows.len();
        let mut unlike = 0;
        for block in rows.chunks(BLOCK) {
            let inputs = opened(model, block)?;
            unlike += statistics.count_unlike(&model.extractor, &judged(&inputs))?;
        }
        shares.insert(modality.to_string(), unlike as f64 / rows.len().max(1) as f64);
    }
    Ok(Flagged { folder: folder.to_path_buf(), pictures, shares })
}

impl Measured {
    /// As a table.
    #[must_use]
    pub fn text(&self) -> String {
        let pictures = self.pictures.iter().map(|(name, count)| format!("{count} {name}"));
        let mut text = format!(
            "{}: fitted on {} pictures of rendered people\n",
            self.output.display(),
            pictures.collect::<Vec<_>>().join(", ")
        );
        if self.flagged.is_empty() {
            return text;
        }
        let mut columns = vec![("pictures", Align::Left), ("number", Align::Right)];
        columns.extend(self.pictures.keys().map(|name| (name.as_str(), Align::Right)));
        let row = |flagged: &Flagged| {
            let mut row = vec![flagged.folder.display().to_string(), flagged.pictures.to_string()];
            row.extend(flagged.shares.values().map(|share| format!("{:.0} %", 100.0 * share)));
            row
        };
        let rows: Vec<Vec<String>> = self.flagged.iter().map(row).collect();
        text += "\nShare of the pictures that is flagged if they are given as\n\n";
        text + &markdown::table(&columns, &rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pictures_of_a_list_are_read_and_a_wrong_line_is_named() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let list = folder.path().join("l.csv");
        let right = "\u{feff}path,camera,modality\r\na.png,1,rgb\r\n\r\na.png,2,rgb\r\n,,text\r\n";
        std::fs::write(&list, right).expect("written");
        let rows = rows_of(&list).expect("read");
        assert_eq!(rows.keys().collect::<Vec<_>>(), [&Modality::Rgb]);
        assert_eq!(rows[&Modality::Rgb].len(), 1, "the same picture twice");
        std::fs::write(&list, format!("{right}b.png,1,thermal\r\n")).expect("written");
        let error = rows_of(&list).expect_err("no such modality").to_string();
        assert!(error.contains("l.csv, row 6") && error.contains("thermal"), "{error}");
    }
}
