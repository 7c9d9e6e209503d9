//! SYSU-MM01 (Wu et al., ICCV 2017).

use super::{DatasetName, comma_separated, images};
use crate::{Camera, Content, DataError, Dataset, Identity, Modality, Result, Sample};
use std::path::Path;

pub(super) const LAYOUT: &str = "\
SYSU-MM01/
    cam1/0001/0001.jpg …   cam1, cam2, cam4, cam5 RGB; cam3, cam6 infrared
    exp/train_id.txt  exp/val_id.txt  exp/test_id.txt   (one comma-separated line each)";

/// Cameras that see infrared light.
const INFRARED: [i64; 2] = [3, 6];

pub(super) fn read(root: &Path) -> Result<Dataset> {
    let test = ids(root, "test_id.txt")?;
    let mut train = ids(root, "train_id.txt")?;
    // Training uses train and validation identities together (395 of them), as in the reference code.
    train.extend(ids(root, "val_id.txt")?);
    train.sort_unstable();
    let test = samples(root, &test)?;
    let (query, gallery) = test.into_iter().partition(|s| s.modality == Modality::Infrared);
    Ok(Dataset { train: samples(root, &train)?, query, gallery, ..Dataset::default() })
}

fn ids(root: &Path, file: &str) -> Result<Vec<i64>> {
    let mut ids = comma_separated(&root.join("exp").join(file))?;
    ids.sort_unstable();
    Ok(ids)
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
            for path in images(DatasetName::SysuMm01, &directory)? {
                let modality = if INFRARED.contains(&camera) { Modality::Infrared } else { Modality::Rgb };
                samples.push(Sample {
                    identity: Identity(*id),
                    camera: Some(Camera(camera)),
                    modality,
                    content: Content::Image(path),
                    source: None,
                    attributes: Vec::new(),
                });
            }
        }
        if samples.len() == before {
            let path = root.join(format!("cam*/{id:04}"));
            return Err(DataError::Empty { dataset: "sysu-mm01", what: "images of a listed identity", path });
        }
    }
    Ok(samples)
}
