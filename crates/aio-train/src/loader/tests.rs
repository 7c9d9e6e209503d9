use super::*;
use crate::config::TrainingConfig;
use crate::test_data;
use aio_data::DatasetName;
use aio_data::readers::synth_pedes;
use aio_model::{TrainBatch, TrainTuple};
use aio_types::{Modality, PictureSize};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const PICTURES: PictureSize = PictureSize { height: 48, width: 24 };

/// The loader of a stage on the benchmark below `root`.
fn loader(root: &Path, config: &TrainingConfig, stage: usize) -> StageLoader {
    let mut library = Library::new(root);
    let classes = Classes::new(config, &mut library).expect("classes");
    let settings = LoaderSettings {
        config,
        classes: &classes,
        picture_size: PICTURES,
        sketch_generator: None,
    };
    StageLoader::open(&settings, &config.train.stages[stage], &mut library).expect("a loader")
}

/// Everything in a batch.
fn contents(batch: &TrainBatch) -> String {
    format!("{batch:?}")
}

#[test]
fn batches_are_a_pure_function_of_seed_and_step_whatever_the_threads() {
    let root = test_data::root();
    let config = test_data::config(root);
    let batch = |config: &TrainingConfig, step: u64| {
        let loader = loader(root, config, 1);
        contents(&loader.batch(&loader.epoch(0)[0], step).expect("a batch"))
    };
    let expected = batch(&config, 5);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        assert!(pool.install(|| batch(&config, 5)) == expected, "{threads} threads");
    }
    assert!(batch(&config, 6) != expected, "another step is augmented anew");
    let other_seed = TrainingConfig { seed: 4, ..config };
    assert!(batch(&other_seed, 5) != expected);
}

#[test]
fn an_indexed_data_set_gives_the_batches_of_a_data_set_that_is_read_whole() {
    let directory = tempfile::tempdir().expect("temporary directory");
    test_data::render(directory.path());
    let config = test_data::config(directory.path());
    let batches = || {
        let loader = loader(directory.path(), &config, 0);
        let epoch = loader.epoch(0);
        let batches = epoch.iter().map(|tuples| loader.batch(tuples, 1).expect("a batch"));
        (loader.decoded_bytes(), batches.map(|batch| contents(&batch)).collect::<Vec<_>>())
    };
    let (bytes, expected) = batches();
    assert!(bytes > 0 && bytes % (PICTURES.height * PICTURES.width * 3) == 0);
    let data_set = DatasetName::SynthPedes.locate(directory.path()).expect("rendered");
    synth_pedes::prepare(&data_set, &|_| {}).expect("indexed");
    let (bytes, indexed) = batches();
    assert_eq!(bytes, 0, "pictures of an index are decoded batch by batch");
    assert!(indexed == expected);
}

#[test]
fn validation_people_are_held_out_and_stages_share_classes() {
    let root = test_data::root();
    let config = test_data::config(root);
    let mut library = Library::new(root);
    let classes = Classes::new(&config, &mut library).expect("classes");
    // 8 people of SYNTH-PEDES, a quarter held out, and 5 of LLCM.
    assert_eq!(classes.len(), 6 + 5);
    let held_out = classes.validation(&mut library).expect("samples");
    let people: std::collections::BTreeSet<_> = held_out.iter().map(|s| s.identity).collect();
    assert_eq!(people.len(), 2);
    assert!(people.iter().all(|id| classes.get(DatasetName::SynthPedes, *id).is_none()));
    let seen = |stage: usize| -> std::collections::BTreeSet<usize> {
        let loader = loader(root, &config, stage);
        loader.epoch(0).into_iter().flatten().map(|tuple| tuple.class).collect()
    };
    assert!(seen(0).len() == 6 && seen(1).len() >= 10);
    let half = TrainingConfig {
        data: crate::config::DataConfig { identity_fraction: 0.5, ..config.data.clone() },
        ..config.clone()
    };
    assert_eq!(Classes::new(&half, &mut library).expect("classes").len(), 3 + 3);
}

#[test]
fn only_the_modalities_of_a_stage_are_in_its_batches() {
    let root = test_data::root();
    let mut config = test_data::config(root);
    config.train.stages[0].synthesise = vec![Modality::Sketch];
    config.model.modalities =
        [Modality::Rgb, Modality::Infrared, Modality::Sketch].into_iter().collect();
    let loader = loader(root, &config, 0);
    let batch = loader.batch(&loader.epoch(0)[0], 0).expect("a batch");
    let rows = |modality| {
        let of = |tuple: &&TrainTuple| tuple.pictures.iter().any(|(m, _)| *m == modality);
        batch.tuples.iter().filter(of).count()
    };
    assert_eq!([Modality::Rgb, Modality::Infrared, Modality::Sketch].map(rows), [4, 0, 4]);
    assert!(batch.tuples.iter().all(|t| t.caption.is_none()), "the model knows no text");
    assert_eq!(batch.combinations.len(), config.train.combinations);
}

#[test]
fn batches_prepared_ahead_are_those_made_in_turn_bit_for_bit() {
    let root = test_data::root();
    let loader = Arc::new(loader(root, &test_data::config(root), 1));
    // Two epochs of two steps with two micro-batches each, after three steps of another stage.
    let stage = StageSteps { steps: 3..7, epochs: 2, micro_batches: 2 };
    let in_turn: Vec<String> = (3..7)
        .flat_map(|step| [(step, 0), (step, 1)])
        .map(|(step, micro)| {
            let first_of_epoch = if step < 5 { 3 } else { 5 };
            let place = 2 * (step - first_of_epoch) + micro;
            let tuples = &loader.epoch(first_of_epoch as u64)[place];
            contents(&loader.batch(tuples, (2 * step + micro) as u64).expect("a batch"))
        })
        .collect();
    assert!(in_turn[0] != in_turn[4], "every epoch draws anew");
    // From the start, and as a training that was stopped after a step continues.
    for step in 3..7 {
        let batches = MicroBatches::from_step(Arc::clone(&loader), stage.clone(), step);
        let mut prefetcher = Prefetcher::start(batches).expect("a thread");
        for expected in &in_turn[2 * (step - 3)..] {
            assert!(contents(&prefetcher.next().expect("a batch").0) == *expected, "{step}");
        }
        assert!(prefetcher.next().is_err(), "the stage has no further batch");
        drop(prefetcher);
        assert_eq!(Arc::strong_count(&loader), 1, "the thread is gone");
    }
}

#[test]
fn few_people_are_used_again_where_a_step_takes_more_batches_than_an_epoch_has() {
    let root = test_data::root();
    let loader = Arc::new(loader(root, &test_data::config(root), 0));
    assert_eq!(loader.batches_per_epoch(), 3);
    let stage = StageSteps { steps: 0..1, epochs: 1, micro_batches: 4 };
    let batches = MicroBatches::from_step(loader, stage, 0);
    let classes: Vec<Vec<usize>> = batches.map(|batch| batch.expect("made").classes()).collect();
    assert!(classes.len() == 4 && classes[3] == classes[0] && classes[1] != classes[0]);
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
    let stage = StageSteps { steps: 0..3, epochs: 1, micro_batches: 1 };
    let batches = MicroBatches::from_step(loader, stage, 0);
    let mut prefetcher = Prefetcher::start(batches).expect("a thread");
    prefetcher.next().expect("the first batch is whole");
    let error = prefetcher.next().err().expect("the second is not").to_string();
    assert!(error.contains(&gone.display().to_string()), "{error}");
}
