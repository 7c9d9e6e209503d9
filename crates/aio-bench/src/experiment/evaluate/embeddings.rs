//! Chooses the embeddings that the report shows.

use super::Test;
use super::score::{Labelled, TestFeatures, TrialFeatures};
use crate::report::{EmbeddingExample, EmbeddingSample};
use aio_data::DatasetName;
use aio_types::Modality;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// People whose embeddings are kept.
const PEOPLE: usize = 10;
/// Embeddings of each of them and of each modality.
const SAMPLES_EACH: usize = 6;

/// Embeddings of a few people by data set.
#[derive(Default)]
pub(super) struct Embeddings(BTreeMap<DatasetName, Vec<EmbeddingSample>>);

impl Embeddings {
    /// Adds the first people of a task's first trial: in the gallery's modality, and in the query's if it has one only.
    pub(super) fn add(&mut self, test: &Test, features: &TestFeatures) {
        let TrialFeatures { queries, gallery } = features.of_trial(test, 0);
        let people = first_people(&gallery);
        let samples = self.0.entry(test.task.dataset).or_default();
        add_samples(samples, test.task.gallery, &gallery, &people);
        if let (1, Some(modality)) = (test.task.query.len(), test.task.query.iter().next()) {
            add_samples(samples, modality, &queries, &people);
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
fn first_people(gallery: &Labelled) -> Vec<i64> {
    let identities = gallery.entries.iter().map(|entry| entry.identity);
    let people: BTreeSet<i64> = identities.filter(|identity| *identity > 0).collect();
    people.into_iter().take(PEOPLE).collect()
}

fn add_samples(
    samples: &mut Vec<EmbeddingSample>,
    modality: Modality,
    labelled: &Labelled,
    people: &[i64],
) {
    for identity in people {
        let rows: Vec<usize> = (0..labelled.entries.len())
            .filter(|row| labelled.entries[*row].identity == *identity)
            .take(SAMPLES_EACH)
            .collect();
        for row in labelled.features.select(&rows).view().outer_iter() {
            let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
            let values = row.iter().map(|v| v / length).collect();
            let sample = EmbeddingSample { identity: *identity, modality, values };
            // Tasks of one data set share their gallery.
            if !samples.contains(&sample) {
                samples.push(sample);
            }
        }
    }
}
