//! Loaders for the tests of this crate.

use super::*;
use crate::config::TrainingConfig;
use aio_heads::AttributeVocabulary;
use aio_tokenize::SentenceTokenizer;
use aio_types::PictureSize;
use std::path::Path;

/// The loader of a stage on the benchmark below `root`, with its classes and attribute words.
pub(crate) fn opened(
    root: &Path,
    config: &TrainingConfig,
    stage: usize,
    picture_size: PictureSize,
) -> (StageLoader, Classes, AttributeVocabulary) {
    let mut library = Library::new(root);
    let classes = Classes::new(config, &mut library).expect("classes");
    let attributes = attribute_words(config, &classes, &mut library).expect("words");
    let settings = LoaderSettings {
        config,
        classes: &classes,
        attributes: &attributes,
        sentences: &SentenceTokenizer::default(),
        picture_size,
        sketch_generator: None,
    };
    let loader = StageLoader::open(&settings, &config.train.stages[stage], &mut library);
    (loader.expect("a loader"), classes, attributes)
}
