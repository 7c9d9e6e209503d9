//! Float pictures and the linear operations on them: blur, motion, cropping and change of resolution.

/// A picture of `C` channels of linear or display values, rows from the top.
#[derive(Debug, Clone, PartialEq)]
pub struct Film<const C: usize> {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `height × width` pixels.
    pub pixels: Vec<[f32; C]>,
}

impl<const C: usize> Film<C> {
    /// A picture of one value.
    #[must_use]
    pub fn filled(height: usize, width: usize, value: [f32; C]) -> Self {
        Self { height, width, pixels: vec![value; height * width] }
    }

    /// The mean of every channel.
    #[must_use]
    pub fn mean(&self) -> [f32; C] {
        let mut sum = [0.0_f64; C];
        for pixel in &self.pixels {
            for (s, v) in sum.iter_mut().zip(pixel) {
                *s += f64::from(*v);
            }
        }
        sum.map(|s| (s / self.pixels.len().max(1) as f64) as f32)
    }

    /// Applies `change` to every pixel.
    pub fn each(&mut self, mut change: impl FnMut(&mut [f32; C])) {
        for pixel in &mut self.pixels {
            change(pixel);
        }
    }

    /// Blurs with a Gaussian of `sigma` pixels; the border is repeated. Below a fifth of a pixel nothing happens.
    pub fn blur(&mut self, sigma: f32) {
        if sigma < 0.2 {
            return;
        }
        let reach = (2.6 * sigma).ceil() as usize;
        let mut kernel: Vec<f32> =
            (0..=reach).map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp()).collect();
        let total = kernel[0] + 2.0 * kernel[1..].iter().sum::<f32>();
        kernel.iter_mut().for_each(|k| *k /= total);
        let (height, width) = (self.height, self.width);
        let mut line = Vec::new();
        for row in self.pixels.chunks_exact_mut(width) {
            convolve(row, 0, 1, width, &kernel, &mut line);
        }
        for x in 0..width {
            convolve(&mut self.pixels, x, width, height, &kernel, &mut line);
        }
    }

    /// Smears along `path`, a displacement in pixels (rows, columns), as a movement at constant speed does.
    pub fn smear(&mut self, path: (f32, f32)) {
        let length = path.0.hypot(path.1);
        if length < 0.5 {
            return;
        }
        let steps = (1.5 * length).ceil() as usize + 1;
        let source = self.clone();
        for y in 0..self.height {
            for x in 0..self.width {
                let mut sum = [0.0; C];
                for i in 0..steps {
                    let t = i as f32 / (steps - 1) as f32 - 0.5;
                    let value = source.at(y as f32 + t * path.0, x as f32 + t * path.1);
                    (0..C).for_each(|c| sum[c] += value[c]);
                }
                self.pixels[y * self.width + x] = sum.map(|s| s / steps as f32);
            }
        }
    }

    /// The value at a fractional pixel (row, column), by bilinear interpolation; the border is repeated.
    #[must_use]
    pub fn at(&self, row: f32, column: f32) -> [f32; C] {
        let row = row.clamp(0.0, (self.height - 1) as f32);
        let column = column.clamp(0.0, (self.width - 1) as f32);
        let (y, x) = (row as usize, column as usize);
        let (fy, fx) = (row - y as f32, column - x as f32);
        let down = if y + 1 < self.height { self.width } else { 0 };
        let right = usize::from(x + 1 < self.width);
        let i = y * self.width + x;
        let [a, b] = [&self.pixels[i], &self.pixels[i + right]];
        let [c, d] = [&self.pixels[i + down], &self.pixels[i + down + right]];
        std::array::from_fn(|k| {
            let upper = a[k] + fx * (b[k] - a[k]);
            let lower = c[k] + fx * (d[k] - c[k]);
            upper + fy * (lower - upper)
        })
    }

    /// The picture at another resolution: means of areas when it shrinks, bilinear when it grows.
    #[must_use]
    pub fn resized(&self, height: usize, width: usize) -> Self {
        if (height, width) == (self.height, self.width) {
            return self.clone();
        }
        let columns = weights(self.width, width);
        let rows = weights(self.height, height);
        let mut narrow = Vec::with_capacity(self.height * width);
        for row in self.pixels.chunks_exact(self.width) {
            narrow.extend(columns.iter().map(|taps| mix(taps, |i| row[i])));
        }
        let mut pixels = Vec::with_capacity(height * width);
        for taps in &rows {
            pixels.extend((0..width).map(|x| mix(taps, |i| narrow[i * width + x])));
        }
        Self { height, width, pixels }
    }
}

