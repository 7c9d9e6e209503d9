use aio_eval::{EvalOptions, Metric, Rerank};
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
    #[schemars(range(min = 1, max = 10_000), extend("x-unit" = "rankings"))]
    pub chance_draws: u32,
    /// How features are compared.
    pub metric: FeatureMetric,
    /// Whether every picture is also embedded mirrored; its feature is the mean of the two.
    pub flip: bool,
    /// Whether rankings are re-ranked by k-reciprocal encoding (Zhong et al. 2017).
    pub rerank: bool,
    /// Re-ranking: neighbours that must be mutual.
    #[schemars(range(min = 1), extend("x-unit" = "neighbours"))]
    pub rerank_k1: usize,
    /// Re-ranking: neighbours over which encodings are averaged; 1 for none.
    #[schemars(range(min = 1), extend("x-unit" = "neighbours"))]
    pub rerank_k2: usize,
    /// Re-ranking: share of the original distance.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub rerank_lambda: f32,
}

/// How features are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FeatureMetric {
    /// By the angle between them: 1 − cos.
    #[default]
    Cosine,
    /// By the Euclidean distance of the features as the model gives them.
    Euclidean,
}

impl Default for Evaluation {
    fn default() -> Self {
        let Rerank { k1, k2, lambda } = Rerank::default();
        Self {
            tasks: Vec::new(),
            ranked_lists: 4,
            chance_draws: 10,
            metric: FeatureMetric::Cosine,
            flip: false,
            rerank: false,
            rerank_k1: k1,
            rerank_k2: k2,
            rerank_lambda: lambda,
        }
    }
}

impl Evaluation {
    /// How rankings are made from features.
    #[must_use]
    pub fn options(&self) -> EvalOptions {
        let Self { rerank_k1: k1, rerank_k2: k2, rerank_lambda: lambda, .. } = *self;
        let metric = match self.metric {
            FeatureMetric::Cosine => Metric::Cosine,
            FeatureMetric::Euclidean => Metric::Euclidean,
        };
        let rerank = self.rerank.then_some(Rerank { k1, k2, lambda });
        EvalOptions { metric, rerank, ..EvalOptions::default() }
    }

    /// What differs from the usual evaluation, in words; empty if nothing does.
    #[must_use]
    pub fn unusual(&self) -> String {
        let mut parts = Vec::new();
        if self.metric == FeatureMetric::Euclidean {
            parts.push("Euclidean distances".to_owned());
        }
        if self.flip {
            parts.push("mirrored pictures".to_owned());
        }
        if self.rerank {
            let Self { rerank_k1: k1, rerank_k2: k2, rerank_lambda: lambda, .. } = self;
            parts.push(format!("re-ranked (k1 = {k1}, k2 = {k2}, lambda = {lambda})"));
        }
        parts.join(", ")
    }
}
