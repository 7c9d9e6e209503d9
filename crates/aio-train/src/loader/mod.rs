//! From data sets on disk to training batches.
//!
//! [`Library`] opens data sets, `Classes` numbers their identities, `SampleStore` holds the samples and pictures of a stage, and `StageLoader` makes
//! batches of them.

mod batches;
mod classes;
mod held_out;
mod library;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod tuple;

pub(crate) use batches::{StageLoader, attribute_vocabulary, mixed_combinations};
pub(crate) use classes::Classes;
pub(crate) use held_out::HeldOut;
pub use library::Library;
pub(crate) use settings::LoaderSettings;
