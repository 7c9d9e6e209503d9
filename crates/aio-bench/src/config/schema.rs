use aio_model::LossWeights;
use aio_train::config::{DataConfig, ModelConfig, TrainConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A resolved experiment. Defaults are the built-in layer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Experiment {
    /// One sentence that the experiment is to show; printed above the table.
    pub claim: String,
    /// Seed of weights, order and augmentation.
    pub seed: u64,
    /// Where data come from.
    pub data: DataConfig,
    /// What is trained.
    pub model: ModelConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// Losses and their weights (docs/fidelity.md).
    pub losses: LossWeights,
    /// What is evaluated.
    pub evaluation: Evaluation,
}

/// What is evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Evaluation {
    /// Names of tasks, such as `market1501.rgb-rgb` (docs/protocols.md); `*` as query stands for every combination of
    /// modalities that the data set has.
    pub tasks: Vec<String>,
    /// Queries per task that the report shows with their ranked lists.
    #[schemars(extend("x-unit" = "queries"))]
    pub ranked_lists: usize,
    /// Random rankings over which chance level is averaged.
    #[schemars(extend("x-unit" = "rankings"))]
    pub chance_draws: u32,
}

impl Default for Evaluation {
    fn default() -> Self {
        Self { tasks: Vec::new(), ranked_lists: 4, chance_draws: 10 }
    }
}
