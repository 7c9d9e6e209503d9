//! Light on a place at an hour: sun, sky, what the ground sends back, lamps.

use super::place::Place;
use super::space::{V3, dot, scale, sub, unit};
use crate::street::photo::signed;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f32::consts::PI;

/// A lamp that shines downwards and to all sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lamp {
    /// Where it hangs.
    pub position: V3,
    /// Irradiance at a distance of one metre.
    pub colour: [f32; 3],
}

/// All light on a place. Irradiances are in units in which open shade at noon is about 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Light {
    /// Unit direction towards the sun.
    pub sun: V3,
    /// Irradiance of the sun on a surface that faces it; zero without one.
    pub sunlight: [f32; 3],
    /// Irradiance of the sky on a surface that faces up.
    pub sky: [f32; 3],
    /// Irradiance from the ground on a surface that faces down.
    pub bounce: [f32; 3],
    /// Lamps.
    pub lamps: Vec<Lamp>,
    /// Radiance of windows and lamps that are lit.
    pub glow: [f32; 3],
    /// How strongly things near each other shade each other without a sun, 0..1.
    pub closeness: f32,
}

/// The time of day and weather, or the lamps of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hour {
    /// Sun and blue sky.
    Clear,
    /// A covered sky.
    Overcast,
    /// The sun low and weak, lamps on.
    Dusk,
    /// Lamps alone.
    Night,
    /// A lit room.
    Indoor,
}

impl Hour {
    /// An hour for an outdoor place, mostly by day.
    #[must_use]
    pub fn outdoors(rng: &mut ChaCha8Rng) -> Self {
        match rng.random_range(0..20) {
            0..9 => Self::Clear,
            9..16 => Self::Overcast,
            16..18 => Self::Dusk,
            _ => Self::Night,
        }
    }
}

impl Light {
    /// The light of `hour` at `place`; `turn` is the bearing of the sun in radians, which a camera's pictures share
    /// roughly.
    #[must_use]
    pub fn sample(rng: &mut ChaCha8Rng, place: &Place, hour: Hour, turn: f32) -> Self {
        let (high, sun, sky) = match hour {
            Hour::Clear => (0.45 + 0.75 * rng.random::<f32>(), 2.2, 0.75),
            Hour::Overcast => (0.9, 0.15 * rng.random::<f32>(), 1.0),
            Hour::Dusk => (0.15 + 0.2 * rng.random::<f32>(), 0.12, 0.12),
            Hour::Night => (0.5, 0.0, 0.006),
            Hour::Indoor => (0.5, 0.0, 0.10),
        };
        let bearing = turn + 0.5 * signed(rng);
        let direction = [bearing.sin() * high.cos(), high.sin(), bearing.cos() * high.cos()];
        // A low sun is red, because its light passes more air.
        let low = (1.0 - high / 0.7).clamp(0.0, 1.0);
        let warm = [1.0, 0.93 - 0.18 * low, 0.84 - 0.42 * low];
        let blue = match hour {
            Hour::Clear => [0.80, 0.94, 1.22],
            Hour::Overcast => [0.96, 1.0, 1.06],
            Hour::Dusk => [0.85, 0.9, 1.25],
            Hour::Night | Hour::Indoor => [1.0, 0.95, 0.9],
        };
        let lamp = match hour {
            Hour::Clear | Hour::Overcast => 0.0,
            Hour::Dusk => 1.2,
            Hour::Night => 1.6,
            Hour::Indoor => 1.5,
        };
        let tint = tint(rng, hour == Hour::Indoor);
        let lamps = place
            .lamps
            .iter()
            .filter(|_| lamp > 0.0)
            .map(|at| Lamp {
                position: *at,
                colour: scale(tint, lamp * (0.7 + 0.6 * rng.random::<f32>())),
            })
            .collect();
        let sunlight = scale(warm, sun * (0.8 + 0.4 * rng.random::<f32>()));
        let sky = if hour == Hour::Indoor { scale(tint, sky) } else { scale(blue, sky) };
        let share = if hour == Hour::Indoor { 0.7 } else { 0.22 };
        let down = scale(sunlight, direction[1]);
        let mut light = Self {
            sun: direction,
            sunlight,
            sky,
            bounce: std::array::from_fn(|c| share * (down[c] + sky[c])),
            lamps,
            glow: [0.0; 3],
            closeness: 0.75,
        };
        if lamp > 0.0 {
            // Lit windows and lamps are some times as bright as what they light.
            let level = light.level();
            light.glow = scale(tint, 1.3 * (level[0] + level[1] + level[2]) / 3.0);
        }
        light
    }

