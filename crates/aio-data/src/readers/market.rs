//! Market-1501 (Zheng et al., ICCV 2015), with and without its 500,000 distractors, and the data sets that share its
//! layout: DukeMTMC-reID (Zheng et al., ICCV 2017) and the release of CUHK03 for the new protocol.

use super::{DatasetInfo, count, nothing_further};
use crate::evaluation::{
    Direction, Evaluation, QueryPicture, Refusal, TaskRules, TestSet, gallery_items, observation,
    photograph_combinations, queries,
};
use crate::list::file_name;
use crate::{DataError, Dataset, Result, Sample, Split};
use aio_eval::Protocol;
use aio_types::{Camera, Identity, Modality, Observation};
use regex::Regex;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, LazyLock};

pub(super) const MARKET1501: DatasetInfo = DatasetInfo {
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
    rules: MARKET_RULES,
    splits: None,
    read: |root| read(&MARKET1501, root, 1..=6),
    further: nothing_further,
};

pub(super) const MARKET1501_500K: DatasetInfo = DatasetInfo {
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
    rules: MARKET_RULES,
    read: |root| {
        let mut dataset = read(&MARKET1501_500K, root, 1..=6)?;
        dataset.gallery.extend(folder(&MARKET1501_500K, &root.join("images"), &(1..=6))?);
        Ok(dataset)
    },
    ..MARKET1501
};

pub(super) const DUKE: DatasetInfo = DatasetInfo {
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
    rules: PHOTOGRAPHS,
    read: |root| read(&DUKE, root, 1..=8),
    ..MARKET1501
};

/// Photographs against photographs; with `multi-query`, all pictures of the query's person at its camera are one query.
const MARKET_RULES: TaskRules = TaskRules {
    usual: &["rgb-rgb"],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| {
        if !request.has_variant(MULTI_QUERY)? {
            return request.every_query(&[(Modality::Rgb, Modality::Rgb)], Protocol::Market1501);
        }
        if !request.direction.is(Modality::Rgb, Modality::Rgb) {
            return Err(Refusal::Direction);
        }
        Ok(Arc::new(MultiQuery { direction: request.direction }))
    },
};

/// Photographs against photographs under the rule of Market-1501, as on other data sets as well.
pub(super) const PHOTOGRAPHS: TaskRules = TaskRules {
    usual: &["rgb-rgb"],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| {
        request.every_query(&[(Modality::Rgb, Modality::Rgb)], Protocol::Market1501)
    },
};

/// The variant whose queries consist of several pictures.
const MULTI_QUERY: &str = "multi-query";

/// Multi-query evaluation: the hand-drawn boxes of one identity and camera are one query.
#[derive(Debug)]
struct MultiQuery {
    direction: Direction,
}

impl Evaluation for MultiQuery {
    fn variants(&self) -> Vec<String> {
        vec![MULTI_QUERY.to_owned()]
    }

    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(Protocol::Market1501)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        if dataset.more.is_empty() {
            return Err(DataError::Request {
                problem: format!("{}: the data set has no gt_bbox/", dataset.name),
                hint: "multi-query evaluation needs the hand-drawn boxes".into(),
            });
        }
        let mut boxes: BTreeMap<(Identity, Option<Camera>), Vec<Observation<QueryPicture>>> =
            BTreeMap::new();
        for sample in &dataset.more {
            let views = boxes.entry((sample.identity, sample.camera)).or_default();
            views.push(observation([sample]));
        }
        let mut queries = queries(&dataset.query, self.direction.query);
        let mut lacking = Vec::new();
        for query in &mut queries {
            match boxes.get(&(query.entry.identity, query.entry.camera)) {
                Some(views) => query.views.clone_from(views),
                None => lacking.extend(query.pictures().map(|(_, picture)| picture.path.clone())),
            }
        }
        // With some single pictures among the queries it would be another evaluation under the same name.
        if let Some(first) = lacking.first() {
            return Err(DataError::Request {
                problem: format!(
                    "{}: gt_bbox/ has no picture of the person and camera of {} of {} queries, such as {}",
                    dataset.name,
                    lacking.len(),
                    queries.len(),
                    first.display()
                ),
                hint: "multi-query evaluation needs the hand-drawn boxes of every query: was gt_bbox/ unpacked completely?".into(),
            });
        }
        let gallery = gallery_items(&dataset.gallery, self.direction.gallery);
        Ok(TestSet { queries, gallery })
    }
}

/// Market-1501's label of boxes that are neither a person nor a fair mistake.
const JUNK: Identity = Identity(-1);

/// Reads a copy in Market-1501's layout whose cameras have these numbers.
pub(super) fn read(
    info: &DatasetInfo,
    root: &Path,
    cameras: RangeInclusive<i64>,
) -> Result<Dataset> {
    let split = |name: &str| folder(info, &root.join(name), &cameras);
    // Distractors are in the gallery alone: elsewhere the number 0 is a person's, whom data of others in this layout may have.
    let keep = |mut samples: Vec<Sample>| {
        samples.retain(|s| s.identity.is_known());
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
fn folder(
    info: &DatasetInfo,
    directory: &Path,
    cameras: &RangeInclusive<i64>,
) -> Result<Vec<Sample>> {
    let samples = info
        .images(directory)?
        .iter()
        .map(|path| sample(info, path, cameras))
        .collect::<Result<Vec<_>>>()?;
    Ok(samples.into_iter().filter(|s| s.identity != JUNK).collect())
}

/// Identity and camera in the name of a file, as they are written.
pub(super) fn named(name: &str) -> Option<(&str, &str)> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(-?\d+)_c(\d+)").expect("the pattern is valid"));
    let (_, [identity, camera]) = NAME.captures(name)?.extract();
    Some((identity, camera))
}

/// Parses the base name only: a folder such as `run1_c2` must not match.
fn sample(info: &DatasetInfo, path: &Path, cameras: &RangeInclusive<i64>) -> Result<Sample> {
    let wrong = || DataError::Name {
        dataset: info.name,
        path: path.to_path_buf(),
        pattern: "<identity>_c<camera>….jpg",
    };
    let name = file_name(path);
    let (identity, camera) = named(&name).ok_or_else(wrong)?;
    let camera: i64 = camera.parse().map_err(|_| wrong())?;
    if !cameras.contains(&camera) {
        let problem = format!(
            "camera {camera} of {name}; {} has the cameras {} to {}",
            info.name,
            cameras.start(),
            cameras.end()
        );
        return Err(DataError::Parse { path: path.to_path_buf(), problem });
    }
    Ok(Sample::picture(identity.parse().map_err(|_| wrong())?, Modality::Rgb, path.to_path_buf())
        .taken_by(camera))
}
