//! Queries and their answers.

use super::collection::{Collection, check_column};
use super::filter::{Filter, selection};
use super::replies::shifts;
use super::scan::{Probe, scan};
use crate::calibration::Calibration;
use crate::encode::{Storage, unit};
use crate::error::{GalleryError, Result};
use crate::gallery::Gallery;
use crate::model::Model;
use crate::product::dot;
use crate::record::Record;
use crate::refine::{Replied, rocchio};
use crate::segment::Segment;
use serde::Serialize;
use std::collections::{HashMap, HashSet};

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
    /// Rows that passed the filter and were compared.
    pub searched: usize,
    /// Rows whose full features were read, if the gallery stores 8-bit integers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rescored: Option<usize>,
    /// Nearest first, or first those that agree with the answers; equal ones in the order of their numbers.
    #[serde(rename = "results")]
    pub hits: Vec<Hit>,
}

/// Queries that are compared with the features at once.
const BATCH: usize = 64;

pub(crate) fn answers(gallery: &Gallery, queries: &[Query]) -> Result<Vec<Answer>> {
    let mut answers = Vec::with_capacity(queries.len());
    let mut groups = HashMap::new();
    for query in queries {
        query.check(gallery)?;
        if let Some(column) = &query.group_by
            && !groups.contains_key(column)
        {
            groups.insert(column.clone(), group(gallery, column)?);
        }
    }
    for batch in queries.chunks(BATCH) {
        let mut selections: Vec<Selection> = Vec::new();
        let mut which = Vec::with_capacity(batch.len());
        for query in batch {
            let selection = Selection::of(gallery, query);
            let known = selections.iter().position(|known| known.is_as(&selection));
            which.push(known.unwrap_or_else(|| {
                selections.push(selection);
                selections.len() - 1
            }));
        }
        let chosen: Vec<Vec<Vec<bool>>> =
            selections.iter().map(|s| s.rows(gallery)).collect::<Result<_>>()?;
        let probes = batch.iter().zip(&which).map(|(query, which)| {
            Ok(Probe {
                vector: query.vector(gallery)?,
                chosen: &chosen[*which],
                shifts: shifts(gallery, &query.replies)?,
                groups: query.group_by.as_ref().map(|column| groups[column].as_slice()),
                // More than all rows are never found.
                top: query.top.min(gallery.len()).max(1),
            })
        });
        let probes: Vec<Probe> = probes.collect::<Result<_>>()?;
        for ((query, probe), found) in batch.iter().zip(&probes).zip(scan(gallery, &probes)) {
            answers.push(answer(gallery, query, probe, found)?);
        }
    }
    Ok(answers)
}

/// Rows that a query may find: those that pass its filter, without those that it names.
struct Selection<'a> {
    filter: &'a Filter,
    named: Vec<(usize, usize)>,
}

impl<'a> Selection<'a> {
    fn of(gallery: &Gallery, query: &'a Query) -> Self {
        let named = query.like.iter().chain(&query.unlike);
        Self { filter: &query.filter, named: named.filter_map(|row| gallery.place(*row)).collect() }
    }

    fn is_as(&self, other: &Self) -> bool {
        self.filter == other.filter && self.named == other.named
    }

    fn rows(&self, gallery: &Gallery) -> Result<Vec<Vec<bool>>> {
        let mut chosen = selection(gallery, self.filter, Segment::rows)?;
        for (segment, position) in &self.named {
            chosen[*segment][*position] = false;
        }
        Ok(chosen)
    }
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

    /// The calibration that fits this query. None fits a query with likes or unlikes: they move its vector, so that similarities mean something else
    /// than for the labelled pairs.
    pub fn calibration<'a>(&self, of: &'a impl Collection) -> Option<&'a Calibration> {
        let is_moved = !self.like.is_empty() || !self.unlike.is_empty();
        if is_moved { None } else { Calibration::of(of.calibrations(), &self.modalities) }
    }

    /// Refuses a query of another model, a list of length 0, a column that is not there, and a threshold without a calibration.
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
            named.iter().map(|row| unit("a row", &of.features_of(*row)?, width)).collect()
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
        let probability = self.calibration(of).map(|c| c.probability(similarity));
        if self.threshold.is_some_and(|least| probability.is_none_or(|found| found < least)) {
            return Ok(None);
        }
        Ok(Some(Hit { row, similarity, probability, record: record()? }))
    }
}

/// For every segment, the groups of its rows by the value of a column.
fn group(gallery: &Gallery, column: &str) -> Result<Vec<Vec<u32>>> {
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut next = 0u32;
    let mut groups = Vec::with_capacity(gallery.segments.len());
    for segment in &gallery.segments {
        let rows = segment.rows()?;
        let column = rows.column(column);
        let mut of_segment = Vec::with_capacity(segment.len());
        for position in 0..segment.len() {
            let value = column.and_then(|column| rows.text(column, position));
            let known = value.and_then(|value| numbers.get(value).copied());
            of_segment.push(known.unwrap_or_else(|| {
                if let Some(value) = value {
                    numbers.insert(value.to_owned(), next);
                }
                next += 1;
                next - 1
            }));
        }
        groups.push(of_segment);
    }
    Ok(groups)
}

fn answer(
    gallery: &Gallery,
    query: &Query,
    probe: &Probe,
    mut found: Vec<(u32, super::nearest::Candidate)>,
) -> Result<Answer> {
    let is_rounded = gallery.storage() == Storage::Int8;
    let rescored = is_rounded.then_some(found.len());
    if is_rounded {
        for (_, candidate) in &mut found {
            let segment = &gallery.segments[candidate.segment as usize];
            let exact = dot(&probe.vector, &segment.features(candidate.position as usize));
            let order = exact + probe.shift(candidate);
            (candidate.lower, candidate.upper) = (order, order);
        }
        found.sort_by(|(_, a), (_, b)| a.order(b));
    }
    if query.group_by.is_some() {
        let mut seen = HashSet::new();
        found.retain(|(group, _)| seen.insert(*group));
    }
    found.truncate(query.top);
    let mut hits = Vec::with_capacity(found.len());
    for (_, candidate) in found {
        let segment = &gallery.segments[candidate.segment as usize];
        let similarity = if probe.shifts.is_some() {
            dot(&probe.vector, &segment.features(candidate.position as usize))
        } else {
            candidate.lower
        };
        let record = || Ok(segment.rows()?.record(candidate.position as usize));
        hits.extend(query.hit(gallery, candidate.row, similarity, record)?);
    }
    let searched = probe.chosen.iter().flatten().filter(|chosen| **chosen).count();
    Ok(Answer { searched, rescored, hits })
}
