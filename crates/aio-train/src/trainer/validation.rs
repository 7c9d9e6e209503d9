//! Retrieval on held-out training identities, which selects a checkpoint.

use super::setup::TrainingSetup;
use crate::embedding::embed_all;
use crate::error::{Result, TrainError};
use aio_data::{Sample, picture};
use aio_eval::{Entry, EvalOptions, LabelledFeatures, Protocol, evaluate};
use aio_model::{Aio, Extractor};
use aio_types::{Modality, Observation, Picture, SourcePhoto};
use std::path::Path;

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
        // A photograph without a source gets a source of its own, so that only itself is hidden from it.
        let own = SourcePhoto(-number);
        entries.push(Entry { source: sample.source.or(Some(own)), ..entry(sample) });
    }
    let photographs = LabelledFeatures { features: &gallery, entries: &entries };
    let score = |queries: LabelledFeatures| {
        evaluate(queries, photographs, Protocol::Tri, EvalOptions::default(), |_, _| {})
            .map(|scores| scores.map)
    };
    let mut values = vec![score(photographs)?];
    if !captions.is_empty() {
        let inputs: Vec<Observation<Picture>> = captions
            .iter()
            .map(|s| Observation {
                caption: s.caption().map(str::to_owned),
                ..Observation::default()
            })
            .collect();
        let queries = embed_all(extractor, &inputs, "validation captions", "validation")?;
        let entries: Vec<Entry> = captions.iter().map(|s| entry(s)).collect();
        values.push(score(LabelledFeatures { features: &queries, entries: &entries })?);
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

/// The labels of a sample. Validation ignores cameras.
fn entry(sample: &Sample) -> Entry {
    Entry { identity: sample.identity, camera: None, source: sample.source }
}
