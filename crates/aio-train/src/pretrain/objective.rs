//! The steps of pre-training: losses, loss curve and weights.

use super::corpus::{CombinedInputs, Corpus, CorpusBatch};
use super::output;
use super::recipe::{PARTS, Recipe};
use super::start::Start;
use crate::checkpoint::Learner;
use crate::error::{Result, TrainError, io_error};
use crate::training_loop::{CompletedStep, Objective, StepGradients};
use aio_model::pretrain::{Pretraining, PretrainingLosses, SecondViews, Together};
use aio_model::{pictures, read_scalars, token_ids};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Steps between two checkpoints.
const CHECKPOINT_EVERY: usize = 250;

/// Names of the loss terms.
const WORDS: &str = "words";
const VIEWS: &str = "views";
const CONTRASTIVE: &str = "contrastive";

/// Where a pre-training stands, as every checkpoint says in `state.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PretrainState {
    /// Optimiser steps done.
    pub(super) step: usize,
    /// The recipe, without the weights it started from.
    pub(super) recipe: Recipe,
    /// SHA-256 of the weights it started from; none where it started from random ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) init: Option<String>,
}

/// A pre-training in progress.
pub(super) struct PretrainObjective<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) start: &'a Start,
    pub(super) corpus: Corpus<'a>,
    pub(super) device: &'a Device,
    pub(super) directory: &'a Path,
    pub(super) loss_curve: std::fs::File,
    pub(super) steps_done: usize,
}

impl PretrainObjective<'_> {
    /// What the model takes of people with several inputs; nothing where there are none.
    fn together<'b>(&self, combined: &'b [CombinedInputs]) -> Option<Together<'b>> {
        let first = combined.first()?;
        let mut stacked = Vec::new();
        for number in 0..first.pictures.len() {
            let of_all = combined.iter().map(|inputs| &inputs.pictures[number]);
            stacked.push(pictures(of_all, &self.start.preprocessing, self.device));
        }
        let captions = first.caption.is_some().then(|| {
            token_ids(combined.iter().filter_map(|inputs| inputs.caption.as_deref()), self.device)
        });
        let words = combined.iter().map(|inputs| &inputs.words[..]).collect();
        Some(Together { pictures: stacked, captions, words })
    }

    fn losses(&self, model: &Pretraining, batch: &CorpusBatch, step: usize) -> PretrainingLosses {
        let captioned = &batch.captioned;
        let images =
            pictures(captioned.iter().map(|c| &c.picture), &self.start.preprocessing, self.device);
        let mut captions = Vec::new();
        if step >= self.recipe.pictures_first {
            for group in captioned.chunks(self.recipe.batch.div_ceil(PARTS)) {
                captions.push(token_ids(group.iter().map(|c| &*c.caption), self.device));
            }
        }
        let of: Vec<usize> =
            (0..captioned.len()).filter(|row| captioned[*row].second.is_some()).collect();
        let seconds = captioned.iter().filter_map(|c| c.second.as_ref());
        let second =
            SecondViews { pictures: pictures(seconds, &self.start.preprocessing, self.device), of };
        let together = self.together(&batch.combined);
        let words: Vec<&[_]> = captioned.iter().map(|c| &c.words[..]).collect();
        model.losses(images, second, &words, captions, together, self.recipe.temperature)
    }
}

impl Objective for PretrainObjective<'_> {
    type Model = Pretraining;
    type State = PretrainState;

    fn learning_rate(&self, step: usize) -> f64 {
        self.recipe.learning_rate_at(step)
    }

    fn gradients(&mut self, model: &Pretraining, step: usize) -> Result<StepGradients> {
        let begun = Instant::now();
        let batch = self.corpus.batch(step);
        let waited = begun.elapsed();
        let PretrainingLosses { words, views, contrastive } = self.losses(model, &batch, step);
        let values =
            read_scalars([&words, &views].into_iter().chain(&contrastive).cloned().collect());
        let names = [WORDS, VIEWS, CONTRASTIVE].map(str::to_owned);
        let terms: BTreeMap<String, f32> = names.into_iter().zip(values).collect();
        if let Some((name, value)) = terms.iter().find(|(_, value)| !f32::is_finite(**value)) {
            return Err(TrainError::Failure(format!(
                "the loss `{name}` is {value} at step {step}"
            )));
        }
        let mut total = words * self.recipe.words + views * self.recipe.views;
        if let Some(contrastive) = contrastive {
            total = total + contrastive * self.recipe.contrastive;
        }
        let gradients = GradientsParams::from_grads(total.backward(), model);
        Ok(StepGradients { gradients, terms, measures: BTreeMap::new(), waited })
    }

    fn record(&mut self, done: &CompletedStep, _learner: &Learner<Pretraining>) -> Result<()> {
        self.steps_done = done.step + 1;
        // The contrastive column is empty as long as no captions are used.
        let contrastive = done.terms.get(CONTRASTIVE).map(f32::to_string).unwrap_or_default();
        let (words, views) = (done.terms[WORDS], done.terms[VIEWS]);
        writeln!(self.loss_curve, "{},{words},{views},{contrastive}", done.step)
            .map_err(|e| io_error("write", &output::loss_curve_path(self.directory), e))
    }

    fn ends_epoch(&self, step: usize) -> bool {
        (step + 1).is_multiple_of(self.corpus.steps_per_pass())
    }

    fn checkpoint_due(&self, step: usize) -> bool {
        (step + 1).is_multiple_of(CHECKPOINT_EVERY) || step + 1 == self.recipe.total_steps()
    }

    fn state(&self) -> PretrainState {
        let recipe = Recipe { init: None, ..self.recipe.clone() };
        PretrainState {
            step: self.steps_done,
            recipe,
            init: self.start.sha256().map(str::to_owned),
        }
    }

    fn sync_logs(&mut self) -> Result<()> {
        let synced = self.loss_curve.sync_data();
        synced.map_err(|e| io_error("write", &output::loss_curve_path(self.directory), e))
    }

    fn checkpoint_written(&mut self, model: &Pretraining) -> Result<()> {
        let backbone = model.backbone.valid();
        output::write_weights(self.directory, &backbone, self.start, self.recipe).map(|_| ())
    }
}
