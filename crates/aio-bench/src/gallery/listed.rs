//! Answers as `aio search --json` and `aio serve` give them: with ranks, as lists of folders have them.

use super::searched::{Answered, Searched};
use crate::embed::Row;
use crate::novelty::Novelties;
use aio_gallery::{Hit, Replied};
use serde::Serialize;

/// Queries and their ranked lists.
#[derive(Debug, Clone, Serialize)]
pub struct Listed<'a> {
    gallery: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    answers: Vec<Ranked<'a>>,
}

/// The only query and its ranked list.
#[derive(Debug, Clone, Serialize)]
pub struct Single<'a> {
    gallery: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(flatten)]
    answer: Option<Ranked<'a>>,
}

/// As [`Answered`].
#[derive(Debug, Clone, Serialize)]
struct Ranked<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    query: &'a Row,
    #[serde(skip_serializing_if = "<[u64]>::is_empty")]
    like: &'a [u64],
    #[serde(skip_serializing_if = "<[u64]>::is_empty")]
    unlike: &'a [u64],
    #[serde(rename = "answers", skip_serializing_if = "<[Replied]>::is_empty")]
    replies: &'a [Replied],
    /// Null if nothing is known of the model.
    novelty: Option<&'a Novelties>,
    /// Unknown where an index was followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    searched: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rescored: Option<usize>,
    results: Vec<Found<'a>>,
}

#[derive(Debug, Clone, Serialize)]
struct Found<'a> {
    rank: usize,
    #[serde(flatten)]
    hit: &'a Hit,
}

impl<'a> Ranked<'a> {
    fn of(answered: &'a Answered) -> Self {
        let found = answered.answer.hits.iter().enumerate();
        Self {
            name: answered.name.as_deref(),
            query: &answered.query,
            like: &answered.like,
            unlike: &answered.unlike,
            replies: &answered.replies,
            novelty: answered.novelty.as_ref(),
            searched: answered.answer.searched,
            rescored: answered.answer.rescored,
            results: found.map(|(index, hit)| Found { rank: index + 1, hit }).collect(),
        }
    }
}

impl Searched {
    /// The lists with the rank of every row.
    #[must_use]
    pub fn listed(&self) -> Listed<'_> {
        let answers = self.answers.iter().map(Ranked::of).collect();
        Listed { gallery: self.gallery, generation: self.generation, answers }
    }

    /// The list of the first query with the rank of every row, for calls that have one query.
    #[must_use]
    pub fn listed_single(&self) -> Single<'_> {
        let answer = self.answers.first().map(Ranked::of);
        Single { gallery: self.gallery, generation: self.generation, answer }
    }
}
