//! Galleries in databases, compared with exact search on disk: `just test-stores`.

mod both;
mod pair;
mod postgres;
#[cfg(feature = "qdrant")]
mod proxy;
#[cfg(feature = "qdrant")]
mod qdrant;
mod server;
