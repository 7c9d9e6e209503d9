//! A small rendered benchmark and a configuration that trains on it, for the tests of this crate.

use crate::config::{Batches, DataConfig, ModelConfig, StageConfig, TrainConfig, TrainingConfig};
use crate::start::StartingPoint;
use aio_data::DatasetName;
use aio_model::LossWeights;
use aio_synth::benchmark::{self, Size};
use aio_types::Modality;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

const SIZE: Size =
    Size { synth_pedes: 8, llcm: 5, market_sketch: 5, market: 5, test: 5, pku: 20, development: 2 };

/// Renders the benchmark below `root`.
pub(crate) fn render(root: &Path) {
    benchmark::write(root, 1, SIZE, &|_, _| ControlFlow::Continue(())).expect("rendered");
}

/// Held by tests that draw random weights: Burn has one random generator for the whole process, and tests run in parallel.
pub(crate) fn exclusive() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A benchmark that all tests share; it is rendered once. It lies in the build directory, since what is static is never dropped.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<tempfile::TempDir> = OnceLock::new();
    ROOT.get_or_init(|| {
        let builds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tmp");
        std::fs::create_dir_all(builds).expect("a build directory");
        let directory = tempfile::tempdir_in(builds).expect("temporary directory");
        render(directory.path());
        directory
    })
    .path()
}

/// Two stages on the benchmark below `root`.
pub(crate) fn config(root: &Path) -> TrainingConfig {
    let stage = |name: &str, datasets: &[DatasetName], real: &[Modality]| StageConfig {
        name: name.into(),
        datasets: datasets.to_vec(),
        shares: Vec::new(),
        batches: Batches::Mixed,
        epochs: Some(1),
        steps: None,
        real: real.to_vec(),
        learning_rate: 1e-3,
        warmup_steps: 1,
        min_lr_ratio: 0.1,
        synthesise: StageConfig::synthesised(),
        all_splits: false,
    };
    let (pedes, llcm) = (DatasetName::SynthPedes, DatasetName::Llcm);
    TrainingConfig {
        seed: 3,
        data: DataConfig {
            root: root.to_path_buf(),
            validation_fraction: 0.25,
            ..DataConfig::default()
        },
        model: ModelConfig::default(),
        train: TrainConfig {
            identities: 2,
            instances_per_identity: 2,
            validate_every: Some(1),
            checkpoint_every: Some(1),
            stages: vec![
                stage("pairs", &[pedes], &[Modality::Text]),
                stage("all", &[pedes, llcm], &[Modality::Text, Modality::Infrared]),
            ],
            ..TrainConfig::default()
        },
        losses: LossWeights::default(),
    }
}

/// The embedded encoder, fitted to a configuration.
pub(crate) fn start(config: &TrainingConfig) -> StartingPoint {
    StartingPoint::open(&config.model).expect("the embedded weights")
}
