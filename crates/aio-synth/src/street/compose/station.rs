//! A camera that hangs at a place: what all its pictures share.

use super::style::Style;
use crate::street::infrared::Beam;
use crate::street::photo::{Camera, signed};
use crate::street::scene::light::{Hour, Light, bearing};
use crate::street::scene::place::{Place, Setting};
use crate::street::scene::shape::Shape;
use crate::street::scene::space::{V3, length, scale, sub, unit};
use crate::street::scene::trace::Visible;
use crate::street::scene::view::{Crop, Eye};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// What light a camera sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// Red, green and blue.
    Visible,
    /// Near infrared.
    Infrared,
}

/// A camera at its place.
#[derive(Debug, Clone)]
pub struct Station {
    /// What light it sees.
    pub band: Band,
    /// Where it hangs and where it looks.
    pub eye: Eye,
    /// The place it looks at.
    pub place: Place,
    /// Its own look.
    pub camera: Camera,
    /// Its lamp, if it sees near infrared.
    pub beam: Beam,
    /// Share of daylight in its near-infrared pictures.
    pub ambient: f32,
    hours: Vec<Hour>,
    sun: f32,
    /// Direction in which most people walk, in radians, and whether both ways are common.
    flow: (f32, f32),
}

/// Rows and columns of a frame.
const FRAME: (f32, f32) = (1080.0, 1920.0);
/// How often a camera or a person that cannot see or be seen is moved.
const MOVES: usize = 12;
/// Points at which the view of a camera is tried.
const TRIES: usize = 10;
/// Height in metres of someone of ordinary size.
const ORDINARY: f32 = 1.7;

impl Station {
    /// Draws a camera of `style` that sees most of the region where people walk.
    #[must_use]
    pub fn sample(rng: &mut ChaCha8Rng, style: &Style, band: Band) -> Self {
        let mut station = Self::anywhere(rng, style, band);
        for _ in 0..MOVES {
            let seen = (0..TRIES)
                .filter(|_| {
                    let at = station.within(rng);
                    station.free(at) && station.sees(at)
                })
                .count();
            if 2 * seen >= TRIES {
                break;
            }
            station = Self::anywhere(rng, style, band);
        }
        station
    }

    fn anywhere(rng: &mut ChaCha8Rng, style: &Style, band: Band) -> Self {
        let setting = style.settings.choose_weighted(rng, |s| s.1).map_or(Setting::Plaza, |s| s.0);
        let place = Place::sample(rng, setting, style.clutter);
        let within = |rng: &mut ChaCha8Rng, (low, high): (f32, f32)| {
            low + (high - low) * rng.random::<f32>()
        };
        let mut distance = within(rng, style.distance);
        let mut height = within(rng, style.height);
        let mut aside = 0.5 * distance * signed(rng);
        if setting.indoor() {
            height = height.min(2.5);
            distance = distance.min(7.0);
            aside = aside.clamp(-3.0, 3.0);
        }
        if setting == Setting::Corridor {
            (distance, aside) = (distance.min(6.5), place.walk.0 * 0.8 * signed(rng));
        }
        let focal = within(rng, style.rows) * distance / ORDINARY;
        let target = [0.5 * signed(rng), 0.9, 0.0];
        let from = [aside, height, -distance];
        let eye = Eye::looking(from, target, 0.03 * signed(rng), focal, FRAME);
        let far = length(sub(target, from));
        let beam = Beam {
            from,
            axis: eye.forward,
            power: 1.9 * far * far,
            spread: 0.3 + 0.35 * rng.random::<f32>(),
        };
        let hours = if setting.indoor() {
            vec![Hour::Indoor]
        } else {
            (0..2).map(|_| Hour::outdoors(rng)).collect()
        };
        let daylight = band == Band::Infrared && rng.random_bool(0.25);
        Self {
            band,
            eye,
            camera: Camera::sample(rng, style.quality),
            beam,
            ambient: if daylight { 0.2 + 0.5 * rng.random::<f32>() } else { 0.0 },
            hours,
            sun: bearing(rng),
            flow: (bearing(rng), 0.35 + 0.5 * rng.random::<f32>()),
            place,
        }
    }

    /// The same camera at night, when it sees near infrared.
    #[must_use]
    pub fn by_night(&self, rng: &mut ChaCha8Rng, style: &Style) -> Self {
        Self {
            band: Band::Infrared,
            camera: Camera::sample(rng, style.quality),
            ambient: 0.0,
            ..self.clone()
        }
    }

