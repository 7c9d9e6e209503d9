//! Queries and their answers.

use super::collection::{Collection, check_column};
use super::filter::Filter;
use crate::calibration::Calibration;
use crate::encode::unit;
use crate::error::{GalleryError, Result};
use crate::model::Model;
use crate::record::Record;
use crate::refine::{Replied, rocchio};
use serde::Serialize;
use std::collections::BTreeSet;

/// What is looked for.
///
/// The vector that rows are compared with is that of Rocchio's feedback ([`rocchio`]), scaled to length 1.
#[derive(Debug, Clone)]
pub struct Query {
    /// What made the features of the query.
    pub model: Model,
    /// Features of the query, of any length; none to search by `like` alone.
    pub features: Option<Vec<f32>>,
    /// The modalities of the query, such as `sketch` or `infrared+text`: they choose the calibration.
    pub modalities: String,
    /// Numbers of rows that the results should resemble. They are no results.
    pub like: Vec<u64>,
    /// Numbers of rows that the results should not resemble. They are no results.
    pub unlike: Vec<u64>,
    /// Answers to questions about captions. Rows are ordered by their similarity plus [`crate::REPLY_WEIGHT`] times how much their captions
    /// agree ([`crate::Dialogue::agreement`]).
    pub replies: Vec<Replied>,
    /// Which rows may be found.
    pub filter: Filter,
    /// Length of the list.
    pub top: usize,
    /// A column: of rows with the same value only the nearest one is a result. A row without a value stands for itself.
    pub group_by: Option<String>,
    /// Least probability of showing the same person, by the gallery's calibration.
    pub threshold: Option<f64>,
}

/// Which rows a query is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scan {
    /// All that the filter lets through.
    #[default]
    Exact,
    /// Those that an index leads to. Some of the nearest rows may be missing. Grouped queries are exact.
    Approximate,
}

/// Entries of an index that an approximate search visits at least; the more, the fewer are missed.
const LEAST_VISITED: usize = 100;
/// The most that pgvector allows.
const MOST_VISITED: usize = 1000;

/// A row that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// Its number in the gallery.
    pub row: u64,
    /// Cosine of query and row.
    pub similarity: f32,
    /// Probability that both show the same person, if the gallery is calibrated for the query ([`Query::calibration`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What is known of it.
    #[serde(flatten)]
    pub record: Record,
}

/// The answer to a query.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Rows that passed the filter and were compared; unknown where an index was followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched: Option<usize>,
    /// Rows whose full features were read, if the gallery stores 8-bit integers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rescored: Option<usize>,
    /// Nearest first, or first those that agree with the answers; equal ones in the order of their numbers.
    #[serde(rename = "results")]
    pub hits: Vec<Hit>,
}

impl Query {
    /// The `top` rows nearest to features of some modalities, among all rows.
    #[must_use]
    pub fn of(model: Model, features: Vec<f32>, modalities: &str, top: usize) -> Self {
        Self {
            model,
            features: Some(features),
            modalities: modalities.to_owned(),
            like: Vec::new(),
            unlike: Vec::new(),
            replies: Vec::new(),
            filter: Filter::default(),
            top,
            group_by: None,
            threshold: None,
        }
    }

    /// Entries of an index that an approximate search visits, from which the list is taken.
    #[must_use]
    pub fn visited(&self) -> usize {
        (2 * self.top).clamp(LEAST_VISITED, MOST_VISITED)
    }

