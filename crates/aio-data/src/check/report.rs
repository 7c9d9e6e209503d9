use crate::{FurtherCount, Split};
use aio_types::{Modality, TaskId};
use serde::Serialize;
use std::path::PathBuf;

/// What was found of a data set.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Name of the data set.
    pub dataset: &'static str,
    /// Where it lies.
    pub directory: PathBuf,
    /// Whether it is a part of the synthetic benchmark, to which published counts do not apply.
    pub rendered: bool,
    /// Samples by part and modality.
    pub counts: Vec<CountRow>,
    /// Published numbers that are no counts of one part.
    pub further: Vec<FurtherCount>,
    /// Pictures decoded.
    pub decoded: usize,
    /// Pictures that could not be decoded, with the reason.
    pub unreadable: Vec<String>,
    /// Known data sets that show some of the same people.
    pub overlaps: Vec<&'static str>,
    /// The tasks that the data set's papers report; of a table, those that its rows allow.
    pub tasks: Vec<TaskRow>,
    /// What is wrong, in words; empty if nothing is.
    pub problems: Vec<String>,
}

/// Samples of one part and modality, found and published.
#[derive(Debug, Serialize)]
pub struct CountRow {
    /// The part.
    pub split: Split,
    /// The modality.
    pub modality: Modality,
    /// Samples found.
    pub samples: usize,
    /// Identities found.
    pub identities: usize,
    /// Samples published.
    pub published_samples: Option<usize>,
    /// Identities published.
    pub published_identities: Option<usize>,
}

/// A task on the data set as it was found.
#[derive(Debug, Serialize)]
pub struct TaskRow {
    /// The task.
    pub task: TaskId,
    /// Name of its protocol.
    pub protocol: &'static str,
    /// Queries of the first trial.
    pub queries: usize,
    /// Gallery entries of the first trial.
    pub gallery: usize,
    /// Number of trials.
    pub trials: usize,
    /// Why queries are skipped, if any is.
    pub skipped: Option<String>,
}

impl Report {
    /// Whether the copy is what its owners published, as far as it was compared.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.problems.is_empty()
    }
}

impl CountRow {
    /// How the copy differs from what was published, in words; `None` if it does not.
    pub(super) fn difference(&self) -> Option<String> {
        let samples_differ = self.published_samples.is_some_and(|n| n != self.samples);
        let identities_differ = self.published_identities.is_some_and(|n| n != self.identities);
        if !samples_differ && !identities_differ {
            return None;
        }
        let Self { split, modality, samples, identities, .. } = self;
        let people = self.published_identities.map_or(String::new(), |n| format!(" of {n} people"));
        let published = self.published_samples.unwrap_or_default();
        Some(format!(
            "{split} {modality}: {samples} samples of {identities} people; published are {published}{people}"
        ))
    }
}
