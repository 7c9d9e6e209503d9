//! The recipe of the embedded encoder.

use crate::error::{Result, TrainError};
use crate::schedule::WarmupCosine;
use aio_encoder::EncoderConfig;
use aio_model::{BackboneConfig, pretrain};
use aio_tokenize::{StemConfig, StemKind};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The recipe of a pre-training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Optimiser steps before those with several inputs.
    pub steps: usize,
    /// Pairs of picture and caption in a step.
    pub batch: usize,
    /// People in the corpus, with two pictures each.
    pub corpus: usize,
    /// Peak learning rate.
    #[serde(rename = "rate")]
    pub learning_rate: f64,
    /// Temperature of the contrastive loss.
    pub temperature: f64,
    /// Weight of the loss of the words, which is a sum over all words of the vocabulary.
    pub words: f64,
    /// Weight of the contrastive loss between pictures and captions.
    pub contrastive: f64,
    /// Weight of the contrastive loss between two views of a picture.
    pub views: f64,
    /// Fraction of second views that are the other picture of the person, by another camera, instead of the same picture.
    pub pairs: f64,
    /// Optimiser steps at the beginning that use no captions: pictures are learned first.
    pub pictures_first: usize,
    /// Optimiser steps at the end in which some people are also embedded from several inputs in one sequence: two pictures, or pictures and a caption.
    pub company_steps: usize,
    /// Peak learning rate of these steps, which have a warm-up and a cosine of their own.
    #[serde(rename = "company_rate")]
    pub company_learning_rate: f64,
    /// Optimiser steps of the linear warm-up.
    #[serde(rename = "warmup")]
    pub warmup_steps: usize,
    /// Weights to start from instead of random ones. They decide the stem, the depth and the width.
    #[serde(skip)]
    pub init: Option<PathBuf>,
    /// Fraction of pictures in near infrared.
    pub infrared: f32,
    /// Fraction of pencil sketches.
    pub sketch: f32,
    /// Fraction of colour-pencil drawings.
    pub colour_pencil: f32,
    /// Strength of the randomisation of every picture (`train.augment.randomise` of an experiment).
    pub randomise: f32,
    /// Seed of the corpus, the weights and the order.
    pub seed: u64,
    /// What turns pictures into tokens.
    pub stem: Stem,
    /// Blocks of the encoder.
    pub depth: usize,
    /// Width of the encoder, a multiple of 32, which is the width of an attention head.
    #[serde(rename = "width")]
    pub embed_dim: usize,
}

/// What turns pictures into tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stem {
    /// The embedded encoder's: a pyramid of convolutions, half of the channels of its first two layers normalised picture by picture (IBN).
    #[default]
    Ibn,
    /// The same pyramid, everything normalised over the batch.
    Batch,
    /// One convolution per patch.
    Patch,
}

/// Width of an attention head, as in the embedded encoder.
const HEAD_DIM: usize = 32;

/// Fraction of the peak learning rate at the last step.
const MIN_LR_RATIO: f64 = 0.02;

/// Parts of a batch: captions are split into so many groups of like length, and one such part is also embedded from several inputs.
pub(super) const PARTS: usize = 4;

impl Default for Recipe {
    fn default() -> Self {
        let EncoderConfig { depth, embed_dim, .. } = EncoderConfig::embedded();
        Self {
            steps: 6000,
            batch: 64,
            corpus: 12_000,
            learning_rate: 1e-3,
            temperature: 0.07,
            words: 1.0,
            contrastive: 1.0,
            views: 1.0,
            pairs: 0.0,
            pictures_first: 2000,
            company_steps: 1500,
            company_learning_rate: 4e-4,
            warmup_steps: 200,
            init: None,
            infrared: 0.2,
            sketch: 0.15,
            colour_pencil: 0.05,
            randomise: 0.7,
            seed: 20_240_508,
            stem: Stem::Ibn,
            depth,
            embed_dim,
        }
    }
}

impl Recipe {
    /// The backbone that the recipe trains.
    ///
    /// # Errors
    /// [`TrainError::Invalid`] if the encoder has no block or a width that no attention heads fill.
    pub(super) fn backbone(&self) -> Result<BackboneConfig> {
        let Self { depth, embed_dim, .. } = *self;
        if depth == 0 || embed_dim == 0 || !embed_dim.is_multiple_of(HEAD_DIM) {
            return Err(TrainError::invalid(
                format!(
                    "an encoder of {depth} blocks of width {embed_dim}, expected at least one block and a multiple of {HEAD_DIM}"
                ),
                "such as --depth 4 --width 128",
            ));
        }
        let embedded = pretrain::stem();
        let stem = match self.stem {
            Stem::Ibn => embedded,
            Stem::Batch => StemConfig { ibn: false, ..embedded },
            Stem::Patch => StemConfig { kind: StemKind::Patch, channels: 0, ..embedded },
        };
        let encoder = EncoderConfig {
            depth,
            embed_dim,
            heads: embed_dim / HEAD_DIM,
            mlp: 4 * embed_dim,
            ..EncoderConfig::embedded()
        };
        Ok(pretrain::config(stem, encoder))
    }

