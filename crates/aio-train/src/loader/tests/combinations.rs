//! The combinations of a step, and what they leave as it is.

use super::*;
use crate::config::Batches;
use aio_heads::Masked;

/// The second stage: batches of one data set each, with real samples alone. SYNTH-PEDES has captions, LLCM infrared pictures.
fn one_data_set(root: &Path, combinations: usize) -> TrainingConfig {
    let mut config = test_data::config(root);
    config.train.combinations = combinations;
    let stage = &mut config.train.stages[1];
    stage.batches = Batches::OneDataSet;
    stage.synthesise = Vec::new();
    config
}

#[test]
fn a_step_draws_among_the_combinations_that_its_batch_holds() {
    let root = test_data::root();
    let mut drawn = BTreeMap::<String, usize>::new();
    for combinations in [1, 3] {
        let loader = loader(root, &one_data_set(root, combinations), 1);
        for epoch in 0..4 {
            for tuples in loader.epoch(epoch) {
                let batch = loader.batch(&tuples, epoch).expect("a batch");
                // Each data set has one combination, and no batch more.
                let [set] = batch.combinations[..] else { panic!("{:?}", batch.combinations) };
                assert!(batch.tuples_with(set) > 0, "{set}");
                *drawn.entry(set.to_string()).or_default() += 1;
            }
        }
    }
    assert_eq!(drawn.into_keys().collect::<Vec<_>>(), ["rgb+infrared", "rgb+text"]);
    // Where everything is synthesised, as many as are wanted, each once.
    let mut config = test_data::config(root);
    config.train.combinations = 3;
    let loader = loader(root, &config, 0);
    let batch = loader.batch(&loader.epoch(0)[0], 0).expect("a batch");
    let distinct: BTreeSet<_> = batch.combinations.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), 3, "{distinct:?}");
}

#[test]
fn the_number_of_combinations_changes_nothing_else_in_a_batch() {
    let root = test_data::root();
    /// Classes, photographs, pixels, and captions with their masks.
    type Held = Vec<(usize, usize, Vec<Vec<u8>>, Option<(Vec<u32>, Masked)>)>;
    let of = |combinations: usize, step: u64| -> (usize, Held) {
        let mut config = test_data::config(root);
        config.train.combinations = combinations;
        let loader = loader(root, &config, 1);
        let batch = loader.batch(&loader.epoch(0)[1], step).expect("a batch");
        let tuples = batch.tuples.into_iter().map(|tuple| {
            let pixels = tuple.pictures.into_iter().map(|picture| picture.picture.pixels);
            let caption = tuple.caption.map(|caption| (caption.ids, caption.masked));
            (tuple.class, tuple.photograph, pixels.collect(), caption)
        });
        (batch.combinations.len(), tuples.collect())
    };
    for step in 0..4 {
        let (none, expected) = of(0, step);
        assert!(none == 0 && expected.iter().any(|tuple| tuple.3.is_some()));
        for combinations in [1, 3] {
            let (drawn, held) = of(combinations, step);
            assert!(drawn == combinations && held == expected, "{combinations} in step {step}");
        }
    }
}

#[test]
fn a_batch_without_pixels_is_the_batch_otherwise() {
    let root = test_data::root();
    let loader = loader(root, &test_data::config(root), 1);
    let tuples = &loader.epoch(0)[0];
    let mut batch = loader.batch(tuples, 7).expect("a batch");
    let without = loader.batch_without_pixels(tuples, 7).expect("a batch");
    let empty = |picture: &aio_types::Picture| picture.pixels.is_empty();
    for (whole, bare) in batch.tuples.iter_mut().zip(&without.tuples) {
        for (picture, bare) in whole.pictures.iter_mut().zip(&bare.pictures) {
            assert!(!empty(&picture.picture) && empty(&bare.picture));
            picture.picture = bare.picture.clone();
        }
    }
    assert_eq!(format!("{batch:?}"), format!("{without:?}"));
}
