//! The encoder: a pre-norm vision transformer over token sequences, its presets and its weights.
//!
//! The encoder does not know which modalities exist. It takes a token sequence, an attention mask and perhaps a [`Context`]: the numbers of
//! experts, whose adapters it uses, and places of tokens on grids, for rotary positions. It returns features of the same shape. A [`Mixer`] combines
//! features by the numbers of slots. Only [`weights`] reads files. Checkpoints of other projects are imported by `aio_model::import`.

mod activation_checkpointing;
mod adapters;
mod block;
mod config;
mod context;
mod flops;
mod mixer;
mod rotary;
mod sizes;
mod vit;
pub mod weights;

pub use activation_checkpointing::{Activations, CheckpointedPass, EncoderGradients};
pub use adapters::{AdapterKind, AdaptersConfig};
pub use aio_ops::{Activation, Precision, free_kept_memory};
pub use block::Block;
pub use config::EncoderConfig;
pub use context::Context;
pub use mixer::{Mixer, MixerConfig, SlotFrom};
pub use rotary::{Coordinates, RotaryConfig};
pub use vit::Encoder;
