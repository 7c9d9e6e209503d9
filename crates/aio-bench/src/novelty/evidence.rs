//! What a picture is judged by: its features, and how the first convolution responds to it.

use crate::embed;
use crate::error::{Error, Result};
use aio_model::Extractor;
use aio_types::{Modality, Observation, Picture};

/// What a picture is judged by.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    /// Its features, as the model gives them, before they are scaled to length 1.
    pub(super) features: Vec<f32>,
    /// How the first convolution responds to it ([`Extractor::responses`]).
    pub(super) responses: Vec<f32>,
}

/// A picture that is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged<'a> {
    pub(super) modality: Modality,
    pub(super) picture: &'a Picture,
    /// Its features, if they were computed before.
    pub(super) features: Option<&'a [f32]>,
}

impl<'a> Judged<'a> {
    /// A picture of which nothing was computed before.
    pub(super) fn new(modality: Modality, picture: &'a Picture) -> Self {
        Self { modality, picture, features: None }
    }
}

/// What pictures are judged by.
///
/// # Errors
/// [`Error`] if the model has no tokenizer for the modality of a picture.
pub(super) fn evidence(extractor: &Extractor, judged: &[Judged]) -> Result<Vec<Evidence>> {
    let unknown = judged.iter().filter(|of| of.features.is_none());
    let alone: Vec<Observation<Picture>> = unknown
        .map(|of| Observation { pictures: vec![(of.modality, of.picture.clone())], caption: None })
        .collect();
    let name = |place: usize| format!("a picture ({})", alone[place].pictures[0].0);
    let mut computed = embed::of_inputs(&alone, extractor, name)?.into_iter();
    let features = judged.iter().map(|of| match of.features {
        Some(features) => features.to_vec(),
        None => computed.next().unwrap_or_default(),
    });
    let mut found: Vec<Evidence> =
        features.map(|features| Evidence { features, responses: Vec::new() }).collect();
    for modality in Modality::ALL {
        let (places, pictures): (Vec<usize>, Vec<&Picture>) = judged
            .iter()
            .enumerate()
            .filter(|(_, of)| of.modality == modality)
            .map(|(place, of)| (place, of.picture))
            .unzip();
        if pictures.is_empty() {
            continue;
        }
        let responses = extractor.responses(modality, &pictures);
        let responses = responses.map_err(|e| Error::Failure(e.to_string()))?;
        for (place, responses) in places.into_iter().zip(responses) {
            found[place].responses = responses;
        }
    }
    Ok(found)
}
