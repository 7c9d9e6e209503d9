use super::number_or_word::{NumberOr, Off, StageEnd};
use aio_data::DatasetName;
use aio_data::augment::Augmentation;
use aio_encoder::Precision;
use aio_types::Modality;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which checkpoint is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// The last one.
    Last,
    /// The best one by people who are held out of training: the `validation` rows of every data set, or a part of its
    /// training people (data.validation_fraction). The score is the mean over the data sets and the modalities of their
    /// held-out people of the mAP with which each modality finds their photographs. It takes several validations to choose
    /// from (validate_every, validate_every_steps).
    Best,
}

/// Where the people of a batch come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Batches {
    /// From all data sets of the stage.
    Mixed,
    /// From one of them, drawn by its share (without shares, by its number of people). Every epoch is divided anew, in whole
    /// batches: with equal shares of three batches, the last data set has two of every epoch. A stage warns where that is far
    /// from the shares. People of one data set have to be told apart by what they look like; those of different ones also
    /// differ by their cameras.
    OneDataSet,
}

/// How it is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Identities in a batch (P).
    #[schemars(range(min = 2))]
    pub identities: usize,
    /// Photographs of each identity in a batch (K), each with its other modalities.
    #[schemars(range(min = 1))]
    pub instances_per_identity: usize,
    /// Identities with consecutive numbers that are drawn one after the other, at most train.identities. Data sets number people as they were
    /// recorded, so that neighbours are often hard to tell apart; in the rendered ones they look alike. A group enters a batch whole where batches, and
    /// the shares of data sets in them, are multiples of it; elsewhere some groups are divided between two batches. The first and the last few people of
    /// a data set, whose groups are not whole, are drawn less often than others.
    #[schemars(range(min = 1))]
    pub neighbours: usize,
    /// Combinations of modalities that are embedded together in a step, drawn anew each time among those of which the batch
    /// has a person; all of these where they are fewer. They share the binding and identity weights with the single
    /// modalities.
    pub combinations: usize,
    /// Batches whose gradients are averaged into one optimiser step. The triplet and binding losses compare the people of one
    /// batch. Epochs follow one another without a gap, so that a step may have batches of two; a stage has as many steps as
    /// its epochs need, rounded up.
    #[schemars(range(min = 1, max = 10_000), extend("x-unit" = "batches"))]
    pub accumulation_steps: usize,
    /// Whether the encoder's blocks are computed again in the backward pass: about a sixth of their memory for a quarter to
    /// a half more time, the same gradients.
    pub activation_checkpointing: bool,
    /// Number format of the encoder's large matrix products in training.
    pub precision: Precision,
    /// Weight decay of AdamW.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
    /// Largest norm of all gradients of a step together; larger ones are scaled down to it, as by PyTorch's `clip_grad_norm_`.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub max_grad_norm: f64,
    /// Epochs between validations; `stage-end` validates only at the end of a stage.
    #[serde(with = "NumberOr::<StageEnd>")]
    #[schemars(extend("x-unit" = "epochs"))]
    pub validate_every: Option<usize>,
    /// Epochs between checkpoints; `stage-end` writes one only at the end of a stage, which always has one.
    #[serde(with = "NumberOr::<StageEnd>")]
    #[schemars(extend("x-unit" = "epochs"))]
    pub checkpoint_every: Option<usize>,
    /// Steps between validations, counted from the start of each stage, beside those of validate_every; `off` for none.
    #[serde(with = "NumberOr::<Off>")]
    #[schemars(extend("x-unit" = "steps"))]
    pub validate_every_steps: Option<usize>,
    /// Steps between checkpoints, counted from the start of each stage, beside those of checkpoint_every; `off` for none. An
    /// epoch of a large data set can take hours.
    #[serde(with = "NumberOr::<Off>")]
    #[schemars(extend("x-unit" = "steps"))]
    pub checkpoint_every_steps: Option<usize>,
    /// Newest checkpoints that are kept.
    #[schemars(range(min = 1), extend("x-unit" = "checkpoints"))]
    pub keep_checkpoints: usize,
    /// Which checkpoint is evaluated.
    pub select: Select,
    /// Augmentation of training pictures.
    pub augment: Augmentation,
    /// Progressive stages, in order. A file that sets them replaces the whole list.
    #[schemars(length(min = 1))]
    pub stages: Vec<StageConfig>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            identities: 16,
            instances_per_identity: 2,
            neighbours: 1,
            combinations: 1,
            accumulation_steps: 1,
            activation_checkpointing: false,
            precision: Precision::F32,
            weight_decay: 0.02,
            max_grad_norm: 1.0,
            validate_every: None,
            checkpoint_every: Some(2),
            validate_every_steps: None,
            checkpoint_every_steps: None,
            keep_checkpoints: 2,
            select: Select::Last,
            augment: Augmentation::default(),
            stages: vec![StageConfig {
                name: "synthetic pairs".into(),
                datasets: vec![DatasetName::SynthPedes],
                shares: Vec::new(),
                batches: Batches::Mixed,
                epochs: Some(1),
                steps: None,
                real: vec![Modality::Text],
                learning_rate: 1e-3,
                warmup_steps: 20,
                min_lr_ratio: 0.05,
                synthesise: StageConfig::synthesised(),
                all_splits: false,
            }],
        }
    }
}

