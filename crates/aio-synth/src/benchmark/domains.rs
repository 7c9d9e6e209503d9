//! Domains of the benchmark: the cameras, places, people, artists and writers of every data set.
//!
//! No two domains share a camera, a place, an artist or a fashion. Test domains have a vocabulary and sentence patterns that no domain for
//! training or development has; those for training and development write in the same way.

use crate::street::caption::Wording;
use crate::street::compose::domain::{Counts, Domain as Street};
use crate::street::compose::style::Style;
use crate::street::person::{Fashion, Person};
use aio_types::rng;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// What a domain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Its pictures are trained on.
    Training,
    /// Choices are made on it.
    Development,
    /// It is tested once everything is chosen.
    Test,
}

/// What a data set has of its own.
#[derive(Debug, Clone)]
pub struct Domain {
    /// Its name; it seeds everything the domain has.
    pub name: &'static str,
    /// What it is for.
    pub purpose: Purpose,
    /// Cameras and artists.
    pub street: Street,
    /// How its people dress.
    pub fashion: Fashion,
    /// How its writers put things, where it has captions.
    pub wording: Wording,
}

/// Fewest and most people who look alike.
const FAMILY: (usize, usize) = (3, 6);

impl Domain {
    pub(super) fn stream(&self, seed: u64, what: &str, index: u64) -> ChaCha8Rng {
        rng(seed, &format!("{}/{what}", self.name), index)
    }

    /// Draws `count` people of the part `what` of the data set, in groups: families of three to six people who look
    /// alike, and people on their own. A third of the people are in families, where there are at least three people.
    ///
    /// Identities are numbered in the order of the groups, so that those of a family follow each other.
    #[must_use]
    pub fn groups(&self, seed: u64, what: &str, count: usize) -> Vec<Vec<Person>> {
        let (mut groups, mut drawn, mut alike) = (Vec::new(), 0, 0);
        while drawn < count {
            let rng = &mut self.stream(seed, what, groups.len() as u64);
            let left = count - drawn;
            if 3 * alike <= drawn && left >= FAMILY.0 {
                let size = rng.random_range(FAMILY.0..=FAMILY.1.min(left));
                groups.push(Person::family(&self.fashion, rng, size));
                alike += size;
                drawn += size;
            } else {
                groups.push(vec![Person::dressed(&self.fashion, rng)]);
                drawn += 1;
            }
        }
        groups.shuffle(&mut self.stream(seed, what, u64::MAX));
        groups
    }
}

/// A domain that has not been drawn yet.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    pub(super) purpose: Purpose,
    /// Kinds of cameras; artists are untidy as the first kind says.
    pub(super) parts: Vec<(Style, Counts)>,
    pub(super) fashion: Fashion,
    pub(super) wording: Wording,
}

impl Recipe {
    /// Draws the domain of `seed`.
    pub(super) fn build(self, seed: u64) -> Domain {
        let Self { name, purpose, parts, fashion, wording } = self;
        let drawn = parts.into_iter().enumerate().map(|(i, (style, counts))| {
            Street::sample(seed, &format!("benchmark {name} {i}"), style, counts)
        });
        let street = drawn.reduce(Street::joined).expect("a recipe has at least one part");
        Domain { name, purpose, street, fashion, wording }
    }
}

/// The domains of `seed`, in the order in which data sets are written.
///
/// # Panics
/// Never: every recipe has a part.
#[must_use]
pub fn all(seed: u64) -> Vec<Domain> {
    super::DATA_SETS.iter().map(|(_, recipe, _)| recipe().build(seed)).collect()
}
