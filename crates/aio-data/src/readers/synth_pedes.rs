//! SYNTH-PEDES (Zuo et al., PLIP, NeurIPS 2024).

use super::list::{annotations, listed};
use super::{Card, count};
use crate::{Content, Dataset, Modality, Result, Sample, Split};
use serde::Deserialize;
use std::path::Path;

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

/// Reads photographs, captions and attribute words; everything is for training.
fn read(root: &Path) -> Result<Dataset> {
    let list = root.join("synthpedes_dataset.json");
    let mut dataset = Dataset::default();
    annotations(&list, |row, item: Item| {
        let attributes: Vec<String> = item.attributes.iter().flat_map(|a| a.split(',')).map(|a| a.trim().to_owned()).collect();
        let sample =
            |modality, content| Sample { attributes: attributes.clone(), ..Sample::new(item.id, modality, content).made_from(row as i64 - 1) };
        let path = listed(&list, row, root, &item.file_path)?;
        dataset.train.push(sample(Modality::Rgb, Content::Image(path)));
        dataset.train.extend(item.captions.iter().map(|c| sample(Modality::Text, Content::Caption(c.clone()))));
        Ok(())
    })?;
    Ok(dataset)
}
