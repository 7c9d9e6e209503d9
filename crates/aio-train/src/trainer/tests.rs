use super::*;
use crate::config::{StageConfig, TrainingConfig};
use crate::flops::HeadSizes;
use crate::loader::for_tests::opened;
use crate::{TrainError, probe, test_data};
use aio_heads::AnchorFeatures;
use aio_model::LossWeights;
use aio_types::Modality;
use burn::tensor::Device;
use burn::train::TrainStep;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod adapters;
mod best;
mod cost;
mod fusion;
mod start;

fn paths(directory: &Path) -> TrainingPaths {
    TrainingPaths {
        checkpoints: directory.join("checkpoints"),
        best_checkpoint: directory.join("best"),
        metrics: directory.join("metrics.jsonl"),
        events: directory.join("events"),
        directory: directory.to_path_buf(),
    }
}

fn train_into(directory: &Path, config: &TrainingConfig, stop: &StopFlag) -> Result<TrainedModel> {
    std::fs::create_dir_all(directory).expect("create");
    let (start, device) = (test_data::start(config), Device::flex());
    let setup = TrainingSetup { config, start: &start, device: &device, evaluation_bytes: 0 };
    let mut library = Library::new(&config.data.root);
    train(&setup, &paths(directory), &mut library, stop)
}

/// A training in one piece and one that is stopped after every step, below a directory, and what both gave. Their weights are the same.
struct Continued {
    whole: PathBuf,
    parts: PathBuf,
    model: TrainedModel,
}

impl Continued {
    fn below(directory: &Path, config: &TrainingConfig) -> Self {
        let (whole, parts) = (directory.join("whole"), directory.join("parts"));
        let expected = train_into(&whole, config, &StopFlag::default()).expect("trains");
        let stop = StopFlag::default();
        stop.raise();
        for done in 1..expected.steps {
            let error = train_into(&parts, config, &stop).expect_err("stopped");
            assert!(matches!(error, TrainError::Stopped { step } if step == done), "{error}");
        }
        let model = train_into(&parts, config, &StopFlag::default()).expect("trains");
        assert!(bytes(&model) == bytes(&expected), "the weights differ");
        assert_eq!(model.steps, expected.steps);
        Self { whole, parts, model }
    }
}

/// Weights file of a trained model.
fn bytes(model: &TrainedModel) -> Vec<u8> {
    model.backbone.to_bytes(&model.config, &model.preprocessing, &[]).expect("serialises")
}

#[test]
fn a_stopped_training_continues_to_the_same_weights_and_metrics() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let config = test_data::config(test_data::root());
    let Continued { whole, parts, model: trained } = Continued::below(directory.path(), &config);
    let metrics = |directory: &Path| std::fs::read_to_string(paths(directory).metrics);
    assert_eq!(metrics(&parts).expect("metrics"), metrics(&whole).expect("metrics"));
    assert_eq!(Checkpoints::new(paths(&parts).best_checkpoint, 1).steps().len(), 1);
    assert!(trained.predicted_memory.is_some());
    assert!(trained.waiting_for_data.is_some_and(|share| share > 0.0 && share < 1.0));
    // What is done is not done again.
    let stop = StopFlag::default();
    stop.raise();
    let again = train_into(&parts, &config, &stop).expect("nothing is left to do");
    assert!(bytes(&again) == bytes(&trained) && again.predicted_memory.is_none());
}

#[test]
fn a_later_stage_without_batches_is_refused_before_the_first_step() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut config = test_data::config(test_data::root());
    // Six people of SYNTH-PEDES, and five of LLCM.
    config.train.identities = 6;
    config.train.stages[1].datasets = vec![aio_data::DatasetName::Llcm];
    let error = train_into(directory.path(), &config, &StopFlag::default());
    let text = error.expect_err("too few people").to_string();
    assert!(text.contains("a batch holds 6 identities"), "{text}");
    assert!(!paths(directory.path()).metrics.exists(), "a step was done");
}

#[test]
fn a_training_continues_over_a_damaged_checkpoint_to_the_same_weights() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let config = test_data::config(test_data::root());
    let (whole, parts) = (directory.path().join("whole"), directory.path().join("parts"));
    let expected = train_into(&whole, &config, &StopFlag::default()).expect("trains");
    let stop = StopFlag::default();
    stop.raise();
    for _ in 0..3 {
        train_into(&parts, &config, &stop).expect_err("stopped");
    }
    let newest = paths(&parts).checkpoints.join("step-0000003/model.bpk");
    let mut bytes_of_model = std::fs::read(&newest).expect("read");
    let middle = bytes_of_model.len() / 2;
    bytes_of_model[middle..middle + 400].fill(0x5a);
    std::fs::write(&newest, bytes_of_model).expect("write");
    let trained = train_into(&parts, &config, &StopFlag::default()).expect("trains");
    assert!(bytes(&trained) == bytes(&expected), "the weights differ");
    let metrics = |directory: &Path| std::fs::read_to_string(paths(directory).metrics);
    assert_eq!(metrics(&parts).expect("metrics"), metrics(&whole).expect("metrics"));
}

