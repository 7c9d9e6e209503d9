//! Losses that no step could ever compute.

use crate::config::Experiment;
use crate::config::validation::refused;
use crate::error::Result;

impl Experiment {
    /// Refuses a loss that has a weight and nothing to be computed from: a training would pass over it without a word.
    pub(super) fn validate_losses_in_vain(&self, origins: &str) -> Result<()> {
        let Self { losses, train, .. } = self;
        if losses.parts != 0.0 && train.combinations == 0 {
            let problem = format!(
                "is {}, but train.combinations = 0 embeds no combination of modalities, which it compares with its parts; set it to 0, or train.combinations to at least 1",
                losses.parts
            );
            return Err(refused(origins, "losses.parts", &problem));
        }
        if losses.attribute != 0.0 && losses.mask_rate == 0.0 {
            let problem = format!(
                "is 0, but losses.attribute = {} trains a head that names masked words, and none would be masked; set losses.attribute to 0, or choose a rate above 0",
                losses.attribute
            );
            return Err(refused(origins, "losses.mask_rate", &problem));
        }
        Ok(())
    }
}
