//! What a camera sees of a place: the nearest surface along every ray of a crop.

use super::noise::fade;
use super::place::{Item, Place};
use super::shape::{Hit, Shape};
use super::space::{V3, along, dot, length, scale, sub, unit};
use super::surface::Look;
use super::view::{Crop, Eye};

/// Distance at which nothing stands any more, in metres.
const FAR: f32 = 150.0;

/// A point of the place that a sample shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// What the surface looks like.
    pub look: Look,
    /// Metres along the direction of view.
    pub depth: f32,
    /// Unit normal.
    pub normal: V3,
    /// Where it is.
    pub position: V3,
}

/// The things of a place that can be seen in one crop, from near to far.
#[derive(Debug)]
pub struct Visible<'a> {
    place: &'a Place,
    eye: &'a Eye,
    /// Nearest depth and thing.
    items: Vec<(f32, &'a Item)>,
    /// Metres per pixel of the raster at a depth of 1.
    grain: f32,
}

impl<'a> Visible<'a> {
    /// Selects what `crop` can show of `place` and of the things that are there for this picture alone.
    #[must_use]
    pub fn select(place: &'a Place, extra: &'a [Item], eye: &'a Eye, crop: &Crop) -> Self {
        let middle = unit(eye.ray(crop.top + 0.5 * crop.height, crop.left + 0.5 * crop.width));
        // A cone around the crop: the angle between its middle and its corners.
        let corners = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)];
        let cosine = corners
            .map(|(r, c)| {
                dot(middle, unit(eye.ray(crop.top + r * crop.height, crop.left + c * crop.width)))
            })
            .into_iter()
            .fold(1.0_f32, f32::min);
        let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
        let mut items: Vec<(f32, &Item)> = place
            .items
            .iter()
            .chain(extra)
            .filter_map(|item| {
                let (centre, radius) = item.shape.bounds();
                let to = sub(centre, eye.position);
                let forward = dot(to, middle);
                let beside = (dot(to, to) - forward * forward).max(0.0).sqrt();
                // Distance of the centre from the cone's side.
                let outside = beside * cosine - forward * sine;
                (outside < radius && forward > -radius)
                    .then(|| ((dot(to, eye.forward) - radius).max(0.0), item))
            })
            .collect();
        items.sort_by(|a, b| a.0.total_cmp(&b.0));
        let grain = crop.height / (crop.raster.0 as f32 * eye.focal);
        Self { place, eye, items, grain }
    }

    /// What the ray through (`row`, `column`) of the frame meets nearer than `far`; `None` is the sky, or nothing.
    #[must_use]
    pub fn look(&self, row: f32, column: f32, far: Option<f32>) -> Option<Seen> {
        let (from, direction) = (self.eye.position, self.eye.ray(row, column));
        let mut best: Option<(Hit, &Item)> = None;
        let mut limit = far.unwrap_or(FAR);
        for (nearest, item) in &self.items {
            if *nearest > limit {
                break;
            }
            if let Some(hit) = item.shape.hit(from, direction, 0.05, limit) {
                limit = hit.t;
                best = Some((hit, item));
            }
        }
        let ground = -from[1] / direction[1];
        if ground > 0.0 && ground < limit {
            let position = along(from, direction, ground);
            let slant = -direction[1] / length(direction);
            let footprint = self.grain * ground / slant.max(0.1).sqrt();
            let look = self.place.ground.look(position[0], position[2], footprint);
            return Some(Seen { look, depth: ground, normal: [0.0, 1.0, 0.0], position });
        }
        let (hit, item) = best?;
        let facing = (-dot(unit(direction), hit.normal)).clamp(0.15, 1.0);
        let footprint = self.grain * hit.t / facing.sqrt();
        let look = item.surface.look(hit.at.0, hit.at.1, footprint);
        let position = along(from, direction, hit.t);
        let normal = rounded(&item.shape, hit, fade(0.3, footprint));
        Some(Seen { look, depth: hit.t, normal, position })
    }
}

