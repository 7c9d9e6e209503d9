//! Every file of a checkpoint, damaged at random: training continues from what was written, here or in the checkpoint before it.

// The damage is that of the other kinds of files; aio-bench tests them.
#[path = "../../../aio-bench/tests/corruption/damage.rs"]
mod damage;

use super::*;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Tensor};

/// Damaged copies of every file.
const COPIES: u64 = 1_000;

/// A model after one step, so that the optimiser has a state.
fn trained(value: f32) -> Learner<Linear> {
    let device = Device::flex().autodiff();
    let model = LinearConfig::new(3, 2).init(&device);
    let mut optimiser = AdamWConfig::new().init();
    let loss = model.forward(Tensor::<2>::full([1, 3], value, &device)).sum();
    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    let model = optimiser.step(0.1, model, gradients);
    Learner { model, optimiser }
}

/// Weights, optimiser and state of a loaded checkpoint.
fn content(
    learner: &Learner<Linear>,
    state: Option<usize>,
    scratch: &Path,
) -> (Vec<u32>, Vec<u8>, Option<usize>) {
    let weights = learner.model.weight.val().into_data().iter::<f32>().map(f32::to_bits).collect();
    learner.optimiser.save(scratch).expect("saved");
    (weights, std::fs::read(scratch).expect("read"), state)
}

#[test]
#[expect(clippy::print_stdout, reason = "the report of counts")]
fn damaged_checkpoints_are_passed_over_or_read_as_they_were_written() {
    let _alone = crate::test_data::exclusive();
    let copies = std::env::var("AIO_CORRUPTIONS");
    let copies = copies.map_or(COPIES, |text| text.parse().expect("AIO_CORRUPTIONS is a number"));
    let directory = tempfile::tempdir().expect("temporary directory");
    let scratch = directory.path().join("optimiser.bpk");
    let checkpoints = Checkpoints::new(directory.path().join("checkpoint"), 3);
    for (step, value) in [(7, 1.0), (9, -2.0)] {
        checkpoints.save(step, &trained(value), &step).expect("saved");
    }
    let fresh = trained(0.5);
    let resumed = || {
        let Learner { model, optimiser } = &fresh;
        let fresh = Learner { model: model.clone(), optimiser: optimiser.clone() };
        let (learner, state) = checkpoints.resume::<_, usize>(fresh).expect("one is whole");
        content(&learner, state, &scratch)
    };
    let newest = resumed();
    assert!(newest.2 == Some(9) && newest == resumed(), "the same twice");
    let hidden = directory.path().join("hidden");
    std::fs::rename(checkpoints.path(9), &hidden).expect("rename");
    let before = resumed();
    std::fs::rename(&hidden, checkpoints.path(9)).expect("rename");
    assert!(before.2 == Some(7) && before.0 != newest.0 && before.1 != newest.1);
    for name in FILES.into_iter().chain([folder::SUMS]) {
        let file = checkpoints.path(9).join(name);
        let whole = std::fs::read(&file).expect("read");
        let (mut passed_over, mut same) = (0, 0);
        for copy in 0..copies {
            let bytes = damage::damaged(&whole, &mut aio_types::rng(0, name, copy));
            std::fs::write(&file, bytes).expect("write");
            let found = resumed();
            if found == newest {
                same += 1;
            } else {
                assert_eq!(found.2, before.2, "{name}, copy {copy}");
                assert!(found == before, "{name}, copy {copy} becomes another content");
                passed_over += 1;
            }
        }
        std::fs::write(&file, whole).expect("write");
        println!("| `{name}` of a checkpoint | yes | {copies} | {passed_over} | {same} | – |");
        assert!(passed_over > 0, "{name}");
    }
}
