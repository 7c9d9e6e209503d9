//! What a training step runs, from a configuration and the sizes of its model. Predicted memory and operations are made from it.

use crate::config::TrainingConfig;
use crate::start::StartingPoint;
use aio_encoder::{EncoderConfig, MixerConfig};
use aio_model::{EncoderUse, Shared, TextUse, TrainBatch, caption_length};
use aio_types::{Modality, ModalitySet};

/// Operations a second of one thread of a processor, about: what predictions of time are made with before anything was computed.
pub(crate) const OPERATIONS_PER_SECOND: f64 = 5e10;

/// A forward pass of the encoder over sequences of one length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pass {
    /// Sequences.
    pub(crate) rows: usize,
    /// Tokens of each.
    pub(crate) tokens: usize,
    /// Prompts that every block adds to them.
    pub(crate) prompts: usize,
}

impl Pass {
    /// Tokens of a sequence inside a block.
    pub(crate) fn in_block(&self) -> usize {
        self.tokens + self.prompts
    }
}

/// What a prediction is made from.
#[derive(Clone, Copy)]
pub(crate) struct Workload<'a> {
    pub(crate) config: &'a TrainingConfig,
    pub(crate) start: &'a StartingPoint,
    /// Tuples of a batch.
    pub(crate) rows: usize,
    /// Tokens of a padded caption.
    pub(crate) caption_tokens: usize,
}

impl<'a> Workload<'a> {
    /// The workload of batches whose captions are as long as those of `batch`.
    pub(crate) fn new(
        config: &'a TrainingConfig,
        start: &'a StartingPoint,
        batch: &TrainBatch,
    ) -> Self {
        let captions = batch.tuples.iter().filter_map(|tuple| tuple.caption.as_ref());
        let longest = captions.map(|caption| caption.ids.len()).max().unwrap_or(0);
        Self {
            config,
            start,
            rows: config.train.identities * config.train.instances_per_identity,
            caption_tokens: caption_length(longest),
        }
    }

    /// The pass over one combination of modalities, if every tuple has them. Text with a tower is no part of it.
    pub(crate) fn pass(&self, set: ModalitySet) -> Pass {
        let tokenizers = &self.start.config.tokenizers;
        let grid = tokenizers.grid();
        let pictures = set.iter().filter(|m| m.is_visual()).count();
        let has_text = set.contains(Modality::Text) && self.text_tower().is_none();
        let text = if has_text { self.caption_tokens } else { 0 };
        let experts = pictures + usize::from(has_text);
        let absent = if self.start.config.has_absent_tokens() {
            tokenizers.modalities.len().saturating_sub(experts)
        } else {
            0
        };
        Pass {
            rows: self.rows,
            tokens: 1 + tokenizers.registers + absent + pictures * grid.rows * grid.columns + text,
            prompts: experts * self.start.config.encoder.prompts_per_expert(),
        }
    }

    /// The blocks of the text tower, if there is one.
    pub(crate) fn text_tower(&self) -> Option<&EncoderConfig> {
        self.start.config.text_tower.as_ref()
    }

    /// Tokens of a caption in the text tower. It cuts what is longer than its positions, and SigLIP's fills what is shorter.
    pub(crate) fn tower_tokens(&self) -> usize {
        let config = &self.start.config;
        match config.text_pieces {
            Some(_) => config.tower_context(),
            None => self.caption_tokens.min(config.tower_context()),
        }
    }

    /// Whether the text tower learns.
    pub(crate) fn tower_learns(&self) -> bool {
        self.text_tower().is_some() && self.config.model.text == TextUse::TrainedTower
    }

    /// Whether an embedding is made from what its parts have given alone.
    pub(crate) fn is_fused_late(&self, set: ModalitySet) -> bool {
        set.len() > 1 && self.start.config.fusion.is_late()
    }

    /// The sizes of the mixer, where it takes part in an embedding.
    pub(crate) fn mixer(&self, set: ModalitySet) -> Option<MixerConfig> {
        self.start.config.mixer().filter(|sizes| sizes.learned || set.len() > 1)
    }

