//! SYNTH-PEDES (Zuo et al., PLIP, NeurIPS 2024).

use super::{DatasetInfo, count, nothing_further};
use crate::evaluation::{Refusal, TaskRules, photograph_combinations};
use crate::index::{Index, Indexed, Photograph, Row};
use crate::list::{annotations, plain};
use crate::{Content, DataError, Dataset, Result, Sample, Split};
use aio_types::Modality;
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: "synth-pedes",
    modalities: &[Modality::Rgb, Modality::Text],
    layout: "\
SYNTH-PEDES/
    Part1..Part11/7/1.jpg
    synthpedes_dataset.json   [{\"id\",\"file_path\",\"attributes\",\"captions\",\"prompt_caption\"}, …]",
    folders: &["SYNTH-PEDES", "synth-pedes"],
    markers: &["synthpedes_dataset.json"],
    counts: &[count(Split::Train, Modality::Rgb, 4_791_711, 312_321), count(Split::Train, Modality::Text, 12_138_157, 312_321)],
    terms: "research only; from the authors of PLIP",
    people: &["synth-pedes"],
    family: "synth-pedes",
    rules: RULES,
    splits: None,
    read,
    further: nothing_further,
};

/// There is no test part.
const RULES: TaskRules = TaskRules {
    usual: &[],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| {
        request.no_variants()?;
        Err(Refusal::Direction)
    },
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

/// Photographs that are compared with the index when it is opened, from the first to the last.
const PROBES: usize = 64;

/// Largest annotation file that is read whole where there is no index.
const LARGEST: u64 = 1 << 28;

fn photograph(root: &Path, index: &Index, number: usize) -> Result<Photograph> {
    let item: Item = index.annotation(number)?;
    let list = root.join(ANNOTATIONS);
    let (identity, captions) = (index.identities()[number], index.captions()[number]);
    if item.id != identity || item.captions.len() != captions as usize {
        let problem = format!(
            "identity {} with {} captions, but {INDEX} has identity {identity} with {captions}; the annotations were \
             changed since: build the index again with `aio data prepare synth-pedes`",
            item.id,
            item.captions.len(),
        );
        return Err(DataError::Row { path: list, row: number + 1, problem });
    }
    let path = plain(&list, number + 1, &item.file_path)?;
    Ok(Photograph { path: root.join(path), captions: item.captions })
}

/// Size of the annotations of the copy in `root`, in bytes; `None` where it is not known.
#[must_use]
pub fn annotation_bytes(root: &Path) -> Option<u64> {
    std::fs::metadata(root.join(ANNOTATIONS)).ok().map(|metadata| metadata.len())
}

/// Builds the index of the copy in `root` and returns the number of photographs. Every photograph is checked to exist;
/// `tick` is called with the bytes read so far.
///
/// # Errors
/// [`crate::DataError`] naming the row that is wrong.
pub fn prepare(root: &Path, tick: &dyn Fn(u64)) -> Result<usize> {
    let list = root.join(ANNOTATIONS);
    let row = |number: usize, item: Item| {
        INFO.listed(&list, number, (root, ""), &item.file_path)?;
        Ok(Row { identity: item.id, captions: item.captions.len() as u32, path: item.file_path })
    };
    crate::index::build(&list, &root.join(INDEX), row, tick)
}

/// Opens the index if there is one; otherwise reads photographs, captions and attribute words. Everything is for training.
fn read(root: &Path) -> Result<Dataset> {
    let (list, index) = (root.join(ANNOTATIONS), root.join(INDEX));
    let mut dataset = Dataset::default();
    if index.is_file() {
        let index = Index::open(&list, &index)?;
        let indexed = Indexed::new(root.to_path_buf(), index, photograph);
        let count = indexed.index.len();
        // Every photograph is compared when it is used; a few now, so that another file is found before training.
        for probe in 0..PROBES.min(count) {
            indexed.photograph(probe * (count - 1) / (PROBES.min(count) - 1).max(1))?;
        }
        dataset.indexed = Some(Arc::new(indexed));
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
        let path = INFO.listed(&list, row, (root, ""), &item.file_path)?;
        dataset.train.push(sample(Modality::Rgb, Content::Image(path)));
        dataset.train.extend(
            item.captions.iter().map(|c| sample(Modality::Text, Content::Caption(c.clone()))),
        );
        Ok(())
    })?;
    Ok(dataset)
}
