//! CLIP's byte-pair encoding: sentences to 77 token ids.
//!
//! Follows `SimpleTokenizer` of OpenAI's CLIP (MIT), whose vocabulary file is embedded. Its clean-up of text, through ftfy, is in `clean.rs`.

mod words;

use crate::clean;
use flate2::read::GzDecoder;
use regex::Regex;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read;
use std::ops::Range;
use std::sync::OnceLock;

/// Number of token ids.
pub const VOCABULARY: usize = 49_408;
/// Ids per sentence, start and end included.
pub const CONTEXT: usize = 77;
/// Id of the start token.
const START: u32 = 49_406;
/// Id of the end token.
pub const END: u32 = 49_407;

const MERGES: &[u8] = include_bytes!("../../assets/bpe_simple_vocab_16e6.txt.gz");

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

/// The encoder: merges and the ids of single bytes.
pub struct Bpe {
    /// The merge of two pieces, by their ids.
    merges: HashMap<(u32, u32), Merge>,
    /// Ids of every byte: within a word, and at its end.
    bytes: [[u32; 256]; 2],
    words: Regex,
    spaces: Regex,
}

#[derive(Debug, Clone, Copy)]
struct Merge {
    /// Merges of a lower rank come first; each has its own.
    rank: u32,
    /// The id of the piece that it makes.
    id: u32,
}

