#![no_main]
//! `tokenizer.json` files of text towers, and sentences that they take apart.

use aio_tokenize::Pieces;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(pieces) = Pieces::from_json(input.to_vec(), 8) {
        for sentence in ["", "A man in RED, ▁▁", "\u{10ffff}e\u{301}\u{1c} <pad></s><eos>"] {
            assert_eq!(pieces.encode(sentence).ids, pieces.ids(sentence).0);
            assert_eq!(pieces.ids(sentence).0.len(), 8);
        }
    }
});
