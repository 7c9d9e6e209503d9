//! CUHK03 (Li et al., CVPR 2014): the new protocol (Zhong et al., CVPR 2017) and the 20 classic splits.
//!
//! The raw release is one MATLAB 7.3 (HDF5) file, which is not read here: the pictures are expected as torchreid extracts
//! them (`images_{detected,labeled}/` with `splits_{new,classic}_{detected,labeled}.json`), or, for the new protocol, in the
//! folders of its authors' release, which are those of Market-1501.

use super::shared::Shared;
use super::{DatasetInfo, FurtherCount, count, market, nothing_further};
use crate::evaluation::{TaskRules, photograph_combinations};
use crate::list::{Once, document, file_name};
use crate::sample::Trial;
use crate::{DataError, Dataset, Result, Sample, Split};
use aio_eval::Protocol;
use aio_types::Modality;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) const NP_DETECTED: DatasetInfo = DatasetInfo {
    name: "cuhk03-np-detected",
    modalities: &[Modality::Rgb],
    layout: "\
cuhk03-np/detected/
    bounding_box_train/  query/  bounding_box_test/    0001_c1_1.png
or, as torchreid extracts it,
cuhk03/
    images_detected/1_001_1_01.png
    splits_new_detected.json",
    folders: &["cuhk03-np/detected", "CUHK03-NP/detected", "cuhk03", "CUHK03"],
    markers: &["bounding_box_test", "splits_new_detected.json"],
    counts: &[
        count(Split::Train, Modality::Rgb, 7_365, 767),
        count(Split::Query, Modality::Rgb, 1_400, 700),
        count(Split::Gallery, Modality::Rgb, 5_332, 700),
    ],
    terms: "research use; from its authors",
    people: &["cuhk03"],
    family: "cuhk03-np",
    rules: market::PHOTOGRAPHS,
    splits: None,
    read: |root| read_np(&NP_DETECTED, root, "detected"),
    further: nothing_further,
};

pub(super) const NP_LABELED: DatasetInfo = DatasetInfo {
    name: "cuhk03-np-labeled",
    layout: "\
cuhk03-np/labeled/
    bounding_box_train/  query/  bounding_box_test/    0001_c1_1.png
or, as torchreid extracts it,
cuhk03/
    images_labeled/1_001_1_01.png
    splits_new_labeled.json",
    folders: &["cuhk03-np/labeled", "CUHK03-NP/labeled", "cuhk03", "CUHK03"],
    markers: &["bounding_box_test", "splits_new_labeled.json"],
    counts: &[
        count(Split::Train, Modality::Rgb, 7_368, 767),
        count(Split::Query, Modality::Rgb, 1_400, 700),
        count(Split::Gallery, Modality::Rgb, 5_328, 700),
    ],
    rules: market::PHOTOGRAPHS,
    read: |root| read_np(&NP_LABELED, root, "labeled"),
    ..NP_DETECTED
};

pub(super) const CLASSIC_DETECTED: DatasetInfo = DatasetInfo {
    name: "cuhk03-classic-detected",
    layout: "\
cuhk03/                       as torchreid extracts it
    images_detected/1_001_1_01.png
    splits_classic_detected.json",
    folders: &["cuhk03", "CUHK03"],
    markers: &["splits_classic_detected.json"],
    counts: &[],
    family: "cuhk03-classic",
    rules: CLASSIC_RULES,
    read: |root| read_classic(&CLASSIC_DETECTED, root, "detected"),
    further,
    ..NP_DETECTED
};

pub(super) const CLASSIC_LABELED: DatasetInfo = DatasetInfo {
    name: "cuhk03-classic-labeled",
    layout: "\
cuhk03/                       as torchreid extracts it
    images_labeled/1_001_1_01.png
    splits_classic_labeled.json",
    markers: &["splits_classic_labeled.json"],
    rules: CLASSIC_RULES,
    read: |root| read_classic(&CLASSIC_LABELED, root, "labeled"),
    ..CLASSIC_DETECTED
};

/// The classic splits: photographs against galleries of one photograph per person, over 20 trials.
const CLASSIC_RULES: TaskRules = TaskRules {
    usual: &["rgb-rgb"],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| {
        request.every_query(&[(Modality::Rgb, Modality::Rgb)], Protocol::Cuhk03Classic)
    },
};

/// One element of a splits file: rows `[path, identity, camera]`, cameras numbered from 0.
#[derive(Deserialize)]
struct Division {
    train: Vec<ListedRow>,
    query: Vec<ListedRow>,
    gallery: Vec<ListedRow>,
}

/// A path, an identity and a camera.
type ListedRow = (String, i64, i64);

/// Classic splits, and the people that each of them tests.
const SPLITS: usize = 20;
const TESTED: usize = 100;

