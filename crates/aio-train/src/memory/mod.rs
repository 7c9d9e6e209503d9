//! How much memory a training will take, predicted before it takes it.

mod estimate;

pub use estimate::MemoryEstimate;

use crate::loader::{StageLoader, mixed_combinations};
use crate::workload::{OPERATIONS_PER_SECOND, Pass, Workload};
use aio_encoder::EncoderConfig;
use aio_model::{Aio, EncoderUse, PoolingConfig};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// What the program takes beside everything that depends on the experiment.
const PROGRAM_BYTES: usize = 100 << 20;

/// What evaluation and the report take beside models and files.
const REPORT_BYTES: usize = 200 << 20;

/// Seconds for which the allocator keeps what was freed (`main` asks it to). Steps differ in the lengths of their sequences, so that what one
/// frees seldom fits the next: in short steps about half of the activations is held a second time.
const ALLOCATOR_SECONDS: f64 = 10.0;

/// Bytes of a number.
const BYTES_PER_NUMBER: usize = 4;

/// Parameters by whether they learn.
#[derive(Debug, Default)]
struct ParameterCount {
    all: usize,
    learned: usize,
}

impl ModuleVisitor for ParameterCount {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let count: usize = value.dims().iter().product();
        self.all += count;
        self.learned += if value.is_require_grad() { count } else { 0 };
    }
}

impl Workload<'_> {
    /// The passes of the largest step: every modality alone, the longest combinations, and the attribute head's.
    fn passes(&self) -> Vec<Pass> {
        let modalities = self.config.model.modalities;
        let mut passes = Vec::new();
        let alone = modalities.iter().filter_map(|m| self.encoded(m.into()));
        passes.extend(alone.filter(|set| !self.is_frozen(*set)).map(|set| self.pass(set)));
        let combinations = mixed_combinations(modalities);
        let encoded = combinations.into_iter().filter_map(|set| self.encoded(set));
        let mut combined: Vec<Pass> = encoded.map(|set| self.pass(set)).collect();
        combined.sort_by_key(|pass| std::cmp::Reverse(pass.tokens));
        passes.extend(combined.into_iter().take(self.config.train.combinations));
        passes.extend(self.attribute_set().map(|set| self.pass(set)));
        passes
    }

    /// Seconds that a step takes, about: two operations per weight and token forward, as many backward, and again what is computed twice.
    fn step_seconds(&self, passes: &[Pass]) -> f64 {
        let encoder = &self.start.config.encoder;
        let width = encoder.embed_dim;
        let weights = encoder.depth * (4 * width * width + 2 * width * encoder.mlp);
        let tokens: usize = passes.iter().map(|pass| pass.rows * pass.in_block()).sum();
        let operations = if self.config.train.activation_checkpointing { 6.0 } else { 4.0 };
        let of_tower = self.text_tower().map_or(0.0, |tower| {
            let backward = if self.tower_learns() {
                tower.backward_flops(self.tower_tokens(), true)
            } else {
                0.0
            };
            self.rows as f64 * (tower.forward_flops(self.tower_tokens()) + backward)
        });
        (operations * (weights * tokens) as f64 + of_tower)
            / (OPERATIONS_PER_SECOND * rayon::current_num_threads() as f64)
    }

    /// Bytes of activations at the peak of a step.
    fn activations(&self, passes: &[Pass]) -> usize {
        let (encoder, tokenizers) = (&self.start.config.encoder, &self.start.config.tokenizers);
        let model = &self.config.model;
        let learned = model.encoder == EncoderUse::Trained;
        let picture = tokenizers.stem.activations_per_picture(
            tokenizers.height,
            tokenizers.width,
            model.batch_norm_mode,
        );
        let stems = self.learning_stems().count() * self.rows * picture;
        let in_block = |pass: &Pass| {
            let tokens = pass.in_block();
            pass.rows * tokens * encoder.activations_per_token(tokens, learned)
                + encoder.adapted_weights_per_block()
        };
        let working = passes
            .iter()
            .map(|pass| pass.rows * pass.in_block() * encoder.backward_workspace_per_token())
            .max();
        let blocks: usize = if self.config.train.activation_checkpointing {
            // Inputs of all blocks of all passes, and one block of one pass at a time.
            let inputs: usize = passes
                .iter()
                .map(|pass| pass.rows * pass.tokens * encoder.embed_dim * (encoder.depth + 1))
                .sum();
            inputs + passes.iter().map(in_block).max().unwrap_or(0)
        } else {
            encoder.depth * passes.iter().map(in_block).sum::<usize>()
        };
        let working = working.unwrap_or(0).max(self.tower_workspace());
        let pooled: usize = passes.iter().map(|pass| self.pooling_activations(pass)).sum();
        BYTES_PER_NUMBER * (stems + blocks + pooled + self.tower_activations() + working)
    }

    /// Numbers that the attention pooling keeps for the backward pass, if there is one.
    fn pooling_activations(&self, pass: &Pass) -> usize {
        let config = &self.start.config;
        let of_row =
            |pooling: &PoolingConfig| pooling.activations(pass.tokens, config.encoder.embed_dim);
        pass.rows * config.pooling.as_ref().map_or(0, of_row)
    }

    /// Numbers that the text tower keeps for the backward pass. A frozen one keeps nothing, and none is computed again.
    fn tower_activations(&self) -> usize {
        let tokens = self.tower_tokens();
        let of_tower = |tower: &EncoderConfig| {
            tower.depth * self.rows * tokens * tower.activations_per_token(tokens, true)
        };
        self.text_tower().filter(|_| self.tower_learns()).map_or(0, of_tower)
    }

    /// Numbers that a pass of the text tower works on.
    fn tower_workspace(&self) -> usize {
        let of_tower = |tower: &EncoderConfig| {
            self.rows * self.tower_tokens() * tower.backward_workspace_per_token()
        };
        self.text_tower().map_or(0, of_tower)
    }
}

