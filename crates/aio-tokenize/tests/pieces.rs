//! Sentence pieces of small files: what they make of sentences, and files that are refused.

use aio_tokenize::Pieces;
use aio_tokenize::bpe::Encoded;
use serde_json::{Value, json};

/// A Unigram file in which longer pieces are better, as T5's are written.
fn unigram() -> Value {
    let pieces = ["<pad>", "</s>", "<unk>", "▁", "▁a", "▁man", "▁in", "▁red", "m", "an", "s"];
    let vocab: Vec<Value> =
        pieces.iter().map(|piece| json!([piece, piece.chars().count() as f64 - 20.0])).collect();
    json!({
        "version": "1.0",
        "truncation": {"direction": "Left", "max_length": 3, "strategy": "LongestFirst", "stride": 0},
        "padding": {
            "strategy": {"Fixed": 5}, "direction": "Left", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "<pad>",
        },
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "WhitespaceSplit"},
            {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
        ]},
        "post_processor": null,
        "decoder": null,
        "model": {"type": "Unigram", "unk_id": 2, "vocab": vocab, "byte_fallback": false},
    })
}

/// A BPE file, as Gemma's is written.
fn bpe() -> Value {
    let tokens = ["<pad>", "<eos>", "<unk>", "a", "m", "n", "▁", "an", "man", "▁man", "?"];
    let vocab: serde_json::Map<String, Value> =
        tokens.iter().zip(0..).map(|(token, id)| ((*token).to_owned(), id.into())).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": null, "post_processor": null, "decoder": null,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": false, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "vocab": vocab, "merges": [["a", "n"], ["m", "an"], ["▁", "man"]],
        },
    })
}

fn read(file: &Value, context: usize) -> Result<Pieces, String> {
    Pieces::from_json(file.to_string().into_bytes(), context)
}

fn ids(pieces: &Pieces, sentence: &str) -> Vec<u32> {
    let (ids, truncated) = pieces.ids(sentence);
    let Encoded { ids: same, truncated: as_well, .. } = pieces.encode(sentence);
    assert_eq!((&ids, truncated), (&same, as_well), "{sentence:?}");
    assert_eq!(ids.len(), pieces.context(), "{sentence:?}");
    ids
}

#[test]
fn a_sentence_ends_with_its_token_and_is_filled_whatever_the_file_says_of_it() {
    let pieces = read(&unigram(), 8).expect("reads");
    assert_eq!((pieces.vocabulary(), pieces.end(), pieces.padding()), (11, 1, 1));
    assert_eq!(ids(&pieces, "A man, in red!"), [4, 5, 6, 7, 1, 1, 1, 1]);
    assert_eq!(ids(&pieces, ""), [1; 8]);
    assert_eq!(ids(&pieces, "x"), [3, 2, 1, 1, 1, 1, 1, 1]);
    let long = "a man in red a man in red";
    assert_eq!(ids(&pieces, long), [4, 5, 6, 7, 4, 5, 6, 1]);
    assert!(pieces.ids(long).1 && !pieces.ids("a man in red a man in").1);
    assert_eq!(ids(&read(&unigram(), 1).expect("reads"), "a man"), [1]);
    let pieces = read(&bpe(), 5).expect("reads");
    assert_eq!((pieces.vocabulary(), pieces.end(), pieces.padding()), (11, 1, 0));
    assert_eq!(ids(&pieces, "man Man?"), [8, 9, 10, 1, 0]);
    assert_eq!(ids(&pieces, "z"), [2, 1, 0, 0, 0]);
}

#[test]
fn text_is_lower_cased_whether_or_not_the_file_says_so() {
    let mut own = bpe();
    own["normalizer"] =
        json!({"type": "Sequence", "normalizers": [{"type": "Lowercase"}, bpe()["normalizer"]]});
    let (own, given) = (read(&own, 6).expect("reads"), read(&bpe(), 6).expect("reads"));
    for sentence in ["MAN", "aM AN", "ΟΔΟΣ İ"] {
        assert_eq!(ids(&own, sentence), ids(&given, sentence), "{sentence}");
    }
}

#[test]
fn extra_tokens_have_no_rows_and_are_unknown() {
    let mut file = unigram();
    let vocab = file.pointer_mut("/model/vocab").and_then(Value::as_array_mut).expect("pieces");
    vocab.extend([json!(["<extra_id_1>", -3.0]), json!(["<extra_id_0>", -3.0])]);
    file["normalizer"] =
        json!({"type": "Replace", "pattern": {"String": "q"}, "content": "<extra_id_0>"});
    let pieces = read(&file, 6).expect("reads");
    assert_eq!(pieces.vocabulary(), 11);
    assert_eq!(ids(&pieces, "a q man"), [4, 3, 2, 5, 1, 1]);
}

