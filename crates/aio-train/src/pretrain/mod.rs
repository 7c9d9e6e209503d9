//! Pre-training of the embedded encoder by image–text contrastive learning and by the words of captions, on rendered pictures (`aio pretrain`).

mod corpus;
mod doubts;
mod objective;
mod output;
mod recipe;
mod start;
mod views;

pub use output::{LOSS_CURVE, LOSS_CURVE_HEADER, WEIGHTS};
pub use recipe::{Recipe, Stem};

use crate::checkpoint::{Checkpoints, Learner};
use crate::error::{Result, TrainError};
use crate::signals::StopFlag;
use crate::start::to_training_device;
use crate::training_loop::TrainingLoop;
use aio_data::fs;
use aio_model::pretrain::Pretraining;
use burn::module::Module;
use burn::optim::{AdamWConfig, ModuleOptimizer};
use burn::tensor::Device;
use corpus::Corpus;
use objective::{PretrainObjective, PretrainState};
use start::Start;
use std::path::{Path, PathBuf};

const WEIGHT_DECAY: f64 = 0.05;
const MAX_GRAD_NORM: f64 = 1.0;

fn optimiser() -> ModuleOptimizer {
    AdamWConfig::new().with_beta_2(0.98).with_epsilon(1e-6).with_weight_decay(0.0).init()
}

/// Refuses a recipe that does not fit the checkpoints there are. `init` is the SHA-256 of the weights to start from.
fn check_checkpoints(
    recipe: &Recipe,
    init: Option<&str>,
    directory: &Path,
    checkpoints: &Checkpoints,
) -> Result<()> {
    let hint = "choose another output directory, or remove it";
    if let Some(state) = checkpoints.state::<PretrainState>()? {
        if state.recipe != (Recipe { init: None, ..recipe.clone() }) {
            let problem = format!("{} holds checkpoints of another recipe", directory.display());
            return Err(TrainError::invalid(problem, hint));
        }
        if state.init.as_deref() != init {
            let of = |init: Option<&str>| match init {
                Some(sha256) => format!("the weights with SHA-256 {sha256}"),
                None => "random weights".to_owned(),
            };
            let problem = format!(
                "{} holds checkpoints that started from {}, and this call starts from {}",
                directory.display(),
                of(state.init.as_deref()),
                of(init)
            );
            return Err(TrainError::invalid(problem, hint));
        }
    }
    Ok(())
}