    /// Where someone else might be in a picture of a person at `at` who walks towards `turn`: beside, behind, or
    /// sometimes partly before the person.
    #[must_use]
    pub fn beside(&self, at: V3, turn: f32, rng: &mut ChaCha8Rng) -> (V3, f32) {
        let aside = signed(rng).signum() * (0.35 + 0.7 * rng.random::<f32>());
        let back = if rng.random_bool(0.2) {
            -0.4 - 1.2 * rng.random::<f32>()
        } else {
            0.3 + 4.5 * rng.random::<f32>().powi(2)
        };
        let eye = &self.eye;
        // Along the line of sight, so that whoever is far behind is in the picture, too.
        let away = unit([at[0] - eye.position[0], 0.0, at[2] - eye.position[2]]);
        let right = [eye.right[0], 0.0, eye.right[2]];
        let spot = [
            at[0] + aside * right[0] + back * away[0],
            0.0,
            at[2] + aside * right[2] + back * away[2],
        ];
        let together = rng.random_bool(0.5);
        let turn = if together { turn + 0.2 * signed(rng) } else { bearing(rng) };
        (spot, turn)
    }

    /// The light of one picture.
    #[must_use]
    pub fn light(&self, rng: &mut ChaCha8Rng) -> Light {
        let hour = self.hours[rng.random_range(0..self.hours.len())];
        Light::sample(rng, &self.place, hour, self.sun)
    }

    /// Where someone stands who can be seen, and the direction (radians; 0 is towards positive z) of walking.
    #[must_use]
    pub fn spot(&self, rng: &mut ChaCha8Rng) -> (V3, f32) {
        let mut at = [0.0; 3];
        for _ in 0..MOVES {
            at = self.within(rng);
            if self.free(at) && self.sees(at) {
                break;
            }
        }
        let way = if rng.random_bool(0.5) { 0.0 } else { std::f32::consts::PI };
        let turn = self.flow.0 + way + self.flow.1 * signed(rng) * 1.6 * rng.random::<f32>();
        (at, turn)
    }

    fn within(&self, rng: &mut ChaCha8Rng) -> V3 {
        let (half_x, half_z) = self.place.walk;
        [half_x * signed(rng), 0.0, half_z * signed(rng)]
    }

    /// Whether nothing stands at a point of the ground.
    #[must_use]
    pub fn free(&self, at: V3) -> bool {
        !self.place.items.iter().any(|item| {
            let (middle, radius) = item.shape.bounds();
            let near = (middle[0] - at[0]).hypot(middle[2] - at[2]) < radius.min(3.0) + 0.35;
            let low = match item.shape {
                Shape::Blob { middle, half, .. } => middle[1] - half[1] < 1.9,
                Shape::Slab { .. } | Shape::Wall { .. } => false,
                Shape::Block { middle, half, .. } => {
                    middle[1] - half[1] < 1.9 && middle[1] + half[1] > 0.1
                }
                Shape::Post { .. } => true,
            };
            near && low
        })
    }

    /// Whether most of someone who stands at a point would be seen.
    fn sees(&self, at: V3) -> bool {
        let (row, column, depth) = self.eye.project(add_up(at, 0.5 * ORDINARY));
        let tall = 1.2 * ORDINARY * self.eye.focal / depth;
        let crop = Crop {
            top: row - 0.5 * tall,
            left: column - 0.25 * tall,
            height: tall,
            width: 0.5 * tall,
            raster: (64, 32),
        };
        let visible = Visible::select(&self.place, &[], &self.eye, &crop);
        let open = [0.3, 0.7, 1.1, 1.4, 1.65]
            .iter()
            .filter(|up| {
                let (row, column, depth) = self.eye.project(add_up(at, **up));
                visible.meet(row, column, Some(depth - 0.15)).is_none()
            })
            .count();
        depth > 1.5 && open >= 4
    }

    /// A point on the ground between the camera and `at`, at a share of the way from `at`.
    #[must_use]
    pub fn before(&self, at: V3, share: f32) -> V3 {
        let to = scale(sub(self.eye.position, at), share);
        [at[0] + to[0], 0.0, at[2] + to[2]]
    }
}

fn add_up(at: V3, up: f32) -> V3 {
    [at[0], at[1] + up, at[2]]
}