/// Copies of the rows of a sampled classifier that a step makes: the rows and their gradient, both moments, and the update.
const COPIES_OF_SAMPLED_ROWS: usize = 8;

/// Matrices of embeddings × anchors that a binding term keeps for the backward pass: scores, what is left out of them, logarithms of probabilities,
/// positives, and products of these.
const COPIES_OF_SCORES: usize = 6;

/// Predicts the peak of training `model` on the data of a stage. `sampled_classes` are those of a step's softmax, 0 where it has all.
///
/// The moments of a sampled classifier are among the model's weights.
pub(crate) fn predict(
    workload: &Workload,
    model: &Aio,
    loader: &StageLoader,
    sampled_classes: usize,
    evaluation_bytes: usize,
) -> MemoryEstimate {
    let mut count = ParameterCount::default();
    model.visit(&mut count);
    let passes = workload.passes();
    let scores = COPIES_OF_SCORES * workload.rows * passes.len() * workload.config.losses.queue;
    let activations = workload.activations(&passes) + BYTES_PER_NUMBER * scores;
    let is_short = workload.step_seconds(&passes) < ALLOCATOR_SECONDS / 5.0;
    let held_back = if is_short { activations / 2 } else { 0 };
    let width = workload.start.config.embedding_width();
    let sampled = COPIES_OF_SAMPLED_ROWS * sampled_classes * width;
    let (model, file) = (BYTES_PER_NUMBER * count.all, workload.start.bytes());
    MemoryEstimate {
        weights: model + file,
        after: 3 * file + 2 * model + REPORT_BYTES + evaluation_bytes,
        optimiser: BYTES_PER_NUMBER * (3 * count.learned + sampled),
        activations,
        pictures: loader.decoded_bytes() + loader.batch_bytes(),
        program: PROGRAM_BYTES + held_back,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StartingPoint;
    use crate::config::{DataConfig, ModelConfig, TrainConfig, TrainingConfig};
    use aio_model::{AdapterUse, LossWeights, Shared, TextUse};
    use aio_types::Modality;

    fn config() -> TrainingConfig {
        TrainingConfig {
            seed: 0,
            data: DataConfig::default(),
            model: ModelConfig::default(),
            train: TrainConfig::default(),
            losses: LossWeights::default(),
        }
    }

    fn workload<'a>(config: &'a TrainingConfig, start: &'a StartingPoint) -> Workload<'a> {
        Workload { config, start, rows: 32, caption_tokens: 24 }
    }

    #[test]
    fn a_step_has_the_passes_that_its_losses_need() {
        let _alone = crate::test_data::exclusive();
        let mut config = config();
        let start = StartingPoint::open(&config.model).expect("the embedded weights");
        let lengths = |config: &TrainingConfig| -> Vec<usize> {
            workload(config, &start).passes().iter().map(|pass| pass.tokens).collect()
        };
        // 96 × 48 pictures in patches of 16 are 18 tokens; one [CLS] goes before every sequence.
        let alone = [19, 19, 19, 25];
        let (all_four, attribute) = (1 + 3 * 18 + 24, 1 + 18 + 24);
        assert_eq!(lengths(&config), [&alone[..], &[all_four, attribute]].concat());
        config.train.combinations = 0;
        config.losses.attribute = 0.0;
        assert_eq!(lengths(&config), alone);
        config.model.shared = Shared::Frozen;
        config.model.frozen_tokenizers = vec![Modality::Text];
        assert_eq!(lengths(&config), alone[..3], "frozen text keeps nothing");
    }

    #[test]
    fn every_stem_that_learns_counts_once_whatever_the_passes() {
        let _alone = crate::test_data::exclusive();
        let mut config = config();
        let start = StartingPoint::open(&config.model).expect("the embedded weights");
        let of_stems = |config: &TrainingConfig| {
            let workload = workload(config, &start);
            // Without a pass through the encoder, only the stems are left.
            workload.activations(&[])
        };
        let three = of_stems(&config);
        config.train.combinations = 5;
        assert_eq!(of_stems(&config), three, "combinations take the same tokens");
        config.model.frozen_tokenizers = vec![Modality::Text, Modality::Sketch];
        assert_eq!(3 * of_stems(&config), 2 * three, "a frozen stem keeps nothing");
        config.model.modalities = [Modality::Rgb, Modality::Text].into_iter().collect();
        assert_eq!(3 * of_stems(&config), three);
    }

    #[test]
    fn a_text_tower_leaves_the_passes_without_text_and_keeps_something_if_it_learns() {
        let _alone = crate::test_data::exclusive();
        let mut config = config();
        let mut start = StartingPoint::open(&config.model).expect("the embedded weights");
        let tower = EncoderConfig { causal: true, ..EncoderConfig::embedded() };
        start.config.text_tower = Some(tower.clone());
        config.model.text = TextUse::Tower;
        let frozen = workload(&config, &start);
        let lengths: Vec<usize> = frozen.passes().iter().map(|pass| pass.tokens).collect();
        // Three kinds of pictures alone, and all of them together; a caption is in none.
        assert_eq!(lengths, [19, 19, 19, 1 + 3 * 18]);
        let without = frozen.activations(&frozen.passes());
        config.model.text = TextUse::TrainedTower;
        let trained = workload(&config, &start);
        let more = trained.activations(&trained.passes()) - without;
        assert_eq!(more, 4 * 4 * 32 * 24 * tower.activations_per_token(24, true));
    }

    #[test]
    fn adapters_keep_adapted_weights_and_prompts_and_leave_no_pass_frozen() {
        let _alone = crate::test_data::exclusive();
        let mut config = config();
        config.losses.attribute = 0.0;
        config.train.combinations = 0;
        config.model.modalities = [Modality::Rgb, Modality::Text].into_iter().collect();
        config.model.frozen_tokenizers = vec![Modality::Rgb, Modality::Text];
        config.model.shared = Shared::Frozen;
        let of = |adapters, checkpointed| {
            let mut config = config.clone();
            config.model.adapters = adapters;
            config.train.activation_checkpointing = checkpointed;
            let start = StartingPoint::open(&config.model).expect("the embedded weights");
            let workload = workload(&config, &start);
            let passes = workload.passes();
            let lengths: Vec<usize> = passes.iter().map(Pass::in_block).collect();
            (lengths, workload.activations(&passes) / BYTES_PER_NUMBER)
        };
        assert_eq!(of(AdapterUse::None, false), (Vec::new(), 0));
        // Width 128, four heads, GELU of 512 and four blocks, as the encoder is; 32 rows. Two more inputs of linear maps, and qkv and proj themselves.
        let per_token = |tokens: usize| 7 * 128 + 4 * tokens + 512;
        let in_block = |tokens: usize| 32 * tokens * per_token(tokens) + 4 * 128 * 128;
        let working = 32 * 25 * (2 * 512 + 4 * 128);
        let (lengths, lora) = of(AdapterUse::Lora, false);
        assert_eq!(lengths, [19, 25]);
        assert_eq!(lora, 4 * (in_block(19) + in_block(25)) + working);
        let (_, checkpointed) = of(AdapterUse::Lora, true);
        assert_eq!(checkpointed, 32 * 44 * 128 * 5 + in_block(25) + working);
        // Eight prompts for each modality.
        assert_eq!(of(AdapterUse::Prompts, false).0, [19 + 8, 25 + 8]);
    }

    #[test]
    fn activation_checkpointing_takes_less_memory_and_a_trained_encoder_more() {
        let _alone = crate::test_data::exclusive();
        let plain = config();
        let start = StartingPoint::open(&plain.model).expect("the embedded weights");
        let bytes = |config: &TrainingConfig| {
            let workload = workload(config, &start);
            workload.activations(&workload.passes())
        };
        let mut checkpointed = plain.clone();
        checkpointed.train.activation_checkpointing = true;
        let mut trained = plain.clone();
        trained.model.encoder = EncoderUse::Trained;
        assert!(bytes(&checkpointed) < bytes(&plain) && bytes(&plain) < bytes(&trained));
    }
}
