//! PKU-Sketch (Pang et al., ACM MM 2018).

use super::DatasetInfo;
use super::shared::Shared;
use crate::evaluation::{TaskRules, photograph_combinations};
use crate::list::{Once, lines, listed};
use crate::sample::Trial;
use crate::{DataError, Dataset, Result, Sample};
use aio_eval::Protocol;
use aio_types::{Camera, Modality};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: "pku-sketch",
    modalities: &[Modality::Rgb, Modality::Sketch],
    layout: "\
PKUSketchRE-ID_V1/
    photo/1_05_356.jpg     <identity>_<camera>_<frame>.jpg, two per identity
    sketch/1.jpg           one per identity
    styleAnnotation/a_46.txt …
    idx/{train,test}_{visible,sketch}_{1..10}.txt   (or chen_idx2/)",
    folders: &["PKUSketchRE-ID_V1", "PKU-Sketch", "pku-sketch"],
    markers: &["styleAnnotation", "idx", "chen_idx2"],
    // Which of the 200 people are tested depends on the lists.
    counts: &[],
    terms: "research use; from its authors",
    people: &["pku-sketch"],
    family: "pku-sketch",
    rules: RULES,
    read,
};

/// Sketches against photographs, over the test splits.
const RULES: TaskRules = TaskRules {
    usual: &["sketch-rgb"],
    every_query: photograph_combinations,
    evaluation: |request| request.every_query(&[(Modality::Sketch, Modality::Rgb)], Protocol::None),
};

/// Names of the data set with all splits and with each.
pub(super) const NAMES: [&str; 11] = [
    "pku-sketch",
    "pku-sketch-1",
    "pku-sketch-2",
    "pku-sketch-3",
    "pku-sketch-4",
    "pku-sketch-5",
    "pku-sketch-6",
    "pku-sketch-7",
    "pku-sketch-8",
    "pku-sketch-9",
    "pku-sketch-10",
];

/// Random splits that the list files hold.
const SPLITS: u8 = 10;

fn lists(root: &Path) -> Result<PathBuf> {
    let lists =
        ["idx", "chen_idx2"].map(|folder| root.join(folder)).into_iter().find(|p| p.is_dir());
    lists.ok_or_else(|| DataError::Missing {
        dataset: INFO.name,
        path: root.join("idx"),
        layout: INFO.layout,
    })
}

/// The ten test splits as trials. Each split's model is trained on people that other splits test, so there is no training part.
fn read(root: &Path) -> Result<Dataset> {
    tests(root, 1..=SPLITS)
}

/// One split: training and test.
pub(super) fn read_split(root: &Path, split: u8) -> Result<Dataset> {
    let lists = lists(root)?;
    let mut dataset = tests(root, split..=split)?;
    for (list, modality) in [("visible", Modality::Rgb), ("sketch", Modality::Sketch)] {
        dataset.train.extend(rows(
            root,
            &lists.join(format!("train_{list}_{split}.txt")),
            modality,
        )?);
    }
    Ok(dataset)
}

/// The test parts of `splits`, which share pictures.
fn tests(root: &Path, splits: RangeInclusive<u8>) -> Result<Dataset> {
    let lists = lists(root)?;
    let (mut query, mut gallery, mut trials) = (Shared::default(), Shared::default(), Vec::new());
    for split in splits {
        trials.push(Trial {
            gallery: gallery.add(rows(
                root,
                &lists.join(format!("test_visible_{split}.txt")),
                Modality::Rgb,
            )?),
            query: query.add(rows(
                root,
                &lists.join(format!("test_sketch_{split}.txt")),
                Modality::Sketch,
            )?),
        });
    }
    Ok(Dataset { query: query.samples, gallery: gallery.samples, trials, ..Dataset::default() })
}

/// Rows `photo/115_03_2433.jpg 115 03 0` (path, identity, camera, label) or `sketch/115.jpg 115 0 1` (path, identity, label, style).
fn rows(root: &Path, list: &Path, modality: Modality) -> Result<Vec<Sample>> {
    let mut once = Once::default();
    let parsed = lines(list)?.into_iter().map(|(row, line)| {
        let problem = |problem: String| DataError::Row { path: list.to_path_buf(), row, problem };
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [path, identity, third, fourth] = fields[..] else {
            return Err(problem(format!(
                "expected four columns, found {}: `{line}`",
                fields.len()
            )));
        };
        let number = |field: &str| {
            field.parse::<i64>().map_err(|_| problem(format!("`{field}` is not a number")))
        };
        let file = listed(list, row, root, path)?;
        once.check(list, row, &file)?;
        let sample = Sample::picture(number(identity)?, modality, file);
        Ok(match modality {
            Modality::Rgb => Sample { camera: Some(Camera(number(third)?)), ..sample },
            _ => Sample {
                artist: u32::try_from(number(fourth)?)
                    .ok()
                    .and_then(|style| char::from_u32('a' as u32 + style)),
                ..sample
            },
        })
    });
    parsed.collect()
}
