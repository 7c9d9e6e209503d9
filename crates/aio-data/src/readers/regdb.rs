//! RegDB (Nguyen et al., Sensors 2017).

use super::shared::Shared;
use super::{Count, DatasetInfo, FurtherCount, Splits, count};
use crate::evaluation::{Direction, Evaluation, TaskRules, TestSet, photograph_combinations};
use crate::list::{Once, lines};
use crate::sample::Trial;
use crate::{DataError, Dataset, Result, Sample, Split};
use aio_eval::Protocol;
use aio_types::Modality;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: "regdb",
    modalities: &[Modality::Rgb, Modality::Infrared],
    layout: "\
RegDB/
    Visible/285/male_back_v_05528_285.bmp …
    Thermal/285/male_back_t_05828_285.bmp …
    idx/{train,test}_{visible,thermal}_{1..10}.txt     lines `Visible/285/male_back_v_05528_285.bmp 0`",
    folders: &["RegDB", "regdb"],
    markers: &["idx/test_visible_1.txt"],
    // All 412 people are tested in one split or another.
    counts: &[count(Split::Query, Modality::Infrared, 4_120, 412), count(Split::Gallery, Modality::Rgb, 4_120, 412)],
    terms: "signed agreement with its authors",
    people: &["regdb"],
    family: "regdb",
    rules: RULES,
    splits: Some(&SPLITS),
    read,
    further,
};

const SPLITS: Splits = Splits { names: &NAMES, read: read_split, counts: &COUNTS_OF_SPLIT };

/// Published counts of one split: half of the people are trained on, the other half tested.
const COUNTS_OF_SPLIT: [Count; 4] = [
    count(Split::Train, Modality::Rgb, 2_060, 206),
    count(Split::Train, Modality::Infrared, 2_060, 206),
    count(Split::Query, Modality::Infrared, 2_060, 206),
    count(Split::Gallery, Modality::Rgb, 2_060, 206),
];

/// Every split tests 206 people with ten pictures of each kind.
fn further(_: &Path, dataset: &Dataset) -> Result<Vec<FurtherCount>> {
    Ok(FurtherCount::of_trials(dataset, &NAMES, (2_060, 206), (2_060, 206)))
}

/// Thermal queries against photographs and photographs against thermal pictures, over the test splits.
const RULES: TaskRules = TaskRules {
    usual: &["infrared-rgb", "rgb-infrared"],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| {
        let reversed = request.is_reversed(Modality::Infrared, Modality::Rgb)?;
        Ok(Arc::new(ThermalSearch { direction: request.direction, reversed }))
    },
};

#[derive(Debug)]
struct ThermalSearch {
    direction: Direction,
    /// Whether photographs are the queries; the lists name thermal pictures as queries.
    reversed: bool,
}

impl Evaluation for ThermalSearch {
    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(Protocol::Regdb)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        Ok(TestSet::of_either_side(dataset, self.direction, self.reversed))
    }

    fn trials(&self, dataset: &Dataset, _: &TestSet) -> Result<Vec<Trial>> {
        let of_split = |trial: &Trial| if self.reversed { trial.reversed() } else { trial.clone() };
        Ok(dataset.trials.iter().map(of_split).collect())
    }
}

/// Names of the data set with all splits and with each.
const NAMES: [&str; 11] = [
    "regdb", "regdb-1", "regdb-2", "regdb-3", "regdb-4", "regdb-5", "regdb-6", "regdb-7",
    "regdb-8", "regdb-9", "regdb-10",
];

/// Splits that the lists hold.
const SPLIT_COUNT: u8 = 10;

/// The ten test splits as trials. Each split's model is trained on the people that other splits test, so there is no training part.
fn read(root: &Path) -> Result<Dataset> {
    tests(root, 1..=SPLIT_COUNT)
}

/// One split: training and test.
fn read_split(root: &Path, split: u8) -> Result<Dataset> {
    let mut dataset = tests(root, split..=split)?;
    for (list, modality) in [("visible", Modality::Rgb), ("thermal", Modality::Infrared)] {
        dataset.train.extend(samples(root, &format!("train_{list}_{split}.txt"), modality)?);
    }
    Ok(dataset)
}

/// The test parts of `splits`, which share pictures.
fn tests(root: &Path, splits: RangeInclusive<u8>) -> Result<Dataset> {
    let (mut query, mut gallery, mut trials) = (Shared::default(), Shared::default(), Vec::new());
    for split in splits {
        trials.push(Trial {
            query: query.add(samples(
                root,
                &format!("test_thermal_{split}.txt"),
                Modality::Infrared,
            )?),
            gallery: gallery.add(samples(
                root,
                &format!("test_visible_{split}.txt"),
                Modality::Rgb,
            )?),
        });
    }
    Ok(Dataset { query: query.samples, gallery: gallery.samples, trials, ..Dataset::default() })
}

fn samples(root: &Path, list: &str, modality: Modality) -> Result<Vec<Sample>> {
    let list = root.join("idx").join(list);
    let mut once = Once::default();
    lines(&list)?
        .into_iter()
        .map(|(row, line)| {
            let problem = |problem: String| DataError::Row { path: list.clone(), row, problem };
            let (path, _label) = line
                .rsplit_once(' ')
                .ok_or_else(|| problem(format!("expected `<path> <label>`, found `{line}`")))?;
            // Labels restart at 0 in every list; the person's folder is the identity.
            let identity = path.split('/').nth(1).and_then(|folder| folder.parse().ok());
            let identity = identity
                .ok_or_else(|| problem(format!("`{path}` is not <modality>/<identity>/<file>")))?;
            let file = INFO.listed(&list, row, (root, ""), path)?;
            once.check(&list, row, &file)?;
            Ok(Sample::picture(identity, modality, file))
        })
        .collect()
}
