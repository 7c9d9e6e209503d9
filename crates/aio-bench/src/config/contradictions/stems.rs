//! Weights that are to be kept, although `model.stems` draws them at random.

use crate::config::Experiment;
use crate::config::validation::refused;
use crate::error::Result;
use aio_model::Shared;
use aio_model::import::Stems;
use aio_types::Modality;

impl Experiment {
    /// Refuses to freeze what has no pre-trained weights: no training would ever change the random ones.
    pub(super) fn validate_stems(&self, origins: &str) -> Result<()> {
        let model = &self.model;
        let is_drawn = |modality: Modality| match model.stems {
            Stems::FromCheckpoint => false,
            Stems::Fresh => modality.is_visual() || !model.text.is_tower(),
            Stems::FreshIbn | Stems::FreshBatch | Stems::FreshPatch => modality.is_visual(),
        };
        let frozen = model.frozen_tokenizers.iter().copied();
        let mut frozen = frozen.filter(|modality| model.modalities.contains(*modality));
        if let Some(modality) = frozen.find(|modality| is_drawn(*modality)) {
            let problem = format!(
                "holds {modality}, but model.stems draws its tokenizer at random: it has no pre-trained weights to keep"
            );
            return Err(refused(origins, "model.frozen_tokenizers", &problem));
        }
        if model.shared == Shared::Frozen && model.stems == Stems::Fresh {
            let problem = "is `frozen`, but model.stems = \"fresh\" draws the `[CLS]` token at random: it has no pre-trained weights to keep";
            return Err(refused(origins, "model.shared", problem));
        }
        Ok(())
    }
}