impl std::fmt::Debug for Bpe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bpe({} merges)", self.merges.len())
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
        let lines = text.lines().skip(1).take(VOCABULARY - 256 * 2 - 2);
        let pairs: Vec<(&str, &str)> =
            lines.map(|line| line.split_once(' ').expect("a merge has two parts")).collect();
        pieces.extend(pairs.iter().map(|(a, b)| format!("{a}{b}")));
        // Where two merges make one piece, its id is that of the later one.
        let ids: HashMap<String, u32> = pieces.into_iter().zip(0..).collect();
        let mut merges = HashMap::with_capacity(pairs.len());
        for (rank, (a, b)) in (0..).zip(pairs) {
            merges.insert((ids[a], ids[b]), Merge { rank, id: ids[&format!("{a}{b}")] });
        }
        let bytes = ["", "</w>"]
            .map(|end| byte_symbols.map(|symbol| ids[format!("{symbol}{end}").as_str()]));
        // Text is in lower case. The reference ignores case all the same, by which U+0345, whose capital is a letter, is neither a letter
        // nor anything else there, and is dropped.
        let words = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}\u{345}]+";
        Self {
            merges,
            bytes,
            words: Regex::new(words).expect("a valid pattern"),
            spaces: Regex::new(r"\s+").expect("a valid pattern"),
        }
    }

    /// The lower-case words of a sentence, in order, as in [`Encoded::words`].
    #[must_use]
    pub fn words(&self, sentence: &str) -> Vec<String> {
        let mut words = Vec::new();
        self.for_each_word(sentence, |word| {
            words.push(word.to_owned());
            true
        });
        words
    }

    /// Encodes a sentence.
    #[must_use]
    pub fn encode(&self, sentence: &str) -> Encoded {
        self.encode_within(sentence, CONTEXT)
    }

    /// As [`Self::encode`], in at most `context` ids: the last of a sentence that is cut is the end token.
    ///
    /// # Panics
    /// If `context` is 0.
    #[must_use]
    pub fn encode_within(&self, sentence: &str, context: usize) -> Encoded {
        let (mut ids, mut word_of, mut words) = (vec![START], vec![None], Vec::new());
        self.for_each_word(sentence, |word| {
            self.append(word, &mut ids);
            word_of.resize(ids.len(), Some(words.len()));
            words.push(word.to_owned());
            true
        });
        word_of.truncate(context - 1);
        word_of.push(None);
        let truncated = end(&mut ids, context);
        Encoded { ids, word_of, words, truncated }
    }

    /// [`Encoded::ids`] of a sentence alone, and whether pieces were cut off to fit: faster than [`Self::encode`].
    #[must_use]
    pub fn ids(&self, sentence: &str) -> (Vec<u32>, bool) {
        self.ids_within(sentence, CONTEXT)
    }

    /// As [`Self::ids`], in at most `context` ids.
    ///
    /// # Panics
    /// If `context` is 0.
    #[must_use]
    pub fn ids_within(&self, sentence: &str, context: usize) -> (Vec<u32>, bool) {
        let mut ids = Vec::with_capacity(context);
        ids.push(START);
        self.for_each_word(sentence, |word| {
            self.append(word, &mut ids);
            ids.len() < context
        });
        let truncated = end(&mut ids, context);
        (ids, truncated)
    }

    /// Calls `visit` with the lower-case words of a sentence, in order, as long as it returns true.
    fn for_each_word(&self, sentence: &str, visit: impl FnMut(&str) -> bool) {
        if words::is_plain(sentence) {
            words::for_each(&sentence.to_ascii_lowercase(), visit);
        } else {
            self.for_each_word_of_any_text(sentence, visit);
        }
    }

    /// [`Self::for_each_word`] as the reference has it.
    fn for_each_word_of_any_text(&self, sentence: &str, visit: impl FnMut(&str) -> bool) {
        let cleaned =
            self.spaces.replace_all(clean::basic(sentence).trim(), " ").trim().to_lowercase();
        let _ = self.words.find_iter(&cleaned).map(|word| word.as_str()).all(visit);
    }

    /// Appends the ids of a word's pieces.
    fn append(&self, word: &str, ids: &mut Vec<u32>) {
        match word {
            "<|startoftext|>" => ids.push(START),
            "<|endoftext|>" => ids.push(END),
            _ => KNOWN.with_borrow_mut(|known| known.append(word, ids, || self.pieces(word))),
        }
    }

    /// The ids of a word's pieces.
    fn pieces(&self, word: &str) -> Vec<u32> {
        let [within, at_end] = &self.bytes;
        let mut ids: Vec<u32> = word.bytes().map(|b| within[usize::from(b)]).collect();
        if let (Some(id), Some(byte)) = (ids.last_mut(), word.bytes().last()) {
            *id = at_end[usize::from(byte)];
        }
        let merge = |a: u32, b: u32| self.merges.get(&(a, b)).copied();
        // Entry i is the merge of the pieces i and i + 1.
        let mut merges: Vec<Option<Merge>> =
            ids.windows(2).map(|pair| merge(pair[0], pair[1])).collect();
        while let Some(best) = merges.iter().flatten().copied().min_by_key(|merge| merge.rank) {
            // All places of the best pair are merged, from left to right.
            let (mut from, mut to) = (0, 0);
            while from < ids.len() {
                let is_best =
                    merges.get(from).copied().flatten().is_some_and(|m| m.rank == best.rank);
                ids[to] = if is_best { best.id } else { ids[from] };
                let last = from + usize::from(is_best);
                if let Some(next) = merges.get(last).copied() {
                    merges[to] = next;
                }
                (from, to) = (last + 1, to + 1);
            }
            ids.truncate(to);
            merges.truncate(to - 1);
            for (pair, known) in ids.windows(2).zip(&mut merges) {
                if pair.contains(&best.id) {
                    *known = merge(pair[0], pair[1]);
                }
            }
        }
        ids
    }
}

/// Cuts a sentence to fit and ends it; whether it did not fit.
fn end(ids: &mut Vec<u32>, context: usize) -> bool {
    let truncated = ids.len() + 1 > context;
    ids.truncate(context - 1);
    ids.push(END);
    truncated
}

thread_local! {
    /// Words that this thread has split, of which there are few in captions.
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// Words with the ids of their pieces.
#[derive(Default)]
struct Known {
    words: HashMap<Box<str>, Range<usize>>,
    ids: Vec<u32>,
}

/// Words that are kept, and the longest of them in bytes: at most a few megabytes.
const MOST_WORDS: usize = 1 << 15;
const LONGEST_WORD: usize = 32;

impl Known {
    fn append(&mut self, word: &str, ids: &mut Vec<u32>, split: impl FnOnce() -> Vec<u32>) {
        if let Some(range) = self.words.get(word) {
            ids.extend_from_slice(&self.ids[range.clone()]);
            return;
        }
        let pieces = split();
        ids.extend_from_slice(&pieces);
        if word.len() <= LONGEST_WORD && self.words.len() < MOST_WORDS {
            let first = self.ids.len();
            self.ids.extend(pieces);
            self.words.insert(word.into(), first..self.ids.len());
        }
    }
}

#[cfg(test)]
mod tests;
