//! Tokenizers, frozen encoder and heads assembled.
//!
//! * [`Backbone`] embeds any non-empty set of modalities; [`Aio`] adds the heads. [`TextTower`] is an encoder of sentences of its own.
//! * [`Aio::losses`] is the training objective (`objective.rs`); its weights and terms are in `losses.rs`, the training step in `step.rs`.
//! * [`Extractor`] embeds with a trained model; [`Adaptation`] adapts one to pictures without labels.
//! * [`import`] reads checkpoints of other projects, [`pretrain`] trains the embedded encoder, [`SketchGenerator`] draws missing sketches.

mod adaptation;
mod adapters;
mod attribute;
mod backbone;
mod backbone_config;
mod batch;
mod binding;
mod combine;
mod extractor;
mod feature;
mod fusion;
pub mod import;
mod inputs;
mod losses;
mod model;
mod objective;
mod pictures;
mod pooling;
pub mod pretrain;
mod projection;
mod provenance;
mod shapes;
mod sketch_generator;
mod step;
mod text_pieces;
mod text_tower;

pub use adaptation::Adaptation;
pub use adapters::AdapterUse;
pub use aio_encoder::weights::Shipped;
pub use backbone::{Backbone, stated_origin};
pub use backbone_config::BackboneConfig;
pub use batch::{
    Origin, TrainBatch, TrainCaption, TrainPicture, TrainTuple, caption_length, token_ids,
};
pub use extractor::{ExtractError, Extractor};
pub use fusion::{AbsentUse, FusionUse};
pub use losses::{
    EmbeddingOf, LossTerm, LossWeights, Losses, Measures, Neck, NonFinite, StepMeasure, Terms,
    Total, read_scalars,
};
pub use model::{Aio, AioConfig, EncoderUse, Frozen, Shared};
pub use pictures::pictures;
pub use pooling::{AttentionPooling, PoolingConfig};
pub use projection::Projection;
pub use shapes::Shapes;
pub use sketch_generator::SketchGenerator;
pub use step::{StepInput, StepOutput};
pub use text_pieces::PiecesConfig;
pub use text_tower::{TextTower, TextUse};
