//! Luminance of pixels.

use aio_types::Picture;

/// Luminance of an 8-bit pixel, 0..255 (ITU-R BT.601, as in the reference implementation of CAJ).
pub(crate) fn luminance([r, g, b]: [u8; 3]) -> f32 {
    0.2989 * f32::from(r) + 0.5870 * f32::from(g) + 0.1140 * f32::from(b)
}

/// Luminance of every pixel, 0..1, rows from the top.
pub(crate) fn luminances(picture: &Picture) -> Vec<f32> {
    picture.pixels.chunks_exact(3).map(|p| luminance([p[0], p[1], p[2]]) / 255.0).collect()
}
