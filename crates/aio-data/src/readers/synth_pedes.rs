//! SYNTH-PEDES (Zuo et al., PLIP, NeurIPS 2024).

use super::{annotations, listed};
use crate::{Content, Dataset, Identity, Modality, Result, Sample, SourcePhoto};
use serde::Deserialize;
use std::path::Path;

pub(super) const LAYOUT: &str = "\
SYNTH-PEDES/
    Part1/7/1.jpg … Part11/…
    synthpedes_dataset.json   [{\"id\",\"file_path\",\"attributes\",\"captions\",\"prompt_caption\"}, …]";

#[derive(Deserialize)]
struct Item {
    id: i64,
    file_path: String,
    attributes: Vec<String>,
    captions: Vec<String>,
}

/// Reads photographs, captions and attribute words; everything is for training.
pub(super) fn read(root: &Path) -> Result<Dataset> {
    let list = root.join("synthpedes_dataset.json");
    let mut dataset = Dataset::default();
    for (row, item) in annotations::<Item>(&list)?.into_iter().enumerate() {
        let attributes: Vec<String> = item.attributes.iter().flat_map(|a| a.split(',')).map(|a| a.trim().to_owned()).collect();
        let sample = |modality, content| Sample {
            identity: Identity(item.id),
            camera: None,
            modality,
            content,
            source: Some(SourcePhoto(row as i64)),
            attributes: attributes.clone(),
        };
        let path = listed(&list, row + 1, root, &item.file_path)?;
        dataset.train.push(sample(Modality::Rgb, Content::Image(path)));
        dataset.train.extend(item.captions.iter().map(|c| sample(Modality::Text, Content::Caption(c.clone()))));
    }
    Ok(dataset)
}
