//! Near-infrared light: a lamp at the camera, and what is left of the sun.
//!
//! The lamp's irradiance falls with the square of the distance and towards the rim of its beam, so that people near
//! the camera are bright and what is behind them is dark.

use super::scene::light::Light;
use super::scene::space::{V3, dot, scale, sub, unit};

/// A lamp at the camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beam {
    /// Where it is.
    pub from: V3,
    /// Unit direction of its middle.
    pub axis: V3,
    /// Irradiance at a distance of one metre in the middle.
    pub power: f32,
    /// Angle from the middle at which half of the light is left, in radians.
    pub spread: f32,
}

impl Beam {
    /// Irradiance on a surface with `normal` at `position`.
    #[must_use]
    pub fn irradiance(&self, position: V3, normal: V3) -> f32 {
        let to = sub(position, self.from);
        let square = dot(to, to).max(0.25);
        let direction = unit(to);
        let angle = dot(direction, self.axis).clamp(-1.0, 1.0).acos();
        let rim = (-(angle / self.spread).powi(2) * std::f32::consts::LN_2).exp();
        // Cloth and skin scatter light, so that rims do not go black at once.
        let facing = (0.85 * -dot(direction, normal) + 0.15).max(0.0);
        self.power * rim * facing / square
    }
}

/// All near-infrared light of a picture.
#[derive(Debug, Clone, Copy)]
pub struct Infrared<'a> {
    /// The lamp at the camera.
    pub beam: Beam,
    /// Share of the visible light's red that the sensor still gets: 0 behind a filter or at night.
    pub ambient: f32,
    /// The visible light.
    pub light: &'a Light,
}

impl Infrared<'_> {
    /// Radiance of a surface with a near-infrared `reflectance`; `lit` and `open` are as in [`Light::irradiance`].
    #[must_use]
    pub fn radiance(
        &self,
        reflectance: f32,
        position: V3,
        normal: V3,
        (lit, open): (f32, f32),
    ) -> f32 {
        let ambient = if self.ambient > 0.0 {
            self.ambient * self.light.irradiance(position, normal, lit, open)[0]
        } else {
            0.0
        };
        // Light that comes from the camera leaves no shadows that the camera could see, but corners stay darker.
        reflectance * (self.beam.irradiance(position, normal) * (0.6 + 0.4 * open) + ambient)
    }

    /// What a mirror-like surface such as an eye or a reflective strip sends straight back to the lamp.
    #[must_use]
    pub fn glare(&self, strength: f32, position: V3) -> f32 {
        let back = unit(scale(sub(position, self.beam.from), -1.0));
        strength * self.beam.irradiance(position, back)
    }

    /// Radiance of the empty sky.
    #[must_use]
    pub fn sky(&self) -> f32 {
        self.ambient * 0.5 * self.light.sky[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beam() -> Beam {
        Beam { from: [0.0, 2.0, 0.0], axis: [0.0, 0.0, 1.0], power: 9.0, spread: 0.5 }
    }

    #[test]
    fn light_falls_with_the_square_of_the_distance() {
        let at = |z: f32| beam().irradiance([0.0, 2.0, z], [0.0, 0.0, -1.0]);
        assert!((at(3.0) - 1.0).abs() < 1e-5, "9 / 3²: {}", at(3.0));
        assert!((at(3.0) / at(6.0) - 4.0).abs() < 1e-4);
        assert!((at(4.0) / at(12.0) - 9.0).abs() < 1e-3);
    }

    #[test]
    fn half_of_the_light_is_left_at_the_rim_of_the_beam() {
        let (sin, cos) = 0.5_f32.sin_cos();
        let rim = beam().irradiance([3.0 * sin, 2.0, 3.0 * cos], [-sin, 0.0, -cos]);
        assert!((rim - 0.5).abs() < 1e-3, "{rim}");
    }
}