    /// The calibration that fits this query. None fits a query with likes or unlikes: they move its vector, so that similarities mean something else
    /// than for the labelled pairs.
    pub fn calibration<'a>(&self, of: &'a impl Collection) -> Option<&'a Calibration> {
        let is_moved = !self.like.is_empty() || !self.unlike.is_empty();
        if is_moved { None } else { Calibration::of(of.calibrations(), &self.modalities) }
    }

    /// Refuses a query of another model, a list of length 0, a column that is not there, a row that is liked and unliked, an answer about anything but one
    /// thing, and a threshold without a calibration.
    ///
    /// # Errors
    /// [`GalleryError::ForeignModel`] naming both models; [`GalleryError::Request`] naming what is asked in vain.
    pub fn check(&self, of: &impl Collection) -> Result<()> {
        if !of.model().fits(&self.model) {
            return Err(GalleryError::ForeignModel {
                directory: of.place().into(),
                gallery: Box::new(of.model().clone()),
                what: "the query",
                found: Box::new(self.model.clone()),
            });
        }
        if self.top == 0 {
            return Err(GalleryError::request(
                "a list of length 0 was asked for",
                "ask for one row",
            ));
        }
        let columns = self.filter.conditions.iter().map(|condition| &condition.column);
        columns.chain(&self.group_by).try_for_each(|column| check_column(of, column))?;
        if let Some(row) = self.like.iter().find(|row| self.unlike.contains(row)) {
            return Err(GalleryError::request(
                format!("the results should resemble the row {row}, and should not resemble it"),
                "name each row as liked or as unliked",
            ));
        }
        if let Some(replied) = self.replies.iter().find(|replied| replied.asked().is_none()) {
            return Err(GalleryError::request(
                format!(
                    "an answer is about `{}`, which is not one thing that captions mention",
                    replied.words
                ),
                "write the words of one thing with its noun last, such as `red coat`; words such as `man` and `woman` stand for no thing",
            ));
        }
        if self.threshold.is_some() && !(self.like.is_empty() && self.unlike.is_empty()) {
            return Err(GalleryError::request(
                "a threshold on the probability cannot be used with likes and unlikes: no calibration is fitted for them",
                "leave out the threshold, or the likes and unlikes",
            ));
        }
        if self.threshold.is_some() && self.calibration(of).is_none() {
            let known: Vec<&str> = of.calibrations().keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            return Err(GalleryError::request(
                format!(
                    "{}: the gallery has no calibration for {} queries (existing calibrations: {known}), and a threshold on the probability needs one",
                    of.place(),
                    self.modalities
                ),
                "make one from labelled features: `aio gallery calibrate GALLERY --queries Q.safetensors`",
            ));
        }
        Ok(())
    }

    /// The vector of length 1 that rows are compared with: that of the query's features, moved towards what it names as like and away from unlike.
    ///
    /// # Errors
    /// [`GalleryError::Request`] for features of another width or without a direction, for a query that holds nothing, and for rows that are not there.
    pub fn vector(&self, of: &impl Collection) -> Result<Vec<f32>> {
        let width = of.width();
        let query_features = match &self.features {
            Some(features) => unit("the query", features, width)?,
            None if self.like.is_empty() => {
                let hint = "give the query features, or rows that the results should resemble";
                return Err(GalleryError::request("nothing to look for", hint));
            }
            None => vec![0.0; width],
        };
        if self.like.is_empty() && self.unlike.is_empty() {
            return Ok(query_features);
        }
        let rows = |named: &[u64]| -> Result<Vec<Vec<f32>>> {
            // A row that is named twice counts once.
            let mut seen = BTreeSet::new();
            let named = named.iter().filter(|row| seen.insert(**row));
            named.map(|row| unit("a row", &of.features_of(*row)?, width)).collect()
        };
        let sum = rocchio(&query_features, &rows(&self.like)?, &rows(&self.unlike)?);
        unit("the query with its likes and unlikes", &sum, width)
    }

    /// The result of a row that was found; nothing if its probability is below the threshold.
    pub fn hit(
        &self,
        of: &impl Collection,
        row: u64,
        similarity: f32,
        record: impl FnOnce() -> Result<Record>,
    ) -> Result<Option<Hit>> {
        let probability = self.probability(of, similarity);
        if self.is_improbable(probability) {
            return Ok(None);
        }
        Ok(Some(Hit { row, similarity, probability, record: record()? }))
    }

    /// The probability of a row with this similarity, if a calibration fits the query.
    pub(super) fn probability(&self, of: &impl Collection, similarity: f32) -> Option<f64> {
        self.calibration(of).map(|calibration| calibration.probability(similarity))
    }

    /// Whether a row of this probability is no result.
    pub(super) fn is_improbable(&self, probability: Option<f64>) -> bool {
        self.threshold.is_some_and(|least| probability.is_none_or(|found| found < least))
    }
}
