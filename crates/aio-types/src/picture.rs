use serde::{Deserialize, Serialize};

/// Height and width in pixels, always in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureSize {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl PictureSize {
    /// Bytes of a picture of this size.
    #[must_use]
    pub fn bytes(self) -> usize {
        3 * self.height * self.width
    }
}

/// A picture of 8-bit RGB pixels, rows from the top, three bytes a pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Rows and columns.
    pub size: PictureSize,
    /// `height × width × 3` bytes.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// The pixel at (`row`, `column`).
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> [u8; 3] {
        let i = 3 * (row * self.size.width + column);
        [self.pixels[i], self.pixels[i + 1], self.pixels[i + 2]]
    }

    /// Applies `map` to every pixel.
    pub fn map(&mut self, map: impl Fn([u8; 3]) -> [u8; 3]) {
        for pixel in self.pixels.chunks_exact_mut(3) {
            pixel.copy_from_slice(&map([pixel[0], pixel[1], pixel[2]]));
        }
    }

    /// Appends the picture to `values` as `[height, width, 3]`, scaled to 0..1 and normalised by `mean` and `std`.
    pub fn append_normalised(&self, mean: [f32; 3], std: [f32; 3], values: &mut Vec<f32>) {
        // A channel has 256 values, and a picture many more.
        let table: [[f32; 256]; 3] = std::array::from_fn(|channel| {
            std::array::from_fn(|value| (value as f32 / 255.0 - mean[channel]) / std[channel])
        });
        values.reserve(self.pixels.len());
        for pixel in self.pixels.chunks_exact(3) {
            let normalised = [0, 1, 2].map(|c| table[c][usize::from(pixel[c])]);
            values.extend_from_slice(&normalised);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalised_values_keep_the_order_of_the_pixels() {
        let size = PictureSize { height: 1, width: 2 };
        let picture = Picture { size, pixels: vec![0, 51, 102, 255, 204, 153] };
        let mut values = Vec::new();
        picture.append_normalised([0.5; 3], [0.5, 0.5, 0.25], &mut values);
        let expected = [-1.0, -0.6, -0.4, 1.0, 0.6, 0.4];
        assert!(
            values.iter().zip(expected).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6),
            "{values:?}"
        );
    }
}
