//! Retrieval of held-out people, which selects a checkpoint.

use super::retrieval_config;
use super::setup::TrainingSetup;
use crate::config::Select;
use crate::embedding::embed_all;
use crate::error::{Result, TrainError};
use crate::loader::HeldOut;
use aio_data::{Sample, picture};
use aio_eval::{Entry, EvalOptions, LabelledFeatures, Protocol, evaluate};
use aio_model::{Aio, Extractor};
use aio_types::{Modality, ModalitySet, Observation, Picture, SourcePhoto};
use std::path::Path;

/// The validation score of a model, or `None` where nobody is held out.
///
/// # Errors
/// [`TrainError::Invalid`] naming the data set and the sample that cannot be used.
pub(super) fn validate(
    setup: &TrainingSetup,
    held_out: &[HeldOut],
    model: &Aio,
) -> Result<Option<f64>> {
    if held_out.is_empty() {
        return Ok(None);
    }
    let start = setup.start;
    let preprocessing = start.preprocessing.clone();
    let backbone = model.retrieval(setup.config.losses.neck);
    let extractor =
        Extractor::new(&backbone, &retrieval_config(setup), preprocessing, setup.device);
    let mut values = Vec::new();
    for of_set in held_out {
        let asked = of_set.asked & setup.config.model.modalities;
        let found = mean_average_precisions(&of_set.samples, asked, &extractor);
        values.extend(found.map_err(|error| {
            TrainError::invalid(
                format!("validation on held-out people of {}: {error}", of_set.dataset),
                match setup.config.train.select {
                    Select::Last => "data.validation_fraction = 0.0 does without",
                    Select::Best => "train.select = \"last\" does without",
                },
            )
        })?);
    }
    Ok(Some(values.iter().sum::<f64>() / values.len() as f64))
}

/// Mean average precision of the samples of every modality of `asked` against photographs, without the photograph that a
/// sample is or was made from. Modalities without a sample are left out.
fn mean_average_precisions(
    samples: &[Sample],
    asked: ModalitySet,
    extractor: &Extractor,
) -> Result<Vec<f64>> {
    let photographs: Vec<&Sample> = of_modality(samples, Modality::Rgb);
    let inputs = inputs(&photographs, extractor)?;
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
    let mut values = Vec::new();
    for modality in asked.iter() {
        if modality == Modality::Rgb {
            values.push(score(photographs)?);
            continue;
        }
        let queries = of_modality(samples, modality);
        if queries.is_empty() {
            continue;
        }
        let inputs = self::inputs(&queries, extractor)?;
        let what = format!("validation {modality} queries");
        let features = embed_all(extractor, &inputs, &what, "validation")?;
        let entries: Vec<Entry> = queries.iter().map(|sample| entry(sample)).collect();
        values.push(score(LabelledFeatures { features: &features, entries: &entries })?);
    }
    Ok(values)
}

fn of_modality(samples: &[Sample], modality: Modality) -> Vec<&Sample> {
    samples.iter().filter(|sample| sample.modality == modality).collect()
}

/// Samples of one modality as the extractor takes them.
fn inputs(samples: &[&Sample], extractor: &Extractor) -> Result<Vec<Observation<Picture>>> {
    let size = extractor.preprocessing().size();
    let paths: Vec<&Path> = samples.iter().filter_map(|s| s.path()).collect();
    let mut pictures = picture::open_all(&paths, size, &|| {})?.into_iter();
    let input = |sample: &&Sample| {
        let picture = sample.path().and_then(|_| pictures.next());
        Observation {
            pictures: picture.map(|picture| (sample.modality, picture)).into_iter().collect(),
            caption: sample.caption().map(str::to_owned),
        }
    };
    Ok(samples.iter().map(input).collect())
}

/// The labels of a sample. Validation ignores cameras.
fn entry(sample: &Sample) -> Entry {
    Entry { source: sample.source, ..Entry::of(sample.identity) }
}
