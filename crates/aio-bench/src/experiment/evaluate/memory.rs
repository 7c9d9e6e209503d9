//! How much memory an evaluation will take beside the models.

use super::embed::rows_per_input;
use super::inputs::Instead;
use super::pictures::{KEPT, views};
use crate::config::Evaluation;
use crate::experiment::tested::Test;
use aio_data::descriptor::Descriptor;
use aio_eval::{EvalOptions, distance_bytes};
use aio_train::{BLOCK, StartingPoint};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

/// Bytes of a feature's number.
const NUMBER: usize = size_of::<f32>();

/// The trained model and the untrained encoder.
const MODELS: usize = 2;

/// Pictures of one sequence, at most.
const PICTURES_OF_A_VIEW: usize = 4;

/// Bytes of features, distances and decoded pictures at the peak of an evaluation, estimated. The pairs from which accept rates are taken are not
/// among them.
pub(in crate::experiment) fn predicted_bytes(
    tests: &[Test],
    start: &StartingPoint,
    settings: &Evaluation,
) -> usize {
    let picture = start.preprocessing.size().bytes();
    features(tests, start.config.embedding_width(), settings) + pictures(tests, picture)
}

/// Galleries stay for other tasks of their data set; everything else is one task's.
fn features(tests: &[Test], width: usize, settings: &Evaluation) -> usize {
    let mut galleries = BTreeMap::new();
    let mut of_one_task = 0;
    for test in tests {
        let rows = Rows::of(test);
        galleries.insert((test.task.dataset, test.task.gallery), rows.gallery);
        of_one_task = of_one_task.max(rows.bytes(width, settings.flip, &settings.options()));
    }
    let galleries: usize = galleries.values().sum();
    let inputs = rows_per_input(settings.flip) * kept_inputs(tests);
    (MODELS * galleries + inputs) * width * NUMBER + of_one_task + descriptors(tests)
}

/// Inputs of queries that stay for other tasks of their data set.
fn kept_inputs(tests: &[Test]) -> usize {
    let mut of_datasets = BTreeMap::<_, HashSet<_>>::new();
    for test in tests {
        let known = of_datasets.entry(test.task.dataset).or_default();
        let instead = Instead::all(test);
        for query in &test.data.queries {
            known.extend(query.views.iter().cloned());
            known.extend(instead.iter().flat_map(|instead| instead.of(query)));
        }
    }
    of_datasets.values().map(HashSet::len).max().unwrap_or(0)
}

/// Numbers of rows of a task.
#[derive(Debug, Default)]
struct Rows {
    queries: usize,
    /// Inputs of which queries are means.
    views: usize,
    /// Most inputs that are embedded in the place of queries of several modalities; 0 for queries of one.
    instead: usize,
    gallery: usize,
    /// Queries and gallery entries of every trial.
    trials: Vec<(usize, usize)>,
}

impl Rows {
    fn of(test: &Test) -> Self {
        let queries = &test.data.queries;
        let views = views(queries);
        let inputs = |instead: Instead| queries.iter().map(|query| instead.of(query).len()).sum();
        let instead = Instead::all(test).into_iter().map(inputs).max().unwrap_or(0);
        let trials = test.data.trials.iter();
        Self {
            queries: queries.len(),
            views: views.len(),
            instead,
            gallery: test.data.gallery.len(),
            trials: trials.map(|trial| (trial.query.len(), trial.gallery.len())).collect(),
        }
    }

    /// Bytes at the peak of the task, without the features of its gallery.
    fn bytes(&self, width: usize, flip: bool, options: &EvalOptions) -> usize {
        let Self { queries, views, instead, gallery, ref trials } = *self;
        let row = width * NUMBER;
        // With mirrored pictures there are two rows of every input until they are averaged.
        let times = rows_per_input(flip);
        let embedding_gallery = if flip { MODELS * 2 * gallery } else { 0 };
        let of_instead = if instead > 0 { times * instead + queries } else { 0 };
        let of_queries = MODELS * (times * views + queries) + of_instead;
        let scoring = trials.iter().map(|(queries, gallery)| {
            // Copies of the features of the trial, and of queries that are averaged with their neighbours.
            let expanded = if options.expand > 0 { *queries } else { 0 };
            let reranking = options.rerank.map_or(0, |rerank| rerank.memory(*queries, *gallery));
            // Accept rates hold a block of distances twice, and every thread the distances of one query.
            let distances = 2 * distance_bytes(*queries, *gallery);
            let of_threads = rayon::current_num_threads() * gallery * NUMBER;
            (queries + gallery + expanded) * row + reranking + distances + of_threads
        });
        let scoring = scoring.max().unwrap_or(0);
        (embedding_gallery * row).max(of_queries * row + scoring)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use aio_eval::Rerank;

    #[test]
    fn everything_that_one_task_holds_at_once_is_added_up() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
        let rows =
            Rows { queries: 10, views: 30, instead: 0, gallery: 1_000, trials: vec![(10, 1_000)] };
        let of = |rows: &Rows, flip, options: &EvalOptions| {
            pool.install(|| rows.bytes(50, flip, options))
        };
        let plain = EvalOptions::default();
        // 2 × (30 + 10) rows of queries and the copies of the trial, of 200 bytes each; 10 × 1,000 distances of 4 bytes twice, and 3 × 1,000 more.
        let expected = (80 + 1_010) * 200 + 80_000 + 12_000;
        assert_eq!(of(&rows, false, &plain), expected);
        // Two rows of every view; two rows of every gallery entry of both models are the larger part.
        assert_eq!(of(&rows, true, &plain), 4 * 1_000 * 200);
        let many = Rows { views: 3_000, ..rows };
        assert_eq!(of(&many, true, &plain), (12_020 + 1_010) * 200 + 92_000);
        let fused = Rows { instead: 20, views: 30, ..many };
        assert_eq!(of(&fused, false, &plain), expected + 30 * 200, "inputs, and their means");
        let expanded = EvalOptions { expand: 3, ..plain };
        assert_eq!(of(&fused, false, &expanded), expected + 40 * 200);
        let rerank = Rerank { k1: 6, k2: 3, lambda: 0.3 };
        let reranked = EvalOptions { rerank: Some(rerank), ..plain };
        assert_eq!(of(&fused, false, &reranked), expected + 30 * 200 + rerank.memory(10, 1_000));
        // Distances of large galleries are held in blocks of 256 MiB.
        let large = Rows { trials: vec![(10_000, 4 << 20)], ..Rows::default() };
        let copies = (10_000 + (4 << 20)) * 200;
        assert_eq!(of(&large, false, &plain), copies + (512 << 20) + 3 * (16 << 20));
    }
}
