//! Galleries in Qdrant: a gallery is a collection, and a row is a point.
//!
//! Qdrant has no transaction over several requests. A push therefore has a number: its new points bear the number as `since`, and points that go bear it as
//! `until`. One point more, the state, has the number of the last push that ended. Readers look for points that had come by then and had not gone, so that the
//! one request that writes the state makes a push visible, whole.

mod address;
mod answer;
mod collection;
mod filter;
mod index;
mod payload;
mod push;
mod state;

pub(crate) use address::Address;
pub(crate) use answer::open;
pub(crate) use push::push;
