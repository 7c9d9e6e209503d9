//! Floating-point operations of an image stem, from its sizes.

use super::StemConfig;
use aio_ops::Window;

/// Floating-point operations of a stem for one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StemFlops {
    /// Of the forward pass.
    pub forward: f64,
    /// Of the backward pass of a stem that learns: the gradients of all kernels, and of the inputs of all but the first.
    pub backward: f64,
}

/// Operations of a convolution over a picture of `height × width` pixels: two for each number of each window and output channel.
fn convolution(height: usize, width: usize, channels: usize, window: Window, out: usize) -> f64 {
    let windows = window.count(height) * window.count(width);
    2.0 * windows as f64 * (window.kernel * window.kernel * channels) as f64 * out as f64
}

impl StemConfig {
    /// Floating-point operations for one picture of `height × width` pixels in front of an encoder of width `embed_dim`.
    ///
    /// Only convolutions count. Normalisation and activation are linear in the numbers that they change.
    #[must_use]
    pub fn flops_per_picture(&self, height: usize, width: usize, embed_dim: usize) -> StemFlops {
        let (mut rows, mut columns, mut channels) = (height, width, 3);
        let mut convolutions = Vec::new();
        for layer in self.plan() {
            convolutions.push(convolution(rows, columns, channels, layer.window, layer.channels));
            (rows, columns) = (layer.window.count(rows), layer.window.count(columns));
            channels = layer.channels;
        }
        // The last convolution makes one token of a patch.
        let side = rows / self.grid(height, width).rows;
        let patch = Window { kernel: side, stride: side, padding: 0 };
        convolutions.push(convolution(rows, columns, channels, patch, embed_dim));
        let forward: f64 = convolutions.iter().sum();
        StemFlops { forward, backward: 2.0 * forward - convolutions[0] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StemKind;

    #[test]
    fn a_convolution_has_the_operations_that_are_counted_by_hand() {
        // TransReID-SSL's first: 128 × 64 windows of 7·7·3 numbers, 64 channels: 8192·147·64 = 77,070,336 multiplications.
        let window = Window { kernel: 7, stride: 2, padding: 3 };
        assert_eq!(convolution(256, 128, 3, window, 64), 2.0 * 77_070_336.0);
    }

    #[test]
    fn a_stem_has_the_operations_of_its_convolutions() {
        let stem = |kind, channels| StemConfig { kind, channels, patch: 16, ibn: true };
        // One convolution per patch: 128 windows of 16·16·3 numbers, 768 channels. Its input needs no gradient.
        let patch = stem(StemKind::Patch, 0).flops_per_picture(256, 128, 768);
        let multiplications = 128.0 * 768.0 * 768.0;
        assert_eq!(
            patch,
            StemFlops { forward: 2.0 * multiplications, backward: 2.0 * multiplications }
        );
        // 7×7 to 64 channels as above; twice 3×3 from 64 to 64 on 8192 pixels; 8×8 patches of 64 channels to 768 on 128 windows.
        let (first, same, last) = (77_070_336.0, 8192.0 * 576.0 * 64.0, 128.0 * 4096.0 * 768.0);
        let deep = stem(StemKind::TransreidSsl, 64).flops_per_picture(256, 128, 768);
        assert_eq!(deep.forward, 2.0 * (first + 2.0 * same + last));
        assert_eq!(deep.backward, 2.0 * (first + 4.0 * same + 2.0 * last));
    }
}
