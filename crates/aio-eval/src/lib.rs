//! Retrieval evaluation: features and labels in, numbers out.
//!
//! A [`Protocol`] decides which gallery entries are junk for a query, a [`Ranking`] is what remains in order, and metrics
//! are functions of a ranking. Intervals come from drawing people again. Nothing here depends on images, paths, tensors or models.

mod agreement;
mod bootstrap;
mod chance;
mod distance;
mod evaluate;
mod features;
mod neighbours;
mod open_set;
mod per_query;
mod percentile;
mod places;
mod pooling;
mod product;
mod protocol;
pub mod python;
mod ranking;
mod relevant;
mod rerank;
mod scores;

pub use agreement::{Agreement, agreement};
pub use bootstrap::{Interval, difference, interval};
pub use chance::chance;
pub use distance::{Metric, distance_bytes, distances};
pub use evaluate::{EvalOptions, LabelledFeatures, evaluate, evaluate_with_progress};
pub use features::Features;
pub use open_set::{OpenSet, Rate, open_set};
pub use per_query::{CountedQuery, PerQuery, QueryMean, check_same_queries};
pub use places::Ties;
pub use protocol::{Entry, Protocol, Unmatched, single_shot, unmatched};
pub use ranking::{AveragePrecision, Ranking, Relevance};
pub use rerank::Rerank;
pub use scores::{QueryScore, Scores, Spread, mean_over_trials};

/// Why an evaluation was refused.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum EvalError {
    /// The number of values is not rows × width.
    #[error("{what}: {values} values do not make {rows} rows of {width}")]
    Shape {
        /// Which features.
        what: String,
        /// Values given.
        values: usize,
        /// Rows expected.
        rows: usize,
        /// Width expected.
        width: usize,
    },
    /// A value is NaN or infinite.
    #[error("{what}: row {row} holds {value} at column {column}")]
    NotFinite {
        /// Which features.
        what: String,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The value.
        value: f32,
    },
    /// Euclidean distances of these features cannot be computed in 32 bits.
    #[error(
        "{what}: row {row} has length {length:e}; Euclidean distances need a longest row between 1e-9 and 1e18. \
         Multiply all features by one number, which changes no ranking, or compare them by cosine"
    )]
    Length {
        /// Which features.
        what: &'static str,
        /// The longest row, from 0.
        row: usize,
        /// Its length.
        length: f64,
    },
    /// Queries and gallery cannot be compared.
    #[error("queries have width {query}, the gallery has width {gallery}")]
    Width {
        /// Width of the queries.
        query: usize,
        /// Width of the gallery.
        gallery: usize,
    },
    /// Re-ranking with parameters out of range.
    #[error("re-ranking: {problem}")]
    Rerank {
        /// Which parameter, and what it must be.
        problem: String,
    },
    /// A rate of false accepts out of range, or one that needs too much memory.
    #[error("false accept rate {rate}: {problem}")]
    Rate {
        /// The rate.
        rate: f64,
        /// What is wrong with it.
        problem: String,
    },
    /// Queries cannot be expanded.
    #[error("average query expansion: {problem}")]
    Expansion {
        /// Why.
        problem: String,
    },
    /// An interval of values that cannot be resampled.
    #[error("interval: {problem}")]
    Interval {
        /// Which values, what was expected and what was found.
        problem: String,
    },
    /// Lists of scores that cannot be compared.
    #[error("rank agreement: {problem}")]
    Agreement {
        /// Which list, what was expected and what was found.
        problem: String,
    },
    /// No query has a match left.
    #[error(
        "none of the {queries} queries has a match in the gallery after the rule of the protocol `{protocol}`"
    )]
    NoMatches {
        /// Number of queries.
        queries: usize,
        /// Name of the protocol.
        protocol: &'static str,
    },
}
