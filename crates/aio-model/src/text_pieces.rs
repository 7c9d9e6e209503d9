//! The tokenizer of a text tower whose sentences are not taken apart as CLIP's, and its place in a weights file.

use aio_encoder::weights::{Weights, WeightsError};
use aio_tokenize::Pieces;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};

/// What SigLIP's text tower knows of its tokenizer, whose `tokenizer.json` is another entry of the weights file.
///
/// Such a tower has no causal mask, sees padding, and gives the output of its last token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PiecesConfig {
    /// Rows of the token table.
    pub vocabulary: usize,
    /// Id of the token that ends a sentence.
    pub end: u32,
    /// Id of the token that follows the end, up to the last position.
    pub padding: u32,
}

/// Most rows of a token table that a weights file may state: four times those of SigLIP 2.
const LARGEST_VOCABULARY: usize = 1 << 20;

/// Metadata key of the tokenizer in a weights file: its `tokenizer.json`, compressed with gzip, in Base64.
pub(crate) const TOKENIZER: &str = "text_tokenizer";

impl PiecesConfig {
    /// What a tower knows of these pieces.
    #[must_use]
    pub fn of(pieces: &Pieces) -> Self {
        Self { vocabulary: pieces.vocabulary(), end: pieces.end(), padding: pieces.padding() }
    }

    /// Refuses numbers that make no tokenizer.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self { vocabulary, end, padding } = *self;
        if vocabulary > LARGEST_VOCABULARY {
            return Err(format!(
                "vocabulary is {vocabulary}, expected at most {LARGEST_VOCABULARY}"
            ));
        }
        match [("end", end), ("padding", padding)].iter().find(|(_, id)| *id as usize >= vocabulary)
        {
            Some((name, id)) => Err(format!("{name} is {id}, expected less than {vocabulary}")),
            None => Ok(()),
        }
    }

    /// The pieces of a weights file, which are those that the tower knows.
    ///
    /// # Errors
    /// [`WeightsError::Metadata`] if they are missing, damaged, or others.
    pub(crate) fn load(&self, weights: &Weights, context: usize) -> Result<Pieces, WeightsError> {
        let text: String = weights.metadata(TOKENIZER)?;
        let pieces = unpacked(&text)
            .and_then(|json| Pieces::from_json(json, context))
            .map_err(|problem| weights.malformed(TOKENIZER, problem))?;
        let found = Self::of(&pieces);
        if found != *self {
            let problem = format!("it has {found:?}, the text tower was made for {self:?}");
            return Err(weights.malformed(TOKENIZER, problem));
        }
        Ok(pieces)
    }
}

/// The metadata entry of these pieces. Equal files give equal entries.
///
/// # Errors
/// The message of the compression.
pub(crate) fn packed(pieces: &Pieces) -> Result<String, String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(pieces.json()).map_err(|e| e.to_string())?;
    encoder.finish().map(|bytes| BASE64_STANDARD.encode(bytes)).map_err(|e| e.to_string())
}

fn unpacked(text: &str) -> Result<Vec<u8>, String> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|e| e.to_string())?;
    let (mut json, most) = (Vec::new(), Pieces::LARGEST_FILE as u64 + 1);
    GzDecoder::new(&bytes[..]).take(most).read_to_end(&mut json).map_err(|e| e.to_string())?;
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_make_no_tokenizer_are_refused() {
        let check = |vocabulary, end, padding| PiecesConfig { vocabulary, end, padding }.check();
        assert_eq!(check(80, 1, 79), Ok(()));
        assert_eq!(check(80, 80, 1), Err("end is 80, expected less than 80".into()));
        assert_eq!(check(80, 1, 99), Err("padding is 99, expected less than 80".into()));
        assert!(check(1 << 30, 1, 1).is_err_and(|e| e.starts_with("vocabulary is 1073741824")));
    }

    /// A few bytes must not fill the memory.
    #[test]
    fn a_small_entry_gives_no_more_than_the_largest_file() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let block = vec![b' '; 1 << 20];
        (0..80).for_each(|_| encoder.write_all(&block).expect("compressed"));
        let text = BASE64_STANDARD.encode(encoder.finish().expect("compressed"));
        assert!(text.len() < 200_000, "{}", text.len());
        let json = unpacked(&text).expect("the beginning");
        assert_eq!(json.len(), Pieces::LARGEST_FILE + 1);
        let problem = Pieces::from_json(json, 64).expect_err("too large");
        assert!(problem.contains("expected at most 67108864"), "{problem}");
    }
}