    /// Irradiance at a point: `lit` is the share of the sun that reaches it, `open` that of the sky and the ground.
    #[must_use]
    pub fn irradiance(&self, position: V3, normal: V3, lit: f32, open: f32) -> [f32; 3] {
        let direct = lit * dot(normal, self.sun).max(0.0);
        let up = 0.5 + 0.5 * normal[1];
        let mut sum: [f32; 3] = std::array::from_fn(|c| {
            direct * self.sunlight[c] + open * (up * self.sky[c] + (1.0 - up) * self.bounce[c])
        });
        for lamp in &self.lamps {
            let to = sub(lamp.position, position);
            let square = dot(to, to).max(0.3);
            let facing = dot(normal, unit(to));
            // Lamps are extended and rooms are bright: light wraps around.
            let share = (0.75 * facing + 0.25).max(0.0) / square;
            (0..3).for_each(|c| sum[c] += open * share * lamp.colour[c]);
        }
        sum
    }

    /// Irradiance on open, level ground where people walk: what an automatic exposure measures.
    #[must_use]
    pub fn level(&self) -> [f32; 3] {
        let points = [[0.0, 0.0, 0.0], [2.0, 0.0, 1.0], [-2.0, 0.0, -1.0]];
        let all = points.map(|p| self.irradiance(p, [0.0, 1.0, 0.0], 0.7, 0.9));
        std::array::from_fn(|c| all.iter().map(|e| e[c]).sum::<f32>() / 3.0)
    }
}

/// Colour of artificial light, from sodium to cold white; rooms are closer to white.
fn tint(rng: &mut ChaCha8Rng, indoor: bool) -> [f32; 3] {
    let cold = rng.random::<f32>();
    let warm = if indoor { [1.1, 0.98, 0.78] } else { [1.25, 0.9, 0.5] };
    std::array::from_fn(|c| warm[c] + cold * ([0.95, 1.02, 1.0][c] - warm[c]))
}

/// A bearing of the sun for a camera.
#[must_use]
pub fn bearing(rng: &mut ChaCha8Rng) -> f32 {
    PI * signed(rng)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dark() -> Light {
        Light {
            sun: [0.0, 1.0, 0.0],
            sunlight: [0.0; 3],
            sky: [0.0; 3],
            bounce: [0.0; 3],
            lamps: Vec::new(),
            glow: [0.0; 3],
            closeness: 0.0,
        }
    }

    #[test]
    fn a_lamp_twice_as_far_gives_a_quarter() {
        let lamps = vec![Lamp { position: [0.0, 8.0, 0.0], colour: [1.0; 3] }];
        let light = Light { lamps, ..dark() };
        let at = |y: f32| light.irradiance([0.0, y, 0.0], [0.0, 1.0, 0.0], 1.0, 1.0)[0];
        assert!((at(0.0) - 1.0 / 64.0).abs() < 1e-6);
        assert!((at(4.0) / at(0.0) - 4.0).abs() < 1e-4);
    }

    #[test]
    fn the_sun_follows_the_cosine_and_the_shadow_is_lit_by_the_sky() {
        let light = Light { sunlight: [2.0; 3], sky: [0.5; 3], ..dark() };
        let tilted = unit([3.0_f32.sqrt(), 1.0, 0.0]);
        let sunny = light.irradiance([0.0; 3], tilted, 1.0, 1.0)[0];
        // cos 60° of the sun and three quarters of the sky.
        assert!((sunny - (1.0 + 0.375)).abs() < 1e-5, "{sunny}");
        assert_eq!(light.irradiance([0.0; 3], [0.0, 1.0, 0.0], 0.0, 1.0), [0.5; 3]);
    }
}
