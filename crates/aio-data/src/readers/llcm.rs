//! LLCM (Zhang and Wang, CVPR 2023).

use super::{DatasetName, comma_separated, file_name, images, listed};
use crate::{Camera, Content, DataError, Dataset, Identity, Modality, Result, Sample, fs};
use regex::Regex;
use std::path::Path;
use std::sync::LazyLock;

pub(super) const LAYOUT: &str = "\
LLCM/
    idx/{train_vis,train_nir,test_vis,test_nir}.txt    lines `nir/0001/0001_c01_s185535_f7010_nir.jpg 0`
    idx/test_id.txt                                    one comma-separated line
    vis/0001/…  nir/0001/…                             training images
    test_vis/cam1..cam9/0003/…  test_nir/cam…/0003/…   test images";

const PATTERN: &str = r"^(\d+)_c(\d+)_s\d+_f\d+_(vis|nir)";

pub(super) fn read(root: &Path) -> Result<Dataset> {
    let mut train = Vec::new();
    for name in ["train_vis", "train_nir"] {
        let list = root.join(format!("idx/{name}.txt"));
        for (i, line) in fs::read_to_string(&list)?.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let Some((path, _label)) = line.trim().rsplit_once(' ') else {
                let problem = format!("expected `<path> <label>`, found `{line}`");
                return Err(DataError::Row { path: list, row: i + 1, problem });
            };
            train.push(sample(&listed(&list, i + 1, root, path)?)?);
        }
    }
    let ids = comma_separated(&root.join("idx/test_id.txt"))?;
    let (query, gallery) = (test(root, "test_nir", &ids)?, test(root, "test_vis", &ids)?);
    Ok(Dataset { train, query, gallery, ..Dataset::default() })
}

/// Test images in the order identity, camera, file name: the order over which the reference code draws trials.
fn test(root: &Path, folder: &str, ids: &[i64]) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for id in ids {
        for camera in 1..=9 {
            let directory = root.join(format!("{folder}/cam{camera}/{id:04}"));
            if directory.is_dir() {
                for path in images(DatasetName::Llcm, &directory)? {
                    samples.push(sample(&path)?);
                }
            }
        }
    }
    if samples.is_empty() {
        return Err(DataError::Empty { dataset: "llcm", what: "images of the identities in idx/test_id.txt", path: root.join(folder) });
    }
    Ok(samples)
}

/// Parses the base name only: reference loaders split the whole path at `cam` and fail under `/home/camille`.
fn sample(path: &Path) -> Result<Sample> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(PATTERN).expect("the pattern is valid"));
    let wrong = || DataError::Name { dataset: "llcm", path: path.to_path_buf(), pattern: "<identity>_c<camera>_s<time>_f<frame>_<vis|nir>.jpg" };
    let name = file_name(path);
    let fields = NAME.captures(&name).ok_or_else(wrong)?;
    Ok(Sample {
        identity: Identity(fields[1].parse().map_err(|_| wrong())?),
        camera: Some(Camera(fields[2].parse().map_err(|_| wrong())?)),
        modality: if &fields[3] == "vis" { Modality::Rgb } else { Modality::Infrared },
        content: Content::Image(path.to_path_buf()),
        source: None,
        attributes: Vec::new(),
    })
}
