//! Photographs that are opened batch by batch.

use super::*;
use crate::pictures_after_the_first_step;
use aio_data::Sample;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

#[test]
fn pictures_of_held_out_people_and_later_stages_are_opened_after_the_first_step() {
    let root = test_data::root();
    let config = test_data::config(root);
    let mut library = Library::new(root);
    let later = pictures_after_the_first_step(&config, &mut library, PICTURES).expect("both");
    let pictures = |name: DatasetName, of: &dyn Fn(&Sample) -> bool| -> BTreeSet<PathBuf> {
        let train = name.open(root).expect("rendered").train;
        let chosen = train.iter().filter(|sample| of(sample)).filter_map(Sample::path);
        chosen.map(Path::to_path_buf).collect()
    };
    // A quarter of the eight people of the first data set: the last two. The second stage also shows the other six, whose pictures are held in memory
    // before the first step.
    let people: BTreeSet<Identity> = {
        let train = DatasetName::SynthPedes.open(root).expect("rendered").train;
        train.iter().map(|sample| sample.identity).collect()
    };
    let last: BTreeSet<Identity> = people.into_iter().skip(6).collect();
    let held_out = pictures(DatasetName::SynthPedes, &|sample| last.contains(&sample.identity));
    let second = pictures(DatasetName::Llcm, &|_| true);
    assert!(!held_out.is_empty() && !second.is_empty());
    assert_eq!(later, &held_out | &second);

    // Pictures that do not fit into memory are opened batch by batch.
    let huge = PictureSize { height: 1 << 15, width: 1 << 15 };
    let all = pictures_after_the_first_step(&config, &mut library, huge).expect("both");
    assert_eq!(all, &pictures(DatasetName::SynthPedes, &|_| true) | &second);
}

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
