//! Light that a sample of a place sends to the camera.

use super::light::Light;
use super::space::{V3, dot, scale, sub, unit};
use super::trace::{Casters, Seen};

/// Someone who stands somewhere, as far as the ground notices: it is darker around feet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Footing {
    /// Where the person stands.
    pub at: V3,
    /// Radius of the body in metres.
    pub radius: f32,
}

/// What decides how bright samples are.
#[derive(Debug)]
pub struct Lit<'a> {
    /// Light of the picture.
    pub light: &'a Light,
    /// What keeps the sun off.
    pub casters: Casters<'a>,
    /// Who stands there.
    pub feet: &'a [Footing],
    /// Where the camera is.
    pub from: V3,
    /// Share of light that a metre of air replaces by that of the sky.
    pub haze: f32,
}

impl Lit<'_> {
    /// Linear radiance of a sample; `shaded` says whether a person keeps the sun off.
    #[must_use]
    pub fn radiance(&self, seen: &Seen, shaded: f32) -> [f32; 3] {
        let light = self.light;
        let bright = light.sunlight[1] > 0.0 && dot(seen.normal, light.sun) > 0.0;
        let lit = if bright && shaded < 1.0 && self.casters.lit(seen.position) {
            1.0 - shaded
        } else {
            0.0
        };
        let irradiance = light.irradiance(seen.position, seen.normal, lit, self.openness(seen));
        let view = unit(sub(seen.position, self.from));
        let facing = -dot(view, seen.normal);
        let mirror = seen.look.gloss * (0.25 + 0.75 * (1.0 - facing.clamp(0.0, 1.0)).powi(3));
        let mirrored = if mirror > 0.01 {
            let ahead = sub(view, scale(seen.normal, 2.0 * dot(view, seen.normal)));
            self.surroundings(ahead)
        } else {
            [0.0; 3]
        };
        let clear = (-self.haze * seen.depth).exp();
        std::array::from_fn(|c| {
            let matt = seen.look.albedo[c] * irradiance[c] * (1.0 - mirror);
            let own = seen.look.glow * light.glow[c];
            let whole = matt + mirror * mirrored[c] + own;
            whole * clear + (1.0 - clear) * 0.8 * light.sky[c]
        })
    }

    /// Radiance from a direction in which nothing stands.
    #[must_use]
    pub fn sky(&self, direction: V3) -> [f32; 3] {
        let up = unit(direction)[1].max(0.0);
        // The sky is whiter and brighter at the horizon.
        std::array::from_fn(|c| {
            let white = (self.light.sky[0] + self.light.sky[1] + self.light.sky[2]) / 3.0;
            (self.light.sky[c] * up.sqrt() + 1.15 * white * (1.0 - up.sqrt())) * 1.1
        })
    }

    fn surroundings(&self, direction: V3) -> [f32; 3] {
        if direction[1] > 0.0 { self.sky(direction) } else { scale(self.light.bounce, 0.8) }
    }

    /// Share of sky and room that a point sees past the people and the wall beside it.
    #[must_use]
    pub fn openness(&self, seen: &Seen) -> f32 {
        let mut open = 1.0;
        for person in self.feet {
            let to = sub(seen.position, person.at);
            let beside = (to[0].hypot(to[2]) - 0.5 * person.radius).max(0.0);
            let raised = 1.0 - (to[1] / 1.6).clamp(0.0, 1.0);
            let near = (-beside / (0.9 * person.radius)).exp();
            open *= 1.0 - self.light.closeness * raised * near;
        }
        // Feet of walls and things are darker, too.
        if seen.normal[1].abs() < 0.9 {
            open *= 0.72 + 0.28 * (seen.position[1] / 0.5).clamp(0.0, 1.0);
        }
        open
    }
}
