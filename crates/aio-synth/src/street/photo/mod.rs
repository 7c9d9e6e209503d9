//! From scene-linear light to a stored picture, in the order of a real camera.
//!
//! Scene-linear → optics (glare, defocus, movement, vignetting) → exposure → sensor noise → noise reduction → white
//! balance and colour matrix → tone curve → saturation → sharpening → stored size → JPEG → requested size. The crop of
//! a detector is what is rendered, so nothing outside it exists.

pub mod colour;
pub mod film;
mod lens;
pub mod sensor;
pub mod store;

use colour::{Response, Tone, halve_chroma, saturate, sharpen};
pub use film::Film;
pub use lens::Window;
use lens::vignette;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use sensor::{Noise, add_noise, expose};
pub use store::Stored;

/// How bad the cameras of a domain are; 1 is ordinary, more is worse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Blur, noise, compression and errors of exposure.
    pub harshness: f32,
    /// Colour casts.
    pub cast: f32,
}

/// A camera's own look: what all its pictures have in common.
#[derive(Debug, Clone)]
pub struct Camera {
    response: Response,
    tone: Tone,
    saturation: f32,
    /// Amount and radius in pixels.
    sharpening: (f32, f32),
    vignetting: f32,
    /// Radius of the lens's blur in pixels.
    softness: f32,
    noise: Noise,
    noise_reduction: f32,
    half_chroma: bool,
    quality: (u8, u8),
    range: Quality,
}

/// What differs between two pictures of one camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shot {
    /// Exposure in stops around the camera's own.
    pub stops: f32,
    /// Amplification of the sensor: 1 in daylight, more in the dark.
    pub gain: f32,
    /// Further factor of every channel.
    pub white: [f32; 3],
    /// Factor of the display exponent.
    pub gamma: f32,
    /// Added to the contrast.
    pub contrast: f32,
    /// Factor of the saturation.
    pub saturation: f32,
    /// Share of the light that the lens scatters over the whole picture.
    pub glare: f32,
    /// Movement during the exposure in pixels (rows, columns).
    pub motion: (f32, f32),
    /// Radius of the defocus in pixels.
    pub defocus: f32,
    /// JPEG quality.
    pub quality: u8,
}

/// A variate in −1..1.
pub(in crate::street) fn signed(rng: &mut impl Rng) -> f32 {
    2.0 * rng.random::<f32>() - 1.0
}

impl Camera {
    /// Draws a camera from `range`.
    #[must_use]
    pub fn sample(rng: &mut ChaCha8Rng, range: Quality) -> Self {
        let Quality { harshness: h, cast } = range;
        let crosstalk = std::array::from_fn(|_| 0.08 * cast * signed(rng));
        let (warmth, tint) = (0.10 * cast * signed(rng), 0.05 * cast * signed(rng));
        let low = (62.0 - 22.0 * h + 30.0 * rng.random::<f32>()).clamp(30.0, 90.0);
        Self {
            response: Response::crosstalk(crosstalk, [1.0 + warmth, 1.0 + tint, 1.0 - warmth]),
            tone: Tone {
                gamma: 2.2 * (1.0 + 0.12 * h * signed(rng)),
                shoulder: 0.9 * rng.random::<f32>(),
                contrast: 0.35 + 0.3 * signed(rng),
                lift: 0.05 * h * rng.random::<f32>().powi(2),
            },
            saturation: 1.0 + 0.25 * cast * signed(rng),
            sharpening: (0.9 * rng.random::<f32>(), 0.6 + 0.7 * rng.random::<f32>()),
            vignetting: 0.5 * rng.random::<f32>(),
            softness: 0.3 + 0.45 * h * rng.random::<f32>(),
            noise: Noise {
                shot: 0.0004 * (1.0 + 2.0 * h * rng.random::<f32>()),
                read: 0.0012 * (1.0 + 2.0 * h * rng.random::<f32>()),
            },
            noise_reduction: 0.7 * rng.random::<f32>(),
            half_chroma: rng.random_bool(0.7),
            quality: (low as u8, (low + 25.0).min(95.0) as u8),
            range,
        }
    }

    /// Draws what one picture has of its own. `gain` follows from the darkness of the place.
    #[must_use]
    pub fn shot(&self, gain: f32, rng: &mut ChaCha8Rng) -> Shot {
        let Quality { harshness: h, cast } = self.range;
        let warmth = 0.05 * cast * signed(rng);
        let tint = 0.02 * cast * signed(rng);
        let moves = rng.random_bool(0.3);
        let length = if moves { 3.0 * h * rng.random::<f32>() } else { 0.0 };
        let softened = rng.random_bool(0.25);
        Shot {
            stops: 0.45 * h * signed(rng) * rng.random::<f32>().sqrt(),
            gain: gain * (1.0 + 0.3 * signed(rng)),
            white: [1.0 + warmth, 1.0 + tint, 1.0 - warmth],
            gamma: 1.0 + 0.06 * h * signed(rng),
            contrast: 0.12 * h * signed(rng),
            saturation: 1.0 + 0.15 * signed(rng),
            glare: 0.10 * h * rng.random::<f32>().powi(3),
            motion: (0.35 * length * signed(rng), length * signed(rng).signum()),
            defocus: if softened { 0.9 * h * rng.random::<f32>() } else { 0.0 },
            quality: rng.random_range(self.quality.0..=self.quality.1),
        }
    }