#[test]
fn a_probe_counts_the_steps_that_training_does() {
    let _alone = crate::test_data::exclusive();
    let config = test_data::config(test_data::root());
    let (start, device) = (test_data::start(&config), Device::flex());
    let setup =
        TrainingSetup { config: &config, start: &start, device: &device, evaluation_bytes: 0 };
    let mut library = Library::new(&config.data.root);
    let stopped = StopFlag::default();
    stopped.raise();
    let interrupted = probe(&setup, &mut library, &stopped);
    assert!(matches!(interrupted, Err(TrainError::Interrupted { .. })));
    let probe = probe(&setup, &mut library, &StopFlag::default()).expect("one step");
    // 6 people and then 11, two in a batch.
    assert_eq!(probe.steps, 3 + 5);
    // The stages have the same pictures, so that their steps have about the same operations.
    let of_equal_steps = probe.seconds_per_step * probe.steps as f64;
    assert!((0.5..2.0).contains(&(probe.seconds / of_equal_steps)), "{probe:?}");
    assert!(probe.seconds_per_step > 0.0 && probe.memory.total() > probe.memory.activations);
}

#[test]
fn a_probe_tries_a_step_that_samples_identities_and_accumulates() {
    let _alone = crate::test_data::exclusive();
    let mut config = test_data::config(test_data::root());
    config.losses.identity_sample = 0.5;
    config.train.accumulation_steps = 2;
    config.train.stages.truncate(1);
    config.train.stages[0] =
        StageConfig { epochs: None, steps: Some(1), ..config.train.stages[0].clone() };
    let (start, device) = (test_data::start(&config), Device::flex());
    let setup =
        TrainingSetup { config: &config, start: &start, device: &device, evaluation_bytes: 0 };
    let mut library = Library::new(&config.data.root);
    let probe = probe(&setup, &mut library, &StopFlag::default()).expect("two steps");
    assert!(probe.steps == 1 && probe.seconds_per_step > 0.0, "{probe:?}");
}

#[test]
fn a_stage_of_steps_ends_after_them_and_continues_to_the_same_weights() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut config = test_data::config(test_data::root());
    config.train.stages.truncate(1);
    // An epoch has 3 steps: one is done, and two steps of the second.
    config.train.stages[0] =
        StageConfig { epochs: None, steps: Some(5), ..config.train.stages[0].clone() };
    (config.train.checkpoint_every, config.train.checkpoint_every_steps) = (None, Some(2));
    (config.train.validate_every, config.train.validate_every_steps) = (None, Some(4));
    config.train.keep_checkpoints = 9;
    let Continued { whole, parts, model } = Continued::below(directory.path(), &config);
    assert_eq!(model.steps, 5);
    assert_eq!(Checkpoints::new(paths(&whole).checkpoints, 1).steps(), [2, 4, 5]);
    let lines = |directory: &Path| -> Vec<MetricsLine> {
        let text = std::fs::read_to_string(paths(directory).metrics).expect("metrics");
        text.lines().map(|line| serde_json::from_str(line).expect("a line")).collect()
    };
    let logged = lines(&whole);
    assert_eq!(logged.iter().map(|line| line.epoch).collect::<Vec<_>>(), [0, 0, 0, 1, 1]);
    let validated: Vec<usize> =
        logged.iter().filter(|line| line.validation.is_some()).map(|line| line.step).collect();
    assert_eq!(validated, [3, 4], "after the fourth step and at the end");
    // One step of warm-up to 1e-3, then a cosine over the other four to a tenth of it.
    let rate =
        |progress: f64| 1e-3 * (0.1 + 0.45 * (1.0 + (std::f64::consts::PI * progress).cos()));
    for (line, progress) in logged.iter().zip([0.0, 0.0, 0.25, 0.5, 0.75]) {
        assert!((line.learning_rate - rate(progress)).abs() < 1e-12, "step {}", line.step);
    }
    assert_eq!(lines(&parts), logged);
    let (start, device) = (test_data::start(&config), Device::flex());
    let setup =
        TrainingSetup { config: &config, start: &start, device: &device, evaluation_bytes: 0 };
    let mut library = Library::new(&config.data.root);
    let probe = probe(&setup, &mut library, &StopFlag::default()).expect("one step");
    assert_eq!(probe.steps, 5);
}

