//! The words of the training captions that the attribute head predicts.

use super::classes::Classes;
use super::library::Library;
use super::used::training_samples;
use crate::config::TrainingConfig;
use crate::error::Result;
use aio_data::{DatasetName, Sample};
use aio_heads::{AttributeVocabulary, WordCount};
use aio_tokenize::bpe::Bpe;
use aio_types::{Identity, Modality};
use std::collections::BTreeSet;

/// A word of fewer captions cannot be learned from them.
const FEWEST_CAPTIONS: usize = 3;

/// Photographs of an indexed data set whose captions are counted, evenly spread. There are millions, and frequent words are frequent in any part.
const COUNTED_PHOTOGRAPHS: usize = 20_000;

/// The attribute words of the captions that some stage uses: a pure function of the training data. None where nothing predicts them.
///
/// # Errors
/// As [`Library::get`].
pub(crate) fn attribute_words(
    config: &TrainingConfig,
    classes: &Classes,
    library: &mut Library,
) -> Result<AttributeVocabulary> {
    if config.losses.attribute == 0.0 || !config.model.modalities.contains(Modality::Text) {
        return Ok(AttributeVocabulary::default());
    }
    let stages = &config.train.stages;
    let with_captions = stages.iter().filter(|stage| stage.real.contains(&Modality::Text));
    let names: BTreeSet<DatasetName> =
        with_captions.flat_map(|stage| stage.datasets.iter().copied()).collect();
    let (bpe, mut count) = (Bpe::clip(), WordCount::default());
    for name in names {
        let parts = config.train.trained_parts(name);
        let dataset = library.get(name)?;
        let is_used = |identity| classes.get(name, identity).is_some();
        let captions = training_samples(dataset, parts)
            .filter(|sample| is_used(sample.identity))
            .filter_map(Sample::caption);
        captions.for_each(|caption| count.add(bpe.words(caption)));
        if let Some(source) = &dataset.indexed {
            let identities = source.index.identities();
            let step = identities.len().div_ceil(COUNTED_PHOTOGRAPHS).max(1);
            for photograph in (0..identities.len()).step_by(step) {
                if is_used(Identity(identities[photograph])) {
                    let captions = source.photograph(photograph)?.captions;
                    captions.iter().for_each(|caption| count.add(bpe.words(caption)));
                }
            }
        }
    }
    let words = count.most_frequent(config.losses.attribute_words, FEWEST_CAPTIONS);
    if count.captions() > 0 {
        log::info!("{} attribute words in {} captions", words.len(), count.captions());
    }
    Ok(words)
}
