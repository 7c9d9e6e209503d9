//! The order of batches, and the lengths of epochs.

use super::*;

#[test]
fn batches_prepared_ahead_are_those_made_in_turn_bit_for_bit() {
    let root = test_data::root();
    let loader = Arc::new(loader(root, &test_data::config(root), 1));
    assert_eq!(loader.batches_per_epoch(), 5);
    // Four steps of two micro-batches each, after three steps of another stage: one epoch of five and three batches of the next.
    let stage = StageSteps { steps: 3..7, batches_per_epoch: 5, micro_batches: 2 };
    let in_turn: Vec<String> = (3..7)
        .flat_map(|step| [(step, 0), (step, 1)])
        .map(|(step, micro)| {
            let number = 2 * step + micro;
            let first_of_epoch = if number < 11 { 6 } else { 11 };
            let tuples = &loader.epoch(first_of_epoch as u64)[number - first_of_epoch];
            contents(&loader.batch(tuples, number as u64).expect("a batch"))
        })
        .collect();
    assert!(in_turn[0] != in_turn[5], "every epoch draws anew");
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
fn epochs_follow_one_another_where_a_step_takes_more_batches_than_an_epoch_has() {
    let root = test_data::root();
    let loader = Arc::new(loader(root, &test_data::config(root), 0));
    assert_eq!(loader.batches_per_epoch(), 3);
    let stage = StageSteps { steps: 0..1, batches_per_epoch: 3, micro_batches: 6 };
    let batches = MicroBatches::from_step(loader, stage, 0);
    let classes: Vec<Vec<usize>> = batches.map(|batch| batch.expect("made").classes()).collect();
    let people = |batches: &[Vec<usize>]| batches.concat().into_iter().collect::<BTreeSet<_>>();
    // Six people, of whom everyone is drawn once in three batches of two.
    assert_eq!(classes.len(), 6);
    assert!(people(&classes[..3]).len() == 6 && people(&classes[3..]).len() == 6);
    assert_ne!(classes[..3], classes[3..], "another order");
}

#[test]
fn epochs_are_as_many_passes_over_the_people_whatever_is_accumulated() {
    // 24 people, four in a batch, two epochs: 12 batches.
    let steps = |micro_batches| StageSteps::of_epochs(2, 6, micro_batches);
    assert_eq!([1, 4, 5, 16].map(steps), [12, 3, 3, 1]);
    let stage = StageSteps { steps: 10..13, batches_per_epoch: 6, micro_batches: 4 };
    // The second step has the last two batches of the first epoch and the first two of the second.
    assert_eq!([10, 11, 12].map(|step| stage.epoch(step)), [0, 0, 1]);
    assert_eq!([10, 11, 12].map(|step| stage.ends_epoch(step)), [false, true, true]);
    assert_eq!([10, 11, 12].map(|step| stage.ends_epochs(step, 2)), [false, false, true]);
    // A step of 16 batches ends two epochs of six and begins the third.
    let stage = StageSteps { steps: 0..2, batches_per_epoch: 6, micro_batches: 16 };
    assert_eq!([0, 1].map(|step| stage.ends_epochs(step, 2)), [true, true]);
    assert_eq!([0, 1].map(|step| stage.ends_epochs(step, 3)), [false, true]);
    // Without accumulation an epoch is as many steps as it has batches.
    let stage = StageSteps { steps: 5..17, batches_per_epoch: 6, micro_batches: 1 };
    let ends: Vec<usize> = (5..17).filter(|step| stage.ends_epoch(*step)).collect();
    assert_eq!((ends, stage.epoch(10), stage.epoch(11)), (vec![10, 16], 0, 1));
}
