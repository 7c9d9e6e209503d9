//! Captions as token ids, each encoded once.

use aio_data::Sample;
use aio_heads::{AttributeVocabulary, AttributeWord, Masked};
use aio_tokenize::SentenceTokenizer;
use aio_tokenize::bpe::Encoded;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A caption as token ids.
#[derive(Debug)]
pub(super) struct EncodedCaption {
    /// Token ids.
    pub(super) ids: Box<[u32]>,
    /// The attribute words in it.
    words: Box<[AttributeWord]>,
    /// Whether pieces were cut off to fit.
    pub(super) truncated: bool,
}

/// Captions that have been encoded, by their text. Data sets are read in several stages, and their captions many times in each.
#[derive(Debug, Default)]
pub(super) struct Captions {
    known: HashMap<String, Arc<EncodedCaption>>,
}

impl EncodedCaption {
    /// Encodes a caption.
    pub(super) fn new(
        sentences: &SentenceTokenizer,
        vocabulary: &AttributeVocabulary,
        caption: &str,
    ) -> Self {
        let Encoded { ids, word_of, words, truncated } = sentences.encode(caption);
        let words = vocabulary.find(&word_of, &words).into_boxed_slice();
        Self { ids: ids.into_boxed_slice(), words, truncated }
    }

    /// The caption with attribute words masked at a rate; `uniform` yields values in 0..1.
    pub(super) fn masked(&self, rate: f64, uniform: impl FnMut() -> f64) -> Masked {
        Masked::new(&self.ids, &self.words, rate, uniform)
    }
}

impl Captions {
    /// The encoded captions of samples, nothing for pictures. Texts that have not been seen before are encoded.
    pub(super) fn of(
        &mut self,
        samples: &[Sample],
        sentences: &SentenceTokenizer,
        vocabulary: &AttributeVocabulary,
    ) -> Vec<Option<Arc<EncodedCaption>>> {
        let texts: BTreeSet<&str> = samples.iter().filter_map(Sample::caption).collect();
        let new: Vec<&str> =
            texts.into_iter().filter(|text| !self.known.contains_key(*text)).collect();
        let encode = |text: &&str| {
            let encoded = EncodedCaption::new(sentences, vocabulary, text);
            ((*text).to_owned(), Arc::new(encoded))
        };
        self.known.extend(new.par_iter().map(encode).collect::<Vec<_>>());
        let encoded = |sample: &Sample| sample.caption().map(|text| Arc::clone(&self.known[text]));
        samples.iter().map(encoded).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_tokenize::bpe::Bpe;
    use aio_types::Modality;

    #[test]
    fn a_text_is_encoded_once_in_all_stages_and_as_clip_does() {
        let sentence = "A man wearing a red jacket.";
        let picture = Sample::picture(1, Modality::Rgb, "1.jpg".into());
        let samples = [picture, Sample::sentence(1, sentence)];
        let vocabulary = AttributeVocabulary::new(["red".to_owned()]);
        let mut captions = Captions::default();
        let first = captions.of(&samples, &SentenceTokenizer::default(), &vocabulary);
        let other = [Sample::sentence(2, "Someone else."), samples[1].clone()];
        let second = captions.of(&other, &SentenceTokenizer::default(), &vocabulary);
        assert!(first[0].is_none() && captions.known.len() == 2);
        let [first, second] = [&first[1], &second[1]].map(|c| c.as_ref().expect("a caption"));
        assert!(Arc::ptr_eq(first, second));
        assert_eq!(*first.ids, *Bpe::clip().encode(sentence).ids);
        let masked = first.masked(1.0, || 0.5);
        assert!(masked.targets.len() == 1 && masked.ids.len() == first.ids.len());
    }
}