/// Weights of a run of source pixels, the first of which is `from`.
struct Taps {
    from: usize,
    weights: Vec<f32>,
}

fn mix<const C: usize>(taps: &Taps, pixel: impl Fn(usize) -> [f32; C]) -> [f32; C] {
    let mut sum = [0.0; C];
    for (i, weight) in taps.weights.iter().enumerate() {
        let value = pixel(taps.from + i);
        (0..C).for_each(|c| sum[c] += weight * value[c]);
    }
    sum
}

/// For each of `to` pixels, the triangle filter over `from` pixels, as wide as the coarser of the two rasters.
fn weights(from: usize, to: usize) -> Vec<Taps> {
    let scale = from as f32 / to as f32;
    let reach = scale.max(1.0);
    (0..to)
        .map(|i| {
            let centre = (i as f32 + 0.5) * scale - 0.5;
            let first = (centre - reach).ceil().max(0.0) as usize;
            let last = ((centre + reach).floor() as usize).min(from - 1);
            let mut weights: Vec<f32> =
                (first..=last).map(|j| 1.0 - (j as f32 - centre).abs() / reach).collect();
            let total: f32 = weights.iter().sum();
            weights.iter_mut().for_each(|w| *w /= total);
            Taps { from: first, weights }
        })
        .collect()
}

fn convolve<const C: usize>(
    pixels: &mut [[f32; C]],
    start: usize,
    stride: usize,
    count: usize,
    kernel: &[f32],
    line: &mut Vec<[f32; C]>,
) {
    let reach = kernel.len() - 1;
    line.clear();
    line.extend(std::iter::repeat_n(pixels[start], reach));
    line.extend((0..count).map(|i| pixels[start + i * stride]));
    line.extend(std::iter::repeat_n(pixels[start + (count - 1) * stride], reach));
    for i in 0..count {
        let mut sum = line[i + reach].map(|v| v * kernel[0]);
        for (k, weight) in kernel.iter().enumerate().skip(1) {
            let (a, b) = (&line[i + reach - k], &line[i + reach + k]);
            (0..C).for_each(|c| sum[c] += weight * (a[c] + b[c]));
        }
        pixels[start + i * stride] = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point() -> Film<1> {
        let mut film = Film::filled(21, 21, [0.0]);
        film.pixels[10 * 21 + 10] = [1.0];
        film
    }

    #[test]
    fn a_gaussian_keeps_the_light_and_has_its_variance() {
        let mut film = point();
        film.blur(1.5);
        let total: f32 = film.pixels.iter().map(|p| p[0]).sum();
        assert!((total - 1.0).abs() < 1e-5, "{total}");
        let variance: f32 =
            (0..21 * 21).map(|i| film.pixels[i][0] * ((i % 21) as f32 - 10.0).powi(2)).sum();
        // 1.5² = 2.25, less what the cut tails hold.
        assert!((variance - 2.25).abs() < 0.15, "{variance}");
    }

    #[test]
    fn blur_of_a_constant_is_the_constant() {
        let mut film = Film::filled(9, 5, [0.2, 0.4, 0.8]);
        film.blur(2.0);
        film.smear((3.0, -2.0));
        for pixel in &film.pixels {
            for (value, expected) in pixel.iter().zip([0.2, 0.4, 0.8]) {
                assert!((value - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn movement_sideways_smears_a_row_over_its_length() {
        let mut film = point();
        film.smear((0.0, 6.0));
        let lit: Vec<usize> = (0..21 * 21).filter(|i| film.pixels[*i][0] > 0.01).collect();
        assert!(lit.iter().all(|i| i / 21 == 10), "only the row of the point");
        assert_eq!((lit[0] % 21, lit[lit.len() - 1] % 21), (7, 13));
    }

    #[test]
    fn halving_takes_means_and_keeps_the_total() {
        let film = Film { height: 1, width: 4, pixels: vec![[1.0], [1.0], [3.0], [3.0]] };
        let half = film.resized(1, 2);
        // The triangle of reach 2 around 0.5 weighs pixels 0 to 2 by 3 : 3 : 1.
        assert!((half.pixels[0][0] - (3.0 + 3.0 + 3.0) / 7.0).abs() < 1e-6);
        assert_eq!(film.resized(1, 4), film);
    }
}
