//! What a camera's processor does: white balance, colour matrix, tone curve, saturation and sharpening.

use super::film::Film;

/// Share of red, green and blue in brightness (BT.709).
pub(in crate::street) const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// Colour response of a camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response {
    /// Rows give the output channels; each row sums to 1, so that grey stays grey.
    pub matrix: [[f32; 3]; 3],
    /// Factor of every channel: the error of the white balance.
    pub white: [f32; 3],
}

impl Response {
    /// A camera that changes nothing.
    pub const IDENTITY: Self =
        Self { matrix: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], white: [1.0; 3] };

    /// A response whose rows sum to 1, from the six entries beside the diagonal, row by row.
    #[must_use]
    pub fn crosstalk([rg, rb, gr, gb, br, bg]: [f32; 6], white: [f32; 3]) -> Self {
        let matrix = [[1.0 - rg - rb, rg, rb], [gr, 1.0 - gr - gb, gb], [br, bg, 1.0 - br - bg]];
        Self { matrix, white }
    }

    /// Applies white balance and matrix to linear light.
    pub fn apply(&self, film: &mut Film<3>) {
        film.each(|pixel| {
            let balanced: [f32; 3] = std::array::from_fn(|c| pixel[c] * self.white[c]);
            for (value, row) in pixel.iter_mut().zip(&self.matrix) {
                *value = row[0] * balanced[0] + row[1] * balanced[1] + row[2] * balanced[2];
            }
        });
    }
}

/// From linear light to display values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Display exponent: 1 / 2.2 of a usual screen is `gamma` 2.2.
    pub gamma: f32,
    /// How softly highlights saturate: 0 clips at 1, larger values compress from further below.
    pub shoulder: f32,
    /// Strength of the S-shaped curve: 0 none, 0.5 hard; negative values flatten.
    pub contrast: f32,
    /// Display value of black.
    pub lift: f32,
}

/// Entries of a tabulated tone curve; the table is spaced by the square root of the light.
const ENTRIES: usize = 512;
/// Linear value at the end of the table.
const BRIGHTEST: f32 = 1.5;

impl Tone {
    /// The display value of the linear value `x`, in 0..1.
    #[must_use]
    pub fn curve(&self, x: f32) -> f32 {
        let x = x.max(0.0);
        let pressed = (x * (1.0 + self.shoulder) / (1.0 + self.shoulder * x)).min(1.0);
        let shown = pressed.powf(1.0 / self.gamma);
        let bent = shown + self.contrast * (shown * shown * (3.0 - 2.0 * shown) - shown);
        self.lift + (1.0 - self.lift) * bent
    }

    /// Applies the curve to every value.
    pub fn apply<const C: usize>(&self, film: &mut Film<C>) {
        let table: Vec<f32> = (0..=ENTRIES)
            .map(|i| self.curve(BRIGHTEST * (i as f32 / ENTRIES as f32).powi(2)))
            .collect();
        film.each(|pixel| {
            for value in pixel.iter_mut() {
                let at = (value.clamp(0.0, BRIGHTEST) / BRIGHTEST).sqrt() * ENTRIES as f32;
                let i = (at as usize).min(ENTRIES - 1);
                *value = table[i] + (at - i as f32) * (table[i + 1] - table[i]);
            }
        });
    }
}

/// Moves display colours away from (above 1) or towards (below 1) their grey.
pub fn saturate(film: &mut Film<3>, factor: f32) {
    film.each(|pixel| {
        let grey = LUMA[0] * pixel[0] + LUMA[1] * pixel[1] + LUMA[2] * pixel[2];
        pixel.iter_mut().for_each(|v| *v = grey + factor * (*v - grey));
    });
}

/// Adds `amount` of the difference to a blurred copy, which leaves a halo at edges.
pub fn sharpen<const C: usize>(film: &mut Film<C>, amount: f32, sigma: f32) {
    if amount < 0.02 {
        return;
    }
    let mut soft = film.clone();
    soft.blur(sigma);
    for (pixel, low) in film.pixels.iter_mut().zip(&soft.pixels) {
        for (value, low) in pixel.iter_mut().zip(low) {
            *value += amount * (*value - low);
        }
    }
}

