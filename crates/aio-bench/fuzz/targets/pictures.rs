#![no_main]
//! Pictures: JPEG, PNG, BMP, WebP and TIFF, told apart by their content.

use aio_types::PictureSize;
use libfuzzer_sys::fuzz_target;

const SIZE: PictureSize = PictureSize { height: 16, width: 8 };

fuzz_target!(|input: &[u8]| {
    if !aio_fuzz::is_small(input) {
        return;
    }
    if let Ok(decoded) = aio_data::picture::decode(input) {
        // An image without pixels is refused here.
        if let Ok(picture) = aio_data::picture::resized(&decoded, SIZE) {
            assert_eq!(picture.pixels.len(), 3 * SIZE.height * SIZE.width);
        }
    }
});
