//! How much memory a training will take, predicted before it takes it.

mod estimate;

pub use estimate::MemoryEstimate;

use crate::loader::{StageLoader, mixed_combinations};
use crate::workload::{OPERATIONS_PER_SECOND, Pass, Workload};
use aio_encoder::EncoderConfig;
use aio_model::{Aio, EncoderUse, PoolingConfig};
use aio_types::ModalitySet;
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

    /// The combinations of the largest step that are made from what their parts have given alone.
    fn late_combinations(&self) -> Vec<ModalitySet> {
        let mut combined = mixed_combinations(self.config.model.modalities);
        combined.retain(|set| self.is_fused_late(*set));
        combined.sort_by_key(|set| std::cmp::Reverse(set.len()));
        combined.truncate(self.config.train.combinations);
        combined
    }

    /// Numbers that the mixer keeps for the backward pass.
    fn mixer_activations(&self) -> usize {
        let alone = self.config.model.modalities.iter().map(ModalitySet::from);
        let of = |set: ModalitySet| Some(self.mixer(set)?.activations_per_row(set.len()));
        self.rows * alone.chain(self.late_combinations()).filter_map(of).sum::<usize>()
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

/// Copies of the anchors of earlier steps that a binding term keeps: beside those of this step, of length 1, and what the backward pass makes of them.
const COPIES_OF_ANCHORS: usize = 5;

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
    let terms = passes.len() + workload.late_combinations().len();
    let queue = workload.config.losses.queue;
    let width = workload.start.config.embedding_width();
    let held = terms * queue * (COPIES_OF_SCORES * workload.rows + COPIES_OF_ANCHORS * width);
    let activations =
        workload.activations(&passes) + BYTES_PER_NUMBER * (held + workload.mixer_activations());
    let is_short = workload.step_seconds(&passes) < ALLOCATOR_SECONDS / 5.0;
    let held_back = if is_short { activations / 2 } else { 0 };
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
mod tests;
