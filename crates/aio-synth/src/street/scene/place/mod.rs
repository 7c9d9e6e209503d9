//! Places: what stands where people walk. A camera sees the same place in all its pictures.
//!
//! People walk around the origin; the camera stands at negative z and looks towards positive z.

mod indoor;
mod materials;
mod outdoor;
mod things;

use super::noise::noise;
use super::shape::Shape;
use super::space::V3;
use super::surface::{Look, Surface};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A thing in a place: a shape and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item {
    /// Where it is.
    pub shape: Shape,
    /// What it looks like.
    pub surface: Surface,
}

/// The ground: strips of materials side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Ground {
    /// Unit direction (x, z) across the strips.
    pub across: (f32, f32),
    /// Strips by the coordinate where they end; the last one never ends.
    pub strips: Vec<(f32, Surface)>,
    /// How far the borders of strips wander, in metres.
    pub wander: f32,
}

impl Ground {
    /// The look of the ground at (x, z).
    #[must_use]
    pub fn look(&self, x: f32, z: f32, footprint: f32) -> Look {
        let (s, along) =
            (x * self.across.0 + z * self.across.1, z * self.across.0 - x * self.across.1);
        let edge = s + self.wander * (noise(along * 1.3, s * 1.3, 77) - 0.5);
        let strip = self.strips.iter().find(|(end, _)| edge < *end).or(self.strips.last());
        strip.map_or(
            Look { albedo: [0.2; 3], infrared: 0.2, gloss: 0.0, glow: 0.0 },
            |(_, surface)| surface.look(s, along, footprint),
        )
    }
}

/// What kind of place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// A square before a building.
    Plaza,
    /// A street with cars.
    Street,
    /// Paths, lawn and trees.
    Park,
    /// A yard behind walls and fences.
    Yard,
    /// A hall with pillars.
    Hall,
    /// A corridor.
    Corridor,
}

impl Setting {
    /// Every setting.
    pub const ALL: [Self; 6] =
        [Self::Plaza, Self::Street, Self::Park, Self::Yard, Self::Hall, Self::Corridor];

    /// Whether there is a roof.
    #[must_use]
    pub fn indoor(self) -> bool {
        matches!(self, Self::Hall | Self::Corridor)
    }
}

/// A place.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// What kind it is.
    pub setting: Setting,
    /// The ground.
    pub ground: Ground,
    /// Everything that stands on it or hangs above it.
    pub items: Vec<Item>,
    /// Lamps: positions in metres.
    pub lamps: Vec<V3>,
    /// Half of the region where people walk, along x and z, in metres.
    pub walk: (f32, f32),
}

impl Place {
    /// Draws a place with `clutter` things beside what belongs to it.
    #[must_use]
    pub fn sample(rng: &mut ChaCha8Rng, setting: Setting, clutter: usize) -> Self {
        match setting {
            Setting::Plaza => outdoor::plaza(rng, clutter),
            Setting::Street => outdoor::street(rng, clutter),
            Setting::Park => outdoor::park(rng, clutter),
            Setting::Yard => outdoor::yard(rng, clutter),
            Setting::Hall => indoor::hall(rng, clutter),
            Setting::Corridor => indoor::corridor(rng),
        }
    }
}

fn between(rng: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

fn chance(rng: &mut ChaCha8Rng, probability: f64) -> bool {
    rng.random_bool(probability)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    #[test]
    fn a_place_is_a_function_of_its_seed() {
        for (i, setting) in (0..).zip(Setting::ALL) {
            let draw = |seed| Place::sample(&mut rng(seed, "place", i), setting, 6);
            assert_eq!(draw(1), draw(1));
            assert_ne!(draw(1), draw(2));
        }
    }

    #[test]
    fn nothing_stands_where_people_walk() {
        for (i, setting) in (0..).zip(Setting::ALL) {
            for seed in 0..30 {
                let place = Place::sample(&mut rng(seed, "place", i), setting, 8);
                for item in &place.items {
                    let hit = item.shape.hit([0.0, 2.2, 0.0], [0.0, -1.0, 0.0], 0.0, 2.1);
                    assert_eq!(hit, None, "{setting:?} {seed}: {item:?} stands at the origin");
                }
            }
        }
    }

    #[test]
    fn strips_of_the_ground_follow_each_other() {
        let surface = |grey: f32| Surface {
            kind: super::super::surface::Kind::Paint,
            base: [grey; 3],
            second: [grey; 3],
            infrared: grey,
            gloss: 0.0,
            seed: 1,
        };
        let ground = Ground {
            across: (1.0, 0.0),
            strips: vec![(-1.0, surface(0.1)), (2.0, surface(0.4)), (9.0, surface(0.8))],
            wander: 0.0,
        };
        let near =
            |x: f32, grey: f32| (ground.look(x, 3.0, 0.5).albedo[0] / grey - 1.0).abs() < 0.15;
        assert!(near(-5.0, 0.1) && near(0.0, 0.4) && near(5.0, 0.8) && near(50.0, 0.8));
    }
}
