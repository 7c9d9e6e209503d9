//! PKU-Sketch (Pang et al., ACM MM 2018).

use super::listed;
use crate::sample::Trial;
use crate::{Camera, Content, DataError, Dataset, Identity, Modality, Result, Sample, fs};
use std::collections::BTreeMap;
use std::path::Path;

pub(super) const LAYOUT: &str = "\
PKUSketchRE-ID_V1/
    photo/1_05_356.jpg     <identity>_<camera>_<frame>.jpg, two per identity
    sketch/1.jpg           one per identity
    styleAnnotation/a_46.txt …
    idx/{train,test}_{visible,sketch}_{1..10}.txt   (or chen_idx2/)";

/// Random splits that the list files hold.
const SPLITS: usize = 10;

pub(super) fn read(root: &Path) -> Result<Dataset> {
    let lists = ["idx", "chen_idx2"].map(|folder| root.join(folder)).into_iter().find(|p| p.is_dir());
    let lists = lists.ok_or_else(|| DataError::Missing { dataset: "pku-sketch", path: root.join("idx"), layout: LAYOUT })?;
    let mut dataset = Dataset::default();
    let mut indices: [BTreeMap<String, usize>; 2] = Default::default();
    for split in 1..=SPLITS {
        let visible = rows(root, &lists.join(format!("test_visible_{split}.txt")), Modality::Rgb)?;
        let sketches = rows(root, &lists.join(format!("test_sketch_{split}.txt")), Modality::Sketch)?;
        let gallery = intern(&mut dataset.gallery, &mut indices[0], visible);
        let query = intern(&mut dataset.query, &mut indices[1], sketches);
        dataset.trials.push(Trial { query, gallery });
        if split == 1 {
            for (file, modality) in [("train_visible_1.txt", Modality::Rgb), ("train_sketch_1.txt", Modality::Sketch)] {
                dataset.train.extend(rows(root, &lists.join(file), modality)?.into_iter().map(|(_, s)| s));
            }
        }
    }
    Ok(dataset)
}

/// Adds samples that are not there yet and returns the indices of all.
fn intern(all: &mut Vec<Sample>, known: &mut BTreeMap<String, usize>, rows: Vec<(String, Sample)>) -> Vec<usize> {
    rows.into_iter()
        .map(|(key, sample)| {
            *known.entry(key).or_insert_with(|| {
                all.push(sample);
                all.len() - 1
            })
        })
        .collect()
}

/// Rows `photo/115_03_2433.jpg 115 03 0` (path, identity, camera, label) or `sketch/115.jpg 115 0 1` (path, identity, label, style).
fn rows(root: &Path, list: &Path, modality: Modality) -> Result<Vec<(String, Sample)>> {
    let text = fs::read_to_string(list)?;
    let mut result = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let problem = |problem: String| DataError::Row { path: list.to_path_buf(), row: i + 1, problem };
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [path, identity, third, _] = fields[..] else {
            return Err(problem(format!("expected four columns, found {}: `{line}`", fields.len())));
        };
        let number = |field: &str| field.parse::<i64>().map_err(|_| problem(format!("`{field}` is not a number")));
        let camera = if modality == Modality::Rgb { Some(Camera(number(third)?)) } else { None };
        let sample = Sample {
            identity: Identity(number(identity)?),
            camera,
            modality,
            content: Content::Image(listed(list, i + 1, root, path)?),
            source: None,
            attributes: Vec::new(),
        };
        result.push((path.to_owned(), sample));
    }
    Ok(result)
}
