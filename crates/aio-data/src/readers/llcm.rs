//! LLCM (Zhang and Wang, CVPR 2023).

use super::{DatasetInfo, count, nothing_further};
use crate::evaluation::{
    Direction, Evaluation, GalleryItem, Query, Refusal, TaskRules, TestSet, photograph_combinations,
};
use crate::list::{Once, comma_separated, file_name, lines};
use crate::sample::Trial;
use crate::{DataError, Dataset, Result, Sample, Split};
use aio_eval::{Entry, Protocol, single_shot};
use aio_types::{Camera, Modality};
use regex::Regex;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, LazyLock};

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: "llcm",
    modalities: &[Modality::Rgb, Modality::Infrared],
    layout: "\
LLCM/
    idx/{train_vis,train_nir,test_vis,test_nir}.txt    lines `nir/0001/0001_c01_s185535_f7010_nir.jpg 0`
    idx/test_id.txt                                    one comma-separated line
    vis/0001/…  nir/0001/…                             training images
    test_vis/cam1..cam9/0003/…  test_nir/cam…/0003/…   test images",
    folders: &["LLCM", "llcm"],
    markers: &["idx/train_vis.txt"],
    counts: &[
        count(Split::Train, Modality::Rgb, 16_946, 713),
        count(Split::Train, Modality::Infrared, 13_975, 713),
        count(Split::Gallery, Modality::Rgb, 8_680, 351),
        count(Split::Query, Modality::Infrared, 7_166, 351),
    ],
    terms: "signed agreement with its authors",
    people: &["llcm"],
    family: "llcm",
    rules: RULES,
    splits: None,
    read,
    further: nothing_further,
};

/// Infrared queries against photographs and photographs against infrared pictures, over ten drawn galleries.
const RULES: TaskRules = TaskRules {
    usual: &["infrared-rgb", "rgb-infrared"],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| {
        if let Some(word) = request.variants.iter().find(|word| *word != RELEASED) {
            let known = "released (of infrared-rgb)";
            return Err(Refusal::Variant { word: word.clone(), known });
        }
        let (direction, released) = (request.direction, !request.variants.is_empty());
        let reversed = direction.is(Modality::Rgb, Modality::Infrared);
        if reversed && released {
            return Err(Refusal::Combination {
                problem: "the released code searches photographs with drawn infrared pictures where it names \"visible to infrared\"",
                hint: "that is llcm.infrared-rgb.released; the direction of the paper is llcm.rgb-infrared",
            });
        }
        if !reversed && !direction.is(Modality::Infrared, Modality::Rgb) {
            return Err(Refusal::Direction);
        }
        Ok(Arc::new(InfraredSearch { direction, reversed, released }))
    },
};

/// The variant of infrared queries that is what the released code evaluates as "visible to infrared" (`DEEN/test.py`, `test_mode=[2,1]`).
const RELEASED: &str = "released";

/// Trials over which scores are averaged.
const DRAWS: u32 = 10;

/// Cameras from which single-shot draws are made.
const CAMERAS: [Camera; 9] = [
    Camera(1),
    Camera(2),
    Camera(3),
    Camera(4),
    Camera(5),
    Camera(6),
    Camera(7),
    Camera(8),
    Camera(9),
];

#[derive(Debug)]
struct InfraredSearch {
    direction: Direction,
    /// Whether photographs are the queries.
    reversed: bool,
    /// Whether the queries are drawn and the gallery is whole.
    released: bool,
}

impl Evaluation for InfraredSearch {
    fn variants(&self) -> Vec<String> {
        if self.released { vec![RELEASED.to_owned()] } else { Vec::new() }
    }

    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(Protocol::Llcm)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        Ok(TestSet::of_either_side(dataset, self.direction, self.reversed))
    }

    fn trials(&self, _: &Dataset, test: &TestSet) -> Result<Vec<Trial>> {
        let entry = |picture: &GalleryItem| picture.entry;
        let shown: Vec<Entry> = test.gallery.iter().map(entry).collect();
        let asked: Vec<Entry> = test.queries.iter().map(|query: &Query| query.entry).collect();
        let whole = Trial::of_all(asked.len(), shown.len());
        let drawn = |trial: u32| {
            if self.released {
                Trial { query: single_shot(&asked, &CAMERAS, trial), ..whole.clone() }
            } else {
                Trial { gallery: single_shot(&shown, &CAMERAS, trial), ..whole.clone() }
            }
        };
        Ok((0..DRAWS).map(drawn).collect())
    }
}

