//! CLIP's byte-pair encoding: sentences to 77 token ids.
//!
//! Follows `SimpleTokenizer` of OpenAI's CLIP (MIT), whose vocabulary file is embedded. Its clean-up of text, through ftfy, is in `clean.rs`.

use crate::clean;
use flate2::read::GzDecoder;
use regex::Regex;
use std::collections::HashMap;
use std::io::Read;
use std::sync::OnceLock;

/// Number of token ids.
pub const VOCABULARY: usize = 49_408;
/// Ids per sentence, start and end included.
pub const CONTEXT: usize = 77;
/// Id of the start token.
pub const START: u32 = 49_406;
/// Id of the end token.
pub const END: u32 = 49_407;

const MERGES: &[u8] = include_bytes!("../assets/bpe_simple_vocab_16e6.txt.gz");

/// A sentence as token ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Start token, word pieces, end token; not padded, at most [`CONTEXT`] long.
    pub ids: Vec<u32>,
    /// The word, as a position in [`Encoded::words`], that each id belongs to; `None` for start and end.
    pub word_of: Vec<Option<usize>>,
    /// The lower-case words of the sentence, in order.
    pub words: Vec<String>,
    /// Whether pieces were cut off to fit.
    pub truncated: bool,
}

impl Encoded {
    /// The ids padded with 0 to [`CONTEXT`].
    #[must_use]
    pub fn padded(&self) -> Vec<u32> {
        let mut ids = self.ids.clone();
        ids.resize(CONTEXT, 0);
        ids
    }
}

/// The encoder: merge ranks and the ids of all pieces.
pub struct Bpe {
    ranks: HashMap<(String, String), usize>,
    ids: HashMap<String, u32>,
    byte_symbols: [char; 256],
    words: Regex,
    spaces: Regex,
}

impl std::fmt::Debug for Bpe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bpe({} pieces)", self.ids.len())
    }
}

/// The printable stand-in of every byte, as in GPT-2: printable Latin-1 stands for itself, the others follow from U+0100.
fn byte_symbols() -> [char; 256] {
    let mut next = 256u32;
    std::array::from_fn(|byte| {
        let printable = matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
        let code = if printable {
            byte as u32
        } else {
            next += 1;
            next - 1
        };
        char::from_u32(code).expect("a code point below U+0200")
    })
}

impl Bpe {
    /// The shared encoder with CLIP's vocabulary.
    pub fn clip() -> &'static Self {
        static SHARED: OnceLock<Bpe> = OnceLock::new();
        SHARED.get_or_init(Self::new)
    }

    fn new() -> Self {
        let mut text = String::new();
        GzDecoder::new(MERGES).read_to_string(&mut text).expect("the embedded vocabulary is valid");
        let byte_symbols = byte_symbols();
        // The order of single symbols is that of CLIP: printable bytes first, then the rest.
        let mut symbols: Vec<char> = byte_symbols.to_vec();
        symbols.sort_by_key(|c| *c as u32);
        let mut pieces: Vec<String> = symbols.iter().map(char::to_string).collect();
        pieces.extend(symbols.iter().map(|c| format!("{c}</w>")));
        let merges = text.lines().skip(1).take(VOCABULARY - 256 * 2 - 2);
        let mut ranks = HashMap::new();
        for (rank, line) in merges.enumerate() {
            let (a, b) = line.split_once(' ').expect("a merge has two parts");
            pieces.push(format!("{a}{b}"));
            ranks.insert((a.to_owned(), b.to_owned()), rank);
        }
        let ids = pieces.into_iter().zip(0..).collect();
        // Text is in lower case. The reference ignores case all the same, by which U+0345, whose capital is a letter, is neither a letter
        // nor anything else there, and is dropped.
        let words = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}\u{345}]+";
        Self {
            ranks,
            ids,
            byte_symbols,
            words: Regex::new(words).expect("a valid pattern"),
            spaces: Regex::new(r"\s+").expect("a valid pattern"),
        }
    }

    /// Encodes a sentence.
    #[must_use]
    pub fn encode(&self, sentence: &str) -> Encoded {
        let cleaned =
            self.spaces.replace_all(clean::basic(sentence).trim(), " ").trim().to_lowercase();
        let (mut ids, mut word_of, mut words) = (vec![START], vec![None], Vec::new());
        for (index, word) in self.words.find_iter(&cleaned).enumerate() {
            for id in self.pieces(word.as_str()) {
                ids.push(id);
                word_of.push(Some(index));
            }
            words.push(word.as_str().to_owned());
        }
        let truncated = ids.len() + 1 > CONTEXT;
        ids.truncate(CONTEXT - 1);
        word_of.truncate(CONTEXT - 1);
        ids.push(END);
        word_of.push(None);
        Encoded { ids, word_of, words, truncated }
    }

    fn pieces(&self, word: &str) -> Vec<u32> {
        match word {
            "<|startoftext|>" => return vec![START],
            "<|endoftext|>" => return vec![END],
            _ => {}
        }
        let mut parts: Vec<String> =
            word.bytes().map(|b| self.byte_symbols[usize::from(b)].to_string()).collect();
        if let Some(last) = parts.last_mut() {
            last.push_str("</w>");
        }
        while let Some(best) = (0..parts.len().saturating_sub(1))
            .filter_map(|i| {
                self.ranks.get(&(parts[i].clone(), parts[i + 1].clone())).map(|rank| (*rank, i))
            })
            .min()
            .map(|(_, i)| (parts[i].clone(), parts[i + 1].clone()))
        {
            let mut merged = Vec::with_capacity(parts.len());
            let mut i = 0;
            while i < parts.len() {
                if i + 1 < parts.len() && parts[i] == best.0 && parts[i + 1] == best.1 {
                    merged.push(format!("{}{}", best.0, best.1));
                    i += 2;
                } else {
                    merged.push(parts[i].clone());
                    i += 1;
                }
            }
            parts = merged;
        }
        parts.iter().map(|p| self.ids[p]).collect()
    }
}
