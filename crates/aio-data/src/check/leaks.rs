//! What a data set both trains on and tests.

use crate::{Dataset, DatasetName, Sample};
use aio_types::Identity;
use std::collections::BTreeSet;
use std::path::Path;

/// People and pictures that are both in training and among the queries, in words; empty if there are none. Only the identities of a table are compared:
/// other data sets may number people of training and of test anew.
#[must_use]
pub fn own_leaks(name: DatasetName, dataset: &Dataset) -> Vec<String> {
    fn files(samples: &[Sample]) -> BTreeSet<&Path> {
        samples.iter().filter_map(Sample::path).collect()
    }
    let mut leaks = Vec::new();
    let trained = files(&dataset.train);
    let twice: Vec<&Path> =
        files(&dataset.query).into_iter().filter(|file| trained.contains(file)).collect();
    if let Some(first) = twice.first() {
        let (count, first) = (twice.len(), first.display());
        leaks.push(format!(
            "{count} pictures of {name} are in training and among the queries, the first of them {first}"
        ));
    }
    if !matches!(name, DatasetName::Table(_)) {
        return leaks;
    }
    let people = |samples: &[Sample]| -> BTreeSet<Identity> {
        samples
            .iter()
            .map(|sample| sample.identity)
            .filter(|identity| identity.is_known())
            .collect()
    };
    let (shown, asked) = (people(&dataset.train), people(&dataset.query));
    let shared: Vec<Identity> = shown.intersection(&asked).copied().collect();
    if let Some(first) = shared.first() {
        let (count, first) = (shared.len(), dataset.names.person(*first));
        leaks.push(format!(
            "{count} people of {name} have rows of the split `train` and of the split `query`, the first of them {first}"
        ));
    }
    leaks
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::Modality;

    #[test]
    fn people_and_pictures_of_both_sides_are_named() {
        let photo = |identity, path: &str| Sample::picture(identity, Modality::Rgb, path.into());
        let table: DatasetName = "table:shop".parse().expect("a table");
        let dataset = |train: Vec<Sample>, query: Vec<Sample>| Dataset {
            train,
            query,
            gallery: vec![photo(1, "a.jpg")],
            ..Dataset::default()
        };
        let apart = dataset(vec![photo(1, "a.jpg")], vec![photo(2, "b.jpg")]);
        assert!(own_leaks(table, &apart).is_empty(), "the gallery may show whom training shows");
        let one_picture = dataset(vec![photo(1, "a.jpg")], vec![photo(2, "a.jpg")]);
        let found = own_leaks(table, &one_picture);
        assert_eq!(
            found,
            [
                "1 pictures of table:shop are in training and among the queries, the first of them a.jpg"
            ]
        );
        let one_person = dataset(vec![photo(2, "a.jpg")], vec![photo(2, "b.jpg")]);
        assert!(own_leaks(table, &one_person)[0].starts_with("1 people of table:shop have rows"));
        assert!(own_leaks(DatasetName::Llcm, &one_person).is_empty(), "numbered anew");
        let unknown = dataset(vec![photo(-1, "a.jpg")], vec![photo(-1, "b.jpg")]);
        assert!(own_leaks(table, &unknown).is_empty(), "below 0 is nobody");
    }
}
