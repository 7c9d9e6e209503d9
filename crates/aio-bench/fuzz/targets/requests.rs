#![no_main]
//! Bodies of the routes of `aio serve`: JSON with pictures in base64.

use aio_bench::serve::read_search;
use aio_types::PictureSize;
use libfuzzer_sys::fuzz_target;

const SIZE: PictureSize = PictureSize { height: 16, width: 8 };

fuzz_target!(|body: &[u8]| {
    if let Ok(search) = read_search(body, SIZE) {
        for (modality, picture) in &search.pictures {
            assert!(modality.is_visual());
            assert_eq!(picture.pixels.len(), 3 * SIZE.height * SIZE.width);
        }
        assert!(search.caption.is_none_or(|text| !text.trim().is_empty()));
    }
});
