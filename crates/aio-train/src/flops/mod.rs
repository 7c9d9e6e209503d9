//! How many floating-point operations a training step takes, predicted before it is done.

mod estimate;

pub(crate) use estimate::{FlopEstimate, operations};

use crate::loader::{Classes, held_combinations};
use crate::workload::Workload;
use aio_heads::{AnchorGradient, AttributeHead, AttributeVocabulary};
use aio_model::{EncoderUse, Shared, TrainBatch};
use aio_types::{Modality, ModalitySet};

/// Products of a linear map in a step: forward, and the gradients of its input and of its weights.
const LEARNED_MAP: f64 = 3.0;

/// Sizes of the heads that are not in the configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadSizes {
    /// Identities that the identity head distinguishes in a step.
    pub(crate) classes: usize,
    /// Words that the attribute head distinguishes; 0 where there is no such head.
    pub(crate) attributes: usize,
}

impl HeadSizes {
    /// The sizes that the training data give.
    pub(crate) fn new(classes: &Classes, attributes: &AttributeVocabulary) -> Self {
        Self { classes: classes.len(), attributes: attributes.len() }
    }
}

/// The operations of a step on batches like `batch`: as many tuples of every modality, and as many masked words. Of the combinations among
/// which the step draws, the mean counts.
pub(crate) fn predict(workload: &Workload, batch: &TrainBatch, sizes: HeadSizes) -> FlopEstimate {
    let counter = Counter { workload, batch, sizes };
    let alone = workload.config.model.modalities.iter().map(|m| (ModalitySet::from(m), 1.0));
    let combinations = held_combinations(workload.config.model.modalities, batch);
    let drawn = workload.config.train.combinations.min(combinations.len());
    let share = drawn as f64 / combinations.len().max(1) as f64;
    let embedded: Vec<(ModalitySet, f64)> =
        alone.chain(combinations.into_iter().map(|set| (set, share))).collect();
    let mut sum =
        FlopEstimate { stems: counter.stems(), text: counter.text(), ..FlopEstimate::default() };
    for (set, share) in &embedded {
        sum = sum + counter.encoder(*set) * *share;
    }
    if let Some(set) = counter.predicted_set() {
        sum = sum + counter.masked(set);
    }
    sum.heads = counter.heads(&embedded);
    sum * workload.config.train.accumulation_steps as f64
}

/// Counts the operations of one micro-batch.
struct Counter<'a> {
    workload: &'a Workload<'a>,
    batch: &'a TrainBatch,
    sizes: HeadSizes,
}

