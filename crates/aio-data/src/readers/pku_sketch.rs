//! PKU-Sketch (Pang et al., ACM MM 2018).

use super::shared::Shared;
use super::{Count, DatasetInfo, FurtherCount, Splits, count};
use crate::evaluation::{TaskRules, photograph_combinations};
use crate::list::{Once, file_name, lines};
use crate::sample::Trial;
use crate::{DataError, Dataset, Result, Sample, Split, fs};
use aio_eval::Protocol;
use aio_types::Modality;
use std::collections::{BTreeMap, BTreeSet};
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
    // Which of the 200 people are tested in any of the ten splits depends on the lists.
    counts: &[],
    terms: "research use; from its authors",
    people: &["pku-sketch"],
    family: "pku-sketch",
    rules: RULES,
    splits: Some(&SPLITS),
    read,
    further,
};

const SPLITS: Splits = Splits { names: &NAMES, read: read_split, counts: &COUNTS_OF_SPLIT };

/// Published counts of one split: two photographs and one sketch of every person.
const COUNTS_OF_SPLIT: [Count; 4] = [
    count(Split::Train, Modality::Rgb, 300, 150),
    count(Split::Train, Modality::Sketch, 150, 150),
    count(Split::Query, Modality::Sketch, 50, 50),
    count(Split::Gallery, Modality::Rgb, 100, 50),
];

/// The pictures in the folders, whichever splits name them, and the sizes of the test splits.
fn further(root: &Path, dataset: &Dataset) -> Result<Vec<FurtherCount>> {
    let (photos, sketches) =
        (INFO.images(&root.join("photo"))?, INFO.images(&root.join("sketch"))?);
    // `1_05_356.jpg`: the identity stands first.
    let person = |path: &PathBuf| file_name(path).split('_').next().map(str::to_owned);
    let people: BTreeSet<_> = photos.iter().map(person).collect();
    let mut counts = vec![
        FurtherCount::new("files in photo/", photos.len(), 400),
        FurtherCount::new("people in photo/", people.len(), 200),
        FurtherCount::new("files in sketch/", sketches.len(), 200),
        FurtherCount::new("people with an artist in styleAnnotation/", artists(root)?.len(), 200),
    ];
    counts.extend(FurtherCount::of_trials(dataset, &NAMES, (50, 50), (100, 50)));
    Ok(counts)
}

/// Sketches against photographs, over the test splits.
const RULES: TaskRules = TaskRules {
    usual: &["sketch-rgb"],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| request.every_query(&[(Modality::Sketch, Modality::Rgb)], Protocol::None),
};

/// Names of the data set with all splits and with each.
const NAMES: [&str; 11] = [
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

/// The five artists.
const ARTISTS: [char; 5] = ['a', 'b', 'c', 'd', 'e'];

/// Random splits that the list files hold.
const SPLIT_COUNT: u8 = 10;

fn lists(root: &Path) -> Result<PathBuf> {
    let lists =
        ["idx", "chen_idx2"].map(|folder| root.join(folder)).into_iter().find(|p| p.is_dir());
    lists.ok_or_else(|| INFO.missing(root.join("idx")))
}

/// The ten test splits as trials. Each split's model is trained on people that other splits test, so there is no training part.
fn read(root: &Path) -> Result<Dataset> {
    tests(root, 1..=SPLIT_COUNT)
}

/// One split: training and test.
fn read_split(root: &Path, split: u8) -> Result<Dataset> {
    let (lists, artists) = (lists(root)?, artists(root)?);
    let mut dataset = tests(root, split..=split)?;
    for (list, modality) in [("visible", Modality::Rgb), ("sketch", Modality::Sketch)] {
        let list = lists.join(format!("train_{list}_{split}.txt"));
        dataset.train.extend(rows(root, &list, modality, &artists)?);
    }
    Ok(dataset)
}

/// The test parts of `splits`, which share pictures.
fn tests(root: &Path, splits: RangeInclusive<u8>) -> Result<Dataset> {
    let (lists, artists) = (lists(root)?, artists(root)?);
    let (mut query, mut gallery, mut trials) = (Shared::default(), Shared::default(), Vec::new());
    for split in splits {
        let visible = lists.join(format!("test_visible_{split}.txt"));
        let sketches = lists.join(format!("test_sketch_{split}.txt"));
        trials.push(Trial {
            gallery: gallery.add(rows(root, &visible, Modality::Rgb, &artists)?),
            query: query.add(rows(root, &sketches, Modality::Sketch, &artists)?),
        });
    }
    Ok(Dataset { query: query.samples, gallery: gallery.samples, trials, ..Dataset::default() })
}

/// Who drew the sketch of each person, from `styleAnnotation/{a_46,…,e_22}.txt`; empty where a copy lacks that folder.
///
/// The lists number the artists 1, 2, 3, 4, 4: they do not tell the fourth from the fifth.
fn artists(root: &Path) -> Result<BTreeMap<i64, char>> {
    let folder = root.join("styleAnnotation");
    let mut artists = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(artists);
    }
    for file in fs::sorted_entries(&folder)? {
        // Other files, which desktop programs leave behind, name nobody.
        let name = file_name(&file);
        let Some((artist, count)) = name.strip_suffix(".txt").and_then(|n| n.split_once('_'))
        else {
            continue;
        };
        let artist: Option<char> = artist.parse().ok().filter(|a| ARTISTS.contains(a));
        let (Some(artist), Ok(count)) = (artist, count.parse::<usize>()) else { continue };
        let people = lines(&file)?;
        if people.len() != count {
            let problem = format!("it names {} people, its name says {count}", people.len());
            return Err(DataError::Parse { path: file, problem });
        }
        for (row, line) in people {
            let problem = |problem: String| DataError::Row { path: file.clone(), row, problem };
            let person = line.parse().map_err(|_| problem(format!("`{line}` is no identity")))?;
            if let Some(other) = artists.insert(person, artist) {
                return Err(problem(format!("the artist of {person} is {other} already")));
            }
        }
    }
    Ok(artists)
}

/// Rows `photo/115_03_2433.jpg 115 03 0` (path, identity, camera, label) or `sketch/115.jpg 115 0 1` (path, identity, label, style).
fn rows(
    root: &Path,
    list: &Path,
    modality: Modality,
    artists: &BTreeMap<i64, char>,
) -> Result<Vec<Sample>> {
    let mut once = Once::default();
    let parsed = lines(list)?.into_iter().map(|(row, line)| {
        let problem = |problem: String| DataError::Row { path: list.to_path_buf(), row, problem };
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [path, identity, third, _] = fields[..] else {
            return Err(problem(format!(
                "expected four columns, found {}: `{line}`",
                fields.len()
            )));
        };
        let number = |field: &str| {
            field.parse::<i64>().map_err(|_| problem(format!("`{field}` is not a number")))
        };
        let file = INFO.listed(list, row, (root, ""), path)?;
        once.check(list, row, &file)?;
        let identity = number(identity)?;
        let sample = Sample::picture(identity, modality, file);
        if modality == Modality::Rgb {
            return Ok(sample.taken_by(number(third)?));
        }
        let artist = artists.get(&identity).copied();
        if artist.is_none() && !artists.is_empty() {
            let files = "styleAnnotation/{a,b,c,d,e}_*.txt";
            return Err(problem(format!("{files} name no artist of identity {identity}")));
        }
        Ok(Sample { artist, ..sample })
    });
    parsed.collect()
}
