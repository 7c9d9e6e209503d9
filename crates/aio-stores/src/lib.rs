//! Galleries in databases, for those that outgrow one machine: PostgreSQL with pgvector, and Qdrant (feature `qdrant`).
//!
//! [`push()`] makes a place in a database the copy of a gallery: rows that are new are added, rows that are gone are removed, and nothing else
//! moves. [`Store`] answers the same [`Query`](aio_gallery::Query) as the gallery: exactly, with the same results, or through an index.
//! docs/scale.md says when that is worth it.

mod address;
mod answer;
mod description;
mod difference;
mod error;
mod layout;
mod name;
mod postgres;
mod push;
#[cfg(feature = "qdrant")]
mod qdrant;
mod recall;
mod store;

pub use address::Address;
pub use error::{Result, StoreError};
pub use layout::{Index, Layout, Partition, Pushed};
pub use push::push;
pub use recall::recall;
pub use store::Store;