impl Counter<'_> {
    fn rows(&self, set: ModalitySet) -> f64 {
        self.batch.tuples_with(set) as f64
    }

    /// What the attribute head sees, if a word of the batch is masked.
    fn predicted_set(&self) -> Option<ModalitySet> {
        self.workload.attribute_set().filter(|_| self.batch.masked_words() > 0)
    }

    fn stems(&self) -> f64 {
        let config = &self.workload.start.config;
        let tokenizers = &config.tokenizers;
        let one = tokenizers.stem.flops_per_picture(
            tokenizers.height,
            tokenizers.width,
            config.encoder.embed_dim,
        );
        let visual = self.workload.config.model.modalities.iter().filter(|m| m.is_visual());
        let of_modality = |m: Modality| {
            let backward = if self.workload.learns(m) { one.backward } else { 0.0 };
            self.rows(m.into()) * (one.forward + backward)
        };
        visual.map(of_modality).sum()
    }

    /// The text tower with its projection; without one, the projection of the table's rows, where their width is not the encoder's, of captions and
    /// of their masked forms.
    fn text(&self) -> f64 {
        if let Some(tower) = self.workload.text_tower() {
            let tokens = self.workload.tower_tokens();
            let embedding = self.workload.start.config.embedding_width();
            let projection = 2.0 * (tower.embed_dim * embedding) as f64;
            let one = if self.workload.tower_learns() {
                tower.forward_flops(tokens)
                    + tower.backward_flops(tokens, true)
                    + LEARNED_MAP * projection
            } else {
                tower.forward_flops(tokens) + projection
            };
            return self.rows(Modality::Text.into()) * one;
        }
        let config = &self.workload.start.config;
        let (table, width) = (config.tokenizers.text.width, config.encoder.embed_dim);
        if table == width {
            return 0.0;
        }
        let forms = if self.predicted_set().is_some() { 2.0 } else { 1.0 };
        let tokens = forms * self.rows(Modality::Text.into()) * self.workload.caption_tokens as f64;
        let products = if self.workload.learns(Modality::Text) { LEARNED_MAP } else { 1.0 };
        products * 2.0 * tokens * (table * width) as f64
    }

    /// The pass over one combination.
    fn encoder(&self, set: ModalitySet) -> FlopEstimate {
        match self.workload.encoded(set) {
            Some(seen) => self.pass(seen, self.rows(set), self.workload.is_frozen(set)),
            None => FlopEstimate::default(),
        }
    }

    /// The passes of the attribute head: with the photograph, where the embedding of masked words always learns, and without it, forward alone.
    fn masked(&self, set: ModalitySet) -> FlopEstimate {
        let text = Modality::Text.into();
        self.pass(set, self.rows(set), false) + self.pass(text, self.rows(text), true)
    }

    /// A pass over so many sequences of what the encoder sees.
    fn pass(&self, set: ModalitySet, rows: f64, is_frozen: bool) -> FlopEstimate {
        if rows == 0.0 {
            return FlopEstimate::default();
        }
        let encoder = &self.workload.start.config.encoder;
        let tokens = self.workload.pass(set).in_block();
        let adapted = encoder.adapter_flops(set.len());
        let forward = rows * encoder.forward_flops(tokens) + adapted;
        let learned = self.workload.config.model.encoder == EncoderUse::Trained;
        let again = if self.workload.config.train.activation_checkpointing { forward } else { 0.0 };
        let backward = match is_frozen {
            true => 0.0,
            false => rows * encoder.backward_flops(tokens, learned) + 2.0 * adapted + again,
        };
        FlopEstimate {
            encoder_forward: forward,
            encoder_backward: backward,
            ..FlopEstimate::default()
        }
    }

    /// Output projection, mixer, heads and losses of the embeddings of combinations, each with its expected number in a step.
    fn heads(&self, embedded: &[(ModalitySet, f64)]) -> f64 {
        let Workload { config, start, .. } = self.workload;
        let (width, embedding) = (start.config.encoder.embed_dim, start.config.embedding_width());
        let weights = &config.losses;
        let rows: f64 = embedded.iter().map(|(set, share)| share * self.rows(*set)).sum();
        let encoded = || {
            let seen = |set| Some((self.workload.encoded(set)?, self.rows(set)));
            embedded
                .iter()
                .filter_map(move |(set, share)| seen(*set).map(|(s, rows)| (s, share * rows)))
        };
        let projected: f64 = encoded().map(|(_, rows)| rows).sum();
        let tracked: f64 =
            encoded().filter(|(set, _)| !self.workload.is_frozen(*set)).map(|(_, rows)| rows).sum();
        let learned = if config.model.shared == Shared::Trained { projected } else { 0.0 };
        let mut flops = 2.0 * (projected + tracked + learned) * (width * embedding) as f64;
        if let Some(pooling) = &start.config.pooling {
            flops += encoded()
                .map(|(set, rows)| {
                    let backward = f64::from(u8::from(!self.workload.is_frozen(set)));
                    let weights = f64::from(u8::from(config.model.shared == Shared::Trained));
                    let tokens = self.workload.pass(set).tokens;
                    (1.0 + backward + weights) * rows * pooling.flops(tokens, width)
                })
                .sum::<f64>();
        }
        for (set, share) in embedded {
            let mixed = self.workload.mixer(*set).map_or(0.0, |m| m.forward_flops(set.len()));
            flops += LEARNED_MAP * share * self.rows(*set) * mixed;
        }
        if weights.identity != 0.0 {
            flops += LEARNED_MAP * 2.0 * rows * (embedding * self.sizes.classes) as f64;
        }
        if weights.triplet != 0.0 {
            flops += 3.0 * 2.0 * rows * rows * embedding as f64;
        }
        if weights.binding != 0.0 {
            let products = if weights.anchors == AnchorGradient::Moving { 3.0 } else { 2.0 };
            let anchors = self.rows(Modality::Rgb.into());
            flops += products * 2.0 * rows * anchors * embedding as f64;
            // Constants: the product, and the gradient of the embeddings.
            flops += 2.0 * 2.0 * rows * (weights.queue * embedding) as f64;
        }
        if let Some(set) = self.predicted_set() {
            let (words, classes) = (self.batch.masked_words(), self.sizes.attributes);
            let of = |set: ModalitySet| {
                let captions = self.batch.tuples_with(set);
                let tokens = self.workload.pass(set).tokens;
                AttributeHead::flops([captions, tokens, width], words, classes)
            };
            flops += LEARNED_MAP * of(set) + of(Modality::Text.into());
        }
        flops
    }
}

#[cfg(test)]
mod tests;
