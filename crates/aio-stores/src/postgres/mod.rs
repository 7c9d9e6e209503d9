//! Galleries in PostgreSQL with pgvector: a gallery is a table.

mod address;
mod answer;
mod conditions;
mod copy;
mod description;
mod failed;
mod parts;
mod push;

pub(crate) use address::Address;
pub(crate) use copy::open;
pub(crate) use push::push;
