//! ORBench (Zuo et al., ReID5o, NeurIPS 2025).

mod tasks;

use super::{DatasetInfo, FurtherCount};
use crate::list::{Once, annotations, keyed_annotations};
use crate::{Content, DataError, Dataset, Result, Sample};
use aio_types::Modality;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: "orbench",
    modalities: &[Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::ColourPencil, Modality::Text],
    layout: "\
ORBench/
    {vis,nir,cp,sk}/0001/*.jpg
    train_annos.json                 [{\"id\",\"file_path\",\"caption\"}, …]
    test_gallery_and_queries.json    {\"RGB_GALLERY\": [[id, \"vis/…\"], …], \"NIR\": …, \"NIR+TEXT\": [[id, item, item], …], …}",
    folders: &["ORBench", "orbench"],
    markers: &["test_gallery_and_queries.json"],
    // Published are the numbers of queries by key, which are lists and no samples ([`further`]).
    counts: &[],
    terms: "from the authors of ReID5o",
    people: &["sysu-mm01", "llcm", "orbench"],
    family: "orbench",
    rules: tasks::RULES,
    splits: None,
    read,
    further,
};

/// The queries of the 32 lists.
fn further(_: &Path, dataset: &Dataset) -> Result<Vec<FurtherCount>> {
    let of_list = |(key, published): (String, usize)| {
        let found = dataset.combinations.get(&key).map_or(0, Vec::len);
        FurtherCount::new(format!("queries of {key}"), found, published)
    };
    Ok(tasks::published_queries().map(of_list).collect())
}

/// Key of the gallery in the test list; every other key is a query.
const GALLERY: &str = "RGB_GALLERY";

#[derive(Deserialize)]
struct Item {
    id: i64,
    file_path: String,
    caption: String,
}

/// Reads the training annotations and the test lists; every query key becomes a list of sample combinations.
fn read(root: &Path) -> Result<Dataset> {
    let mut dataset = Dataset { train: train(root)?, ..Dataset::default() };
    let list = root.join("test_gallery_and_queries.json");
    let (mut known, mut order) = (BTreeMap::new(), BTreeMap::new());
    keyed_annotations(&list, |key, row, value: Value| {
        if row == 1 {
            let of = match key {
                GALLERY => vec![Modality::Rgb],
                _ => modalities(&list, key)?,
            };
            order.insert(key.to_owned(), of);
        }
        let samples = combination(root, &list, key, row, &value, &order[key])?;
        if key == GALLERY {
            dataset.gallery.extend(samples);
            return Ok(());
        }
        let indices = samples.into_iter().map(|sample| {
            let text = sample.caption().map_or_else(
                || sample.path().map(|p| p.display().to_string()).unwrap_or_default(),
                str::to_owned,
            );
            *known.entry((sample.identity, sample.modality, text)).or_insert_with(|| {
                dataset.query.push(sample);
                dataset.query.len() - 1
            })
        });
        let indices = indices.collect();
        dataset.combinations.entry(key.to_owned()).or_default().push(indices);
        Ok(())
    })?;
    if dataset.gallery.is_empty() {
        return Err(DataError::Parse {
            path: list,
            problem: "the key `RGB_GALLERY` is missing or empty".into(),
        });
    }
    Ok(dataset)
}

/// Training photographs with their captions, and the drawings and infrared photographs in the folders of the same people. Of these nobody says which
/// photograph they were made from.
fn train(root: &Path) -> Result<Vec<Sample>> {
    let list = root.join("train_annos.json");
    let mut samples = Vec::new();
    let mut people = std::collections::BTreeSet::new();
    let mut once = Once::default();
    annotations(&list, |row, item: Item| {
        let path = INFO.listed(&list, row, (root, ""), &item.file_path)?;
        once.check(&list, row, &path)?;
        let photograph = row as i64;
        samples.push(Sample::picture(item.id, Modality::Rgb, path).made_from(photograph));
        samples.push(Sample::sentence(item.id, item.caption).made_from(photograph));
        people.insert(item.id);
        Ok(())
    })?;
    for id in people {
        for (folder, modality) in
            [("nir", Modality::Infrared), ("cp", Modality::ColourPencil), ("sk", Modality::Sketch)]
        {
            let directory = root.join(format!("{folder}/{id:04}"));
            if directory.is_dir() {
                let found = INFO.images(&directory)?;
                samples.extend(found.into_iter().map(|path| Sample::picture(id, modality, path)));
            }
        }
    }
    Ok(samples)
}

fn modalities(list: &Path, key: &str) -> Result<Vec<Modality>> {
    let unknown = || DataError::Parse {
        path: list.to_path_buf(),
        problem: format!("the key `{key}` is not made of NIR, CP, SK and TEXT"),
    };
    key.split('+').map(|part| tasks::modality_of(part).ok_or_else(unknown)).collect()
}

/// A row `[id, item, …]` whose items follow the order of the key; an item with `.jpg` in it is a path.
fn combination(
    root: &Path,
    list: &Path,
    key: &str,
    row: usize,
    value: &Value,
    modalities: &[Modality],
) -> Result<Vec<Sample>> {
    let problem = |problem: String| DataError::Row {
        path: list.to_path_buf(),
        row,
        problem: format!("key `{key}`: {problem}"),
    };
    let items = value.as_array().filter(|a| a.len() == modalities.len() + 1);
    let items = items.ok_or_else(|| {
        problem(format!("expected [identity, {} items], found {value}", modalities.len()))
    })?;
    let id = items[0]
        .as_i64()
        .ok_or_else(|| problem(format!("the identity {} is not an integer", items[0])))?;
    modalities
        .iter()
        .zip(&items[1..])
        .map(|(modality, item)| {
            let text = item.as_str().ok_or_else(|| problem(format!("{item} is not a string")))?;
            let content = match modality {
                Modality::Text => Content::Caption(text.to_owned()),
                _ => Content::Image(INFO.listed(list, row, (root, ""), text)?),
            };
            Ok(Sample::new(id, *modality, content))
        })
        .collect()
}