/// Trains an encoder and writes `embedded.safetensors`, `loss.csv` and checkpoints into `directory`, continuing from the newest of these.
///
/// On the CPU the weights are the same on every machine. On another device they start from the same random numbers, drawn in another order.
///
/// # Errors
/// [`TrainError::Stopped`], after a checkpoint, if `stop` is raised. [`TrainError::Invalid`] if `directory` holds checkpoints of another recipe or of
/// other weights to start from.
pub fn run(recipe: &Recipe, directory: &Path, device: &Device, stop: &StopFlag) -> Result<PathBuf> {
    let training = device.clone().autodiff();
    let cpu = Device::flex();
    let on_cpu = *device == cpu;
    let drawn_on = if on_cpu { &training } else { &cpu };
    let (start, backbone) = Start::of(recipe, drawn_on)?;
    let config = &start.config;
    let checkpoints = Checkpoints::new(directory.join("checkpoint"), 2).claimed_by(stop);
    check_checkpoints(recipe, start.sha256(), directory, &checkpoints)?;
    recipe.check()?;
    recipe.doubts().iter().for_each(|doubt| log::warn!("{doubt}"));
    let corpus = Corpus::render(recipe, start.preprocessing.size(), stop)?;
    cpu.seed(recipe.seed);
    let backbone = backbone.unwrap_or_else(|| config.init(drawn_on));
    let fresh =
        Pretraining::new(backbone, config.embedding_width(), &corpus::word_classes(), drawn_on);
    let model = if on_cpu { fresh } else { to_training_device(fresh, &training) };
    let learner = Learner {
        model,
        optimiser: optimiser(),
        weight_decay: WEIGHT_DECAY,
        max_grad_norm: MAX_GRAD_NORM,
    };
    let (learner, state) = checkpoints.resume::<_, PretrainState>(learner)?;
    let first = state.map_or(0, |state| state.step);
    fs::create_dir_all(directory)?;
    let mut objective = PretrainObjective {
        recipe,
        start: &start,
        corpus,
        device,
        directory,
        loss_curve: output::open_loss_curve(directory, first)?,
        steps_done: first,
    };
    let steps = 0..recipe.total_steps();
    let training_loop =
        TrainingLoop { phase: "pre-training", steps, checkpoints: &checkpoints, stop };
    let Learner { model, .. } = training_loop.run(first, &mut objective, learner)?;
    stop.check_claim()?;
    output::write_weights(directory, &model.backbone.valid(), &start, recipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_encoder::weights::Weights;
    use aio_model::Backbone;

    fn recipe() -> Recipe {
        Recipe {
            steps: 3,
            pictures_first: 1,
            company_steps: 2,
            warmup_steps: 1,
            corpus: 8,
            batch: 4,
            depth: 1,
            embed_dim: 32,
            ..Recipe::default()
        }
    }

    #[test]
    fn a_large_encoder_can_be_loaded_again() {
        let _alone = crate::test_data::exclusive();
        let directory = tempfile::tempdir().expect("temporary directory");
        // Its blocks have more values than everything else, and the file 16 bits for each.
        let large = Recipe { steps: 1, company_steps: 1, depth: 8, embed_dim: 192, ..recipe() };
        let written = run(&large, directory.path(), &Device::flex(), &StopFlag::default());
        let weights = Weights::open(&written.expect("trains")).expect("opens");
        let (_, config, _) = Backbone::load(&weights, &Device::flex()).expect("loads");
        assert_eq!((config.encoder.depth, config.encoder.embed_dim), (8, 192));
    }

    fn files(directory: &Path) -> [Vec<u8>; 2] {
        ["embedded.safetensors", "loss.csv"]
            .map(|name| std::fs::read(directory.join(name)).expect("written"))
    }

    /// A flag that is raised during the first step: the claim is checked before a step is logged.
    fn stopped_in_a_step() -> StopFlag {
        let flag = StopFlag::default();
        let raised = flag.clone();
        flag.with_claim(move || {
            raised.raise();
            true
        })
    }

    #[test]
    fn a_pre_training_that_was_taken_over_writes_nothing_more() {
        let _alone = crate::test_data::exclusive();
        let directory = tempfile::tempdir().expect("temporary directory");
        let taken = StopFlag::default().with_claim(|| false);
        let error = run(&recipe(), directory.path(), &Device::flex(), &taken).expect_err("taken");
        assert!(error.to_string().contains("took this directory over"), "{error}");
        assert!(Checkpoints::new(directory.path().join("checkpoint"), 2).steps().is_empty());
        let curve = std::fs::read_to_string(output::loss_curve_path(directory.path()));
        assert_eq!(curve.expect("its first line").lines().count(), 1);
    }

    #[test]
    fn a_stopped_pre_training_continues_to_the_same_bytes() {
        let _alone = crate::test_data::exclusive();
        let directory = tempfile::tempdir().expect("temporary directory");
        let device = Device::flex();
        let (whole, parts) = (directory.path().join("whole"), directory.path().join("parts"));
        run(&recipe(), &whole, &device, &StopFlag::default()).expect("runs to its end");
        let stop = StopFlag::default();
        stop.raise();
        let error = run(&recipe(), &parts, &device, &stop).expect_err("stopped");
        assert!(matches!(error, TrainError::Interrupted { .. }), "{error}");
        for step in 1..=3 {
            let error = run(&recipe(), &parts, &device, &stopped_in_a_step()).expect_err("stopped");
            assert!(matches!(error, TrainError::Stopped { step: at } if at == step), "{error}");
        }
        run(&recipe(), &parts, &device, &StopFlag::default()).expect("continues to its end");
        assert!(files(&whole) == files(&parts));
        // A finished one changes nothing when it is run again, even where it is stopped.
        run(&recipe(), &parts, &device, &stopped_in_a_step()).expect("nothing is left to do");
        assert!(files(&whole) == files(&parts));
    }

    #[test]
    fn checkpoints_of_other_initial_weights_are_refused() {
        let _alone = crate::test_data::exclusive();
        let directory = tempfile::tempdir().expect("temporary directory");
        let device = Device::flex();
        let of = |name: &str, init: Option<&Path>| {
            let recipe = Recipe { init: init.map(Path::to_path_buf), ..recipe() };
            run(&recipe, &directory.path().join(name), &device, &stopped_in_a_step())
        };
        let weights = |name: &str, seed: u64| {
            let recipe = Recipe { seed, ..recipe() };
            run(&recipe, &directory.path().join(name), &device, &StopFlag::default()).expect("runs")
        };
        let (one, two) = (weights("one", 1), weights("two", 2));
        let begun = of("from-one", Some(&one)).expect_err("stopped");
        assert!(matches!(begun, TrainError::Stopped { .. }), "{begun}");
        for other in [Some(&*two), None] {
            let error = of("from-one", other).expect_err("other weights").to_string();
            assert!(error.contains("holds checkpoints that started from the weights"), "{error}");
        }
        // The same weights elsewhere are the same.
        let copy = directory.path().join("copy.safetensors");
        std::fs::copy(&one, &copy).expect("copied");
        let continued = of("from-one", Some(&copy)).expect_err("stopped");
        assert!(matches!(continued, TrainError::Stopped { step: 2 }), "{continued}");
        let begun = of("random", None).expect_err("stopped");
        assert!(matches!(begun, TrainError::Stopped { .. }), "{begun}");
        let error = of("random", Some(&one)).expect_err("other weights").to_string();
        assert!(error.contains("started from random weights"), "{error}");
    }

    #[test]
    fn another_recipe_in_the_same_directory_is_refused() {
        let _alone = crate::test_data::exclusive();
        let directory = tempfile::tempdir().expect("temporary directory");
        let (device, stop) = (Device::flex(), stopped_in_a_step());
        run(&recipe(), directory.path(), &device, &stop).expect_err("stopped");
        let other = Recipe { embed_dim: 64, ..recipe() };
        let error = run(&other, directory.path(), &device, &stop).expect_err("another recipe");
        assert!(error.to_string().contains("holds checkpoints of another recipe"), "{error}");
        let empty = Recipe { corpus: 3, ..recipe() };
        let elsewhere = directory.path().join("elsewhere");
        let error = run(&empty, &elsewhere, &device, &stop).expect_err("3 pictures");
        assert!(error.to_string().contains("smaller than one batch"), "{error}");
    }
}
