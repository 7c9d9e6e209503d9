//! What a lens does to brightness over the frame.

use super::film::Film;

/// Where a crop lies in the camera's frame, in units of half the frame's diagonal from its centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Row and column of the crop's centre.
    pub centre: (f32, f32),
    /// Half of the crop's height and width.
    pub half: (f32, f32),
}

/// Darkens towards the corners of the frame: 1 / (1 + strength · r²)² at the distance r from its centre, the law of
/// cos⁴ for `strength` = tan² of half the field of view.
pub(super) fn vignette<const C: usize>(film: &mut Film<C>, strength: f32, window: Window) {
    if strength <= 0.0 {
        return;
    }
    let (height, width) = (film.height as f32, film.width as f32);
    for (y, row) in film.pixels.chunks_exact_mut(film.width).enumerate() {
        let v = window.centre.0 + window.half.0 * (2.0 * (y as f32 + 0.5) / height - 1.0);
        for (x, pixel) in row.iter_mut().enumerate() {
            let u = window.centre.1 + window.half.1 * (2.0 * (x as f32 + 0.5) / width - 1.0);
            let factor = (1.0 + strength * (u * u + v * v)).powi(-2);
            pixel.iter_mut().for_each(|value| *value *= factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vignetting_follows_its_law() {
        let mut film = Film::filled(1, 1, [1.0]);
        vignette(&mut film, 0.5, Window { centre: (0.6, 0.8), half: (0.01, 0.01) });
        // r = 1: 1 / 1.5².
        assert!((film.pixels[0][0] - 0.4444).abs() < 1e-3);
    }
}