/// Pairs of cameras, each with people of its own, and the most people that one of them may have: identities are numbered
/// from both.
const PAIRS: i64 = 5;
const PEOPLE_OF_PAIR: i64 = 999;

/// Largest splits file: 20 splits of 14,097 rows take about 30 MB.
const LARGEST: u64 = 1 << 26;

fn read_np(info: &DatasetInfo, root: &Path, boxes: &str) -> Result<Dataset> {
    let splits = root.join(format!("splits_new_{boxes}.json"));
    if !splits.is_file() {
        return market::read(info, root, 1..=2);
    }
    let divisions: Vec<Division> = document(&splits, LARGEST)?;
    let only = divisions.first().ok_or_else(|| DataError::Parse {
        path: splits.clone(),
        problem: "it holds no split".into(),
    })?;
    let part = |name: &str, rows: &[ListedRow]| {
        samples(info, &splits, (root, boxes), rows).map_err(in_list(name))
    };
    Ok(Dataset {
        train: part("train", &only.train)?,
        query: part("query", &only.query)?,
        gallery: part("gallery", &only.gallery)?,
        ..Dataset::default()
    })
}

/// Names the list in the error of a row: a file holds several, whose rows are counted anew.
fn in_list(list: &str) -> impl FnOnce(DataError) -> DataError {
    move |error| match error {
        DataError::Row { path, row, problem } => {
            DataError::Row { path, row, problem: format!("{list}: {problem}") }
        }
        other => other,
    }
}

/// All 20 test splits as trials. Training on one split and testing on the others would show the model its test people, so there is
/// no training part.
fn read_classic(info: &DatasetInfo, root: &Path, boxes: &str) -> Result<Dataset> {
    let splits = root.join(format!("splits_classic_{boxes}.json"));
    let (mut query, mut gallery, mut trials) = (Shared::default(), Shared::default(), Vec::new());
    for (number, division) in (1..).zip(document::<Vec<Division>>(&splits, LARGEST)?) {
        let part = |name: &str, rows: &[ListedRow]| {
            let list = format!("{name} of split {number}");
            samples(info, &splits, (root, boxes), rows).map_err(in_list(&list))
        };
        trials.push(Trial {
            query: query.add(part("query", &division.query)?),
            gallery: gallery.add(part("gallery", &division.gallery)?),
        });
    }
    Ok(Dataset { query: query.samples, gallery: gallery.samples, trials, ..Dataset::default() })
}

/// The 20 splits, each with its 100 test people.
fn further(_: &Path, dataset: &Dataset) -> Result<Vec<FurtherCount>> {
    let mut counts = vec![FurtherCount::new("test splits", dataset.trials.len(), SPLITS)];
    for (number, trial) in (1..).zip(&dataset.trials) {
        let asked = trial.query.iter().map(|i| dataset.query[*i].identity);
        let people = asked.collect::<BTreeSet<_>>().len();
        counts.push(FurtherCount::new(format!("test people of split {number}"), people, TESTED));
    }
    Ok(counts)
}

/// The paths of a splits file are those of the machine that extracted the pictures: the base name is what counts. So is its
/// identity `<pair>_<person>_<view>_<image>.png`, which is unique where the labels of the splits are renumbered in each.
fn samples(
    info: &DatasetInfo,
    splits: &Path,
    (root, boxes): (&Path, &str),
    rows: &[ListedRow],
) -> Result<Vec<Sample>> {
    let folder = format!("images_{boxes}");
    let mut once = Once::default();
    rows.iter()
        .enumerate()
        .map(|(i, (path, _, _))| {
            let name = file_name(Path::new(&path.replace('\\', "/")));
            let fields: Vec<i64> =
                name.trim_end_matches(".png").split('_').filter_map(|f| f.parse().ok()).collect();
            let problem = |problem: String| DataError::Row {
                path: splits.to_path_buf(),
                row: i + 1,
                problem,
            };
            let [pair, person, view, _] = fields[..] else {
                let pattern = "<pair>_<person>_<view>_<image>.png";
                return Err(problem(format!("`{name}` does not match {pattern}")));
            };
            for (what, number, largest) in
                [("pair", pair, PAIRS), ("person", person, PEOPLE_OF_PAIR), ("view", view, 2)]
            {
                if !(1..=largest).contains(&number) {
                    return Err(problem(format!(
                        "`{name}`: the {what} is {number}, expected 1 to {largest}"
                    )));
                }
            }
            let file = info.listed(splits, i + 1, (root, &folder), &name)?;
            once.check(splits, i + 1, &file)?;
            let identity = (PEOPLE_OF_PAIR + 1) * pair + person;
            Ok(Sample::picture(identity, Modality::Rgb, file).taken_by(view))
        })
        .collect()
}