#[test]
fn every_piece_belongs_to_its_word() {
    let pieces = read(&unigram(), 9).expect("reads");
    let encoded = pieces.encode("Mans, in a RED xx");
    assert_eq!(encoded.words, ["mans", "in", "a", "red", "xx"]);
    assert_eq!(encoded.ids, [5, 10, 6, 4, 7, 3, 2, 1, 1]);
    let expected = [Some(0), Some(0), Some(1), Some(2), Some(3), Some(4), Some(4), None, None];
    assert_eq!(encoded.word_of, expected);
    let cut = read(&unigram(), 4).expect("reads").encode("Mans, in a RED xx");
    assert_eq!((cut.word_of, cut.truncated), (vec![Some(0), Some(0), Some(1), None], true));
    let encoded = read(&bpe(), 5).expect("reads").encode("man Man");
    assert_eq!(encoded.words, ["man", "Man"]);
    assert_eq!(encoded.word_of, [Some(0), Some(1), None, None, None]);
}

#[test]
fn a_file_that_is_not_of_this_kind_is_refused_with_what_it_has() {
    let problem = |file: &Value| read(file, 8).expect_err("refused");
    let changed = |file: Value, pointer: &str, value: Value| {
        let mut file = file;
        *file.pointer_mut(pointer).expect(pointer) = value;
        problem(&file)
    };
    let not_json = Pieces::from_json(b"\x0a\x0e\x0a\x05".to_vec(), 8).expect_err("SentencePiece");
    assert!(not_json.contains("it is no tokenizer.json of Hugging Face's"), "{not_json}");
    assert!(problem(&json!({"model_type": "siglip"})).contains("missing field `model`"));
    let word_piece = changed(unigram(), "/model/type", "WordPiece".into());
    assert!(word_piece.contains("of the type WordPiece, expected Unigram (SigLIP) or BPE"));
    assert!(changed(unigram(), "/model/type", Value::Null).contains("of the type none"));
    let unknown = changed(unigram(), "/model/unk_id", Value::Null);
    assert!(unknown.contains("no token for unknown letters"), "{unknown}");
    let outside = changed(unigram(), "/model/unk_id", 11.into());
    assert!(outside.contains("UnkIdNotInVocabulary"), "{outside}");
    let no_end = changed(unigram(), "/model/vocab/1/0", "<end>".into());
    assert_eq!(no_end, "it has no token `</s>`, which ends a sentence");
    let other = changed(bpe(), "/model/unk_token", "<other>".into());
    assert!(other.contains("no token `<other>`, which stands for unknown letters"), "{other}");
    let random = changed(bpe(), "/model/dropout", 0.1.into());
    assert!(random.contains("dropout"), "{random}");
    for merges in [json!([["q", "n"]]), json!(["q n"])] {
        let merged = changed(bpe(), "/model/merges", merges);
        assert!(merged.contains("it merges pieces into `qn`, which is no piece"), "{merged}");
    }
    let prefix = changed(bpe(), "/model/continuing_subword_prefix", "##".into());
    assert!(prefix.contains("a prefix or suffix"), "{prefix}");
    let clip = changed(bpe(), "/pre_tokenizer", json!({"type": "ByteLevel"}));
    assert!(clip.contains("a part of the type ByteLevel, expected Sequence"), "{clip}");
    let bert = json!({"type": "Sequence", "normalizers": [{"type": "BertNormalizer"}]});
    assert!(changed(unigram(), "/normalizer", bert).contains("of the type BertNormalizer"));
    let table = json!({"type": "Precompiled", "precompiled_charsmap": "AAQAAAA="});
    assert!(changed(unigram(), "/normalizer", table).contains("too few"));
    let table = json!({"type": "Precompiled", "precompiled_charsmap": "?"});
    assert!(changed(unigram(), "/normalizer", table).contains("its precompiled_charsmap: "));
    let error = Pieces::from_json(vec![b' '; Pieces::LARGEST_FILE + 1], 8).expect_err("large");
    assert!(error.contains("67108865 bytes"), "{error}");
    assert!(read(&unigram(), 0).is_err());
}

/// Whatever stands in a file: an error or ids, and no panic.
#[test]
fn damaged_files_are_errors_or_give_ids() {
    let mut state = 7u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    let (mut read, mut refused) = (0, 0);
    // With a table of replacements, most of which is in Base64.
    let table = include_str!("../../aio-bench/fuzz/seeds/tokenizers/unigram.json");
    let files = [unigram().to_string(), bpe().to_string(), table.to_owned()];
    for file in files.map(String::into_bytes) {
        for _ in 0..10_000 {
            let mut damaged = file.clone();
            for _ in 0..=next(3) {
                let (from, to) = (next(damaged.len()), next(file.len()));
                match next(3) {
                    0 => damaged[from] = file[to],
                    1 => drop(damaged.drain(from..(from + 1 + next(4)).min(damaged.len()))),
                    _ => damaged.insert(from, file[to]),
                }
            }
            match Pieces::from_json(damaged, 6) {
                Ok(pieces) => {
                    read += 1;
                    for sentence in ["", "a man in RED ▁▁", "\u{10ffff}é\u{301} <pad></s><eos>x"]
                    {
                        assert_eq!(pieces.encode(sentence).ids.len(), 6);
                    }
                }
                Err(problem) => {
                    refused += 1;
                    assert!(!problem.is_empty());
                }
            }
        }
    }
    assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
}
