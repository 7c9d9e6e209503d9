//! Photographs that are opened batch by batch.

use super::*;
use std::sync::atomic::Ordering;

#[test]
fn a_photograph_is_opened_once_for_all_pictures_of_a_tuple() {
    let directory = tempfile::tempdir().expect("temporary directory");
    test_data::render(directory.path());
    let config = test_data::config(directory.path());
    let data_set = DatasetName::SynthPedes.locate(directory.path()).expect("rendered");
    synth_pedes::prepare(&data_set, &|_| {}).expect("indexed");
    let loader = loader(directory.path(), &config, 0);
    let batch = loader.batch(&loader.epoch(0)[0], 0).expect("a batch");
    let pictures: usize = batch.tuples.iter().map(|tuple| tuple.pictures.len()).sum();
    let tuples = batch.tuples.len();
    assert!(pictures >= 3 * tuples, "photograph, infrared picture and sketch");
    assert_eq!(loader.store.opened.load(Ordering::Relaxed), tuples);
}

#[test]
fn a_photograph_that_vanishes_is_named_by_the_training() {
    let directory = tempfile::tempdir().expect("temporary directory");
    test_data::render(directory.path());
    let config = test_data::config(directory.path());
    let data_set = DatasetName::SynthPedes.locate(directory.path()).expect("rendered");
    synth_pedes::prepare(&data_set, &|_| {}).expect("indexed");
    let loader = Arc::new(loader(directory.path(), &config, 0));
    let gone = loader.store.photograph_path(loader.epoch(0)[1][0].rgb);
    std::fs::remove_file(&gone).expect("removed");
    let stage = StageSteps { steps: 0..3, batches_per_epoch: 3, micro_batches: 1 };
    let batches = MicroBatches::from_step(loader, stage, 0);
    let mut prefetcher = Prefetcher::start(batches).expect("a thread");
    prefetcher.next().expect("the first batch is whole");
    let error = prefetcher.next().expect_err("the second is not").to_string();
    assert!(error.contains(&gone.display().to_string()), "{error}");
}
