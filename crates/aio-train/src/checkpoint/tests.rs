use super::*;
use burn::nn::{Linear, LinearConfig};
use burn::optim::AdamWConfig;
use burn::tensor::Device;

fn learner() -> Learner<Linear> {
    let device = Device::flex().autodiff();
    let model = LinearConfig::new(2, 1).init(&device);
    Learner { model, optimiser: AdamWConfig::new().init(), weight_decay: 0.0, max_grad_norm: 1.0 }
}

fn weights(learner: &Learner<Linear>) -> Vec<f32> {
    learner.model.weight.val().into_data().iter::<f32>().collect()
}

#[test]
fn the_newest_complete_checkpoint_is_loaded_and_old_ones_are_removed() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let checkpoints = Checkpoints::new(directory.path(), 2);
    assert!(checkpoints.steps().is_empty() && checkpoints.state::<u32>().expect("none").is_none());
    let saved: Vec<Vec<f32>> = [3, 1_000, 12]
        .into_iter()
        .map(|step| {
            let learner = learner();
            checkpoints.save(step, &learner, &step).expect("saved");
            weights(&learner)
        })
        .collect();
    assert_eq!(checkpoints.steps(), [12, 1_000], "by number, not by when they were written");
    let (loaded, state) = checkpoints.resume::<_, usize>(learner()).expect("loads");
    assert_eq!((weights(&loaded), state), (saved[1].clone(), Some(1_000)));
    let entries = std::fs::read_dir(directory.path()).expect("lists").count();
    assert_eq!(entries, 2, "nothing temporary stays");
}

#[test]
fn the_checkpoint_of_a_step_is_loaded_beside_a_later_one() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let checkpoints = Checkpoints::new(directory.path(), 2);
    let best = learner();
    checkpoints.save(2, &best, &2).expect("saved");
    checkpoints.save(4, &learner(), &4).expect("saved");
    let found = checkpoints.load::<_, usize>(2, learner()).expect("undamaged").expect("there");
    assert_eq!((weights(&found.0), found.1), (weights(&best), 2));
    assert!(checkpoints.load::<_, usize>(3, learner()).expect("nothing wrong").is_none());
    flip(&directory.path().join("step-0000002").join(MODEL), 40);
    let error = checkpoints.load::<_, usize>(2, learner()).map(|_| ()).expect_err("damaged");
    assert!(error.to_string().contains("step-0000002"), "{error}");
}

#[test]
fn half_written_checkpoints_are_ignored() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let checkpoints = Checkpoints::new(directory.path(), 2);
    checkpoints.save(5, &learner(), &"five").expect("saved");
    // Killed before the state was written, and before the directory was renamed.
    for name in ["step-0000009", ".step-0000009.1.tmp"] {
        std::fs::create_dir(directory.path().join(name)).expect("create");
        std::fs::copy(
            directory.path().join("step-0000005/model.bpk"),
            directory.path().join(name).join("model.bpk"),
        )
        .expect("copy");
    }
    std::fs::write(directory.path().join(".step-0000009.1.tmp/state.json"), "9").expect("write");
    assert_eq!(checkpoints.steps(), [5]);
    assert_eq!(checkpoints.state::<String>().expect("reads").as_deref(), Some("five"));
}

/// Flips bits of `count` bytes spread over a file.
fn flip(path: &Path, count: usize) {
    let mut bytes = std::fs::read(path).expect("read");
    let length = bytes.len();
    for i in 0..count {
        bytes[(i * 7_919 + length / 2) % length] ^= 0x15;
    }
    std::fs::write(path, bytes).expect("write");
}

#[test]
fn a_damaged_checkpoint_falls_back_to_the_one_before_it() {
    let _alone = crate::test_data::exclusive();
    for file in [MODEL, OPTIMISER, STATE, folder::SUMS] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let checkpoints = Checkpoints::new(directory.path(), 3);
        let before = learner();
        checkpoints.save(7, &before, &7).expect("saved");
        checkpoints.save(9, &learner(), &9).expect("saved");
        flip(&directory.path().join("step-0000009").join(file), 1);
        let (loaded, state) = checkpoints.resume::<_, usize>(learner()).expect("the older one");
        assert_eq!((weights(&loaded), state), (weights(&before), Some(7)), "{file}");
        assert_eq!(checkpoints.state::<usize>().expect("the same one"), Some(7), "{file}");
        std::fs::remove_file(directory.path().join("step-0000007").join(STATE)).expect("remove");
        let error = checkpoints.resume::<_, usize>(learner()).err().expect("none is left");
        let (text, hint) = (error.to_string(), error.hint().expect("a hint"));
        assert!(text.contains("step-0000009") && text.contains("step-0000007"), "{text}");
        assert!(text.contains("state.json is missing"), "{text}");
        assert!(hint.contains("run the command again"), "{hint}");
    }
}

#[test]
fn four_hundred_flipped_bytes_never_become_weights() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let checkpoints = Checkpoints::new(directory.path(), 1);
    checkpoints.save(9, &learner(), &9).expect("saved");
    flip(&directory.path().join("step-0000009/model.bpk"), 400);
    let error = checkpoints.resume::<_, usize>(learner()).err().expect("damaged").to_string();
    assert!(error.contains("model.bpk does not have the checksum"), "{error}");
}

#[test]
fn a_damaged_checkpoint_does_not_displace_what_is_written_after_it() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let checkpoints = Checkpoints::new(directory.path(), 1);
    checkpoints.save(10, &learner(), &10).expect("saved");
    flip(&directory.path().join("step-0000010").join(STATE), 1);
    let newer = learner();
    checkpoints.save(7, &newer, &7).expect("saved");
    let (loaded, state) = checkpoints.resume::<_, usize>(learner()).expect("the good one");
    assert_eq!((weights(&loaded), state), (weights(&newer), Some(7)));
}

#[test]
fn a_checkpoint_of_another_model_is_refused_and_none_before_it_is_tried() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let checkpoints = Checkpoints::new(directory.path(), 2);
    checkpoints.save(7, &learner(), &7).expect("saved");
    checkpoints.save(9, &learner(), &"nine").expect("saved");
    let error = checkpoints.resume::<_, usize>(learner()).err().expect("another state");
    assert!(error.to_string().contains("step-0000009 cannot be used: state.json"), "{error}");
}

#[test]
fn checkpoints_of_earlier_versions_have_no_checksums_and_are_read() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let checkpoints = Checkpoints::new(directory.path(), 2);
    let before = learner();
    for (step, learner) in [(7, &before), (9, &learner())] {
        checkpoints.save(step, learner, &step).expect("saved");
        std::fs::remove_file(checkpoints.path(step).join(folder::SUMS)).expect("remove");
    }
    let (_, state) = checkpoints.resume::<_, usize>(learner()).expect("loads");
    assert_eq!(state, Some(9));
    std::fs::write(checkpoints.path(9).join(MODEL), "no weights").expect("write");
    let (loaded, state) = checkpoints.resume::<_, usize>(learner()).expect("the older one");
    assert_eq!((weights(&loaded), state), (weights(&before), Some(7)));
}
