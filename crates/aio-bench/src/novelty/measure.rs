//! `aio weights novelty`: fits the statistics of a model, and measures what they flag.

use super::cloud::{FEWEST_OF_STYLE, Unfit};
use super::fit::{Sample, fit};
use super::lists::{self, StyleList};
use super::{Judged, OfModality, Statistics, VERSION, evidence};
use crate::embed::{self, BLOCK, Model, ModelSource, Row};
use crate::error::{Error, Result};
use crate::markdown::{self, Align};
use crate::overwrite;
use aio_data::fs;
use aio_train::StopFlag;
use aio_types::{Modality, Observation, Picture};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufReader, Read};
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

/// A folder of other pictures.
struct Others<'a> {
    folder: &'a Path,
    pictures: Vec<PathBuf>,
}

impl<'a> Others<'a> {
    fn of(folder: &'a Path) -> Result<Self> {
        let mut pictures = Vec::new();
        embed::each_picture(folder, |path| pictures.push(path))?;
        Ok(Self { folder, pictures })
    }
}

/// What a signal stops.
const MEASURING: &str = "measuring";

/// Fits, measures and writes.
///
/// # Errors
/// [`Error`] naming the list or picture that cannot be read or would be written over, the file in the place of the output that holds something else, or the
/// list that has too few pictures of a modality;
/// [`Error::Cancelled`] after a signal.
pub fn measure(request: &NoveltyRequest) -> Result<Measured> {
    measured(request).map_err(Error::with_nothing_kept)
}

fn measured(request: &NoveltyRequest) -> Result<Measured> {
    let stop = StopFlag::on_signals()?;
    let lists = lists::read_all(&request.lists)?;
    let others = request.compare.iter().map(|folder| Others::of(folder));
    let others: Vec<Others> = others.collect::<Result<_>>()?;
    let model = request.model.file();
    let named = request.lists.iter().chain([&model]).map(PathBuf::as_path);
    let compared = others.iter().flat_map(|others| &others.pictures).map(PathBuf::as_path);
    let inputs = named.chain(lists.iter().flat_map(StyleList::pictures)).chain(compared);
    overwrite::check("--output", &request.output, inputs)?;
    let kind = "a file of statistics that an earlier call wrote";
    overwrite::check_kind("--output", &request.output, kind, is_own)?;
    let model = request.model.open()?;
    let mut samples: BTreeMap<Modality, Vec<Sample>> = BTreeMap::new();
    for (style, list) in lists.iter().enumerate() {
        for (modality, rows) in &list.rows {
            let samples = samples.entry(*modality).or_default();
            for block in rows.chunks(BLOCK) {
                stop.check(MEASURING)?;
                let inputs = opened(&model, block)?;
                let evidence = evidence(&model.extractor, &judged(&inputs))?;
                samples.extend(evidence.into_iter().map(|evidence| Sample { evidence, style }));
            }
        }
    }
    let mut modalities: BTreeMap<Modality, OfModality> = BTreeMap::new();
    for (modality, samples) in &samples {
        stop.check(MEASURING)?;
        let fitted = fit(samples, request.share)
            .map_err(|problem| unfitted(*modality, problem, &lists, request.share))?;
        modalities.insert(*modality, fitted);
    }
    let names = lists.iter().map(|list| {
        let name = list.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        format!("{name} ({})", list.checksum)
    });
    let statistics = Statistics {
        version: VERSION,
        model: model.sha256.clone(),
        data: names.collect::<Vec<_>>().join(", "),
        share: request.share,
        modalities,
    };
    let flagged = others.iter().map(|others| compare(&model, &statistics, others, &stop));
    let flagged = flagged.collect::<Result<_>>()?;
    stop.check(MEASURING)?;
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

/// Whether a file holds statistics, be they of another model or version.
fn is_own(path: &Path) -> Result<bool> {
    let file = BufReader::new(fs::open(path)?.take(overwrite::LONGEST_START));
    let found: Value = serde_json::from_reader(file).unwrap_or_default();
    Ok(found["version"].is_u64() && found["share"].is_number() && found["modalities"].is_object())
}

/// The error of a modality of which nothing can be fitted; it names the lists that are short of it.
fn unfitted(modality: Modality, problem: Unfit, lists: &[StyleList], share: f64) -> Error {
    let (problem, hint) = match problem {
        Unfit::OneStyle => {
            let with = lists.iter().filter(|list| list.rows.contains_key(&modality));
            let with: Vec<String> = with.map(|list| list.path.display().to_string()).collect();
            let with = with.join(", ");
            (
                format!("pictures of it stand in {with} alone, expected two lists or more"),
                "give one --list per style of rendered people, two or more, with pictures of each modality",
            )
        }
        Unfit::Few { style, pictures } => (
            format!(
                "{} has {pictures} pictures of it, expected at least {FEWEST_OF_STYLE}",
                lists[style].path.display()
            ),
            "add pictures to this list, or leave this modality out of it",
        ),
        Unfit::Alike => ("the pictures do not differ".into(), "list different rendered people"),
        Unfit::NoThreshold => (
            format!("a share of {share} leaves no threshold above the mean"),
            "flag fewer pictures with a smaller --share",
        ),
    };
    Error::user(format!("{modality}: {problem}"), hint)
}

fn opened(model: &Model, rows: &[Row]) -> Result<Vec<Observation<Picture>>> {
    embed::inputs(&rows.iter().collect::<Vec<_>>(), &model.extractor)
}

fn judged(inputs: &[Observation<Picture>]) -> Vec<Judged<'_>> {
    let pictures = inputs.iter().flat_map(|input| &input.pictures);
    pictures.map(|(modality, picture)| Judged::new(*modality, picture)).collect()
}

fn compare(
    model: &Model,
    statistics: &Statistics,
    others: &Others,
    stop: &StopFlag,
) -> Result<Flagged> {
    let mut shares = BTreeMap::new();
    for modality in statistics.modalities.keys() {
        let row = |path: &PathBuf| Row::picture(*modality, path.clone());
        let rows: Vec<Row> = others.pictures.iter().map(row).collect();
        let mut unlike = 0;
        for block in rows.chunks(BLOCK) {
            stop.check(MEASURING)?;
            let inputs = opened(model, block)?;
            unlike += statistics.count_unlike(&model.extractor, &judged(&inputs))?;
        }
        shares.insert(modality.to_string(), unlike as f64 / rows.len().max(1) as f64);
    }
    Ok(Flagged { folder: others.folder.to_path_buf(), pictures: others.pictures.len(), shares })
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
    use aio_data::checksum::Checksum;

    #[test]
    fn the_list_that_is_short_of_a_modality_is_named() {
        let list = |name: &str, modalities: &[Modality]| StyleList {
            path: name.into(),
            checksum: Checksum::UNKNOWN,
            rows: modalities.iter().map(|modality| (*modality, Vec::new())).collect(),
        };
        let both = [Modality::Rgb, Modality::Sketch];
        let lists = [list("a.csv", &both), list("b.csv", &both[..1]), list("c.csv", &both[..1])];
        let few = Unfit::Few { style: 1, pictures: 3 };
        let error = unfitted(Modality::Rgb, few, &lists, 0.05);
        assert_eq!(error.to_string(), "rgb: b.csv has 3 pictures of it, expected at least 20");
        assert_eq!(error.exit_code(), 2);
        let error = unfitted(Modality::Sketch, Unfit::OneStyle, &lists, 0.05).to_string();
        assert_eq!(
            error,
            "sketch: pictures of it stand in a.csv alone, expected two lists or more"
        );
    }
}
