//! Adapters of the shared encoder: each modality with a tokenizer is one of its experts.

use crate::{Backbone, BackboneConfig};
use aio_encoder::{AdapterKind, AdaptersConfig};
use aio_tokenize::{Tokenizers, TokenizersConfig};
use aio_types::{Modality, ModalitySet};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// What is trained inside the blocks of a frozen encoder.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AdapterUse {
    /// Nothing, as in the paper.
    #[default]
    None,
    /// Low-rank summands of the attention's weights, one for each modality (LoRA; Hu et al., ICLR 2022). A sequence of several
    /// modalities has the mean of theirs.
    Lora,
    /// Tokens that every block sees behind those of a sequence, some for each modality (deep prompts; Jia et al., ECCV 2022). A
    /// sequence of several modalities has those of all of them.
    Prompts,
}

/// The number of a modality among those of a set, as expert or slot: its place in the order of [`Modality::ALL`].
pub(crate) fn number(of: ModalitySet, modality: Modality) -> Option<usize> {
    of.iter().position(|known| known == modality)
}

impl BackboneConfig {
    /// The same sizes with adapters of a kind in the shared encoder, for every modality that it sees.
    #[must_use]
    pub fn with_adapters(mut self, kind: Option<AdapterKind>) -> Self {
        self.encoder.adapters = kind.map(|kind| AdaptersConfig { experts: 0, kind });
        self.with_experts_of_modalities()
    }

    /// The same sizes with as many experts as modalities, if there are adapters.
    pub(crate) fn with_experts_of_modalities(mut self) -> Self {
        if let Some(adapters) = &mut self.encoder.adapters {
            adapters.experts = self.tokenizers.modalities.len();
        }
        self
    }

    /// Refuses adapters that are not one for each modality of the shared encoder.
    pub(crate) fn check_experts(&self) -> Result<(), String> {
        let modalities = self.tokenizers.modalities;
        match &self.encoder.adapters {
            Some(AdaptersConfig { experts, .. }) if *experts != modalities.len() => Err(format!(
                "the encoder has adapters of {experts} experts, expected one for each of {modalities}"
            )),
            _ => Ok(()),
        }
    }
}

impl Backbone {
    /// The experts of a sequence of modalities.
    pub(crate) fn experts(&self, modalities: ModalitySet) -> Vec<usize> {
        if !self.encoder.has_adapters() {
            return Vec::new();
        }
        let known = self.tokenizers.modalities();
        modalities.iter().filter_map(|modality| number(known, modality)).collect()
    }

    /// The same backbone with the fresh adapters of `config`, or with its own if it has some.
    #[must_use]
    pub fn with_adapters(self, config: &BackboneConfig, device: &Device) -> Self {
        if self.encoder.has_adapters() {
            return self;
        }
        Self { encoder: self.encoder.with_adapters(&config.encoder, device), ..self }
    }

    /// The same backbone with the tokenizers of `config` ([`Tokenizers::from_pretrained`]). What is new starts from the stem of RGB, and from its
    /// adapters and its slot in the mixer.
    #[must_use]
    pub fn with_tokenizers(self, config: &TokenizersConfig) -> Self {
        let slots = self.modalities();
        let tokenizers = Tokenizers::from_pretrained(&self.tokenizers, config);
        let (had, has) = (self.tokenizers.modalities(), tokenizers.modalities());
        if !self.encoder.has_adapters() || had == has {
            return Self { tokenizers, ..self }.with_slots_from(slots);
        }
        let former = |modality| number(had, modality).or(number(had, Modality::Rgb));
        let from: Vec<usize> = has.iter().filter_map(former).collect();
        Self { encoder: self.encoder.for_experts(&from), tokenizers, ..self }.with_slots_from(slots)
    }
}
