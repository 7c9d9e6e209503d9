//! Galleries in PostgreSQL with pgvector, for those that outgrow one machine.
//!
//! [`push()`] makes a table the copy of a gallery, in one transaction: rows that are new are added, rows that are gone are removed, and nothing else
//! moves. [`Store`] answers the same [`Query`](aio_gallery::Query) as the gallery: exactly, with the same results, or through an index.
//! docs/scale.md says when that is worth it.

mod address;
mod answer;
mod conditions;
mod description;
mod error;
mod partition;
mod push;
mod store;

pub use address::Address;
pub use answer::Scan;
pub use error::{Result, StoreError};
pub use partition::Partition;
pub use push::{Index, Layout, Pushed, push};
pub use store::Store;
