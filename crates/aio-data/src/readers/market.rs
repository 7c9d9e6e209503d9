//! Market-1501 (Zheng et al., ICCV 2015), with and without its 500,000 distractors, and the data sets that share its
//! layout: DukeMTMC-reID (Zheng et al., ICCV 2017) and the release of CUHK03 for the new protocol.

use super::list::{file_name, images};
use super::{Card, count};
use crate::{DataError, Dataset, Result, Sample, Split};
use aio_types::{Identity, Modality};
use regex::Regex;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::LazyLock;

pub(super) const MARKET1501: Card = Card {
    name: "market1501",
    modalities: &[Modality::Rgb],
    layout: "\
Market-1501-v15.09.15/
    bounding_box_train/  0002_c1s1_000451_03.jpg
    bounding_box_test/   0001_c1s1_001051_00.jpg   (0000_… distractors, -1_… junk)
    query/               0001_c1s1_001051_00.jpg
    gt_bbox/             0001_c1s1_001051_00.jpg   (multi-query evaluation alone needs it)",
    folders: &[
        "Market-1501-v15.09.15",
        "market1501/Market-1501-v15.09.15",
        "market1501",
        "Market-1501",
    ],
    markers: &["bounding_box_test", "bounding_box_train", "query"],
    counts: &[
        count(Split::Train, Modality::Rgb, 12_936, 751),
        count(Split::Query, Modality::Rgb, 3_368, 750),
        count(Split::Gallery, Modality::Rgb, 15_913, 751),
    ],
    terms: "research use; from its authors",
    people: &["market-1501"],
    family: "market1501",
    read: |root| read(&MARKET1501, root, 1..=6),
};

pub(super) const MARKET1501_500K: Card = Card {
    name: "market1501-500k",
    layout: "\
Market-1501-v15.09.15/
    bounding_box_train/  bounding_box_test/  query/   as Market-1501
    images/              the unpacked distractors_500k.zip",
    counts: &[
        count(Split::Train, Modality::Rgb, 12_936, 751),
        count(Split::Query, Modality::Rgb, 3_368, 750),
        super::Count {
            split: Split::Gallery,
            modality: Modality::Rgb,
            samples: 515_913,
            identities: None,
        },
    ],
    markers: &["images"],
    terms: "research use; from the authors of Market-1501 (distractors_500k.zip)",
    read: |root| {
        let mut dataset = read(&MARKET1501_500K, root, 1..=6)?;
        dataset.gallery.extend(folder(&MARKET1501_500K, &root.join("images"), &(1..=6))?);
        Ok(dataset)
    },
    ..MARKET1501
};

pub(super) const DUKE: Card = Card {
    name: "dukemtmc-reid",
    layout: "\
DukeMTMC-reID/
    bounding_box_train/  0005_c2_f0046985.jpg
    bounding_box_test/   0001_c2_f0046182.jpg
    query/               0001_c2_f0046182.jpg",
    folders: &["DukeMTMC-reID", "dukemtmc-reid/DukeMTMC-reID", "dukemtmc-reid"],
    counts: &[
        count(Split::Train, Modality::Rgb, 16_522, 702),
        count(Split::Query, Modality::Rgb, 2_228, 702),
        count(Split::Gallery, Modality::Rgb, 17_661, 1_110),
    ],
    terms: "withdrawn by its authors: not to be obtained or passed on; the format is read for those who hold data in it",
    people: &["dukemtmc"],
    family: "dukemtmc-reid",
    read: |root| read(&DUKE, root, 1..=8),
    ..MARKET1501
};

/// Market-1501's label of boxes that are neither a person nor a fair mistake.
const JUNK: Identity = Identity(-1);

/// Reads a copy in Market-1501's layout whose cameras have these numbers.
pub(super) fn read(card: &Card, root: &Path, cameras: RangeInclusive<i64>) -> Result<Dataset> {
    let split = |name: &str| folder(card, &root.join(name), &cameras);
    let keep = |mut samples: Vec<Sample>| {
        samples.retain(|s| s.identity.0 > 0);
        samples
    };
    Ok(Dataset {
        train: keep(split("bounding_box_train")?),
        query: keep(split("query")?),
        gallery: split("bounding_box_test")?,
        more: if root.join("gt_bbox").is_dir() { keep(split("gt_bbox")?) } else { Vec::new() },
        ..Dataset::default()
    })
}

/// Junk (−1) is dropped when loading, as in the reference loaders; distractors (0) stay in the gallery.
fn folder(card: &Card, directory: &Path, cameras: &RangeInclusive<i64>) -> Result<Vec<Sample>> {
    let samples = images(card, directory)?
        .iter()
        .map(|path| sample(card, path, cameras))
        .collect::<Result<Vec<_>>>()?;
    Ok(samples.into_iter().filter(|s| s.identity != JUNK).collect())
}

/// Parses the base name only: a folder such as `run1_c2` must not match.
fn sample(card: &Card, path: &Path, cameras: &RangeInclusive<i64>) -> Result<Sample> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(-?\d+)_c(\d+)").expect("the pattern is valid"));
    let wrong = || DataError::Name {
        dataset: card.name,
        path: path.to_path_buf(),
        pattern: "<identity>_c<camera>….jpg",
    };
    let name = file_name(path);
    let fields = NAME.captures(&name).ok_or_else(wrong)?;
    let camera: i64 = fields[2].parse().map_err(|_| wrong())?;
    if !cameras.contains(&camera) {
        let problem = format!(
            "camera {camera} of {name}; {} has the cameras {} to {}",
            card.name,
            cameras.start(),
            cameras.end()
        );
        return Err(DataError::Parse { path: path.to_path_buf(), problem });
    }
    Ok(Sample::picture(fields[1].parse().map_err(|_| wrong())?, Modality::Rgb, path.to_path_buf())
        .taken_by(camera))
}
