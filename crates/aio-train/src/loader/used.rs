//! Which samples of a data set are trained on.

use crate::config::TrainedParts;
use aio_data::{Dataset, Sample};
use aio_types::{Identity, Modality, ModalitySet};
use std::collections::BTreeSet;

/// Samples of the parts of a data set that are trained on, without distractors and people who are not known.
pub(super) fn training_samples(
    dataset: &Dataset,
    trained: TrainedParts,
) -> impl Iterator<Item = &Sample> {
    let parts = [&dataset.train, &dataset.validation, &dataset.query, &dataset.gallery];
    // The number 0 stands for distractors in the gallery of Market-1501 and for a person elsewhere (the first of MSMT17): it is a person's where a
    // part shows it that has no distractors.
    let mut named = parts[..3].iter().flat_map(|part| part.iter());
    let zero_is_a_person = named.any(|sample| sample.identity == Identity(0));
    let is_used = move |sample: &&Sample| {
        sample.identity.is_known() && (sample.identity != Identity(0) || zero_is_a_person)
    };
    let parts = match trained {
        TrainedParts::Training => vec![parts[0]],
        TrainedParts::All => parts.to_vec(),
    };
    parts.into_iter().flatten().filter(is_used)
}

/// Identities of a data set that training uses.
pub(super) fn training_identities(dataset: &Dataset, parts: TrainedParts) -> BTreeSet<Identity> {
    let mut identities: BTreeSet<Identity> =
        training_samples(dataset, parts).map(|sample| sample.identity).collect();
    if let Some(indexed) = &dataset.indexed {
        identities.extend(indexed.index.identities().iter().map(|id| Identity(*id)));
    }
    identities
}

/// The modalities in which the samples are that training uses of a data set.
pub(super) fn real_modalities(dataset: &Dataset, parts: TrainedParts) -> ModalitySet {
    let samples = training_samples(dataset, parts).map(|sample| sample.modality);
    let indexed = dataset.indexed.iter().flat_map(|_| [Modality::Rgb, Modality::Text]);
    samples.chain(indexed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_splits_add_labelled_people_of_the_test_part() {
        let sample = |identity| Sample::picture(identity, Modality::Rgb, "1.jpg".into());
        let dataset = Dataset {
            train: vec![sample(1), sample(2)],
            validation: vec![sample(3)],
            query: vec![sample(4)],
            gallery: vec![sample(4), sample(0), sample(-1)],
            ..Dataset::default()
        };
        let identities = |parts| {
            training_identities(&dataset, parts).into_iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(identities(TrainedParts::Training), [1, 2]);
        assert_eq!(
            identities(TrainedParts::All),
            [1, 2, 3, 4],
            "distractors and unlabelled rows stay out"
        );
        let unknown = Dataset {
            train: vec![sample(1), sample(-1), sample(-1)],
            query: vec![sample(-2)],
            ..Dataset::default()
        };
        let used = |parts| training_samples(&unknown, parts).count();
        let counts = (used(TrainedParts::Training), used(TrainedParts::All));
        assert_eq!(counts, (1, 1), "below 0 is nobody, in any part");
    }

    #[test]
    fn the_person_with_the_number_zero_is_trained_on_where_zero_is_a_person() {
        let sample = |identity| Sample::picture(identity, Modality::Rgb, "1.jpg".into());
        // MSMT17: `list_val.txt` has other photographs of the people of `list_train.txt`, of whom 0 is the first.
        let msmt17 = Dataset {
            train: vec![sample(0), sample(1)],
            validation: vec![sample(0), sample(0)],
            gallery: vec![sample(1041), sample(-1)],
            ..Dataset::default()
        };
        let used = |dataset: &Dataset| {
            training_samples(dataset, TrainedParts::All)
                .map(|sample| sample.identity.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(used(&msmt17), [0, 1, 0, 0, 1041]);
        // A test part that begins at 0: a query shows that person, so that the gallery's pictures are no distractors.
        let tested = Dataset {
            query: vec![sample(0)],
            gallery: vec![sample(0), sample(-1)],
            ..Dataset::default()
        };
        assert_eq!(used(&tested), [0, 0]);
    }
}
