//! From the bytes of a file to upright, opaque pixels of 8 bits.

use super::jpeg::has_end;
use super::orientation::orientation;
use crate::undecodable::Undecodable;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use std::io::Cursor;
use tiff::TiffResult;
use tiff::decoder::Decoder;
use tiff::tags::{ExtraSamples, Tag};

/// Side length above which a file is refused before it is decoded.
const LARGEST_SIDE: u32 = 16_384;

/// The formats that are read. The crate `image` recognises further ones, and reads them where another program of the build asks for them.
const DECODED: [ImageFormat; 5] =
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Tiff];

/// How transparency is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alpha {
    /// Beside the colour.
    Straight,
    /// The colour is multiplied by it already.
    Multiplied,
}

/// Decodes an image: JPEG, PNG, BMP, WebP or TIFF, told apart by their content.
///
/// Transparent pixels are laid on white. The orientation that a camera wrote into the file is applied. Grey images get
/// three equal channels; values of 16 bits are scaled from 0..65535 to 0..255 and rounded.
///
/// # Errors
/// [`Undecodable`] for a file that is damaged, cut short, too large, or of another format.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, Undecodable> {
    let mut reader = reader(bytes)?;
    let format = reader.format();
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    // The pixels themselves count, too.
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    if format == Some(ImageFormat::Jpeg) && !has_end(bytes) {
        return Err(Undecodable::CutShort);
    }
    let orientation = orientation(&mut decoder, format, bytes)?;
    let alpha = if format == Some(ImageFormat::Tiff) {
        tiff_alpha(bytes).map_err(Undecodable::damaged)?
    } else {
        Alpha::Straight
    };
    let image = DynamicImage::from_decoder(decoder)?;
    let mut opaque = DynamicImage::ImageRgb8(on_white(image, alpha));
    opaque.apply_orientation(orientation);
    Ok(opaque.into_rgb8())
}

/// Refuses a picture whose header announces more than `most` pixels, before it is decoded.
///
/// # Errors
/// [`Undecodable`] for a picture that is too large, or whose header cannot be read.
pub fn check_pixels(bytes: &[u8], most: u64) -> Result<(), Undecodable> {
    let (width, height) = reader(bytes)?.into_dimensions()?;
    if u64::from(width) * u64::from(height) > most {
        let problem = format!("{height} × {width} pixels, expected {most} at most");
        return Err(Undecodable::TooLarge { problem });
    }
    Ok(())
}

/// The reader of a file in one of the formats that are read.
fn reader(bytes: &[u8]) -> Result<ImageReader<Cursor<&[u8]>>, Undecodable> {
    let reader = ImageReader::new(Cursor::new(bytes));
    let reader = reader.with_guessed_format().map_err(Undecodable::damaged)?;
    match reader.format() {
        Some(format) if DECODED.contains(&format) => Ok(reader),
        Some(other) => Err(Undecodable::Format { name: format!("{other:?}").to_uppercase() }),
        None if bytes.is_empty() => Err(Undecodable::Empty),
        None => Err(Undecodable::Unknown),
    }
}

/// How a TIFF file stores transparency.
fn tiff_alpha(bytes: &[u8]) -> TiffResult<Alpha> {
    let mut decoder = Decoder::new(Cursor::new(bytes))?;
    let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)?;
    let multiplied = ExtraSamples::AssociatedAlpha.to_u16();
    let first = extra.and_then(|samples| samples.first().copied());
    Ok(if first == Some(multiplied) { Alpha::Multiplied } else { Alpha::Straight })
}

/// The image without transparency. The pixels of an opaque image are those of [`DynamicImage::into_rgb8`].
fn on_white(image: DynamicImage, alpha: Alpha) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let (width, height) = (image.width(), image.height());
    let bytes_per_channel = image.color().bytes_per_pixel() / image.color().channel_count();
    let pixels: Vec<u8> = if bytes_per_channel == 1 {
        let image = image.into_rgba8();
        let pixel = |p: &image::Rgba<u8>| {
            let [channels @ .., a] = p.0.map(u32::from);
            channels.map(|c| over_white(c, a, 0xff, alpha) as u8)
        };
        image.pixels().flat_map(pixel).collect()
    } else {
        let image = image.into_rgba16();
        let pixel = |p: &image::Rgba<u16>| {
            let [channels @ .., a] = p.0.map(u32::from);
            channels.map(|c| ((over_white(c, a, 0xffff, alpha) + 128) / 257) as u8)
        };
        image.pixels().flat_map(pixel).collect()
    };
    RgbImage::from_raw(width, height, pixels).expect("three bytes for every pixel")
}

/// A value over white, rounded; `most` is white and full opacity.
fn over_white(value: u32, alpha: u32, most: u32, stored: Alpha) -> u32 {
    match stored {
        Alpha::Straight => {
            let sum = u64::from(value) * u64::from(alpha)
                + u64::from(most) * u64::from(most - alpha)
                + u64::from(most / 2);
            (sum / u64::from(most)) as u32
        }
        Alpha::Multiplied => (value + most - alpha).min(most),
    }
}
