//! Domains of the benchmark: the cameras, places, people, artists and writers of every data set.
//!
//! No two domains share a camera, a place, an artist, a fashion or a manner of writing. Test domains have a vocabulary
//! and sentence patterns that no domain for training or development has.

use crate::street::caption::Wording;
use crate::street::compose::domain::{Counts, Domain as Street};
use crate::street::compose::style::Style;
use crate::street::person::Fashion;

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
