//! Tokenizers, frozen encoder and heads assembled.
//!
//! [`Backbone`] embeds any non-empty set of modalities; [`Aio`] adds the heads and the training losses;
//! [`Extractor`] is the part that users of a trained model need; [`pretrain`] trains the embedded encoder.

mod aio;
mod backbone;
mod batch;
mod extractor;
pub mod import;
pub mod lines;
pub mod pretrain;

pub use aio::{
    Aio, AioConfig, EncoderUse, Frozen, LossWeights, Losses, NonFinite, Pictured, Shared,
    StepInput, StepOutput, Terms, TrainBatch,
};
pub use backbone::{Backbone, BackboneConfig, Projection};
pub use batch::{pictures, token_ids};
pub use extractor::{ExtractError, Extractor, Input};
