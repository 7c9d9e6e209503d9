//! The frozen backbone: a pre-norm vision transformer over token sequences, its presets and its weights.
//!
//! The encoder does not know which modalities exist. It takes a token sequence and a mask, and returns features
//! of the same shape. Reading weights is the only I/O in this crate and lives in [`weights`] and, for checkpoints of other projects,
//! in [`checkpoint`]; [`import`] puts those under this project's names.

pub mod checkpoint;
pub mod import;
mod tape;
mod vit;
pub mod weights;

pub use aio_ops::Precision;
pub use tape::{Pass, Rest, Tape};
pub use vit::{Activation, Block, Encoder, EncoderConfig};
