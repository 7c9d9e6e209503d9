use super::SIZE;
use aio_types::Picture;

/// Horizontal stripes.
const STRIPES: usize = 6;
/// Bins of one channel, of 32 values each.
const BINS: usize = 8;
/// Bins of a stripe.
const COLOURS: usize = BINS * BINS * BINS;
/// Values of the descriptor.
pub(super) const WIDTH: usize = STRIPES * COLOURS;

/// First row of stripe `i`: the nearest to `i` sixths of the height.
fn first_row(i: usize) -> usize {
    (2 * i * SIZE.height + STRIPES) / (2 * STRIPES)
}

fn bin(pixel: &[u8]) -> usize {
    pixel.iter().fold(0, |bin, value| BINS * bin + usize::from(*value) * BINS / 256)
}

/// Of a picture of [`SIZE`].
pub(super) fn describe(picture: &Picture) -> Vec<f32> {
    let mut values = vec![0.0; WIDTH];
    let row = 3 * SIZE.width;
    for (i, stripe) in values.chunks_exact_mut(COLOURS).enumerate() {
        let pixels = &picture.pixels[first_row(i) * row..first_row(i + 1) * row];
        for pixel in pixels.chunks_exact(3) {
            stripe[bin(pixel)] += 1.0;
        }
        // The squares of a stripe's roots add up to 1, and those of the whole vector to the number of stripes.
        let total = (STRIPES * pixels.len() / 3) as f32;
        stripe.iter_mut().for_each(|count| *count = (*count / total).sqrt());
    }
    values
}
