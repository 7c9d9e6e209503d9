//! What the loaders of all stages share.

use super::classes::Classes;
use crate::config::TrainingConfig;
use aio_heads::AttributeVocabulary;
use aio_model::SketchGenerator;
use aio_tokenize::SentenceTokenizer;
use aio_types::PictureSize;

/// What the loaders of all stages share.
#[derive(Clone, Copy)]
pub(crate) struct LoaderSettings<'a> {
    pub(crate) config: &'a TrainingConfig,
    pub(crate) classes: &'a Classes,
    /// The words that the attribute head distinguishes.
    pub(crate) attributes: &'a AttributeVocabulary,
    /// What makes token ids of captions.
    pub(crate) sentences: &'a SentenceTokenizer,
    pub(crate) picture_size: PictureSize,
    /// Draws missing sketches, where the configuration names one.
    pub(crate) sketch_generator: Option<&'a SketchGenerator>,
}
