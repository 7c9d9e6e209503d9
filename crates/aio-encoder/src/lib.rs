//! The encoder: a pre-norm vision transformer over token sequences, its presets and its weights.
//!
//! The encoder does not know which modalities exist. It takes a token sequence and an attention mask, and returns features of the same
//! shape. Only [`weights`] reads files. Checkpoints of other projects are imported by `aio_model::import`.

mod activation_checkpointing;
mod config;
mod flops;
mod vit;
pub mod weights;

pub use activation_checkpointing::{Activations, CheckpointedPass, EncoderGradients};
pub use aio_ops::{Activation, Precision};
pub use config::EncoderConfig;
pub use vit::{Block, Encoder};