    /// What the shared encoder sees of a combination; nothing where it is text alone and has a tower, or where the parts are combined behind the
    /// encoder.
    pub(crate) fn encoded(&self, set: ModalitySet) -> Option<ModalitySet> {
        if self.is_fused_late(set) {
            return None;
        }
        let has_tower = self.text_tower().is_some();
        let seen: ModalitySet = set.iter().filter(|m| m.is_visual() || !has_tower).collect();
        (!seen.is_empty()).then_some(seen)
    }

    /// Whether a pass keeps nothing for the backward pass: its tokenizers are frozen, and `[CLS]` and the encoder with them, without adapters
    /// and learned tokens.
    pub(crate) fn is_frozen(&self, set: ModalitySet) -> bool {
        let model = &self.config.model;
        model.shared == Shared::Frozen
            && set.iter().all(|modality| !self.learns(modality))
            && model.encoder != EncoderUse::Trained
            && self.start.config.encoder.adapters.is_none()
            && !self.start.config.has_absent_tokens()
    }

    /// Whether the tokenizer of a modality learns.
    pub(crate) fn learns(&self, modality: Modality) -> bool {
        !self.config.model.frozen_tokenizers.contains(&modality)
    }

    /// The modalities whose stems keep something for the backward pass: those that learn. Each runs once in a step, whatever the number of passes.
    pub(crate) fn learning_stems(&self) -> impl Iterator<Item = Modality> {
        self.config.model.modalities.iter().filter(|m| m.is_visual() && self.learns(*m))
    }

    /// What the attribute head sees of a tuple, where it has a loss.
    pub(crate) fn attribute_set(&self) -> Option<ModalitySet> {
        let predicts = self.config.losses.attribute != 0.0
            && self.config.model.modalities.contains(Modality::Text)
            && self.text_tower().is_none();
        predicts.then(|| [Modality::Rgb, Modality::Text].into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::for_tests::opened;
    use crate::test_data;
    use aio_model::Shapes;
    use std::collections::BTreeSet;

    /// Rows and tokens of every pass through the encoder over 60 epochs of a stage in which one data set has captions and another has none.
    fn passes_of_a_stage() -> Vec<Pass> {
        let mut config = test_data::config(test_data::root());
        (config.train.identities, config.train.instances_per_identity) = (8, 1);
        config.train.combinations = 2;
        let start = test_data::start(&config);
        let size = start.preprocessing.size();
        let (loader, ..) = opened(&config.data.root, &config, 1, size);
        let mut passes = Vec::new();
        for epoch in 0..60 {
            for (number, tuples) in loader.epoch(epoch).into_iter().enumerate() {
                let batch = loader.batch(&tuples, 100 * epoch + number as u64).expect("a batch");
                let workload = Workload::new(&config, &start, &batch);
                let alone = config.model.modalities.iter().map(ModalitySet::from);
                let combined = batch.combinations.iter().copied();
                for set in alone.chain(combined).chain(workload.attribute_set()) {
                    let rows = batch.tuples_with(set);
                    passes.extend((rows > 0).then(|| Pass { rows, ..workload.pass(set) }));
                }
            }
        }
        passes
    }

    #[test]
    fn padding_leaves_few_shapes_over_a_stage() {
        let _alone = test_data::exclusive();
        let passes = passes_of_a_stage();
        let count = |shapes: Shapes| {
            let shape = |pass: &Pass| (shapes.padded(pass.rows), shapes.padded(pass.tokens));
            passes.iter().map(shape).collect::<BTreeSet<_>>()
        };
        let (plain, padded) = (count(Shapes::AsTheyAre), count(Shapes::Padded));
        // 3 to 6 of 8 people have a caption. Pictures are 18 tokens each, up to three of them, and captions 8, 16, 24 and so on.
        let rows: BTreeSet<usize> = plain.iter().map(|(rows, _)| *rows).collect();
        assert_eq!(rows.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6, 8]);
        assert!(2 * padded.len() < plain.len(), "{} of {}: {padded:?}", padded.len(), plain.len());
        assert!(padded.iter().all(|(rows, tokens)| *rows == 8 && tokens % 8 == 0), "{padded:?}");
    }
}
