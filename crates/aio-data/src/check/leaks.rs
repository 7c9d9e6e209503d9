//! What data sets both train on and test.

use crate::label::is_name;
use crate::links::resolved;
use crate::task::TaskData;
use crate::{Dataset, DatasetName, Sample};
use aio_types::Identity;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// People and pictures that are both in training and among the queries, in words; empty if there are none. A picture is known by the file that its path
/// leads to. Only the identities of a table are compared: other data sets may number people of training and of test anew.
#[must_use]
pub fn own_leaks(name: DatasetName, dataset: &Dataset) -> Vec<String> {
    fn pictures(samples: &[Sample]) -> BTreeSet<&Path> {
        samples.iter().filter_map(Sample::path).collect()
    }
    let mut leaks = Vec::new();
    let trained = resolved(pictures(&dataset.train));
    let trained: HashSet<PathBuf> = trained.into_iter().map(|(_, file)| file).collect();
    let asked = resolved(pictures(&dataset.query)).into_iter();
    let twice: Vec<&Path> =
        asked.filter(|(_, file)| trained.contains(file)).map(|(path, _)| path).collect();
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

/// Pictures and people of the tasks of one data set that the training of another shows, in words; empty if there are none. A picture is known by the file
/// that its path leads to. Of people, only those that tables call by names are compared: numbers of two data sets are of different people.
///
/// `trained` holds the training samples of every data set. Photographs that are read by an index are not among them.
#[must_use]
pub fn leaks_between(
    trained: &BTreeMap<DatasetName, Vec<&Sample>>,
    tested: &[(DatasetName, &TaskData)],
) -> Vec<String> {
    let mut of_tests = BTreeMap::<DatasetName, Shown>::new();
    for (name, data) in tested {
        of_tests.entry(*name).or_default().add(data);
    }
    let is_other = |one: &DatasetName| of_tests.keys().any(|other| other != one);
    let mut leaks = Vec::new();
    let mut files_of_tests = BTreeMap::<DatasetName, HashSet<PathBuf>>::new();
    for (name, samples) in trained.iter().filter(|(name, _)| is_other(name)) {
        let paths: BTreeSet<&Path> = samples.iter().filter_map(|sample| sample.path()).collect();
        let files = resolved(paths);
        for (test, shown) in of_tests.iter().filter(|(test, _)| *test != name) {
            let of_test = files_of_tests.entry(*test).or_insert_with(|| {
                resolved(shown.pictures.clone()).into_iter().map(|(_, file)| file).collect()
            });
            let twice: Vec<&Path> = files
                .iter()
                .filter(|(_, file)| of_test.contains(file))
                .map(|(path, _)| *path)
                .collect();
            if let Some(first) = twice.first() {
                let (count, first) = (twice.len(), first.display());
                leaks.push(format!(
                    "{count} pictures in the training of {name} are tested by {test}, the first of them {first}"
                ));
            }
            let named = samples.iter().map(|sample| sample.identity).filter(|who| is_name(*who));
            let people: BTreeSet<Identity> =
                named.filter(|who| shown.people.contains_key(who)).collect();
            if let Some(first) = people.first() {
                let (count, first) = (people.len(), &shown.people[first]);
                leaks.push(format!(
                    "{count} people in the training of {name} are asked for by {test}, the first of them {first}"
                ));
            }
        }
    }
    leaks
}

/// What the tasks of one data set show.
#[derive(Default)]
struct Shown<'a> {
    pictures: BTreeSet<&'a Path>,
    /// The people of the queries who have names.
    people: BTreeMap<Identity, String>,
}

impl<'a> Shown<'a> {
    fn add(&mut self, data: &'a TaskData) {
        for query in &data.queries {
            let pictures = query.views.iter().flat_map(|view| &view.pictures);
            self.pictures.extend(pictures.map(|(_, picture)| picture.path.as_path()));
            let who = query.entry.identity;
            if is_name(who) {
                self.people.entry(who).or_insert_with(|| data.names.person(who));
            }
        }
        self.pictures.extend(data.gallery.iter().filter_map(|item| item.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::Modality;

    #[test]
    fn a_test_picture_or_a_named_test_person_of_another_table_is_found() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let root = directory.path();
        for picture in ["a.png", "b.png", "c.png", "d.png"] {
            std::fs::write(root.join(picture), picture).expect("written");
        }
        let table = |name: &str, rows: &str| {
            let text = format!("path,identity,camera,modality,split\n{rows}");
            std::fs::write(root.join(format!("{name}.csv")), text).expect("written");
            let name: DatasetName = format!("table:{name}").parse().expect("a table");
            (name, name.open(root).expect("reads"))
        };
        let test = "a.png,7,1,rgb,query\nb.png,7,2,rgb,gallery\n";
        let named = "a.png,anna,1,rgb,query\nb.png,anna,2,rgb,gallery\n";
        let found = |train: &str, test: &str| {
            let ((trained, train), (tested, test)) = (table("train", train), table("test", test));
            let tasks = crate::task::Task::parse(&format!("{tested}.rgb-rgb")).expect("a task");
            let data = tasks[0].data(&test).expect("both sides");
            let trained = [(trained, train.train.iter().collect())].into();
            leaks_between(&trained, &[(tested, &data)])
        };
        // The number 7 is somebody else in another table.
        assert_eq!(found("c.png,7,1,rgb,train\nd.png,7,2,rgb,train\n", test), [""; 0]);
        let picture = |name: &str| {
            let path = root.join(name);
            format!(
                "1 pictures in the training of table:train are tested by table:test, the first of them {}",
                path.display()
            )
        };
        // A query, and a gallery entry by another path.
        assert_eq!(found("a.png,1,1,rgb,train\n", test), [picture("a.png")]);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join("b.png"), root.join("link.png")).expect("linked");
            assert_eq!(found("link.png,1,1,rgb,train\n", test), [picture("link.png")]);
        }
        let person = "1 people in the training of table:train are asked for by table:test, the first of them anna";
        assert_eq!(found("c.png,anna,1,rgb,train\n", named), [person]);
        assert_eq!(found("c.png,berta,1,rgb,train\n", named), [""; 0]);
        assert_eq!(found("a.png,anna,1,rgb,train\n", named), [picture("a.png"), person.into()]);
    }

    #[cfg(unix)]
    #[test]
    fn a_query_that_is_a_link_to_a_training_picture_is_named() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let (file, link) = (directory.path().join("a.png"), directory.path().join("link.png"));
        std::fs::write(&file, "a").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        let photo = |identity, path: &Path| Sample::picture(identity, Modality::Rgb, path.into());
        let (train, query) = (vec![photo(1, &file)], vec![photo(2, &link)]);
        let dataset = Dataset { train, query, ..Dataset::default() };
        let found = own_leaks(DatasetName::Llcm, &dataset);
        let said = format!(
            "1 pictures of llcm are in training and among the queries, the first of them {}",
            link.display()
        );
        assert_eq!(found, [said]);
    }

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
