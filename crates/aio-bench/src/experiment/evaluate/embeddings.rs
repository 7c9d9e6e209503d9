//! Chooses the embeddings that the report shows.

use super::Test;
use super::score::TestFeatures;
use crate::report::{EmbeddingExample, EmbeddingSample};
use aio_data::DatasetName;
use aio_eval::LabelledFeatures;
use aio_types::{Identity, Modality};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// People whose embeddings are kept.
const PEOPLE: usize = 10;
/// Embeddings of each of them and of each modality.
const SAMPLES_EACH: usize = 6;

/// Embeddings of the first people of a task's first trial: in the gallery's modality, and in the query's if it has one only.
pub(super) fn of_task(test: &Test, features: &TestFeatures) -> Vec<EmbeddingSample> {
    let features = features.of_trial(test, &test.data.trials[0]);
    let people = first_people(features.gallery());
    let mut samples = Vec::new();
    add_samples(&mut samples, test.task.gallery, features.gallery(), &people);
    if let (1, Some(modality)) = (test.task.query.len(), test.task.query.iter().next()) {
        add_samples(&mut samples, modality, features.queries(), &people);
    }
    for sample in &mut samples {
        sample.name = test.data.names.of_person(Identity(sample.identity)).map(str::to_owned);
    }
    samples
}

/// Embeddings of a few people by data set.
#[derive(Default)]
pub(super) struct Embeddings(BTreeMap<DatasetName, Vec<EmbeddingSample>>);

impl Embeddings {
    /// Adds the embeddings of a task. Tasks of one data set share their gallery.
    pub(super) fn add(&mut self, dataset: DatasetName, of_task: Vec<EmbeddingSample>) {
        let samples = self.0.entry(dataset).or_default();
        for sample in of_task {
            if !samples.contains(&sample) {
                samples.push(sample);
            }
        }
    }

    /// The data set with the most modalities, and of several such data sets the first.
    pub(super) fn example(self) -> Option<EmbeddingExample> {
        let modalities = |samples: &[EmbeddingSample]| {
            samples.iter().map(|sample| sample.modality).collect::<BTreeSet<_>>().len()
        };
        let (dataset, samples) = self
            .0
            .into_iter()
            .max_by_key(|(name, samples)| (modalities(samples), Reverse(*name)))?;
        Some(EmbeddingExample { dataset: dataset.to_string(), samples })
    }
}

/// The lowest positive identities of a gallery; the others are junk and distractors.
fn first_people(gallery: LabelledFeatures) -> Vec<Identity> {
    let identities = gallery.entries.iter().map(|entry| entry.identity);
    let people: BTreeSet<Identity> = identities.filter(|identity| identity.0 > 0).collect();
    people.into_iter().take(PEOPLE).collect()
}

fn add_samples(
    samples: &mut Vec<EmbeddingSample>,
    modality: Modality,
    labelled: LabelledFeatures,
    people: &[Identity],
) {
    for identity in people {
        let rows: Vec<usize> = (0..labelled.entries.len())
            .filter(|row| labelled.entries[*row].identity == *identity)
            .take(SAMPLES_EACH)
            .collect();
        for row in labelled.features.select(&rows).view().outer_iter() {
            let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
            let values = row.iter().map(|v| v / length).collect();
            let sample = EmbeddingSample { identity: identity.0, name: None, modality, values };
            samples.push(sample);
        }
    }
}
