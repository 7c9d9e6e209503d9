//! Tokenizers: what turns pictures and sentences into the token sequence that the frozen encoder takes.
//!
//! Each visual modality has an IBN-style convolution stem of its own ([`ImageTokenizer`]); text goes through CLIP's
//! byte-pair encoding ([`bpe`]) and an embedding table ([`TextTokenizer`]). [`Tokenizers`] holds one of each and
//! concatenates what is present behind one learnable `[CLS]` token.

pub mod bpe;
mod clean;
mod image;
mod sequence;
mod text;

pub use image::{Grid, ImageTokenizer, Statistics, StemConfig, StemKind};
pub use sequence::{Present, TokenSequence, Tokenizers, TokenizersConfig};
pub use text::{TextConfig, TextTokenizer};
