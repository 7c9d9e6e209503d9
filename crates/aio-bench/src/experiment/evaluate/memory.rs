//! How much memory an evaluation will take beside the models.

use super::pictures::{KEPT, views};
use crate::experiment::prepare::Test;
use aio_data::descriptor::Descriptor;
use aio_train::{BLOCK, StartingPoint};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Bytes of a feature's number.
const NUMBER: usize = size_of::<f32>();

/// The trained model and the untrained encoder.
const MODELS: usize = 2;

/// Pictures of one sequence, at most.
const PICTURES_OF_A_VIEW: usize = 4;

/// Bytes of features and decoded pictures at the peak of an evaluation.
pub(in crate::experiment) fn predicted_bytes(tests: &[Test], start: &StartingPoint) -> usize {
    let picture = start.preprocessing.size().bytes();
    features(tests, start.config.embedding_width()) + pictures(tests, picture)
}

/// Galleries stay for other tasks of their data set; queries and the copies of a trial are one task's.
fn features(tests: &[Test], width: usize) -> usize {
    let mut galleries = BTreeMap::new();
    let mut of_one_task = 0;
    for test in tests {
        galleries.insert((test.task.dataset, test.task.gallery), test.data.gallery.len());
        let trials = test.data.trials.iter();
        let copies = trials.map(|trial| trial.query.len() + trial.gallery.len()).max();
        let rows = MODELS * views(&test.data.queries).len() + copies.unwrap_or(0);
        of_one_task = of_one_task.max(rows);
    }
    (MODELS * galleries.values().sum::<usize>() + of_one_task) * width * NUMBER + descriptors(tests)
}

/// Descriptors of the pictures of one task, and the copies of a trial.
fn descriptors(tests: &[Test]) -> usize {
    let width: usize = Descriptor::ALL.iter().map(|descriptor| descriptor.width()).sum();
    let rows = |test: &Test| test.data.gallery.len() + views(&test.data.queries).len();
    let described = tests.iter().filter(|test| super::descriptors::apply(test));
    2 * described.map(rows).max().unwrap_or(0) * width * NUMBER
}

/// Decoded pictures are kept up to a limit; those of one block, and their copies as inputs, come on top.
fn pictures(tests: &[Test], picture: usize) -> usize {
    let mut paths = BTreeSet::<&Path>::new();
    for test in tests {
        paths.extend(test.data.gallery.iter().filter_map(|item| item.path()));
        let queries = test.data.queries.iter().flat_map(|query| query.pictures());
        paths.extend(queries.map(|(_, picture)| picture.path.as_path()));
    }
    (paths.len() * picture).min(KEPT) + 2 * BLOCK * PICTURES_OF_A_VIEW * picture
}
