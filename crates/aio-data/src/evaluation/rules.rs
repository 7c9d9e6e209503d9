use super::{GalleryItem, Query, gallery_items, queries};
use crate::sample::Trial;
use crate::{Dataset, Result, Sample};
use aio_eval::Protocol;
use aio_types::{Modality, ModalitySet, TaskId};
use std::fmt;
use std::sync::Arc;

/// How a data set is tested. Every data set states its own rules beside its reader.
#[derive(Debug, Clone, Copy)]
pub struct TaskRules {
    /// Tasks that the data set's papers report, as `<query>-<gallery>[.<variant>]…`.
    pub usual: &'static [&'static str],
    /// Whether queries of many combinations of modalities are usual.
    pub has_combinations: bool,
    /// What `*` as query stands for.
    pub(crate) every_query: fn() -> Vec<NamedQuery>,
    /// Checks a direction and its variants and turns them into an evaluation.
    pub(crate) evaluation: fn(&TaskRequest) -> Requested,
}

/// An evaluation, or why the data set has none of that kind.
pub(crate) type Requested = std::result::Result<Arc<dyn Evaluation>, Refusal>;

/// What a query consists of, and the variant that names its list where the modalities alone do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedQuery {
    pub(crate) query: ModalitySet,
    pub(crate) variant: Option<String>,
}

/// The 15 combinations of RGB, infrared, sketch and text.
pub(crate) fn photograph_combinations() -> Vec<NamedQuery> {
    let plain = |query| NamedQuery { query, variant: None };
    ModalitySet::combinations().into_iter().map(plain).collect()
}

/// What a query consists of and what it is searched in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Direction {
    pub(crate) query: ModalitySet,
    pub(crate) gallery: Modality,
}

impl Direction {
    /// Whether queries of the one modality `query` are searched in `gallery`.
    pub(crate) fn is(self, query: Modality, gallery: Modality) -> bool {
        self.query == ModalitySet::from(query) && self.gallery == gallery
    }

    /// Whether a query has no modality beside `allowed`.
    pub(crate) fn asks_within(self, allowed: &[Modality]) -> bool {
        self.query.iter().all(|modality| allowed.contains(&modality))
    }
}

/// A task as it was typed, behind the name of the data set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskRequest<'a> {
    pub(crate) direction: Direction,
    pub(crate) variants: &'a [String],
}

/// Why a data set has no task of that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It has no such queries against that gallery.
    Direction,
    /// A variant is not known.
    Variant { word: String, known: &'static str },
    /// The variants do not go together.
    Combination { problem: &'static str, hint: &'static str },
    /// A variant is not among those that were understood: another one of its kind took its place, or it is written otherwise.
    Contradicted { word: String, understood: Vec<String> },
}

impl TaskRequest<'_> {
    /// Refuses any variant.
    pub(crate) fn no_variants(&self) -> std::result::Result<(), Refusal> {
        match self.variants.first() {
            Some(word) => Err(Refusal::Variant { word: word.clone(), known: "" }),
            None => Ok(()),
        }
    }

    /// Whether the variant `word` is named; any other is refused.
    pub(crate) fn has_variant(&self, word: &'static str) -> std::result::Result<bool, Refusal> {
        match self.variants.iter().find(|other| *other != word) {
            Some(other) => Err(Refusal::Variant { word: other.clone(), known: word }),
            None => Ok(!self.variants.is_empty()),
        }
    }

    /// Of a data set that is searched in both directions and has no variants: whether the direction is the other one than `query`
    /// against `gallery`.
    pub(crate) fn is_reversed(
        &self,
        query: Modality,
        gallery: Modality,
    ) -> std::result::Result<bool, Refusal> {
        self.no_variants()?;
        match self.direction {
            direction if direction.is(query, gallery) => Ok(false),
            direction if direction.is(gallery, query) => Ok(true),
            _ => Err(Refusal::Direction),
        }
    }
}

/// Queries and gallery of a test, in a fixed order.
#[derive(Debug, Clone)]
pub struct TestSet {
    /// The queries.
    pub queries: Vec<Query>,
    /// The gallery.
    pub gallery: Vec<GalleryItem>,
}

impl TestSet {
    /// The queries and the gallery that the data set names, as far as they are of the modalities of `direction`.
    pub(crate) fn of_sides(dataset: &Dataset, direction: Direction) -> Self {
        Self::of(&dataset.query, &dataset.gallery, direction)
    }

    /// As [`Self::of_sides`] of a data set that is searched in both directions: with `reversed`, the samples of its
    /// gallery are the queries.
    pub(crate) fn of_either_side(dataset: &Dataset, direction: Direction, reversed: bool) -> Self {
        if reversed {
            Self::of(&dataset.gallery, &dataset.query, direction)
        } else {
            Self::of_sides(dataset, direction)
        }
    }

    fn of(asked: &[Sample], shown: &[Sample], direction: Direction) -> Self {
        Self {
            queries: queries(asked, direction.query),
            gallery: gallery_items(shown, direction.gallery),
        }
    }
}

/// A mean over a group of tasks that papers report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskMean {
    /// The name of the mean.
    pub id: TaskId,
    /// Number of tasks in the group.
    pub members: usize,
}

/// One way of testing on a data set: the meaning of a task.
pub(crate) trait Evaluation: fmt::Debug + Send + Sync {
    /// The variants, in the order in which a task's name lists them.
    fn variants(&self) -> Vec<String> {
        Vec::new()
    }

    /// Which gallery entries are junk, and how CMC counts, for the queries and gallery of the task.
    ///
    /// # Errors
    /// [`crate::DataError::Request`] if the labels of the rows leave it open.
    fn protocol(&self, test: &TestSet) -> Result<Protocol>;

    /// Queries and gallery.
    ///
    /// # Errors
    /// [`crate::DataError`] if the data set lacks a part that the task needs.
    fn test_set(&self, dataset: &Dataset) -> Result<TestSet>;

    /// The trials over which scores are averaged: the published splits, or all queries against the whole gallery.
    ///
    /// # Errors
    /// [`crate::DataError`] if the data set lacks the file that defines them.
    fn trials(&self, dataset: &Dataset, test: &TestSet) -> Result<Vec<Trial>> {
        if dataset.trials.is_empty() {
            Ok(vec![Trial::of_all(test.queries.len(), test.gallery.len())])
        } else {
            Ok(dataset.trials.clone())
        }
    }

    /// The mean that papers report over the task's group, if any.
    fn mean(&self) -> Option<TaskMean> {
        None
    }
}