/// Normals of blocks bend near their upper edges as sheet metal does.
fn rounded(shape: &Shape, hit: Hit, share: f32) -> V3 {
    let Shape::Block { half, .. } = shape else { return hit.normal };
    if hit.normal[1] != 0.0 {
        return hit.normal;
    }
    let bend = share * 0.8 * (hit.at.1 / half[1] - 1.0).clamp(-1.0, 1.0);
    unit([hit.normal[0], hit.normal[1] + bend, hit.normal[2]])
}

/// The things of a place that can throw a shadow into the region around `centre`.
#[derive(Debug)]
pub struct Casters<'a> {
    items: Vec<&'a Item>,
    sun: V3,
}

impl<'a> Casters<'a> {
    /// Selects the things between the sun (unit direction towards it) and a sphere.
    #[must_use]
    pub fn select(place: &'a Place, extra: &'a [Item], sun: V3, centre: V3, reach: f32) -> Self {
        let items = place
            .items
            .iter()
            .chain(extra)
            .filter(|item| {
                let (middle, radius) = item.shape.bounds();
                let to = sub(middle, centre);
                let t = dot(to, sun);
                t > -reach - radius && length(sub(to, scale(sun, t))) < reach + radius
            })
            .collect();
        Self { items, sun }
    }

    /// Whether the sun reaches `position`.
    #[must_use]
    pub fn lit(&self, position: V3) -> bool {
        !self.items.iter().any(|item| item.shape.hit(position, self.sun, 0.03, FAR).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::Setting;
    use super::*;
    use aio_types::rng;

    fn scene() -> (Place, Eye, Crop) {
        let place = Place::sample(&mut rng(4, "place", 0), Setting::Plaza, 5);
        let eye = Eye::looking([1.0, 3.5, -11.0], [0.0, 1.0, 0.0], 0.0, 900.0, (720.0, 1280.0));
        let crop = Crop { top: 250.0, left: 580.0, height: 180.0, width: 90.0, raster: (90, 45) };
        (place, eye, crop)
    }

    #[test]
    fn selection_changes_nothing_that_is_seen() {
        let (place, eye, crop) = scene();
        let some = Visible::select(&place, &[], &eye, &crop);
        let whole = Crop { top: -2e3, left: -2e3, height: 6e3, width: 6e3, ..crop };
        let all = Visible { grain: some.grain, ..Visible::select(&place, &[], &eye, &whole) };
        assert!(some.items.len() < all.items.len(), "something is left out");
        for i in 0..400 {
            let (row, column) = crop.frame_pixel((i % 20) as f32 * 4.5, (i / 20) as f32 * 2.2);
            assert_eq!(some.look(row, column, None), all.look(row, column, None));
        }
    }

    #[test]
    fn the_ground_is_seen_where_the_ray_meets_it_and_nothing_is_seen_behind_the_limit() {
        let (place, eye, crop) = scene();
        let visible = Visible::select(&place, &[], &eye, &crop);
        let (row, column, depth) = eye.project([0.0, 0.0, 0.0]);
        let seen = visible.look(row, column, None).expect("ground");
        assert!((seen.depth - depth).abs() < 1e-2 && length(seen.position) < 0.02, "{seen:?}");
        assert_eq!(visible.look(row, column, Some(depth - 0.5)), None);
    }

    #[test]
    fn a_roof_keeps_the_sun_off() {
        let (mut place, ..) = scene();
        let up = unit([0.2, 1.0, 0.1]);
        place.items.clear();
        assert!(Casters::select(&place, &[], up, [0.0; 3], 2.0).lit([0.0; 3]));
        let shape = Shape::Slab { corner: [-3.0, 3.0, -3.0], size: (6.0, 6.0) };
        let surface = place.ground.strips[0].1;
        place.items.push(Item { shape, surface });
        assert!(!Casters::select(&place, &[], up, [0.0; 3], 2.0).lit([0.0; 3]));
        assert!(Casters::select(&place, &[], up, [9.0, 0.0, 0.0], 2.0).lit([9.0, 0.0, 0.0]));
    }
}