    /// Develops scene-linear light, of which 1 fills the sensor, to a colour picture of `size` (height, width).
    #[must_use]
    pub fn develop(
        &self,
        mut film: Film<3>,
        shot: &Shot,
        window: Window,
        size: (usize, usize),
        rng: &mut ChaCha8Rng,
    ) -> Stored {
        self.sense(&mut film, shot, window, rng);
        self.response.apply(&mut film);
        Response { white: shot.white, ..Response::IDENTITY }.apply(&mut film);
        self.tone_of(shot).apply(&mut film);
        saturate(&mut film, self.saturation * shot.saturation);
        self.store(film, shot, size, |film| {
            if self.half_chroma {
                halve_chroma(film);
            }
        })
    }

    /// Develops scene-linear infrared light to a grey picture of `size` (height, width).
    #[must_use]
    pub fn develop_infrared(
        &self,
        mut film: Film<1>,
        shot: &Shot,
        window: Window,
        size: (usize, usize),
        rng: &mut ChaCha8Rng,
    ) -> Stored {
        self.sense(&mut film, shot, window, rng);
        self.tone_of(shot).apply(&mut film);
        self.store(film, shot, size, |_| {})
    }

    fn tone_of(&self, shot: &Shot) -> Tone {
        Tone {
            gamma: self.tone.gamma * shot.gamma,
            contrast: self.tone.contrast + shot.contrast,
            ..self.tone
        }
    }

    /// Optics and sensor.
    fn sense<const C: usize>(
        &self,
        film: &mut Film<C>,
        shot: &Shot,
        window: Window,
        rng: &mut ChaCha8Rng,
    ) {
        let mean = film.mean();
        film.each(|pixel| {
            for (value, mean) in pixel.iter_mut().zip(&mean) {
                *value += shot.glare * (mean - *value);
            }
        });
        film.blur(self.softness.hypot(shot.defocus));
        film.smear(shot.motion);
        vignette(film, self.vignetting, window);
        expose(film, shot.stops);
        add_noise(film, self.noise.amplified(shot.gain), rng);
        if shot.gain > 1.5 {
            film.blur(self.noise_reduction);
        }
    }

    fn store<const C: usize>(
        &self,
        mut film: Film<C>,
        shot: &Shot,
        (height, width): (usize, usize),
        encode: impl Fn(&mut Film<C>),
    ) -> Stored {
        sharpen(&mut film, self.sharpening.0, self.sharpening.1);
        if (height, width) != (film.height, film.width) {
            film = film.resized(height, width);
        }
        encode(&mut film);
        Stored { picture: store::quantised(&film), quality: shot.quality }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    const CENTRE: Window = Window { centre: (0.0, 0.0), half: (0.05, 0.025) };
    const SIZE: (usize, usize) = (64, 32);

    fn still(camera: &Camera) -> Shot {
        Shot {
            stops: 0.0,
            gain: 1.0,
            white: [1.0; 3],
            gamma: 1.0,
            contrast: 0.0,
            saturation: 1.0,
            glare: 0.0,
            motion: (0.0, 0.0),
            defocus: 0.0,
            quality: camera.quality.1,
        }
    }

    fn scene() -> Film<3> {
        let pixels = (0..64 * 32)
            .map(|i| if (i / 8) % 2 == 0 { [0.1, 0.2, 0.3] } else { [0.5, 0.3, 0.2] })
            .collect();
        Film { height: 64, width: 32, pixels }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_other_noise() {
        let camera =
            Camera::sample(&mut rng(1, "camera", 0), Quality { harshness: 1.0, cast: 1.0 });
        let shot = camera.shot(1.0, &mut rng(1, "shot", 0));
        let take =
            |seed| camera.develop(scene(), &shot, CENTRE, SIZE, &mut rng(seed, "noise", 0)).file();
        assert_eq!(take(4), take(4));
        assert_ne!(take(4), take(5));
    }

    #[test]
    fn a_camera_is_more_like_itself_than_like_others() {
        let range = Quality { harshness: 1.0, cast: 1.0 };
        let mean = |camera: u64, noise: u64| {
            let camera = Camera::sample(&mut rng(camera, "camera", 0), range);
            let shot = still(&camera);
            let picture = camera.develop(scene(), &shot, CENTRE, SIZE, &mut rng(noise, "noise", 0));
            let picture = picture.shown(SIZE);
            let total = picture.pixels().fold([0.0_f64; 3], |mut sum, p| {
                (0..3).for_each(|c| sum[c] += f64::from(p.0[c]));
                sum
            });
            total.map(|t| t / (64.0 * 32.0))
        };
        let distance = |a: [f64; 3], b: [f64; 3]| (0..3).map(|c| (a[c] - b[c]).abs()).sum::<f64>();
        for camera in 0..4 {
            let own = distance(mean(camera, 0), mean(camera, 1));
            let other = distance(mean(camera, 0), mean(camera + 1, 0));
            assert!(own < 1.5 && other > 3.0 * own, "{own} {other}");
        }
    }
}
