//! What a `tokenizer.json` says it is, before it is used.

use super::charsmap;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Value;

/// The models that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// SigLIP's: SentencePiece with a score per piece.
    Unigram,
    /// SigLIP 2's, which is Gemma's: merges.
    Bpe,
}

/// What stands for letters that are in no piece.
pub(super) enum Unknown {
    Id(u32),
    Token(String),
}

/// What has to be known of a file.
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) unknown: Unknown,
    /// Whether its own normaliser lower-cases.
    pub(super) lowers: bool,
}

/// The parts of the file that are looked at.
#[derive(Deserialize)]
struct File {
    model: Model,
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    unk_id: Option<u32>,
    unk_token: Option<String>,
    dropout: Option<f64>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    /// An object with the ids of pieces, or a list of pieces with scores.
    #[serde(default)]
    vocab: Value,
    #[serde(default)]
    merges: Vec<Merge>,
}

/// A merge of two pieces, as new and as old files write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Pair(String, String),
    Text(String),
}

impl Model {
    /// Refuses what the crate that reads the file would take for granted: that every merge gives a piece.
    fn check_merges(&self) -> Result<(), String> {
        let affixes = [&self.continuing_subword_prefix, &self.end_of_word_suffix];
        if affixes.into_iter().flatten().any(|affix| !affix.is_empty()) {
            return Err("its pieces have a prefix or suffix by their place in a word, which SigLIP 2's have not".into());
        }
        let is_piece = |piece: &str| self.vocab.get(piece).is_some();
        for merge in &self.merges {
            let merged = match merge {
                Merge::Pair(a, b) => format!("{a}{b}"),
                Merge::Text(text) => text.replacen(' ', "", 1),
            };
            if !is_piece(&merged) {
                return Err(format!("it merges pieces into `{merged}`, which is no piece"));
            }
        }
        Ok(())
    }
}

/// Types of normalisers and pre-tokenizers that occur in files of sentence pieces. Those of other tokenizers (BERT's, GPT-2's) are not among them.
const NORMALISERS: [&str; 11] = [
    "Sequence",
    "Precompiled",
    "Replace",
    "Lowercase",
    "Strip",
    "Prepend",
    "Nmt",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
];
const PRE_TOKENIZERS: [&str; 4] = ["Sequence", "Metaspace", "WhitespaceSplit", "Split"];

impl Shape {
    /// Looks at a file.
    ///
    /// # Errors
    /// A sentence that says what was expected and what was found.
    pub(super) fn of(json: &[u8]) -> Result<Self, String> {
        let File { model, normalizer, pre_tokenizer } = serde_json::from_slice(json)
            .map_err(|e| format!("it is no tokenizer.json of Hugging Face's tokenizers: {e}"))?;
        let kind = match model.kind.as_deref() {
            Some("Unigram") => Kind::Unigram,
            Some("BPE") => Kind::Bpe,
            found => {
                let found = found.unwrap_or("none");
                return Err(format!(
                    "its model is of the type {found}, expected Unigram (SigLIP) or BPE (SigLIP 2)"
                ));
            }
        };
        if model.dropout.is_some_and(|rate| rate != 0.0) {
            return Err("its model has a dropout, which makes ids random".into());
        }
        if kind == Kind::Bpe {
            model.check_merges()?;
        }
        let unknown = match (kind, model.unk_id, model.unk_token) {
            (Kind::Unigram, Some(id), _) => Unknown::Id(id),
            (Kind::Bpe, _, Some(token)) => Unknown::Token(token),
            _ => return Err("its model names no token for unknown letters".into()),
        };
        let mut lowers = false;
        parts(normalizer.as_ref(), "normalizers", &NORMALISERS, &mut |kind, part| {
            lowers |= kind == "Lowercase";
            if kind == "Precompiled" { check_table(part) } else { Ok(()) }
        })?;
        parts(pre_tokenizer.as_ref(), "pretokenizers", &PRE_TOKENIZERS, &mut |_, _| Ok(()))?;
        Ok(Self { kind, unknown, lowers })
    }
}

/// Visits a part and those in it, whose key in a sequence is `below`, with their types; refuses types that are not `known`.
fn parts(
    part: Option<&Value>,
    below: &str,
    known: &[&str],
    visit: &mut impl FnMut(&str, &Value) -> Result<(), String>,
) -> Result<(), String> {
    let Some(part) = part else { return Ok(()) };
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("none");
    if !known.contains(&kind) {
        return Err(format!("it has a part of the type {kind}, expected {}", known.join(", ")));
    }
    visit(kind, part)?;
    let inside = part.get(below).and_then(Value::as_array).into_iter().flatten();
    inside.into_iter().try_for_each(|part| parts(Some(part), below, known, visit))
}

fn check_table(part: &Value) -> Result<(), String> {
    let text = part.get("precompiled_charsmap").and_then(Value::as_str);
    let text = text.ok_or("its Precompiled normaliser has no precompiled_charsmap")?;
    let table =
        BASE64_STANDARD.decode(text).map_err(|e| format!("its precompiled_charsmap: {e}"))?;
    charsmap::check(&table)
}
