//! Parts of a weights file drawn anew: stems, or the encoder.

use super::Stems;
use crate::{Backbone, stated_origin};
use aio_encoder::weights::{Tensors, Weights, WeightsError};
use burn::tensor::Device;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// Runs `draw` with the device's random numbers seeded by `seed`.
pub(super) fn drawn<T>(device: &Device, seed: u64, draw: impl FnOnce() -> T) -> T {
    // A device has one stream of random numbers for the whole process, which two threads must not use at the same time.
    static DRAWING: Mutex<()> = Mutex::new(());
    let _exclusive = DRAWING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    device.seed(seed);
    draw()
}

/// What redrawn weights say of themselves: what the file said, and which part is random.
fn card(weights: &Weights, part: &str) -> Vec<(&'static str, serde_json::Value)> {
    let mut card = stated_origin(weights);
    card.push(("random", part.into()));
    card
}

/// The same weights with a random encoder: drawn uniformly within ±1/√inputs as PyTorch's `nn.Linear` starts.
///
/// # Errors
/// As [`Backbone::load`].
pub fn with_random_encoder(weights: &Weights, seed: u64) -> Result<Weights, WeightsError> {
    let device = Device::flex();
    let (backbone, config, preprocessing) = Backbone::load(weights, &device)?;
    let card = card(weights, "encoder");
    let bytes = drawn(&device, seed, || {
        let encoder = config.encoder.init(&device);
        Backbone { encoder, ..backbone }.to_bytes(&config, &preprocessing, &card)
    })?;
    Ok(Weights::from_bytes("a random encoder", bytes))
}

/// The same weights with random image stems, of the same kind or another. [`Stems::FromCheckpoint`] changes nothing.
///
/// # Errors
/// As [`Backbone::load`].
pub fn with_stems(weights: Weights, stems: Stems, seed: u64) -> Result<Weights, WeightsError> {
    if stems == Stems::FromCheckpoint {
        return Ok(weights);
    }
    let device = Device::flex();
    let (loaded, mut config, preprocessing) = Backbone::load(&weights, &device)?;
    config.tokenizers.stem = stems.replacement(config.tokenizers.stem);
    let fresh = drawn(&device, seed, || {
        let card = card(&weights, "stems");
        let fresh = config.init(&device).with_sentences(loaded.sentences());
        fresh.to_bytes(&config, &preprocessing, &card)
    })?;
    let fresh = Weights::from_bytes("fresh stems", fresh);
    let mut kept = weights.tensors()?;
    kept.retain(|name, _| !stems.redraws(name));
    let (tensors, _) = overlay(fresh.tensors()?, kept)
        .map_err(|problem| WeightsError::Checkpoint { origin: "fresh stems".into(), problem })?;
    Weights::from_tensors("fresh stems", &tensors, &fresh)
}

/// Replaces fresh tensors by imported ones. Returns all tensors, and the names of those that stayed fresh.
///
/// # Errors
/// A sentence that names an imported tensor that the model does not have, or has in another shape.
pub(super) fn overlay(
    mut fresh: Tensors,
    imported: Tensors,
) -> Result<(Tensors, Vec<String>), String> {
    let mut replaced = BTreeSet::new();
    for (name, tensor) in imported {
        match fresh.get_mut(&name) {
            Some(place) if place.shape == tensor.shape => *place = tensor,
            Some(place) => {
                return Err(format!(
                    "`{name}` has the shape {:?}, expected {:?}",
                    tensor.shape, place.shape
                ));
            }
            None => return Err(format!("`{name}` has no place in the model")),
        }
        replaced.insert(name);
    }
    let missing = fresh.keys().filter(|name| !replaced.contains(*name)).cloned().collect();
    Ok((fresh, missing))
}
