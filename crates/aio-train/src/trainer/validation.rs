//! Retrieval on held-out training identities, which selects a checkpoint.

use super::setup::TrainingSetup;
use crate::embedding::embed_all;
use crate::error::{Result, TrainError};
use aio_data::{Sample, picture};
use aio_eval::{Entry, EvalOptions, Features, Protocol, evaluate};
use aio_model::{Aio, Extractor};
use aio_types::{Modality, Observation, Picture};
use std::path::Path;

/// No camera is named, so that none is excluded.
const NO_CAMERA: i64 = -1;

/// The validation score of a model, or `None` where nothing is held out.
///
/// # Errors
/// [`TrainError::Invalid`] naming the data set and the sample that cannot be used.
pub(super) fn validate(
    setup: &TrainingSetup,
    held_out: &[Sample],
    model: &Aio,
) -> Result<Option<f64>> {
    if held_out.is_empty() {
        return Ok(None);
    }
    let start = setup.start;
    let preprocessing = start.preprocessing.clone();
    let extractor = Extractor::new(&model.backbone, &start.config, preprocessing, setup.device);
    mean_average_precision(held_out, &extractor).map(Some).map_err(|error| {
        let first = setup.config.train.stages[0].datasets[0];
        TrainError::invalid(
            format!("validation on held-out people of {first}: {error}"),
            "data.validation = 0.0 does without",
        )
    })
}

/// Mean average precision of photographs and of captions against photographs, without the photograph itself.
fn mean_average_precision(samples: &[Sample], extractor: &Extractor) -> Result<f64> {
    let photographs: Vec<&Sample> = of_modality(samples, Modality::Rgb);
    let captions: Vec<&Sample> = of_modality(samples, Modality::Text);
    let inputs = photograph_inputs(&photographs, extractor)?;
    let gallery = embed_all(extractor, &inputs, "validation gallery", "validation")?;
    let mut entries = Vec::new();
    for (number, sample) in (2..).zip(&photographs) {
        // A photograph without a source is hidden from itself alone: its image number is its own.
        entries.push(entry(sample, -number));
    }
    let score = |queries: &Features, of_queries: &[Entry]| {
        let options = EvalOptions::default();
        evaluate((queries, of_queries), (&gallery, &entries), Protocol::Tri, options, |_, _| {})
            .map(|scores| scores.map)
    };
    let mut values = vec![score(&gallery, &entries)?];
    if !captions.is_empty() {
        let inputs: Vec<Observation<Picture>> = captions
            .iter()
            .map(|s| Observation {
                caption: s.caption().map(str::to_owned),
                ..Observation::default()
            })
            .collect();
        let queries = embed_all(extractor, &inputs, "validation captions", "validation")?;
        let of_captions: Vec<Entry> = captions.iter().map(|s| entry(s, -1)).collect();
        values.push(score(&queries, &of_captions)?);
    }
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

fn of_modality(samples: &[Sample], modality: Modality) -> Vec<&Sample> {
    samples.iter().filter(|sample| sample.modality == modality).collect()
}

fn photograph_inputs(
    photographs: &[&Sample],
    extractor: &Extractor,
) -> Result<Vec<Observation<Picture>>> {
    let preprocessing = extractor.preprocessing();
    let size = preprocessing.size();
    let paths: Vec<&Path> = photographs.iter().filter_map(|s| s.path()).collect();
    let mut inputs = Vec::with_capacity(paths.len());
    for picture in picture::open_all(&paths, size, &|| {})? {
        inputs.push(Observation { pictures: vec![(Modality::Rgb, picture)], caption: None });
    }
    Ok(inputs)
}

/// A sample as metrics take it; `image` numbers the photograph of one without a source.
fn entry(sample: &Sample, image: i64) -> Entry {
    Entry {
        identity: sample.identity.0,
        camera: NO_CAMERA,
        image: sample.source.map_or(image, |source| source.0),
    }
}
