//! What a list may hold, and the lists that answer queries.

use super::queries::title;
use crate::embed::Row;
use crate::novelty::{Novelties, warnings};
use aio_gallery::{Answer, Calibration, Filter, Hit, Replied};

/// What a list may hold.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Which rows may be found.
    pub filter: Filter,
    /// A column: one result per value.
    pub group_by: Option<String>,
    /// Least probability of showing the same person.
    pub threshold: Option<f64>,
    /// Length of the list.
    pub top: usize,
}

/// Queries and their answers.
#[derive(Debug, Clone)]
pub struct Searched {
    /// Rows of the gallery.
    pub gallery: usize,
    /// How often it was changed; unknown for one in a database.
    pub generation: Option<u64>,
    /// In the order of the queries.
    pub answers: Vec<Answered>,
}

/// A query and its answer.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Its name.
    pub name: Option<String>,
    /// What was looked for.
    pub query: Row,
    /// Rows that the results should resemble.
    pub like: Vec<u64>,
    /// Rows that they should not resemble.
    pub unlike: Vec<u64>,
    /// Answers to questions about captions.
    pub replies: Vec<Replied>,
    /// How unlike the model's training each picture of the query is; null if nothing is known of the model.
    pub novelty: Option<Novelties>,
    /// The nearest rows.
    pub answer: Answer,
    /// Where their probabilities come from.
    pub calibration: Option<Calibration>,
}

impl Answered {
    /// The query in a few words.
    pub(super) fn title(&self, number: usize) -> String {
        title(self.name.as_deref(), number)
    }

    /// A sentence for every picture of the query that is unlike the model's training.
    pub(crate) fn warnings(&self) -> Vec<String> {
        warnings(self.novelty.as_ref(), &self.query)
    }

    /// How wrong the probabilities of its list are, in a line; empty if it has none.
    pub(super) fn error_of_probabilities(&self) -> String {
        let error = self.calibration.iter().map(|calibration| {
            format!(
                "P(same person): expected calibration error {:.4} on {} pairs of other people\n",
                calibration.expected_calibration_error, calibration.test_pairs
            )
        });
        error.filter(|_| self.hits().iter().any(|hit| hit.probability.is_some())).collect()
    }

    pub(super) fn hits(&self) -> &[Hit] {
        &self.answer.hits
    }
}