    /// Refuses fractions, rates, weights and sizes that make no training.
    ///
    /// # Errors
    /// [`TrainError::Invalid`] naming the option.
    pub(super) fn check(&self) -> Result<()> {
        let modalities = [
            ("infrared", self.infrared),
            ("sketch", self.sketch),
            ("colour-pencil", self.colour_pencil),
        ];
        let of_modalities = modalities.map(|(name, fraction)| (name, f64::from(fraction)));
        let together: f64 = of_modalities.iter().map(|(_, fraction)| fraction).sum();
        for (name, fraction) in [("pairs", self.pairs), ("randomise", f64::from(self.randomise))]
            .into_iter()
            .chain(of_modalities)
        {
            if !(0.0..=1.0).contains(&fraction) {
                return Err(TrainError::invalid(
                    format!("--{name} {fraction}, expected a fraction from 0 to 1"),
                    "it is a fraction",
                ));
            }
        }
        // Fractions of 32 bits need not sum to 1 exactly.
        if together > 1.0 + 1e-6 {
            return Err(TrainError::invalid(
                format!(
                    "--infrared, --sketch and --colour-pencil are {together} together, expected at most 1"
                ),
                "the rest of the pictures are photographs",
            ));
        }
        let rates = [
            ("learning-rate", self.learning_rate),
            ("company-learning-rate", self.company_learning_rate),
            ("temperature", self.temperature),
        ];
        for (name, value) in rates {
            if !(value.is_finite() && value > 0.0) {
                return Err(TrainError::invalid(
                    format!("--{name} {value}, expected a number above 0"),
                    "docs/fidelity.md says what the embedded encoder was trained with",
                ));
            }
        }
        let weights =
            [("words", self.words), ("contrastive", self.contrastive), ("views", self.views)];
        for (name, weight) in weights {
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(TrainError::invalid(
                    format!("--{name} {weight}, expected a weight of at least 0"),
                    "0 leaves the loss out",
                ));
            }
        }
        if weights.iter().all(|(_, weight)| *weight == 0.0) {
            return Err(TrainError::invalid(
                "--words, --contrastive and --views are 0; nothing would be learned",
                "raise one of them",
            ));
        }
        if self.total_steps() == 0 {
            return Err(TrainError::invalid(
                "--steps and --company-steps are 0; nothing would be learned",
                "raise one of them",
            ));
        }
        if self.words == 0.0 && self.views == 0.0 && self.pictures_first > 0 {
            return Err(TrainError::invalid(
                format!(
                    "--pictures-first {}: these steps read no captions, and with --words 0 and --views 0 they would learn nothing",
                    self.pictures_first
                ),
                "--pictures-first 0 reads captions from the first step on",
            ));
        }
        if self.batch < PARTS {
            return Err(TrainError::invalid(
                format!("--batch {}, expected at least {PARTS}", self.batch),
                "the losses compare the pictures of a batch with each other, and a quarter of them is also embedded from several inputs",
            ));
        }
        if self.corpus < self.batch {
            return Err(TrainError::invalid(
                "a corpus smaller than one batch",
                "raise --corpus or lower --batch",
            ));
        }
        Ok(())
    }

    /// Optimiser steps in all.
    pub(super) fn total_steps(&self) -> usize {
        self.steps + self.company_steps
    }

    /// Learning rate of a step.
    pub(super) fn learning_rate_at(&self, step: usize) -> f64 {
        let schedule = |peak, steps| WarmupCosine {
            peak,
            warmup_steps: self.warmup_steps,
            steps,
            min_lr_ratio: MIN_LR_RATIO,
        };
        if step < self.steps {
            schedule(self.learning_rate, self.steps).at(step)
        } else {
            schedule(self.company_learning_rate, self.company_steps).at(step - self.steps)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_serialised_recipe_has_the_names_of_the_card() {
        let value = serde_json::to_value(Recipe::default()).expect("serialises");
        let keys: Vec<&str> =
            value.as_object().expect("an object").keys().map(String::as_str).collect();
        let expected = "steps batch corpus rate temperature words contrastive views pairs pictures_first company_steps company_rate warmup infrared sketch colour_pencil randomise seed stem depth width";
        assert_eq!(keys, expected.split(' ').collect::<Vec<_>>());
        assert_eq!(value["width"], 128);
        assert_eq!(value["stem"], "ibn");
    }

    #[test]
    fn steps_that_learn_nothing_are_refused() {
        Recipe::default().check().expect("the usual recipe");
        let none = Recipe { steps: 0, company_steps: 0, ..Recipe::default() };
        let error = none.check().expect_err("no steps").to_string();
        assert!(error.contains("--steps and --company-steps are 0"), "{error}");
        let pairs = Recipe { words: 0.0, views: 0.0, pictures_first: 5, ..Recipe::default() };
        let error = pairs.check().expect_err("no loss").to_string();
        assert!(error.contains("--pictures-first 5"), "{error}");
        Recipe { pictures_first: 0, ..pairs }.check().expect("captions from the first step on");
    }

    #[test]
    fn a_batch_too_small_for_the_losses_is_refused() {
        for batch in [0, 1, 3] {
            let small = Recipe { batch, ..Recipe::default() };
            let error = small.check().expect_err("nothing to compare").to_string();
            assert_eq!(error, format!("--batch {batch}, expected at least 4"));
        }
        Recipe { batch: 4, corpus: 4, ..Recipe::default() }.check().expect("four pictures");
    }

    #[test]
    fn the_last_steps_have_a_warm_up_of_their_own() {
        let recipe = Recipe {
            steps: 10,
            company_steps: 5,
            warmup_steps: 2,
            learning_rate: 1.0,
            company_learning_rate: 0.5,
            ..Recipe::default()
        };
        let rates = [0, 1, 10, 11].map(|step| recipe.learning_rate_at(step));
        assert_eq!(rates, [0.5, 1.0, 0.25, 0.5]);
        assert!(recipe.learning_rate_at(9) < 0.1);
    }
}
