//! SYNTH-PEDES (Zuo et al., PLIP, NeurIPS 2024).

use super::list::{annotations, listed, plain};
use super::{Card, count};
use crate::index::{Index, Row};
use crate::{Content, DataError, Dataset, Result, Sample, Split};
use aio_types::Modality;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) const CARD: Card = Card {
    name: "synth-pedes",
    modalities: &[Modality::Rgb, Modality::Text],
    layout: "\
SYNTH-PEDES/
    Part1/7/1.jpg … Part11/…
    synthpedes_dataset.json   [{\"id\",\"file_path\",\"attributes\",\"captions\",\"prompt_caption\"}, …]",
    folders: &["SYNTH-PEDES", "synth-pedes"],
    markers: &["synthpedes_dataset.json"],
    counts: &[count(Split::Train, Modality::Rgb, 4_791_711, 312_321), count(Split::Train, Modality::Text, 12_138_157, 312_321)],
    terms: "research only; from the authors of PLIP",
    people: &["synth-pedes"],
    family: "synth-pedes",
    read,
};

#[derive(Deserialize)]
struct Item {
    id: i64,
    file_path: String,
    attributes: Vec<String>,
    captions: Vec<String>,
}

/// Name of the index that [`prepare`] writes beside the annotations.
pub const INDEX: &str = "synthpedes_index.parquet";

const ANNOTATIONS: &str = "synthpedes_dataset.json";

/// Largest annotation file that is read whole where there is no index.
const LARGEST: u64 = 1 << 28;

/// A photograph of an indexed data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photograph {
    /// The file.
    pub path: PathBuf,
    /// What people wrote of it.
    pub captions: Vec<String>,
}

/// The training part of a data set that is too large to be held as samples.
#[derive(Debug)]
pub struct Indexed {
    root: PathBuf,
    /// Who is shown, and how many captions there are.
    pub index: Index,
}

impl Indexed {
    /// A photograph by its number.
    ///
    /// # Errors
    /// [`crate::DataError`] if the annotations were changed since the index was built.
    pub fn photograph(&self, number: usize) -> Result<Photograph> {
        let item: Item = self.index.annotation(number)?;
        let path = plain(&self.root.join(ANNOTATIONS), number + 1, &item.file_path)?;
        Ok(Photograph { path: self.root.join(path), captions: item.captions })
    }
}

/// Builds the index of the copy in `root` and returns the number of photographs. Every one is checked to exist; `tick` is told the bytes read so far.
///
/// # Errors
/// [`crate::DataError`] naming the row that is wrong.
pub fn prepare(root: &Path, tick: &dyn Fn(u64)) -> Result<usize> {
    let list = root.join(ANNOTATIONS);
    let row = |number: usize, item: Item| {
        listed(&list, number, root, &item.file_path)?;
        Ok(Row { identity: item.id, captions: item.captions.len() as u32, path: item.file_path })
    };
    crate::index::build(&list, &root.join(INDEX), row, tick)
}

/// Opens the index if there is one; otherwise reads photographs, captions and attribute words. Everything is for training.
fn read(root: &Path) -> Result<Dataset> {
    let (list, index) = (root.join(ANNOTATIONS), root.join(INDEX));
    let mut dataset = Dataset::default();
    if index.is_file() {
        dataset.indexed = Some(Arc::new(Indexed {
            root: root.to_path_buf(),
            index: Index::open(&list, &index)?,
        }));
        return Ok(dataset);
    }
    if std::fs::metadata(&list).is_ok_and(|m| m.len() > LARGEST) {
        let problem = format!(
            "too large to be read whole; build its index once with `aio data prepare synth-pedes --root {}`",
            root.display()
        );
        return Err(DataError::Parse { path: list, problem });
    }
    annotations(&list, |row, item: Item| {
        let attributes: Vec<String> = item
            .attributes
            .iter()
            .flat_map(|a| a.split(','))
            .map(|a| a.trim().to_owned())
            .collect();
        let sample = |modality, content| Sample {
            attributes: attributes.clone(),
            ..Sample::new(item.id, modality, content).made_from(row as i64 - 1)
        };
        let path = listed(&list, row, root, &item.file_path)?;
        dataset.train.push(sample(Modality::Rgb, Content::Image(path)));
        dataset.train.extend(
            item.captions.iter().map(|c| sample(Modality::Text, Content::Caption(c.clone()))),
        );
        Ok(())
    })?;
    Ok(dataset)
}
