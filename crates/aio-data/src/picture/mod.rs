//! Pictures: which files are read, how they are decoded, and all of one size in memory.

mod decode;
mod format;
mod jpeg;
mod luminance;
mod orientation;

pub use decode::{check_pixels, decode};
pub(crate) use format::is_other_picture;
pub use format::{FORMATS, is_picture};
pub(crate) use luminance::{luminance, luminances};

use crate::{DataError, Result, Undecodable};
use aio_types::{Picture, PictureSize};
use fast_image_resize as fir;
use rayon::prelude::*;
use std::ops::ControlFlow;
use std::path::Path;

/// Largest picture file that is read, in bytes: 1 GiB, more than the pixels of the largest picture that is decoded.
const LARGEST_FILE: u64 = 1 << 30;

/// Reads a picture file of at most 1 GiB.
///
/// # Errors
/// [`DataError::Io`] or [`DataError::NotAFile`] if it cannot be opened, [`DataError::TooLarge`] if it is larger.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    crate::fs::read_at_most(path, LARGEST_FILE)
}

/// Decodes an image file as [`decode`] does and resizes it with an antialiased bilinear filter.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be opened, [`DataError::TooLarge`] if it is larger than 1 GiB, [`DataError::Image`] if it cannot be
/// decoded.
pub fn open(path: &Path, size: PictureSize) -> Result<Picture> {
    let wrong = |problem: String| DataError::Image {
        path: path.to_path_buf(),
        problem: Undecodable::damaged(problem),
    };
    resized(&decoded(path)?, size).map_err(wrong)
}

fn decoded(path: &Path) -> Result<image::RgbImage> {
    decode(&read(path)?).map_err(|problem| DataError::Image { path: path.to_path_buf(), problem })
}

/// Decodes many pictures in parallel and keeps none; `tick` is called after each.
///
/// # Errors
/// As [`open`], for the first picture, in order, that cannot be decoded; [`DataError::Interrupted`] if `tick` asks to stop.
pub fn check_all<P: AsRef<Path> + Sync>(
    paths: &[P],
    tick: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Result<()> {
    let check = |path: &P| -> Result<()> {
        decoded(path.as_ref())?;
        match tick() {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(DataError::Interrupted { phase: "decoding pictures" }),
        }
    };
    paths.par_iter().map(check).find_map_first(Result::err).map_or(Ok(()), Err)
}

/// Resizes a decoded image.
///
/// # Errors
/// The resizer's message, for an image without pixels.
pub fn resized(image: &image::RgbImage, size: PictureSize) -> std::result::Result<Picture, String> {
    let source = fir::images::TypedImageRef::<fir::pixels::U8x3>::from_buffer(
        image.width(),
        image.height(),
        image.as_raw(),
    )
    .map_err(|e| e.to_string())?;
    let mut target =
        fir::images::Image::new(size.width as u32, size.height as u32, fir::PixelType::U8x3);
    let options = fir::ResizeOptions::new()
        .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
    // One pixel type: the untyped call would compile the resizer for every type there is.
    let mut pixels = target.typed_image_mut::<fir::pixels::U8x3>().ok_or("not a colour image")?;
    fir::Resizer::new().resize_typed(&source, &mut pixels, &options).map_err(|e| e.to_string())?;
    Ok(Picture { size, pixels: target.into_vec() })
}

/// Opens many pictures in parallel, in order; `tick` is called after each.
///
/// # Errors
/// The first picture, in order, that cannot be opened.
pub fn open_all<P: AsRef<Path> + Sync>(
    paths: &[P],
    size: PictureSize,
    tick: &(dyn Fn() + Sync),
) -> Result<Vec<Picture>> {
    paths
        .par_iter()
        .map(|path| {
            let picture = open(path.as_ref(), size);
            tick();
            picture
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_jpeg_is_an_error_that_names_the_file() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("0001_c1s1_000451_03.jpg");
        let pixel = |x: u32, y: u32| image::Rgb([(37 * x * y) as u8, (91 * x) as u8, y as u8]);
        let mut whole = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut whole, 80);
        let picture = image::RgbImage::from_fn(32, 64, pixel);
        picture.write_with_encoder(encoder).expect("a JPEG");
        let size = PictureSize { height: 64, width: 32 };
        let values = whole.windows(2).rposition(|pair| pair == [0xff, 0xda]).expect("a scan") + 14;
        let behind = |hundredths: usize| values + (whole.len() - values) * hundredths / 100;
        // Within the header, and at several places within the values.
        for length in [values / 2, behind(0), behind(10), behind(50), behind(99), whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).expect("write");
            let error = open(&path, size).expect_err("a part of a JPEG");
            assert!(error.to_string().contains("0001_c1s1_000451_03.jpg"), "{error}");
            assert!(error.hint().is_some_and(|hint| hint.contains("cut short")), "{error}");
        }
        std::fs::write(&path, &whole).expect("write");
        assert_eq!(open(&path, size).expect("whole").pixels.len(), 64 * 32 * 3);
    }

    #[test]
    fn a_picture_file_above_1_gib_is_not_read() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("sparse.jpg");
        let file = std::fs::File::create(&path).expect("created");
        // Where the file system has no files of this length, there is nothing to test.
        if file.set_len((1 << 30) + 1).is_err() {
            return;
        }
        let size = PictureSize { height: 64, width: 32 };
        for error in [read(&path).map(drop), open(&path, size).map(drop)] {
            let error = error.expect_err("too large").to_string();
            assert!(error.contains("sparse.jpg holds 1073741825 bytes"), "{error}");
        }
    }

    #[test]
    fn the_first_damaged_picture_of_many_is_named() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let paths: Vec<_> =
            (0..40).map(|number| directory.path().join(format!("{number:02}.png"))).collect();
        for path in &paths {
            image::RgbImage::new(2, 4).save(path).expect("written");
        }
        let go_on = || ControlFlow::Continue(());
        check_all(&paths, &go_on).expect("all are whole");
        for damaged in [&paths[31], &paths[17]] {
            std::fs::write(damaged, b"\x89PNG\r\n\x1a\n").expect("written");
        }
        let error = check_all(&paths, &go_on).expect_err("two are damaged").to_string();
        assert!(error.contains("17.png"), "{error}");
        let stopped = check_all(&paths[..8], &|| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(DataError::Interrupted { .. })));
    }
}
