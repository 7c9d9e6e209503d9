//! ORBench (Zuo et al., ReID5o, NeurIPS 2025).

use super::{annotations, listed};
use crate::{Content, DataError, Dataset, Identity, Modality, Result, Sample, fs};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

pub(super) const LAYOUT: &str = "\
ORBench/
    {vis,nir,cp,sk}/0001/*.jpg
    train_annos.json                 [{\"id\",\"file_path\",\"caption\"}, …]
    test_gallery_and_queries.json    {\"RGB_GALLERY\": [[id, \"vis/…\"], …], \"NIR\": …, \"NIR+TEXT\": [[id, item, item], …], …}";

#[derive(Deserialize)]
struct Item {
    id: i64,
    file_path: String,
    caption: String,
}

/// Reads the training annotations and the test lists; every query key becomes a list of sample combinations.
pub(super) fn read(root: &Path) -> Result<Dataset> {
    let mut dataset = Dataset { train: train(root)?, ..Dataset::default() };
    let list = root.join("test_gallery_and_queries.json");
    let text = fs::read_to_string(&list)?;
    let keys: Map<String, Value> = serde_json::from_str(&text).map_err(|e| DataError::Parse { path: list.clone(), problem: e.to_string() })?;
    let mut known = BTreeMap::new();
    for (key, rows) in &keys {
        let modalities = if key == "RGB_GALLERY" { vec![Modality::Rgb] } else { modalities(&list, key)? };
        let rows =
            rows.as_array().ok_or_else(|| DataError::Parse { path: list.clone(), problem: format!("the value of `{key}` is not an array") })?;
        let mut combinations = Vec::with_capacity(rows.len());
        for (i, row) in rows.iter().enumerate() {
            let samples = combination(root, &list, key, i + 1, row, &modalities)?;
            if key == "RGB_GALLERY" {
                dataset.gallery.extend(samples);
                continue;
            }
            let indices = samples.into_iter().map(|sample| {
                let text = sample.caption().map_or_else(|| sample.path().map(|p| p.display().to_string()).unwrap_or_default(), str::to_owned);
                *known.entry((sample.identity, sample.modality, text)).or_insert_with(|| {
                    dataset.query.push(sample);
                    dataset.query.len() - 1
                })
            });
            combinations.push(indices.collect());
        }
        if key != "RGB_GALLERY" {
            dataset.combinations.insert(key.clone(), combinations);
        }
    }
    if dataset.gallery.is_empty() {
        return Err(DataError::Parse { path: list, problem: "the key `RGB_GALLERY` is missing or empty".into() });
    }
    Ok(dataset)
}

/// Training photographs with their captions, and the drawings and infrared photographs in the folders of the same people.
fn train(root: &Path) -> Result<Vec<Sample>> {
    let list = root.join("train_annos.json");
    let mut samples = Vec::new();
    let mut people = std::collections::BTreeSet::new();
    for (i, item) in annotations::<Item>(&list)?.into_iter().enumerate() {
        let path = listed(&list, i + 1, root, &item.file_path)?;
        samples.push(sample(item.id, Modality::Rgb, Content::Image(path)));
        samples.push(sample(item.id, Modality::Text, Content::Caption(item.caption)));
        people.insert(item.id);
    }
    for id in people {
        for (folder, modality) in [("nir", Modality::Infrared), ("cp", Modality::ColourPencil), ("sk", Modality::Sketch)] {
            let directory = root.join(format!("{folder}/{id:04}"));
            if directory.is_dir() {
                let found = super::images(super::DatasetName::OrBench, &directory)?;
                samples.extend(found.into_iter().map(|path| sample(id, modality, Content::Image(path))));
            }
        }
    }
    Ok(samples)
}

fn modalities(list: &Path, key: &str) -> Result<Vec<Modality>> {
    key.split('+')
        .map(|part| match part {
            "NIR" => Ok(Modality::Infrared),
            "CP" => Ok(Modality::ColourPencil),
            "SK" => Ok(Modality::Sketch),
            "TEXT" => Ok(Modality::Text),
            _ => Err(DataError::Parse { path: list.to_path_buf(), problem: format!("the key `{key}` is not made of NIR, CP, SK and TEXT") }),
        })
        .collect()
}

/// A row `[id, item, …]` whose items follow the order of the key; an item with `.jpg` in it is a path.
fn combination(root: &Path, list: &Path, key: &str, row: usize, value: &Value, modalities: &[Modality]) -> Result<Vec<Sample>> {
    let problem = |problem: String| DataError::Row { path: list.to_path_buf(), row, problem: format!("key `{key}`: {problem}") };
    let items = value.as_array().filter(|a| a.len() == modalities.len() + 1);
    let items = items.ok_or_else(|| problem(format!("expected [identity, {} items], found {value}", modalities.len())))?;
    let id = items[0].as_i64().ok_or_else(|| problem(format!("the identity {} is not an integer", items[0])))?;
    modalities
        .iter()
        .zip(&items[1..])
        .map(|(modality, item)| {
            let text = item.as_str().ok_or_else(|| problem(format!("{item} is not a string")))?;
            let content = match modality {
                Modality::Text => Content::Caption(text.to_owned()),
                _ => Content::Image(listed(list, row, root, text)?),
            };
            Ok(sample(id, *modality, content))
        })
        .collect()
}

fn sample(id: i64, modality: Modality, content: Content) -> Sample {
    Sample { identity: Identity(id), camera: None, modality, content, source: None, attributes: Vec::new() }
}
