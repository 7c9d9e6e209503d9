//! Scores a model on held-out training identities.

use crate::embedding::{features, single};
use crate::error::Result;
use aio_data::{Sample, picture::open_all};
use aio_eval::{Entry, EvalError, EvalOptions, Features, Protocol, evaluate};
use aio_model::{Extractor, Input};
use aio_types::{Modality, PictureSize};
use std::path::Path;

/// Mean average precision on held-out training identities: photographs and captions against photographs, without
/// the photograph itself.
///
/// # Errors
/// [`Error`](crate::error::Error) naming the sample that cannot be used.
pub(crate) fn validate(samples: &[Sample], extractor: &Extractor) -> Result<f64> {
    let size = PictureSize {
        height: extractor.preprocessing().height,
        width: extractor.preprocessing().width,
    };
    let photos: Vec<&Sample> = samples.iter().filter(|s| s.modality == Modality::Rgb).collect();
    let captions: Vec<&Sample> = samples.iter().filter(|s| s.modality == Modality::Text).collect();
    let paths: Vec<&Path> = photos.iter().filter_map(|s| s.path()).collect();
    let opened = open_all(&paths, size, &|| {})?;
    let inputs: Vec<Input> = opened.into_iter().map(|p| single(Modality::Rgb, p)).collect();
    let gallery = features(extractor, "validation gallery", &inputs, "validation")?;
    // A photograph that nothing else was made from is hidden from itself alone.
    let entries: Vec<Entry> = (2..).zip(&photos).map(|(i, s)| entry(s, -i)).collect();
    let mean_average_precision = |queries: &Features,
                                  labels: &[Entry]|
     -> std::result::Result<f64, EvalError> {
        let (queries, gallery) = ((queries, labels), (&gallery, entries.as_slice()));
        let scores = evaluate(queries, gallery, Protocol::Tri, EvalOptions::default(), |_, _| {})?;
        Ok(scores.map)
    };
    let mut values = vec![mean_average_precision(&gallery, &entries)?];
    if !captions.is_empty() {
        let inputs: Vec<Input> = captions
            .iter()
            .map(|s| Input { caption: s.caption().map(str::to_owned), ..Input::default() })
            .collect();
        let text = features(extractor, "validation captions", &inputs, "validation")?;
        let labels: Vec<Entry> = captions.iter().map(|s| entry(s, -1)).collect();
        values.push(mean_average_precision(&text, &labels)?);
    }
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

/// Labels of a sample; `image` stands for a source photograph that is unknown.
fn entry(sample: &Sample, image: i64) -> Entry {
    Entry {
        identity: sample.identity.0,
        camera: -1,
        image: sample.source.map_or(image, |photo| photo.0),
    }
}
