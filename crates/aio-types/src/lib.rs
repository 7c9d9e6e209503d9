//! The small types that every crate of the framework shares: modalities, labels, pictures in memory and random streams.
//!
//! Nothing here reads a file or knows of data sets, tensors or metrics.

mod label;
mod modality;
mod observation;
mod picture;
mod rng;

pub use label::{Camera, Identity, SourcePhoto};
pub use modality::{Modality, ModalitySet, ParseModalityError};
pub use observation::Observation;
pub use picture::{Picture, PictureSize};
pub use rng::rng;