const PATTERN: &str = r"^(\d+)_c(\d+)_s\d+_f\d+_(vis|nir)";

fn read(root: &Path) -> Result<Dataset> {
    let mut train = Vec::new();
    for name in ["train_vis", "train_nir"] {
        let list = root.join(format!("idx/{name}.txt"));
        let mut once = Once::default();
        for (row, line) in lines(&list)? {
            let Some((path, _label)) = line.rsplit_once(' ') else {
                let problem = format!("expected `<path> <label>`, found `{line}`");
                return Err(DataError::Row { path: list, row, problem });
            };
            let file = INFO.listed(&list, row, (root, ""), path)?;
            once.check(&list, row, &file)?;
            train.push(sample(&file)?);
        }
    }
    let ids = comma_separated(&root.join("idx/test_id.txt"))?;
    let (query, gallery) = (test(root, "test_nir", &ids)?, test(root, "test_vis", &ids)?);
    Ok(Dataset { train, query, gallery, ..Dataset::default() })
}

/// Test images in the order identity, camera, file name: the order over which the reference code draws trials.
fn test(root: &Path, folder: &str, ids: &[i64]) -> Result<Vec<Sample>> {
    let named = listed_cameras(&root.join(format!("idx/{folder}.txt")))?;
    let folders = named.into_iter().map(|camera| root.join(format!("{folder}/cam{}", camera.0)));
    if let Some(missing) = folders.into_iter().find(|folder| !folder.is_dir()) {
        return Err(INFO.missing(missing));
    }
    let mut samples = Vec::new();
    for id in ids {
        for camera in 1..=9 {
            let directory = root.join(format!("{folder}/cam{camera}/{id:04}"));
            if directory.is_dir() {
                for path in INFO.images(&directory)? {
                    samples.push(sample(&path)?);
                }
            }
        }
    }
    if samples.is_empty() {
        return Err(DataError::Empty {
            dataset: "llcm",
            what: "images of the identities in idx/test_id.txt".into(),
            path: root.join(folder),
        });
    }
    Ok(samples)
}

/// The cameras of the pictures that the list of a test folder names. Which cameras have a folder cannot be known otherwise: the reference code reads
/// none of camera 3 in infrared. Nothing else is taken from the list, which is not needed for an evaluation; a copy may lack it.
fn listed_cameras(list: &Path) -> Result<BTreeSet<Camera>> {
    if !list.is_file() {
        return Ok(BTreeSet::new());
    }
    let pictures = lines(list)?.into_iter().filter_map(|(_, line)| {
        let path = line.rsplit_once(' ').map_or(&*line, |(path, _label)| path);
        sample(Path::new(path)).ok()?.camera
    });
    Ok(pictures.collect())
}

/// Takes identity and camera from the base name: reference loaders split the whole path at `cam` and fail under `/home/camille`. They take the
/// identity from the folder, so that a file in the folder of somebody else is refused.
fn sample(path: &Path) -> Result<Sample> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(PATTERN).expect("the pattern is valid"));
    let wrong = || DataError::Name {
        dataset: "llcm",
        path: path.to_path_buf(),
        pattern: "<identity>_c<camera>_s<time>_f<frame>_<vis|nir>.jpg",
    };
    let name = file_name(path);
    let fields = NAME.captures(&name).ok_or_else(wrong)?;
    let modality = if &fields[3] == "vis" { Modality::Rgb } else { Modality::Infrared };
    let identity: i64 = fields[1].parse().map_err(|_| wrong())?;
    let folder = path.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    let of_folder: Option<i64> = folder.and_then(|folder| folder.parse().ok());
    if let Some(other) = of_folder.filter(|other| *other != identity) {
        let problem =
            format!("identity {identity} by its name, and {other} by its folder; expected one");
        return Err(DataError::Parse { path: path.to_path_buf(), problem });
    }
    Ok(Sample::picture(identity, modality, path.to_path_buf())
        .taken_by(fields[2].parse().map_err(|_| wrong())?))
}
