//! Tokenizers: pictures and sentences to the token sequence that is the encoder's input.
//!
//! Each visual modality has an IBN-style convolution stem of its own ([`ImageTokenizer`]); text goes through CLIP's
//! byte-pair encoding ([`bpe`]) or the sentence pieces of a file ([`Pieces`]), and an embedding table ([`TextTokenizer`]). [`Tokenizers`] holds one of each, turns
//! inputs into [`ModalityTokens`], and joins the tokens of several modalities behind one learnable `[CLS]` token.

mod absent;
pub mod bpe;
mod clean;
mod image;
mod pieces;
mod sentences;
mod sequence;
mod text;
mod tokens;

pub use image::{
    BatchNormMode, Grid, ImageTokenizer, LARGEST_SIDE, StemConfig, StemFlops, StemKind,
};
pub use pieces::Pieces;
pub use sentences::SentenceTokenizer;
pub use sequence::{Tokenizers, TokenizersConfig};
pub use text::{TextConfig, TextTokenizer};
pub use tokens::{ModalityInput, ModalityTokens, TokenSequence};
