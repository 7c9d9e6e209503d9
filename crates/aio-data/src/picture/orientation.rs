//! The orientation that a camera wrote into a file.

use image::metadata::Orientation;
use image::{ImageDecoder, ImageFormat, ImageResult};

/// What some programs write in front of the metadata in PNG and WebP files, as if these were JPEG files.
const PREFIX: &[u8] = b"Exif\0\0";

/// How the pixels of a file have to be turned; nothing where the file does not say.
pub(super) fn orientation(
    decoder: &mut impl ImageDecoder,
    format: Option<ImageFormat>,
    bytes: &[u8],
) -> ImageResult<Orientation> {
    if format == Some(ImageFormat::Tiff) {
        return decoder.orientation();
    }
    let mut exif = decoder.exif_metadata()?;
    if exif.is_none() && format == Some(ImageFormat::Png) {
        exif = png_exif(bytes).map(<[u8]>::to_vec);
    }
    let found = exif
        .and_then(|exif| Orientation::from_exif_chunk(exif.strip_prefix(PREFIX).unwrap_or(&exif)));
    Ok(found.unwrap_or(Orientation::NoTransforms))
}

/// The metadata of a PNG file, which may stand behind the pixels, where the decoder does not look before it decodes them.
fn png_exif(bytes: &[u8]) -> Option<&[u8]> {
    // Every chunk is a length, a name, contents and a checksum.
    let mut rest = bytes.get(8..)?;
    loop {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let (name, behind) = behind.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        if name == b"eXIf" {
            return behind.get(..length);
        }
        rest = behind.get(length.checked_add(4)?..)?;
    }
}
