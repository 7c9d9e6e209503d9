//! SYSU-MM01 (Wu et al., ICCV 2017).

mod galleries;
mod permutations;
mod tasks;

use galleries::{DRAWS, PERMUTATIONS_HINT, SINGLE_SHOT, official_galleries};
pub use galleries::{Mode, Source, TrialGallery, galleries};
use permutations::Permutations;

use super::{DatasetInfo, count, nothing_further};
use crate::list::comma_separated;
use crate::{DataError, Dataset, Result, Sample, Split};
use aio_types::Modality;
use std::path::Path;

pub(super) const INFO: DatasetInfo = DatasetInfo {
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
    rules: tasks::RULES,
    splits: None,
    read,
    further: nothing_further,
};

/// Cameras of the data set.
const CAMERAS: std::ops::RangeInclusive<i64> = 1..=6;

/// Cameras that see infrared light.
const INFRARED: [i64; 2] = [3, 6];

fn read(root: &Path) -> Result<Dataset> {
    let test = ids(root, "test_id.txt")?;
    let mut train = ids(root, "train_id.txt")?;
    // Training uses train and validation identities together (395 of them), as in the reference code.
    train.extend(ids(root, "val_id.txt")?);
    train.sort_unstable();
    // A copy whose training list holds the validation identities as well shows each picture once all the same.
    train.dedup();
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

/// Samples in the order identity, camera, file name: the order over which the reference code draws trials.
fn samples(root: &Path, ids: &[i64]) -> Result<Vec<Sample>> {
    // Not every person was seen by every camera, but a camera that saw nobody is one that was not copied.
    let folders = CAMERAS.map(|camera| root.join(format!("cam{camera}")));
    if let Some(missing) = folders.into_iter().find(|folder| !folder.is_dir()) {
        return Err(INFO.missing(missing));
    }
    let mut samples = Vec::new();
    for id in ids {
        let before = samples.len();
        for camera in CAMERAS {
            let directory = root.join(format!("cam{camera}/{id:04}"));
            if !directory.is_dir() {
                continue;
            }
            for path in INFO.images(&directory)? {
                let modality =
                    if INFRARED.contains(&camera) { Modality::Infrared } else { Modality::Rgb };
                samples.push(Sample::picture(*id, modality, path).taken_by(camera));
            }
        }
        if samples.len() == before {
            let path = root.join(format!("cam*/{id:04}"));
            return Err(DataError::Empty {
                dataset: "sysu-mm01",
                what: "images of a listed identity".into(),
                path,
            });
        }
    }
    Ok(samples)
}
