//! From data sets on disk to training batches.
//!
//! [`Library`] opens data sets, `Classes` numbers their identities, `attribute_words` chooses the words of their captions that are predicted, `SampleStore` holds the samples and pictures of a stage, and `StageLoader` makes
//! batches of them. `MicroBatches` puts these into the order of the steps, and `Prefetcher` prepares them ahead of their use.

mod attribute_words;
mod batches;
mod captions;
mod classes;
mod doubts;
#[cfg(test)]
pub(crate) mod for_tests;
mod held_out;
mod library;
mod order;
mod prefetch;
mod settings;
mod shares;
mod softmax;
mod sources;
mod store;
#[cfg(test)]
mod tests;
mod trained;
mod tuple;
mod unvalidated;
mod used;

pub(crate) use attribute_words::attribute_words;
pub(crate) use batches::{StageLoader, held_combinations, mixed_combinations};
pub(crate) use classes::Classes;
pub(crate) use held_out::HeldOut;
pub use library::Library;
pub(crate) use order::{Every, MicroBatches, StageSteps};
pub(crate) use prefetch::Prefetcher;
pub(crate) use settings::LoaderSettings;
pub(crate) use softmax::SoftmaxSample;
pub use trained::{pictures_after_the_first_step, trained_modalities, trained_samples};
pub(crate) use unvalidated::unvalidated;
