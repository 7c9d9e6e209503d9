//! Files of one data set, collected before they are rendered in parallel.

use super::domains::Domain;
use crate::street::caption::caption;
use crate::street::compose::domain::Picture;
use crate::street::compose::layer::Model;
use crate::street::person::Person;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// A file to be rendered: where it goes and how its bytes are made.
pub(super) struct Job<'a> {
    pub(super) path: String,
    pub(super) render: Box<dyn Fn() -> Vec<u8> + Send + Sync + 'a>,
}

/// Files of one data set, collected before they are rendered in parallel.
pub(super) struct Plan<'a> {
    pub(super) domain: &'a Domain,
    pub(super) seed: u64,
    pub(super) jobs: Vec<Job<'a>>,
}

/// People who may walk by in one picture.
const PASSERS: usize = 2;

impl<'a> Plan<'a> {
    pub(super) fn stream(&self, what: &str, index: u64) -> ChaCha8Rng {
        self.domain.stream(self.seed, what, index)
    }

    /// `count` people in groups, as [`Domain::groups`] draws them.
    pub(super) fn groups(&self, what: &str, count: usize) -> Vec<Vec<Person>> {
        self.domain.groups(self.seed, what, count)
    }

    /// `count` people; the members of a family follow each other.
    pub(super) fn people(&self, what: &str, count: usize) -> Vec<Person> {
        self.groups(what, count).into_iter().flatten().collect()
    }

    /// A picture of `person`. Whoever walks by is nobody of the data set.
    pub(super) fn picture(&mut self, path: String, person: &Person, picture: Picture) {
        let (person, stream) = (person.clone(), self.stream(&path, 0));
        let domain = self.domain;
        self.jobs.push(Job {
            path,
            render: Box::new(move || {
                let rng = &mut stream.clone();
                let passers: [Person; PASSERS] =
                    std::array::from_fn(|_| Person::dressed(&domain.fashion, rng));
                let passers = [0, 1].map(|i| &passers[i] as &dyn Model);
                domain.street.file(picture, &person, &passers, rng)
            }),
        });
    }

    pub(super) fn text(&mut self, path: &str, text: String) {
        self.jobs.push(Job {
            path: path.to_owned(),
            render: Box::new(move || text.clone().into_bytes()),
        });
    }

    pub(super) fn json(&mut self, path: &str, value: &serde_json::Value) {
        let mut text = serde_json::to_string(value).unwrap_or_default();
        text.push('\n');
        self.text(path, text);
    }

    pub(super) fn captions(&self, person: &Person, index: u64, count: usize) -> Vec<String> {
        let mut stream = self.stream("captions", index);
        (0..count).map(|_| caption(person, &self.domain.wording, &mut stream)).collect()
    }

    /// Distinct cameras for one person, `count` of them where the domain has so many.
    pub(super) fn cameras(&self, person: usize, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.domain.street.visible.len()).collect();
        order.shuffle(&mut self.stream("cameras", person as u64));
        (0..count).map(|i| order[i % order.len()]).collect()
    }
}
