//! What the rounds of all queries score.

use super::simulate::{Course, Method, Seeker};
use crate::error::Result;
use crate::experiment::evaluate::SEED;
use aio_eval::{AveragePrecision, Interval, PerQuery, QueryMean};
use aio_gallery::Reply;
use serde::Serialize;

/// One way of refining.
#[derive(Debug, Clone, Serialize)]
pub struct MethodRounds {
    /// Which one.
    pub method: Method,
    /// After the first round, after the second, and so on.
    pub rounds: Vec<Round>,
}

/// One round of all queries.
#[derive(Debug, Clone, Serialize)]
pub struct Round {
    /// Scores after it.
    #[serde(flatten)]
    pub scores: RoundScores,
    /// How much higher Rank-1 is than without refinement on the same people, at 95 %.
    pub gain: Option<Interval>,
    /// Fraction of the queries whose user said yes.
    pub yes: f64,
    /// Fraction of those whose user said no.
    pub no: f64,
    /// Fraction of those whose user did not know.
    pub unknown: f64,
    /// Fraction of those for which nothing was left to ask.
    pub nothing: f64,
}

/// Scores after some rounds, as fractions in 0..1; intervals over people drawn again, at 95 %.
#[derive(Debug, Clone, Serialize)]
pub struct RoundScores {
    /// Rank-1.
    pub rank1: f64,
    /// Rank-5.
    pub rank5: f64,
    /// Rank-10.
    pub rank10: f64,
    /// Mean average precision.
    pub map: f64,
    /// Of Rank-1.
    pub rank1_interval: Option<Interval>,
    /// Of the mean average precision.
    pub map_interval: Option<Interval>,
}

/// What every query scores after so many rounds.
pub(super) fn per_query(seekers: &[Seeker], courses: &[Course], round: usize) -> PerQuery {
    let mut scored = PerQuery::default();
    for (seeker, course) in seekers.iter().zip(courses) {
        let ranking = &course.rankings[round];
        let identity = seeker.entry.identity;
        scored.add(0, seeker.number, identity, ranking, AveragePrecision::Standard);
    }
    scored
}

pub(super) fn of_round(
    seekers: &[Seeker],
    courses: &[Course],
    start: &PerQuery,
    round: usize,
) -> Result<Round> {
    let scored = per_query(seekers, courses, round);
    // Queries without a match are left out of the scores.
    let counted = courses.iter().filter(|course| course.rankings[0].has_match());
    let replies: Vec<Option<Reply>> = counted.map(|course| course.replies[round - 1]).collect();
    let share = |wanted: Option<Reply>| {
        replies.iter().filter(|reply| **reply == wanted).count() as f64 / replies.len() as f64
    };
    Ok(Round {
        scores: scores(&scored)?,
        gain: scored.difference(start, |query| query.rank1, Interval::DRAWS, SEED)?,
        yes: share(Some(Reply::Yes)),
        no: share(Some(Reply::No)),
        unknown: share(Some(Reply::Unknown)),
        nothing: share(None),
    })
}

pub(super) fn scores(scored: &PerQuery) -> Result<RoundScores> {
    let count = scored.means().count() as f64;
    let mean = |value: &dyn Fn(&QueryMean) -> f64| {
        scored.means().map(|query| value(&query)).sum::<f64>() / count
    };
    let within = |rank: usize| {
        mean(&|query: &QueryMean| if query.first_match < rank as f64 { 1.0 } else { 0.0 })
    };
    Ok(RoundScores {
        rank1: mean(&|query| query.rank1),
        rank5: within(5),
        rank10: within(10),
        map: mean(&|query| query.average_precision),
        rank1_interval: scored.interval(|query| query.rank1, Interval::DRAWS, SEED)?,
        map_interval: scored.interval(|query| query.average_precision, Interval::DRAWS, SEED)?,
    })
}
