//! Modalities that are trained and in which no held-out person is searched for.

use super::held_out::HeldOut;
use super::library::Library;
use super::trained::trained_modalities;
use crate::config::{Select, TrainingConfig};
use crate::error::Result;
use aio_types::{Modality, ModalitySet};

/// What to say of a training that shows modalities in which `held_out` are not searched for; nothing where nobody is held out. Photographs are always
/// validated: every search is among them.
///
/// # Errors
/// As [`Library::get`].
pub(crate) fn unvalidated(
    config: &TrainingConfig,
    library: &mut Library,
    held_out: &[HeldOut],
) -> Result<Option<String>> {
    let Some(of_first) = held_out.first() else { return Ok(None) };
    let Some(trained) = trained_modalities(config, library)? else { return Ok(None) };
    let photographs = ModalitySet::from(Modality::Rgb);
    let validated = held_out.iter().fold(photographs, |all, of_set| all | of_set.asked);
    let trained = trained & config.model.modalities;
    let missing: ModalitySet = trained.iter().filter(|m| !validated.contains(*m)).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = missing.iter().map(Modality::name).collect();
    let reason = match config.train.select {
        Select::Last => format!(
            "the people of {} that are held out are searched for by photograph and caption; train.select = \"best\" searches in every modality that has real samples",
            of_first.dataset
        ),
        // Everything that is trained from real samples is searched for, or the training was refused.
        Select::Best => "all samples of it are made from photographs, so that the best checkpoint is chosen by the other modalities; to validate it, add real samples, and name the modality among `real` of the stage".to_owned(),
    };
    let names = names.join(", ");
    Ok(Some(format!("trained, but not validated: {names}; {reason}")))
}
