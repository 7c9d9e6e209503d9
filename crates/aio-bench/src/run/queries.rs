//! The content of `queries.json`: what every query of every task scored, by task.

use super::Run;
use crate::error::Result;
use aio_data::DataError;
use aio_eval::{CountedQuery, QueryMean};
use aio_types::{Identity, Measure, TaskId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of the file with [`TaskQueries`] by task.
pub const QUERIES: &str = "queries.json";

/// What the queries of a task scored with the trained model. The lists are of one length, one value per query that has a match.
///
/// Two runs that were tested on the same data have the same queries, so that their scores can be compared query by query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskQueries {
    /// Numbers of the queries in the task.
    pub query: Vec<usize>,
    /// Whom they show.
    pub identity: Vec<Identity>,
    /// How much they count in the score of the task ([`QueryMean::weight`]); empty where all count the same, and in older runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weight: Vec<f64>,
    /// Average precision, a fraction in 0..1, rounded to six digits after the point.
    pub average_precision: Vec<f64>,
    /// Fraction of the trials in which the first match is at rank 1.
    pub rank1: Vec<f64>,
    /// Inverse negative penalty.
    pub inverse_negative_penalty: Vec<f64>,
}

impl TaskQueries {
    /// The scores of a task's queries.
    pub fn of(means: impl Iterator<Item = QueryMean>) -> Self {
        let rounded = |value: f64| (1e6 * value).round() / 1e6;
        let mut queries = Self::default();
        for mean in means {
            queries.query.push(mean.query);
            queries.identity.push(mean.identity);
            queries.weight.push(mean.weight);
            queries.average_precision.push(rounded(mean.average_precision));
            queries.rank1.push(rounded(mean.rank1));
            queries.inverse_negative_penalty.push(rounded(mean.inverse_negative_penalty));
        }
        if queries.weight.windows(2).all(|pair| pair[0] == pair[1]) {
            queries.weight.clear();
        }
        queries
    }

    /// The queries and how much each counts.
    pub fn counted(&self) -> impl Iterator<Item = CountedQuery> {
        self.query.iter().zip(&self.identity).enumerate().map(|(row, (query, identity))| {
            let weight = self.weight.get(row).copied().unwrap_or(1.0);
            CountedQuery { query: *query, identity: *identity, weight }
        })
    }

    /// The values of a measure, if it is a mean over queries that is stored.
    #[must_use]
    pub fn values(&self, measure: Measure) -> Option<&[f64]> {
        match measure {
            Measure::Map => Some(&self.average_precision),
            Measure::Rank1 => Some(&self.rank1),
            Measure::Minp => Some(&self.inverse_negative_penalty),
            Measure::Rank5 | Measure::Rank10 | Measure::Rank20 => None,
        }
    }

    /// Whether the lists are of one length.
    fn is_whole(&self) -> bool {
        let lists = [&self.average_precision, &self.rank1, &self.inverse_negative_penalty];
        let is_whole = |length: usize| length == self.query.len();
        is_whole(self.identity.len())
            && (self.weight.is_empty() || is_whole(self.weight.len()))
            && lists.iter().all(|list| is_whole(list.len()))
    }
}

impl Run {
    /// What every query scored, by task, if the run is done and has stored it: runs of versions before 0.2 have not.
    ///
    /// # Errors
    /// [`Error::Data`](crate::error::Error::Data) naming the file that cannot be parsed or is damaged.
    pub fn queries(&self) -> Result<Option<BTreeMap<TaskId, TaskQueries>>> {
        let queries: Option<BTreeMap<TaskId, TaskQueries>> = match self.result()? {
            Some(result) => self.read_with(&result, QUERIES)?,
            None => self.read(QUERIES)?,
        };
        if queries.iter().flatten().any(|(_, of_task)| !of_task.is_whole()) {
            let path = self.directory().join(QUERIES);
            let problem = "its lists are not of one length".to_owned();
            return Err(DataError::Damaged { path, problem }.into());
        }
        Ok(queries)
    }
}