#[test]
fn a_training_that_samples_identities_continues_to_the_same_weights() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut config = test_data::config(test_data::root());
    // 6 of 11 people; the two batches of a step show 4 of them.
    config.losses.identity_sample = 0.5;
    config.train.accumulation_steps = 2;
    config.train.stages[1] =
        StageConfig { epochs: None, steps: Some(3), ..config.train.stages[1].clone() };
    let Continued { whole, parts, .. } = Continued::below(directory.path(), &config);
    let text =
        |directory: &Path| std::fs::read_to_string(paths(directory).metrics).expect("metrics");
    assert_eq!(text(&parts), text(&whole));
    let first: MetricsLine =
        serde_json::from_str(text(&whole).lines().next().expect("a line")).expect("a step");
    // Before the first step all centres are about 0, so that six classes are equally likely.
    let loss = first.terms["identity.rgb"];
    assert!((loss - 6.0f32.ln()).abs() < 0.05, "{loss}");
}

#[test]
fn a_training_with_a_queue_continues_to_the_same_weights() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut config = test_data::config(test_data::root());
    config.losses.queue = 24;
    config.losses.queue_after = 1;
    config.losses.anchor_features = AnchorFeatures::All;
    config.train.accumulation_steps = 2;
    config.train.stages[1] =
        StageConfig { epochs: None, steps: Some(4), ..config.train.stages[1].clone() };
    let Continued { whole, parts, model: trained } = Continued::below(directory.path(), &config);
    // The three batches of the first stage are a step and a half.
    assert_eq!(trained.steps, 2 + 4);
    let logged = |directory: &Path| -> Vec<MetricsLine> {
        let text = std::fs::read_to_string(paths(directory).metrics).expect("metrics");
        text.lines().map(|line| serde_json::from_str(line).expect("a line")).collect()
    };
    assert_eq!(logged(&parts), logged(&whole));
    // The first two steps of a stage see their batches alone: the first one keeps no anchors, and the anchors of the second are seen by the third,
    // which learns something else. The first stage has no third one.
    let without = directory.path().join("without");
    let plain =
        TrainingConfig { losses: LossWeights { queue: 0, ..config.losses }, ..config.clone() };
    let other = train_into(&without, &plain, &StopFlag::default()).expect("trains");
    let binding = |directory: &Path, step: usize| logged(directory)[step].terms["binding.rgb"];
    for first in [0, 1, 2, 3] {
        let (with, without) = (binding(&whole, first), binding(&without, first));
        assert!((with - without).abs() < 1e-3 * without, "step {first}: {with}, {without}");
    }
    assert!((binding(&whole, 4) - binding(&without, 4)).abs() > 1e-2);
    assert!(bytes(&other) != bytes(&trained));
}

#[test]
fn the_log_has_the_mean_over_the_micro_batches_of_a_step() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut config = test_data::config(test_data::root());
    config.train.accumulation_steps = 2;
    config.train.stages.truncate(1);
    train_into(directory.path(), &config, &StopFlag::default()).expect("trains");
    let text = std::fs::read_to_string(paths(directory.path()).metrics).expect("metrics");
    let logged: Vec<MetricsLine> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    assert_eq!(logged.len(), 2, "6 people, two in a batch, two batches in a step");

    // By hand: both micro-batches on the model before its first step.
    let (start, device) = (test_data::start(&config), Device::flex());
    let setup =
        TrainingSetup { config: &config, start: &start, device: &device, evaluation_bytes: 0 };
    let size = start.preprocessing.size();
    let (loader, classes, attributes) = opened(&config.data.root, &config, 0, size);
    let sizes = HeadSizes::new(&classes, &attributes);
    let model = initial_model(&setup, sizes).expect("a model");
    let micro_batches = [0, 1].map(|micro| {
        let batch = loader.batch(&loader.epoch(0)[micro], micro as u64).expect("a batch");
        let terms = model.step(step_input(&setup, batch)).item.terms.expect("finite");
        terms.into_iter().map(|(term, value)| (term.to_string(), value)).collect()
    });
    let [first, last]: [BTreeMap<String, f32>; 2] = micro_batches;
    assert!(first.len() > 8 && first.keys().eq(last.keys()));
    for (name, logged) in &logged[0].terms {
        let mean = 0.5 * (first[name] + last[name]);
        let difference = (logged - mean).abs();
        assert!(difference <= 1e-5 * mean.abs(), "{name}: {logged}, by hand {mean}");
    }
    let (of_last, logged) = (last["identity.rgb"], logged[0].terms["identity.rgb"]);
    assert!((of_last - logged).abs() > 1e-4 * logged, "the mean is not that of the last one");
}
