#![no_main]
//! CLIP's byte-pair encoding.

use aio_tokenize::bpe::Bpe;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let encoded = Bpe::clip().encode(text);
    assert!(encoded.ids.len() <= 77 && encoded.padded().len() == 77);
});
