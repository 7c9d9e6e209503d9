//! Backbones that combine the parts of a query: their sizes, fresh parts, slots, and embeddings.

use crate::adapters::number;
use crate::fusion::{mean, mixed};
use crate::{AbsentUse, Backbone, BackboneConfig, FusionUse};
use aio_encoder::{Activations, MixerConfig, SlotFrom};
use aio_tokenize::{ModalityInput, ModalityTokens};
use aio_types::{Modality, ModalitySet};
use burn::tensor::{Device, Tensor};

/// Inner width of the mixer's map over the slots: four times the number of all modalities. The original has about one to five times the number of
/// its tokens.
const HIDDEN_SLOTS: usize = 4 * Modality::ALL.len();

/// Inner width of the mixer's map over the channels, as a multiple of their number, as in the original.
const CHANNEL_RATIO: usize = 4;

impl BackboneConfig {
    /// The same sizes with another fusion.
    #[must_use]
    pub fn with_fusion(self, fusion: FusionUse, absent: AbsentUse) -> Self {
        Self { fusion, absent, ..self }
    }

    /// The sizes of the mixer, which has a slot for each modality; `None` if there is no mixer.
    #[must_use]
    pub fn mixer(&self) -> Option<MixerConfig> {
        let width = self.embedding_width();
        (self.fusion == FusionUse::Mixer).then(|| MixerConfig {
            slots: self.modalities().len(),
            width,
            hidden_slots: HIDDEN_SLOTS,
            hidden_width: CHANNEL_RATIO * width,
            learned: self.absent == AbsentUse::Learned,
        })
    }

    /// Whether a token stands in every sequence for each modality that the sequence lacks.
    #[must_use]
    pub fn has_absent_tokens(&self) -> bool {
        self.fusion == FusionUse::Sequence && self.absent == AbsentUse::Learned
    }

    /// Refuses learned embeddings that have no place.
    pub(crate) fn check_fusion(&self) -> Result<(), String> {
        if self.fusion == FusionUse::Mean && self.absent == AbsentUse::Learned {
            return Err(
                "absent is `learned`, for which fusion `mean` has no place, expected `none`".into(),
            );
        }
        Ok(())
    }
}

impl Backbone {
    /// The same backbone with the fusion of `config`. What learns in it is fresh unless the backbone has it already.
    #[must_use]
    pub fn with_fusion(mut self, config: &BackboneConfig, device: &Device) -> Self {
        self.fusion = config.fusion;
        if config.has_absent_tokens() {
            self.tokenizers = self.tokenizers.with_absent_tokens(device);
        }
        self.mixer = config.mixer().map(|sizes| match self.mixer.take() {
            Some(mixer) if sizes.learned => mixer.with_learned(sizes.width, device),
            Some(mixer) => mixer,
            None => sizes.init(device),
        });
        self
    }

    /// The same backbone with the slots of its mixer for its present modalities; it had one for each of `had`. A new modality starts with the weights
    /// of RGB, and nothing stands for it where it is absent.
    pub(crate) fn with_slots_from(mut self, had: ModalitySet) -> Self {
        let has = self.modalities();
        let from = |modality| {
            let former = number(had, modality).map(SlotFrom::Former);
            former.or(number(had, Modality::Rgb).map(SlotFrom::CopyOf))
        };
        if had != has {
            let slots: Vec<SlotFrom> = has.iter().filter_map(from).collect();
            self.mixer = self.mixer.map(|mixer| mixer.for_slots(&slots));
        }
        self
    }

    /// The same backbone without its text tower, if it has one.
    #[must_use]
    pub fn without_text_tower(self) -> Self {
        let had = self.modalities();
        Self { text_tower: None, ..self }.with_slots_from(had)
    }

    /// Embeddings of people, each with all of `inputs`. Their order does not matter where modalities are combined behind the encoder; in one sequence
    /// it is the order of the tokens.
    ///
    /// A text tower embeds sentences outside of any sequence: see [`Backbone::embed_parts`].
    ///
    /// # Shapes
    /// - output: `[batch, embedding]`
    #[must_use]
    pub fn embed(&self, inputs: &[ModalityInput]) -> Tensor<2> {
        let (mut tokens, mut alone) = (Vec::new(), Vec::new());
        for input in inputs {
            match (input, &self.text_tower) {
                (ModalityInput::Text(ids), Some(tower)) => {
                    alone.push((Modality::Text, tower.embed(ids.clone())));
                }
                _ => tokens.push(self.tokenizers.tokens(input)),
            }
        }
        self.embed_parts(&mut Activations::Stored, &tokens, alone)
    }

    /// Embeds the tokens of some modalities, and combines them with modalities of the same rows that have been embedded `alone` already.
    ///
    /// With [`FusionUse::Sequence`], the tokens enter one sequence. If something was embedded alone beside them, which is the sentences of a text tower,
    /// the direction is that of the mean of the unit embeddings.
    ///
    /// # Shapes
    /// - alone, each, and output: `[batch, embedding]`
    ///
    /// # Panics
    /// If there is nothing to embed.
    #[must_use]
    pub fn embed_parts(
        &self,
        activations: &mut Activations,
        tokens: &[ModalityTokens],
        mut alone: Vec<(Modality, Tensor<2>)>,
    ) -> Tensor<2> {
        if self.fusion.is_late() {
            for part in tokens {
                alone.push((part.modality(), self.embed_alone(activations, part)));
            }
            return self.combine(alone);
        }
        let mut parts = Vec::new();
        if !tokens.is_empty() {
            parts.push(self.encode(activations, self.tokenizers.join(tokens)).0);
        }
        parts.extend(alone.into_iter().map(|(_, embedded)| embedded));
        mean(parts)
    }

    /// The output of encoder and projection for one modality: `[batch, embedding]`.
    pub(crate) fn embed_alone(
        &self,
        activations: &mut Activations,
        tokens: &ModalityTokens,
    ) -> Tensor<2> {
        self.encode(activations, self.tokenizers.join(std::slice::from_ref(tokens))).0
    }

    /// Combines modalities that were embedded alone. A single one stays as it is, unless a mixer has learned vectors for those that are absent.
    fn combine(&self, mut parts: Vec<(Modality, Tensor<2>)>) -> Tensor<2> {
        parts.sort_by_key(|(modality, _)| *modality);
        let known = self.modalities();
        let slots: Vec<usize> = parts.iter().filter_map(|(m, _)| number(known, *m)).collect();
        let embedded: Vec<Tensor<2>> = parts.into_iter().map(|(_, embedded)| embedded).collect();
        match &self.mixer {
            Some(mixer) if embedded.len() > 1 || mixer.is_learned() => {
                mixed(mixer, &slots, embedded)
            }
            _ => mean(embedded),
        }
    }
}
