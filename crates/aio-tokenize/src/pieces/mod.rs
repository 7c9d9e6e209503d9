//! The sentence pieces of a `tokenizer.json`: what SigLIP and SigLIP 2 read.
//!
//! The file is that of Hugging Face's `tokenizers`, whose crate takes sentences apart. What is around it follows `SiglipTokenizer` and
//! `Siglip2Tokenizer` of Hugging Face's transformers.

mod canonical;
mod charsmap;
mod shape;

use crate::bpe::Encoded;
use canonical::canonical;
use shape::{Kind, Shape};
use tokenizers::normalizers::{Lowercase, Sequence};
use tokenizers::{DecoderWrapper, NormalizerWrapper, PostProcessorWrapper, Tokenizer};

/// Sentences to the ids of a `tokenizer.json`. Every sentence has the same number of ids: the pieces, the end token, and padding, which SigLIP's
/// text tower sees like any other token.
pub struct Pieces {
    tokenizer: Tokenizer,
    kind: Kind,
    json: Vec<u8>,
    vocabulary: usize,
    end: u32,
    padding: u32,
    unknown: u32,
    context: usize,
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pieces({} ids, {:?})", self.vocabulary, self.kind)
    }
}

/// How the names of T5's extra tokens begin, for which SigLIP's tables have no rows.
const EXTRA: &str = "<extra_id_";

/// What a sentence is ended and filled with.
struct Ends {
    end: &'static str,
    padding: &'static str,
}

impl Kind {
    fn ends(self) -> Ends {
        match self {
            Self::Unigram => Ends { end: "</s>", padding: "</s>" },
            Self::Bpe => Ends { end: "<eos>", padding: "<pad>" },
        }
    }
}

impl Pieces {
    /// The largest `tokenizer.json` that is read, in bytes. That of SigLIP 2, with 256,000 pieces, has about half of it.
    pub const LARGEST_FILE: usize = 1 << 26;

    /// Reads the bytes of a `tokenizer.json` for sentences of `context` ids.
    ///
    /// A model of the type Unigram is SigLIP's, one of the type BPE that of SigLIP 2. What the file says about truncation, padding and the tokens around
    /// a sentence is not used: it is the same for all published models.
    ///
    /// # Errors
    /// A sentence that says what the file lacks, or has that these models do not.
    pub fn from_json(json: Vec<u8>, context: usize) -> Result<Self, String> {
        if json.len() > Self::LARGEST_FILE {
            let most = Self::LARGEST_FILE;
            return Err(format!("it has {} bytes, expected at most {most}", json.len()));
        }
        if context == 0 {
            return Err("sentences of 0 ids have no place for their end".into());
        }
        let Shape { kind, unknown, lowers } = Shape::of(&json)?;
        let mut tokenizer = Tokenizer::from_bytes(&json).map_err(|e| e.to_string())?;
        tokenizer.with_truncation(None).map_err(|e| e.to_string())?;
        tokenizer.with_padding(None);
        tokenizer.with_post_processor(None::<PostProcessorWrapper>);
        tokenizer.with_decoder(None::<DecoderWrapper>);
        if kind == Kind::Bpe && !lowers {
            // As `Siglip2Tokenizer` does where the file does not.
            let own = tokenizer.get_normalizer().cloned();
            let both = [Some(NormalizerWrapper::Lowercase(Lowercase)), own].into_iter().flatten();
            let both = Sequence::new(both.collect());
            tokenizer.with_normalizer(Some(both)).map_err(|e| e.to_string())?;
        }
        let counted = tokenizer.get_vocab(true).into_iter();
        let counted = counted.filter(|(token, _)| !token.starts_with(EXTRA)).map(|(_, id)| id);
        let vocabulary = counted.max().map_or(0, |id| id as usize + 1);
        let id = |token: &str, role: &str| {
            let missing = || format!("it has no token `{token}`, which {role}");
            tokenizer.token_to_id(token).ok_or_else(missing)
        };
        let Ends { end, padding } = kind.ends();
        let (end, padding) = (id(end, "ends a sentence")?, id(padding, "fills a sentence")?);
        let unknown = match unknown {
            shape::Unknown::Id(id) => id,
            shape::Unknown::Token(token) => id(&token, "stands for unknown letters")?,
        };
        Ok(Self { tokenizer, kind, json, vocabulary, end, padding, unknown, context })
    }

    /// The bytes of the `tokenizer.json`.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// The largest id and one: the rows that a token table has. T5's extra tokens, which some files have behind the pieces, do not count.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Id of the token that ends a sentence.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.end
    }

    /// Id of the token that follows the end, up to the length of all sentences.
    #[must_use]
    pub fn padding(&self) -> u32 {
        self.padding
    }

    /// Ids of a sentence, its end and padding included.
    #[must_use]
    pub fn context(&self) -> usize {
        self.context
    }

    /// Encodes a sentence: [`Encoded::ids`] is [`Self::context`] long. One that the crate could not take apart would be a single unknown token; no file
    /// that [`Self::from_json`] accepts is known to cause that.
    #[must_use]
    pub fn encode(&self, sentence: &str) -> Encoded {
        let text = self.text(sentence);
        let Some(encoding) = self.tokenizer.encode(text.as_str(), false).ok() else {
            let (ids, truncated) = self.ended(vec![self.unknown]);
            let word_of = vec![None; ids.len()];
            return Encoded { ids, word_of, words: Vec::new(), truncated };
        };
        let (ids, truncated) = self.ended(encoding.get_ids().to_vec());
        let places = words(&text);
        // A piece belongs to the first word that ends behind its beginning: the space in front of a word is a part of the piece.
        let word = |(from, _): &(usize, usize)| places.iter().position(|word| word.end > *from);
        let mut word_of: Vec<Option<usize>> =
            encoding.get_offsets().iter().take(self.context - 1).map(word).collect();
        word_of.resize(ids.len(), None);
        let words = places.into_iter().map(|place| text[place].to_owned()).collect();
        Encoded { ids, word_of, words, truncated }
    }

    /// [`Encoded::ids`] of a sentence alone, and whether pieces were cut off to fit: faster than [`Self::encode`].
    #[must_use]
    pub fn ids(&self, sentence: &str) -> (Vec<u32>, bool) {
        // Without the places of the pieces.
        let pieces = self.tokenizer.encode_fast(self.text(sentence), false).ok();
        self.ended(pieces.map_or(vec![self.unknown], |pieces| pieces.get_ids().to_vec()))
    }

    /// The text that the pieces are taken from.
    fn text(&self, sentence: &str) -> String {
        match self.kind {
            Kind::Unigram => canonical(sentence),
            Kind::Bpe => sentence.to_owned(),
        }
    }

    /// Cuts a sentence to fit, ends and fills it; whether it did not fit.
    fn ended(&self, mut ids: Vec<u32>) -> (Vec<u32>, bool) {
        let truncated = ids.len() + 1 > self.context;
        ids.truncate(self.context - 1);
        for id in ids.iter_mut().filter(|id| **id as usize >= self.vocabulary) {
            *id = self.unknown;
        }
        ids.push(self.end);
        ids.resize(self.context, self.padding);
        (ids, truncated)
    }
}

/// Where the words of a text are.
fn words(text: &str) -> Vec<std::ops::Range<usize>> {
    let place = |word: &str| {
        let from = word.as_ptr() as usize - text.as_ptr() as usize;
        from..from + word.len()
    };
    text.split_whitespace().map(place).collect()
}
