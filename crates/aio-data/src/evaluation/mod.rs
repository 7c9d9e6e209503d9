//! How a data set is tested: the pieces from which every reader states its tasks.

mod every_query;
mod query;
mod rules;

pub(crate) use every_query::EveryQuery;
pub use query::{GalleryItem, Query, QueryPicture};
pub(crate) use query::{gallery_items, observation, queries};
pub(crate) use rules::{
    Direction, Evaluation, NamedQuery, Refusal, TaskRequest, photograph_combinations,
};
pub use rules::{TaskMean, TaskRules, TestSet};
