//! Market-1501 (Zheng et al., ICCV 2015).

use super::{DatasetName, file_name, images};
use crate::{Camera, Content, DataError, Dataset, Identity, Modality, Result, Sample};
use regex::Regex;
use std::path::Path;
use std::sync::LazyLock;

pub(super) const LAYOUT: &str = "\
Market-1501-v15.09.15/
    bounding_box_train/  0002_c1s1_000451_03.jpg
    bounding_box_test/   0001_c1s1_001051_00.jpg   (0000_… distractors, -1_… junk)
    query/               0001_c1s1_001051_00.jpg";

const PATTERN: &str = r"^(-?\d+)_c(\d)";

pub(super) fn read(root: &Path) -> Result<Dataset> {
    let split = |folder: &str| -> Result<Vec<Sample>> {
        let samples = images(DatasetName::Market1501, &root.join(folder))?.iter().map(|p| sample(p)).collect::<Result<Vec<_>>>()?;
        // Junk (−1) is dropped when loading, as in the reference loaders; distractors (0) stay in the gallery.
        Ok(samples.into_iter().filter(|s| s.identity != Identity(-1)).collect())
    };
    let keep = |mut samples: Vec<Sample>| {
        samples.retain(|s| s.identity.0 > 0);
        samples
    };
    Ok(Dataset {
        train: keep(split("bounding_box_train")?),
        query: keep(split("query")?),
        gallery: split("bounding_box_test")?,
        ..Dataset::default()
    })
}

/// Parses the base name only: a folder such as `run1_c2` must not match.
fn sample(path: &Path) -> Result<Sample> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(PATTERN).expect("the pattern is valid"));
    let wrong =
        || DataError::Name { dataset: "market1501", path: path.to_path_buf(), pattern: "<identity>_c<camera>s<sequence>_<frame>_<detection>.jpg" };
    let name = file_name(path);
    let fields = NAME.captures(&name).ok_or_else(wrong)?;
    Ok(Sample {
        identity: Identity(fields[1].parse().map_err(|_| wrong())?),
        camera: Some(Camera(fields[2].parse().map_err(|_| wrong())?)),
        modality: Modality::Rgb,
        content: Content::Image(path.to_path_buf()),
        source: None,
        attributes: Vec::new(),
    })
}