/// Keeps brightness at every pixel and colour at every second one, as video codecs do (4:2:0).
pub(super) fn halve_chroma(film: &mut Film<3>) {
    let luma = |p: &[f32; 3]| -> f32 { p.iter().zip(LUMA).map(|(v, w)| v * w).sum() };
    let (height, width) = (film.height, film.width);
    for y in (0..height).step_by(2) {
        for x in (0..width).step_by(2) {
            let cells = [(y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1)];
            let inside = cells.iter().filter(|(r, c)| *r < height && *c < width);
            let indices: Vec<usize> = inside.map(|(r, c)| r * width + c).collect();
            let mut mean = [0.0; 3];
            for i in &indices {
                let grey = luma(&film.pixels[*i]);
                (0..3).for_each(|c| {
                    mean[c] += (film.pixels[*i][c] - grey) / indices.len() as f32;
                });
            }
            for i in indices {
                let grey = luma(&film.pixels[i]);
                film.pixels[i] = mean.map(|c| grey + c);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_balance_keeps_grey_under_identity_and_under_every_crosstalk() {
        let grey = Film::filled(2, 2, [0.3; 3]);
        for response in [
            Response::IDENTITY,
            Response::crosstalk([0.1, -0.05, 0.08, 0.02, -0.03, 0.2], [1.0; 3]),
        ] {
            let mut film = grey.clone();
            response.apply(&mut film);
            for value in film.pixels.iter().flatten() {
                assert!((value - 0.3).abs() < 1e-6, "{value}");
            }
        }
    }

    #[test]
    fn a_warm_balance_scales_the_channels() {
        let mut film = Film::filled(1, 1, [0.2, 0.2, 0.2]);
        Response { white: [1.5, 1.0, 0.5], ..Response::IDENTITY }.apply(&mut film);
        assert_eq!(film.pixels[0].map(|v| (v * 100.0).round()), [30.0, 20.0, 10.0]);
    }

    #[test]
    fn the_table_follows_the_curve_and_a_plain_curve_is_the_power_law() {
        let plain = Tone { gamma: 2.2, shoulder: 0.0, contrast: 0.0, lift: 0.0 };
        assert!((plain.curve(0.18) - 0.4587).abs() < 1e-3, "{}", plain.curve(0.18));
        assert_eq!((plain.curve(0.0), plain.curve(3.0)), (0.0, 1.0));
        let bent = Tone { gamma: 2.0, shoulder: 1.2, contrast: 0.3, lift: 0.05 };
        for tone in [plain, bent] {
            for i in 0..100 {
                let x = i as f32 / 80.0;
                let mut film = Film::filled(1, 1, [x]);
                tone.apply(&mut film);
                let error = (film.pixels[0][0] - tone.curve(x)).abs();
                assert!(error < 4e-3, "{x}: {error}");
            }
        }
    }

    #[test]
    fn no_saturation_is_grey_and_sharpening_overshoots_at_an_edge() {
        let mut film = Film::filled(1, 1, [0.9, 0.2, 0.1]);
        saturate(&mut film, 0.0);
        assert!((film.pixels[0][0] - film.pixels[0][2]).abs() < 1e-6);
        let pixels = (0..16).map(|x| [if x < 8 { 0.2 } else { 0.8 }]).collect();
        let mut edge = Film { height: 1, width: 16, pixels };
        sharpen(&mut edge, 0.8, 1.0);
        assert!(edge.pixels[7][0] < 0.15 && edge.pixels[8][0] > 0.85);
        assert!((edge.pixels[0][0] - 0.2).abs() < 1e-5, "flat parts stay");
    }

    #[test]
    fn halved_chroma_keeps_brightness() {
        let pixels = (0..24).map(|i| [0.04 * i as f32, 0.5, 0.9 - 0.03 * i as f32]).collect();
        let mut film = Film { height: 4, width: 6, pixels };
        let before: Vec<f32> = film.pixels.iter().map(brightness).collect();
        halve_chroma(&mut film);
        for (pixel, before) in film.pixels.iter().zip(before) {
            assert!((brightness(pixel) - before).abs() < 1e-5);
        }
    }

    fn brightness(pixel: &[f32; 3]) -> f32 {
        pixel.iter().zip(LUMA).map(|(v, w)| v * w).sum()
    }
}
