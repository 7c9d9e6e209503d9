//! Paper and what a pencil leaves on it.

use crate::street::photo::Film;
use crate::street::scene::noise::{cell, noise};
use image::RgbImage;

/// A pencil: how wide and how dark its lines are, and its colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pencil {
    /// Width of a line in pixels of the sheet.
    pub width: f32,
    /// Darkness at full pressure, 0..1.
    pub darkness: f32,
    /// Display colour.
    pub colour: [f32; 3],
}

/// A point of a stroke: row, column, pressure.
pub type Dab = (f32, f32, f32);

/// A sheet of paper with what is drawn on it.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Display values of every point: pigment mixes more like what is seen than like light.
    film: Film<3>,
    /// Height of the paper's tooth at every point, 0..1.
    tooth: Vec<f32>,
    /// Cover of the stroke that is being drawn; zero between strokes.
    stroke: Vec<f32>,
}

impl Sheet {
    /// Empty paper of a colour; `rough` is how much its tooth shows, `seed` is that of its grain.
    #[must_use]
    pub fn empty(height: usize, width: usize, paper: [f32; 3], rough: f32, seed: u32) -> Self {
        let mut tooth = Vec::with_capacity(height * width);
        let mut pixels = Vec::with_capacity(height * width);
        for y in 0..height {
            let mut cloud = 0.0;
            for x in 0..width {
                // Clouds are so wide that their steps are paler than a grey level.
                if x % 4 == 0 {
                    cloud = noise(x as f32 * 0.012, y as f32 * 0.012, seed ^ 2);
                }
                let fine = cell(x as i32, y as i32, seed);
                let coarse = noise(x as f32 * 0.37, y as f32 * 0.37, seed ^ 1);
                tooth.push(1.0 - rough * (0.6 * fine + 0.4 * coarse));
                let shade = 1.0 + 0.05 * (cloud - 0.5) + 0.03 * rough * (fine - 0.5);
                pixels.push(paper.map(|c| c * shade));
            }
        }
        let stroke = vec![0.0; height * width];
        Self { film: Film { height, width, pixels }, tooth, stroke }
    }

    /// Rows and columns.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.film.height, self.film.width)
    }

    /// Draws one stroke: a line through `dabs` whose width and darkness follow the pressure. A stroke covers each
    /// point once.
    pub fn stroke(&mut self, dabs: &[Dab], pencil: Pencil) {
        let reach = 0.5 * pencil.width + 1.0;
        let mut covered: Vec<(usize, f32)> = Vec::new();
        for pair in dabs.windows(2) {
            let [a, b] = [pair[0], pair[1]];
            let rows = bounds(a.0.min(b.0) - reach, a.0.max(b.0) + reach, self.film.height);
            let columns = bounds(a.1.min(b.1) - reach, a.1.max(b.1) + reach, self.film.width);
            let (dy, dx) = (b.0 - a.0, b.1 - a.1);
            let square = (dy * dy + dx * dx).max(1e-6);
            for y in rows {
                for x in columns.clone() {
                    let (py, px) = (y as f32 + 0.5 - a.0, x as f32 + 0.5 - a.1);
                    let t = ((py * dy + px * dx) / square).clamp(0.0, 1.0);
                    let (off_y, off_x) = (py - t * dy, px - t * dx);
                    let distance = (off_y * off_y + off_x * off_x).sqrt();
                    let pressure = a.2 + t * (b.2 - a.2);
                    let half = 0.5 * pencil.width * (0.55 + 0.45 * pressure);
                    let cover = (half + 0.5 - distance).clamp(0.0, 1.0) * pressure;
                    if cover > 0.0 {
                        covered.push((y * self.film.width + x, cover));
                    }
                }
            }
        }
        // Segments overlap: each point takes the strongest.
        for (i, cover) in &covered {
            self.stroke[*i] = self.stroke[*i].max(*cover);
        }
        for (i, _) in covered {
            let cover = std::mem::take(&mut self.stroke[i]);
            if cover > 0.0 {
                self.lay(i, cover, pencil);
            }
        }
    }

    /// Lays pigment on one point.
    pub fn lay(&mut self, index: usize, cover: f32, pencil: Pencil) {
        let alpha = (cover * pencil.darkness * self.tooth[index]).clamp(0.0, 1.0);
        for (value, colour) in self.film.pixels[index].iter_mut().zip(pencil.colour) {
            *value += alpha * (colour - *value);
        }
    }

    /// Display values of every point.
    #[must_use]
    pub fn film(self) -> Film<3> {
        self.film
    }
}

fn bounds(low: f32, high: f32, size: usize) -> std::ops::Range<usize> {
    let low = low.max(0.0) as usize;
    low..(high.max(0.0).ceil() as usize).min(size)
}

/// How a drawing was turned into a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scan {
    /// Light of the scanner: 1 shows white paper as white.
    pub exposure: f32,
    /// Exponent of display values: above 1 makes pale lines paler.
    pub gamma: f32,
    /// Blur in pixels of the sheet.
    pub blur: f32,
    /// Brightness lost from one edge of the sheet to the other, as a photograph of a drawing has.
    pub slope: (f32, f32),
    /// JPEG quality.
    pub quality: u8,
    /// Whether colours are dropped.
    pub grey: bool,
}

/// Scans a drawing to a picture of `height` × `width`.
#[must_use]
pub fn scan(sheet: Sheet, scan: Scan, height: usize, width: usize) -> RgbImage {
    let mut film = sheet.film();
    film.blur(scan.blur);
    let mut film = film.resized(height, width);
    for (y, row) in film.pixels.chunks_exact_mut(width).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let (v, u) = (y as f32 / height as f32 - 0.5, x as f32 / width as f32 - 0.5);
            let light = scan.exposure * (1.0 + scan.slope.0 * v + scan.slope.1 * u);
            let shown = pixel.map(|c| (c * light).clamp(0.0, 1.0).powf(scan.gamma));
            *pixel = if scan.grey {
                [0.3 * shown[0] + 0.59 * shown[1] + 0.11 * shown[2]; 3]
            } else {
                shown
            };
        }
    }
    let picture = crate::street::photo::store::quantised(&film);
    crate::street::photo::store::through_jpeg(&picture, scan.quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead() -> Pencil {
        Pencil { width: 3.0, darkness: 0.8, colour: [0.0; 3] }
    }

    #[test]
    fn a_stroke_is_as_wide_as_its_pencil_and_twice_the_same_point_is_once() {
        let mut sheet = Sheet::empty(20, 40, [1.0; 3], 0.0, 1);
        sheet.stroke(&[(10.0, 5.0, 1.0), (10.0, 20.0, 1.0), (10.0, 5.0, 1.0)], lead());
        let film = sheet.film();
        let dark: f32 =
            (0..20).map(|y| 1.0 - film.pixels[y * 40 + 12][0] / film.pixels[y * 40 + 35][0]).sum();
        // 3 pixels of darkness 0.8.
        assert!((dark - 2.4).abs() < 0.15, "{dark}");
    }

    #[test]
    fn light_pressure_is_thin_and_pale() {
        let ink = |pressure: f32| {
            let mut sheet = Sheet::empty(20, 40, [1.0; 3], 0.0, 1);
            sheet.stroke(&[(10.0, 5.0, pressure), (10.0, 35.0, pressure)], lead());
            let film = sheet.film();
            film.pixels.iter().map(|p| 1.0 - p[0]).sum::<f32>()
        };
        assert!(ink(0.3) < 0.4 * ink(1.0));
    }
}
