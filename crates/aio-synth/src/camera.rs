//! What a camera does to a picture: response, blur, noise, resolution, framing and compression.

use super::figure::{Pose, figure};
use super::paint::{Light, Placement, Shading, photograph};
use super::person::Person;
use super::scene::{Scene, occlude};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage, imageops};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use tiny_skia::Pixmap;

/// A camera at a place: how it sees, what stands behind people, and from where they are seen.
#[derive(Debug, Clone)]
pub struct CameraModel {
    /// What light it sees.
    pub light: Light,
    /// Rows of the pictures it yields; a picture is half as wide as high.
    rows: u32,
    gain: [f32; 3],
    gamma: f32,
    lift: f32,
    blur: f32,
    noise: f32,
    quality: u8,
    /// Mean viewing direction in radians, and how far people deviate from it.
    yaw: (f32, f32),
    pitch: f32,
    framing: f32,
    occlusion: f64,
    shading: Shading,
    scene: Scene,
}

/// Range within which the cameras of a domain are drawn; 1 is ordinary, more is worse.
#[derive(Debug, Clone, Copy)]
pub struct CameraRange {
    /// Strength of colour casts, blur, noise and compression.
    pub harshness: f32,
    /// Further factor of the colour casts alone.
    pub cast: f32,
    /// Number of things in the background.
    pub clutter: usize,
    /// Probability that something hides part of a person.
    pub occlusion: f64,
}

impl CameraModel {
    /// Draws a camera from `range`.
    #[must_use]
    pub fn sample(rng: &mut ChaCha8Rng, light: Light, range: CameraRange) -> Self {
        let h = range.harshness;
        let mut signed = || 2.0 * rng.random::<f32>() - 1.0;
        let warmth = 0.11 * h * range.cast * signed();
        let tint = 0.06 * h * range.cast * signed();
        let exposure = 1.0 + 0.14 * h * signed();
        let gain = match light {
            Light::Visible => {
                [exposure * (1.0 + warmth), exposure * (1.0 + tint), exposure * (1.0 - warmth)]
            }
            Light::Infrared => [exposure; 3],
        };
        let gamma = 1.0 + 0.18 * h * signed();
        let yaw = (std::f32::consts::PI * signed(), 1.1);
        let pitch = 1.0 + 0.06 * h * signed();
        let shading = Shading { side: signed().signum(), depth: 0.18 + 0.2 * rng.random::<f32>() };
        Self {
            light,
            rows: rng.random_range(88..=144),
            gain,
            gamma,
            lift: 0.04 * h * rng.random::<f32>(),
            blur: 0.25 + 0.65 * h * rng.random::<f32>(),
            noise: (0.006 + 0.022 * h * rng.random::<f32>())
                * if light == Light::Infrared { 1.6 } else { 1.0 },
            quality: (92.0 - 30.0 * h.min(1.6) * rng.random::<f32>()) as u8,
            yaw,
            pitch,
            framing: 0.05 + 0.03 * h,
            occlusion: range.occlusion,
            shading,
            scene: Scene::sample(rng, range.clutter),
        }
    }

    /// Takes a photograph of `person`.
    ///
    /// # Panics
    /// Never: the canvas sizes that a camera can have are all valid.
    #[must_use]
    pub fn shoot(&self, person: &Person, rng: &mut ChaCha8Rng) -> RgbImage {
        let (rows, columns) = (self.rows, self.rows / 2);
        let mut canvas = Pixmap::new(columns, rows).expect("camera pictures have a valid size");
        self.scene.paint(&mut canvas, self.light, 0.5 * (rng.random::<f32>() - 0.5));
        let drawn = figure(person, self.pose(rng));
        let mut signed = || 2.0 * rng.random::<f32>() - 1.0;
        let fill = 0.90 * (1.0 + self.framing * signed());
        // Detectors crop people of every height to the same box, so height survives only in the proportions.
        let scale = fill * rows as f32 / (0.25 * 1.76 + 0.75 * drawn.height);
        let at = Placement {
            scale,
            stretch: 1.02 / self.pitch,
            x: columns as f32 * (0.5 + 1.3 * self.framing * signed()),
            y: rows as f32 * (0.965 + 0.5 * self.framing * signed()),
        };
        let shading = Shading {
            depth: self.shading.depth * (0.7 + 0.6 * rng.random::<f32>()),
            ..self.shading
        };
        photograph(&mut canvas, &drawn, at, self.light, shading);
        if rng.random_bool(self.occlusion) {
            occlude(&mut canvas, self.light, rng);
        }
        self.develop(&canvas, rng)
    }

    /// Encodes a photograph as this camera compresses it.
    ///
    /// # Panics
    /// Never: encoding to memory cannot fail.
    #[must_use]
    pub fn compress(&self, picture: &RgbImage) -> Vec<u8> {
        jpeg(picture, self.quality)
    }

    fn pose(&self, rng: &mut ChaCha8Rng) -> Pose {
        let mut signed = || 2.0 * rng.random::<f32>() - 1.0;
        Pose {
            yaw: self.yaw.0 + self.yaw.1 * signed(),
            phase: std::f32::consts::PI * signed(),
            stride: 0.30 + 0.22 * signed(),
            elbow: 0.35 + 0.35 * signed(),
            lean: 0.03 * signed(),
        }
    }

    fn develop(&self, canvas: &Pixmap, rng: &mut ChaCha8Rng) -> RgbImage {
        let mut picture = to_rgb(canvas);
        if self.blur > 0.3 {
            picture = imageops::blur(&picture, self.blur);
        }
        let exposure = 1.0 + 0.08 * (rng.random::<f32>() - 0.5);
        for pixel in picture.pixels_mut() {
            let shared = noise(rng) * self.noise;
            for c in 0..3 {
                let grain =
                    if self.light == Light::Infrared { shared } else { noise(rng) * self.noise };
                let value = f32::from(pixel.0[c]) / 255.0;
                let value = (value * self.gain[c] * exposure).clamp(0.0, 1.0).powf(self.gamma);
                pixel.0[c] = (255.0 * (self.lift + (1.0 - self.lift) * value + grain))
                    .clamp(0.0, 255.0) as u8;
            }
        }
        picture
    }
}

/// A roughly normal variate: the sum of four uniform bytes, centred and scaled to unit variance.
fn noise(rng: &mut ChaCha8Rng) -> f32 {
    let sum: u32 = rng.next_u32().to_le_bytes().iter().map(|b| u32::from(*b)).sum();
    (sum as f32 - 510.0) / 147.8
}

/// Copies an opaque canvas.
///
/// # Panics
/// Never: the buffer has the size of the canvas.
#[must_use]
pub fn to_rgb(canvas: &Pixmap) -> RgbImage {
    let bytes = canvas.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    RgbImage::from_raw(canvas.width(), canvas.height(), bytes).expect("three bytes a pixel")
}

/// JPEG bytes of a picture at `quality` (1..100).
///
/// # Panics
/// Never: encoding to memory cannot fail.
#[must_use]
pub fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .expect("encoding to memory");
    bytes
}
