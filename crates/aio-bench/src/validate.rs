//! Scores a model on held-out training identities.

use crate::embedding::{features, single};
use crate::error::Result;
use aio_data::{Sample, picture::open_all};
use aio_eval::{Entry, EvalOptions, LabelledFeatures, Protocol, evaluate};
use aio_model::Extractor;
use aio_types::{Modality, Observation, Picture, SourcePhoto};
use std::path::Path;

/// Mean average precision on held-out training identities: photographs and captions against photographs, without
/// the photograph itself.
///
/// # Errors
/// [`Error`](crate::error::Error) naming the sample that cannot be used.
pub(crate) fn validate(samples: &[Sample], extractor: &Extractor) -> Result<f64> {
    let size = extractor.preprocessing().size();
    let photos: Vec<&Sample> = samples.iter().filter(|s| s.modality == Modality::Rgb).collect();
    let captions: Vec<&Sample> = samples.iter().filter(|s| s.modality == Modality::Text).collect();
    let paths: Vec<&Path> = photos.iter().filter_map(|s| s.path()).collect();
    let opened = open_all(&paths, size, &|| {})?;
    let inputs: Vec<Observation<Picture>> =
        opened.into_iter().map(|p| single(Modality::Rgb, p)).collect();
    let gallery = features(extractor, "validation gallery", &inputs, "validation")?;
    // A photograph that nothing else was made from is junk for itself alone.
    let entries: Vec<Entry> = (2..)
        .zip(&photos)
        .map(|(i, s)| Entry { source: s.source.or(Some(SourcePhoto(-i))), ..entry(s) })
        .collect();
    let photographs = LabelledFeatures { features: &gallery, entries: &entries };
    let mean_average_precision = |queries: LabelledFeatures| {
        evaluate(queries, photographs, Protocol::Tri, EvalOptions::default(), |_, _| {})
            .map(|scores| scores.map)
    };
    let mut values = vec![mean_average_precision(photographs)?];
    if !captions.is_empty() {
        let inputs: Vec<Observation<Picture>> = captions
            .iter()
            .map(|s| Observation {
                caption: s.caption().map(str::to_owned),
                ..Observation::default()
            })
            .collect();
        let text = features(extractor, "validation captions", &inputs, "validation")?;
        let entries: Vec<Entry> = captions.iter().map(|s| entry(s)).collect();
        let captions = LabelledFeatures { features: &text, entries: &entries };
        values.push(mean_average_precision(captions)?);
    }
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

fn entry(sample: &Sample) -> Entry {
    Entry { identity: sample.identity, camera: None, source: sample.source }
}