impl TrainConfig {
    /// The parts of a data set that some stage trains on.
    pub(crate) fn trained_parts(&self, name: DatasetName) -> TrainedParts {
        let stages = self.stages.iter().filter(|stage| stage.datasets.contains(&name));
        stages.map(StageConfig::trained_parts).max().unwrap_or(TrainedParts::Training)
    }
}

/// The parts of a data set that are trained on; never people who are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TrainedParts {
    /// The training part.
    Training,
    /// All parts, without distractors.
    All,
}

/// One stage of progressive training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StageConfig {
    /// Name, for logs and plots. Without one a stage is called `stage 1`, `stage 2` and so on.
    pub name: String,
    /// Data sets whose training identities are pooled (docs/datasets.md); `table:NAME` is the reader's own. The only key of
    /// a stage that must be set.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub datasets: Vec<DatasetName>,
    /// Share of every data set, in their order, of the identities of a batch; shares are divided by their sum. Without shares
    /// everyone is drawn as often as anyone else, so that a small data set is seldom seen. A share of which an epoch would have
    /// nobody is refused.
    pub shares: Vec<f64>,
    /// Whether the people of a batch come from all data sets of the stage.
    pub batches: Batches,
    /// Length of the stage in passes over the identities: 1, unless steps is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize", range(min = 1, max = 100_000), extend("x-unit" = "epochs", "default" = 1))]
    pub epochs: Option<usize>,
    /// Length of the stage in optimiser steps, in place of epochs. A stage has one of the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize", range(min = 1, max = 10_000_000), extend("x-unit" = "steps", "default" = null))]
    pub steps: Option<usize>,
    /// Modalities whose real samples are used where a person has them.
    pub real: Vec<Modality>,
    /// Peak learning rate.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub learning_rate: f64,
    /// Optimiser steps in which the learning rate rises linearly from 0 to its peak.
    #[schemars(extend("x-unit" = "steps"))]
    pub warmup_steps: usize,
    /// Learning rate to which the cosine falls, as a fraction of the peak. The step after the last would have it.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_lr_ratio: f64,
    /// Modalities that are made from the photograph where a person has no real sample: `infrared`, `sketch` and
    /// `colour-pencil` can be made. People without a sample of another modality are trained without it.
    pub synthesise: Vec<Modality>,
    /// Whether the identities of the data sets' validation and test parts are trained on, too, as domain generalisation does
    /// with its sources.
    pub all_splits: bool,
}

/// How long a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageLength {
    /// Passes over the identities.
    Epochs(usize),
    /// Optimiser steps.
    Steps(usize),
}

impl StageConfig {
    /// The parts of its data sets that the stage trains on.
    pub(crate) fn trained_parts(&self) -> TrainedParts {
        if self.all_splits { TrainedParts::All } else { TrainedParts::Training }
    }

    /// How long the stage is: `steps` where it is set, else `epochs`, else one epoch. A file that sets both is refused.
    #[must_use]
    pub fn length(&self) -> StageLength {
        match (self.steps, self.epochs) {
            (Some(steps), _) => StageLength::Steps(steps),
            (None, epochs) => StageLength::Epochs(epochs.unwrap_or(1)),
        }
    }

    /// Modalities that can be made from a photograph.
    #[must_use]
    pub fn synthesised() -> Vec<Modality> {
        vec![Modality::Infrared, Modality::Sketch, Modality::ColourPencil]
    }
}

/// What a stage has where a file sets nothing. The learning rate is that of the measured experiments of this project.
impl Default for StageConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            datasets: Vec::new(),
            shares: Vec::new(),
            batches: Batches::Mixed,
            epochs: None,
            steps: None,
            real: vec![
                Modality::Infrared,
                Modality::Sketch,
                Modality::ColourPencil,
                Modality::Text,
            ],
            learning_rate: 2e-4,
            warmup_steps: 20,
            min_lr_ratio: 0.02,
            synthesise: Self::synthesised(),
            all_splits: false,
        }
    }
}
