//! The best checkpoint by validation.

use super::*;
use aio_data::checksum::folder;

#[test]
fn a_best_checkpoint_that_is_gone_is_not_replaced_by_the_last_one() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut config = test_data::config(test_data::root());
    config.train.select = Select::Best;
    let parts = directory.path().join("parts");
    train_into(&parts, &config, &StopFlag::default()).expect("trains");
    let best = paths(&parts).best_checkpoint;
    let step = Checkpoints::new(&best, 1).steps()[0];
    let last = Checkpoints::new(paths(&parts).checkpoints, 1).steps();
    let other = last.into_iter().find(|other| *other != step).expect("another step");
    std::fs::remove_dir_all(&best).expect("remove");
    // One of another step, as a careless copy leaves it.
    let name = format!("step-{other:07}");
    std::fs::create_dir_all(best.join(&name)).expect("create");
    for entry in std::fs::read_dir(paths(&parts).checkpoints.join(&name)).expect("list").flatten() {
        std::fs::copy(entry.path(), best.join(&name).join(entry.file_name())).expect("copied");
    }
    let error = train_into(&parts, &config, &StopFlag::default()).expect_err("another one");
    let expected = format!("has no checkpoint of step {step}, the best one");
    assert!(error.to_string().contains(&expected), "{error}");
    std::fs::remove_dir_all(&best).expect("remove");
    let error = train_into(&parts, &config, &StopFlag::default()).expect_err("it is gone");
    assert!(error.to_string().contains(&expected), "{error}");
}

#[test]
fn a_training_that_is_killed_after_a_new_best_checkpoint_still_has_the_one_that_its_state_names() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut config = test_data::config(test_data::root());
    config.train.select = Select::Best;
    config.train.stages.truncate(1);
    config.train.stages[0] =
        StageConfig { epochs: None, steps: Some(6), ..config.train.stages[0].clone() };
    (config.train.validate_every, config.train.validate_every_steps) = (None, Some(1));
    (config.train.checkpoint_every, config.train.checkpoint_every_steps) = (None, None);
    let parts = directory.path().join("parts");
    let stop = StopFlag::default();
    stop.raise();
    for _ in 0..2 {
        train_into(&parts, &config, &stop).expect_err("stopped after a step");
    }
    // The state of the second step, with a score that the third step exceeds. Its best checkpoint is that of the first or of the second.
    let saved = paths(&parts).checkpoints.join("step-0000002");
    let state = std::fs::read_to_string(saved.join("state.json")).expect("read");
    let mut state: serde_json::Value = serde_json::from_str(&state).expect("JSON");
    let named = state["best"][1].as_u64().expect("a step") as usize;
    state["best"][0] = (-1.0).into();
    std::fs::write(saved.join("state.json"), state.to_string()).expect("write");
    folder::write(&saved, &["model.bpk", "optimizer.bpk", "state.json"]).expect("sealed");
    // Killed between the new best checkpoint and the next state.
    let best = paths(&parts).best_checkpoint;
    let written = best.join("step-0000003");
    let killed = StopFlag::default().with_claim(move || !written.exists());
    let error = train_into(&parts, &config, &killed).expect_err("killed");
    assert!(matches!(error, TrainError::Lost), "{error}");
    assert_eq!(Checkpoints::new(&best, 1).steps(), [named, 3]);
    // The training goes on from its state, and one best checkpoint is left at its end.
    train_into(&parts, &config, &StopFlag::default()).expect("trains");
    let last = Checkpoints::new(paths(&parts).checkpoints, 1).state::<TrainState>();
    let last = last.expect("read").expect("a state").best.expect("a score");
    assert_eq!(Checkpoints::new(&best, 1).steps(), [last.step]);
}
