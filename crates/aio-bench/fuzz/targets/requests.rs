#![no_main]
//! Bodies of the routes of `aio serve`: JSON with pictures in base64.

use aio_bench::serve::read_search;
use aio_types::PictureSize;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const SIZE: PictureSize = PictureSize { height: 16, width: 8 };

fn is_small(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return true };
    let pictures = body["pictures"].as_object().into_iter().flatten();
    let mut data = pictures.filter_map(|(_, picture)| picture["data"].as_str());
    data.all(|data| STANDARD.decode(data).map_or(true, |bytes| aio_fuzz::is_small(&bytes)))
}

fuzz_target!(|body: &[u8]| {
    if !is_small(body) {
        return;
    }
    if let Ok(search) = read_search(body, SIZE) {
        for (modality, picture) in &search.pictures {
            assert!(modality.is_visual());
            assert_eq!(picture.pixels.len(), 3 * SIZE.height * SIZE.width);
        }
        assert!(search.caption.is_none_or(|text| !text.trim().is_empty()));
    }
});
