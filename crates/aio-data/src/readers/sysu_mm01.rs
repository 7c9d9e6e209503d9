//! SYSU-MM01 (Wu et al., ICCV 2017).

use super::list::{comma_separated, images};
use super::{Card, DatasetName, count, matlab};
use crate::{DataError, Dataset, Result, Sample, Split, fs};
use aio_types::Modality;
use std::path::{Path, PathBuf};

pub(super) const CARD: Card = Card {
    name: "sysu-mm01",
    modalities: &[Modality::Rgb, Modality::Infrared],
    layout: "\
SYSU-MM01/
    cam1/0001/0001.jpg …   cam1, cam2, cam4, cam5 RGB; cam3, cam6 infrared
    exp/train_id.txt  exp/val_id.txt  exp/test_id.txt   (one comma-separated line each)
    rand_perm_cam.mat, or below exp/                      (the authors' gallery draws, if these are wanted)",
    folders: &["SYSU-MM01", "sysu-mm01"],
    markers: &["exp/test_id.txt"],
    counts: &[
        count(Split::Train, Modality::Rgb, 22_258, 395),
        count(Split::Train, Modality::Infrared, 11_909, 395),
        count(Split::Query, Modality::Infrared, 3_803, 96),
        count(Split::Gallery, Modality::Rgb, 6_775, 96),
    ],
    terms: "signed agreement with its authors",
    people: &["sysu-mm01"],
    family: "sysu-mm01",
    read,
};

/// Cameras that see infrared light.
const INFRARED: [i64; 2] = [3, 6];

fn read(root: &Path) -> Result<Dataset> {
    let test = ids(root, "test_id.txt")?;
    let mut train = ids(root, "train_id.txt")?;
    // Training uses train and validation identities together (395 of them), as in the reference code.
    train.extend(ids(root, "val_id.txt")?);
    train.sort_unstable();
    let test = samples(root, &test)?;
    let (query, gallery) = test.into_iter().partition(|s| s.modality == Modality::Infrared);
    Ok(Dataset {
        train: samples(root, &train)?,
        query,
        gallery,
        permutations: Permutations::find(root),
        ..Dataset::default()
    })
}

fn ids(root: &Path, file: &str) -> Result<Vec<i64>> {
    let mut ids = comma_separated(&root.join("exp").join(file))?;
    ids.sort_unstable();
    Ok(ids)
}

/// Test samples of the SYSU-MM01 copy at or below `root`, in the order identity, camera, file name.
///
/// # Errors
/// [`DataError`] naming what is missing.
pub fn test_samples(root: &Path) -> Result<Vec<Sample>> {
    let directory = DatasetName::SysuMm01.locate(root)?;
    samples(&directory, &ids(&directory, "test_id.txt")?)
}

/// The official galleries: `rand_perm_cam.mat` of the data set's authors.
///
/// Its variable `rand_perm_cam` is a cell per camera of a cell per identity of a matrix `[10, images]`, whose row t is the
/// permutation of that identity's images at that camera in trial t, counted from 1.
#[derive(Debug)]
pub struct Permutations {
    path: PathBuf,
    cameras: Vec<matlab::Value>,
}

impl Permutations {
    /// Name of the authors' file.
    pub const FILE: &str = "rand_perm_cam.mat";

    /// Reads the authors' file.
    ///
    /// # Errors
    /// [`DataError`] if it is damaged or holds something else.
    pub fn read(path: &Path) -> Result<Self> {
        match matlab::read(path)?.remove("rand_perm_cam") {
            Some(matlab::Value::Cell(cameras)) => Ok(Self { path: path.to_path_buf(), cameras }),
            _ => Err(DataError::Parse {
                path: path.to_path_buf(),
                problem: "no cell array `rand_perm_cam`".into(),
            }),
        }
    }

    /// Looks for the authors' file below `root`, at most three folders deep.
    #[must_use]
    pub fn find(root: &Path) -> Option<PathBuf> {
        fn search(directory: &Path, depth: usize) -> Option<PathBuf> {
            let file = directory.join(Permutations::FILE);
            if file.is_file() {
                return Some(file);
            }
            // The cameras' folders hold thousands of identities and no lists.
            let is_camera = |path: &Path| {
                path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("cam"))
            };
            let folders = fs::sorted_entries(directory)
                .ok()?
                .into_iter()
                .filter(|p| p.is_dir() && !is_camera(p));
            (depth > 0)
                .then(|| folders.into_iter().find_map(|folder| search(&folder, depth - 1)))
                .flatten()
        }
        search(root, 3)
    }

    /// The first `shots` images of (`camera`, `identity`) in `trial` (from 0), as places from 0 among `count` images in the
    /// order of their file names.
    ///
    /// # Errors
    /// [`DataError`] naming camera and identity if the file does not hold that many images of them.
    pub fn choose(
        &self,
        camera: i64,
        identity: i64,
        trial: usize,
        count: usize,
        shots: usize,
    ) -> Result<Vec<usize>> {
        let problem = |problem: String| DataError::Parse {
            path: self.path.clone(),
            problem: format!("camera {camera}, identity {identity}: {problem}"),
        };
        let cell = |value: &matlab::Value, index: i64| match value {
            matlab::Value::Cell(cells) => {
                usize::try_from(index - 1).ok().and_then(|i| cells.get(i)).cloned()
            }
            _ => None,
        };
        let of_camera = usize::try_from(camera - 1)
            .ok()
            .and_then(|i| self.cameras.get(i))
            .ok_or_else(|| problem("no such camera".into()))?;
        let Some(matlab::Value::Matrix { rows, columns, values }) = cell(of_camera, identity)
        else {
            return Err(problem("no permutations".into()));
        };
        if columns != count || trial >= rows {
            return Err(problem(format!(
                "permutations [{rows}, {columns}] for trial {} of {count} images on disk",
                trial + 1
            )));
        }
        let entry = |place: usize| {
            let value = values[place * rows + trial];
            (value >= 1.0 && value <= count as f64)
                .then(|| value as usize - 1)
                .ok_or_else(|| problem(format!("{value} is none of the {count} images")))
        };
        (0..shots.min(count)).map(entry).collect()
    }
}

/// Samples in the order identity, camera, file name: the order over which the reference code draws trials.
fn samples(root: &Path, ids: &[i64]) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for id in ids {
        let before = samples.len();
        for camera in 1..=6 {
            let directory = root.join(format!("cam{camera}/{id:04}"));
            if !directory.is_dir() {
                continue;
            }
            for path in images(&CARD, &directory)? {
                let modality =
                    if INFRARED.contains(&camera) { Modality::Infrared } else { Modality::Rgb };
                samples.push(Sample::picture(*id, modality, path).taken_by(camera));
            }
        }
        if samples.len() == before {
            let path = root.join(format!("cam*/{id:04}"));
            return Err(DataError::Empty {
                dataset: "sysu-mm01",
                what: "images of a listed identity",
                path,
            });
        }
    }
    Ok(samples)
}
