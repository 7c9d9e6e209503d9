//! CUHK-PEDES (Li et al., CVPR 2017) and Tri-CUHK-PEDES (Chen et al., UNIReID, CVPR 2023).

use super::{annotations, listed};
use crate::{Content, DataError, Dataset, Identity, Modality, Result, Sample, SourcePhoto};
use serde::Deserialize;
use std::path::Path;

pub(super) const LAYOUT: &str = "\
CUHK-PEDES/
    imgs/{cam_a,cam_b,CUHK01,CUHK03,Market,test_query,train_query}/…
    reid_raw.json    [{\"split\",\"captions\",\"file_path\",\"id\",…}, …]";

pub(super) const TRI_LAYOUT: &str = "\
CUHK-PEDES/
    imgs/…
    imgs-sketch2/…   one sketch per photograph, under the same relative path
    reid_raw.json    [{\"split\",\"captions\",\"file_path\",\"id\",…}, …]";

#[derive(Deserialize)]
struct Item {
    split: String,
    captions: Vec<String>,
    file_path: String,
    id: i64,
}

/// Reads the annotations; `sketches` adds the drawings of Tri-CUHK-PEDES.
///
/// The source photograph of a sample is the index of its annotation within the split, which UNIReID calls `image_id`.
pub(super) fn read(root: &Path, sketches: bool) -> Result<Dataset> {
    let list = root.join("reid_raw.json");
    let mut dataset = Dataset::default();
    let mut counts = [0i64; 3];
    for (row, item) in annotations::<Item>(&list)?.into_iter().enumerate() {
        let row = row + 1;
        let part = match item.split.as_str() {
            "train" => 0,
            "val" => 1,
            "test" => 2,
            other => {
                let problem = format!("`split` is `{other}`; expected train, val or test");
                return Err(DataError::Row { path: list, row, problem });
            }
        };
        let sample = |modality, content| Sample {
            identity: Identity(item.id),
            camera: None,
            modality,
            content,
            source: Some(SourcePhoto(counts[part])),
            attributes: Vec::new(),
        };
        let photo = sample(Modality::Rgb, Content::Image(listed(&list, row, &root.join("imgs"), &item.file_path)?));
        let mut described: Vec<Sample> = item.captions.iter().map(|c| sample(Modality::Text, Content::Caption(c.clone()))).collect();
        if sketches {
            let path = listed(&list, row, &root.join("imgs-sketch2"), &item.file_path)?;
            described.push(sample(Modality::Sketch, Content::Image(path)));
        }
        counts[part] += 1;
        match part {
            0 => dataset.train.extend(std::iter::once(photo).chain(described)),
            1 => dataset.validation.extend(std::iter::once(photo).chain(described)),
            _ => {
                dataset.gallery.push(photo);
                dataset.query.extend(described);
            }
        }
    }
    Ok(dataset)
}
