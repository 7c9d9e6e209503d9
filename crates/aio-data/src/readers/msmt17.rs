//! MSMT17 (Wei et al., CVPR 2018), first and second version.

use super::{DatasetInfo, count, market, nothing_further};
use crate::list::{Once, lines};
use crate::{DataError, Dataset, Result, Sample, Split};
use aio_types::Modality;
use std::ops::Range;
use std::path::Path;

pub(super) const V1: DatasetInfo = DatasetInfo {
    name: "msmt17",
    modalities: &[Modality::Rgb],
    layout: "\
MSMT17_V1/
    train/0000/0000_000_01_0303morning_0008_0.jpg
    test/0000/0000_000_01_0303morning_0006_0.jpg
    list_train.txt  list_val.txt  list_query.txt  list_gallery.txt    lines `0000/0000_000_01_0303morning_0008_0.jpg 0`",
    folders: &["MSMT17_V1", "msmt17/MSMT17_V1", "MSMT17"],
    markers: &["list_train.txt"],
    counts: &[
        count(Split::Train, Modality::Rgb, 30_248, 1_041),
        count(Split::Validation, Modality::Rgb, 2_373, 1_041),
        count(Split::Query, Modality::Rgb, 11_659, 3_060),
        count(Split::Gallery, Modality::Rgb, 82_161, 3_060),
    ],
    terms: "signed agreement with its authors",
    people: &["msmt17"],
    family: "msmt17",
    rules: market::PHOTOGRAPHS,
    splits: None,
    read: |root| read(&V1, root, "train", "test"),
    further: nothing_further,
};

pub(super) const V2: DatasetInfo = DatasetInfo {
    name: "msmt17-v2",
    layout: "\
MSMT17_V2/
    mask_train_v2/0000/0000_000_01_0303morning_0008_0.jpg
    mask_test_v2/0000/0000_000_01_0303morning_0006_0.jpg
    list_train.txt  list_val.txt  list_query.txt  list_gallery.txt    lines `0000/0000_000_01_0303morning_0008_0.jpg 0`",
    folders: &["MSMT17_V2", "msmt17/MSMT17_V2"],
    rules: market::PHOTOGRAPHS,
    read: |root| read(&V2, root, "mask_train_v2", "mask_test_v2"),
    ..V1
};

/// Added to the identities of the test lists: they start at 0 as those of the training lists do, and are other people. There
/// are as many training people, so that no two people get one number.
const TEST_IDENTITIES: i64 = 1_041;

/// Most people that a list of another copy may name; there are 3,060 in the published test lists.
const MOST_PEOPLE: i64 = 1_000_000;

/// Training is `list_train.txt` alone; `list_val.txt` (other photographs of the same people) is the validation part.
fn read(info: &DatasetInfo, root: &Path, train: &str, test: &str) -> Result<Dataset> {
    Ok(Dataset {
        train: samples(info, (root, train), "list_train.txt", 0..TEST_IDENTITIES)?,
        validation: samples(info, (root, train), "list_val.txt", 0..TEST_IDENTITIES)?,
        query: samples(info, (root, test), "list_query.txt", TEST_IDENTITIES..MOST_PEOPLE)?,
        gallery: samples(info, (root, test), "list_gallery.txt", TEST_IDENTITIES..MOST_PEOPLE)?,
        ..Dataset::default()
    })
}

/// The rows of a list, whose identities 0, 1, … become the numbers `people`.
fn samples(
    info: &DatasetInfo,
    (root, folder): (&Path, &str),
    list: &str,
    people: Range<i64>,
) -> Result<Vec<Sample>> {
    let list = root.join(list);
    let mut once = Once::default();
    lines(&list)?
        .into_iter()
        .map(|(row, line)| {
            let problem = |problem: String| DataError::Row { path: list.clone(), row, problem };
            let (path, identity) = line
                .rsplit_once(' ')
                .ok_or_else(|| problem(format!("expected `<path> <identity>`, found `{line}`")))?;
            let identity: i64 = identity
                .parse()
                .map_err(|_| problem(format!("`{identity}` is not an identity number")))?;
            let most = people.end - people.start;
            if !(0..most).contains(&identity) {
                return Err(problem(format!(
                    "the identity is {identity}, expected 0 to {} in this list",
                    most - 1
                )));
            }
            let folder_of = path.split('/').next().and_then(|folder| folder.parse::<i64>().ok());
            if folder_of != Some(identity) {
                return Err(problem(format!(
                    "`{path}` does not lie in the folder of identity {identity}"
                )));
            }
            // `0000_045_12_0303morning_0006_2.jpg`: the third field is the camera, numbered from 1.
            let camera = path
                .rsplit('/')
                .next()
                .and_then(|name| name.split('_').nth(2))
                .and_then(|field| field.parse::<i64>().ok());
            let camera = camera
                .filter(|c| (1..=15).contains(c))
                .ok_or_else(|| problem(format!("`{path}` names no camera from 1 to 15")))?;
            let file = info.listed(&list, row, (root, folder), path)?;
            once.check(&list, row, &file)?;
            Ok(Sample::picture(people.start + identity, Modality::Rgb, file).taken_by(camera))
        })
        .collect()
}
