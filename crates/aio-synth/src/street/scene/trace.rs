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

/// Where a ray meets a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Met {
    /// Which of the visible things it is; `None` is the ground.
    pub thing: Option<usize>,
    direction: V3,
    hit: Hit,
}

impl Met {
    /// Metres along the direction of view.
    #[must_use]
    pub fn depth(&self) -> f32 {
        self.hit.t
    }
}

/// A thing and where it can be seen.
#[derive(Debug)]
struct Thing<'a> {
    item: &'a Item,
    /// Smallest depth.
    nearest: f32,
    /// First and last (row, column) of the frame.
    window: ((f32, f32), (f32, f32)),
}

impl<'a> Thing<'a> {
    /// `None` for what is behind the camera.
    fn new(item: &'a Item, eye: &Eye) -> Option<Self> {
        let corners = item.shape.corners();
        let all = corners.iter().map(|c| eye.project(*c));
        let (nearest, farthest) = all
            .clone()
            .fold((f32::MAX, f32::MIN), |(n, f), (_, _, depth)| (n.min(depth), f.max(depth)));
        if farthest <= 0.0 {
            return None;
        }
        let mut window = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
        if nearest < 0.1 {
            // It reaches behind the camera: its corners do not bound it.
            window = ((f32::MIN, f32::MIN), (f32::MAX, f32::MAX));
        } else {
            for (row, column, _) in all {
                window.0 = (window.0.0.min(row), window.0.1.min(column));
                window.1 = (window.1.0.max(row), window.1.1.max(column));
            }
        }
        Some(Self { item, nearest: nearest.max(0.0), window })
    }
}

/// The things of a place that can be seen in one crop, from near to far.
#[derive(Debug)]
pub struct Visible<'a> {
    place: &'a Place,
    eye: &'a Eye,
    items: Vec<Thing<'a>>,
    /// Metres per pixel of the raster at a depth of 1.
    grain: f32,
}

impl<'a> Visible<'a> {
    /// Selects what `crop` can show of `place` and of the things that are there for this picture alone.
    #[must_use]
    pub fn select(place: &'a Place, extra: &'a [Item], eye: &'a Eye, crop: &Crop) -> Self {
        let bottom = crop.top + crop.height;
        let right = crop.left + crop.width;
        let mut items: Vec<Thing> = place
            .items
            .iter()
            .chain(extra)
            .filter_map(|item| Thing::new(item, eye))
            .filter(|thing| {
                let ((top, left), (low, far_right)) = thing.window;
                top < bottom && low > crop.top && left < right && far_right > crop.left
            })
            .collect();
        items.sort_by(|a, b| a.nearest.total_cmp(&b.nearest));
        let grain = crop.height / (crop.raster.0 as f32 * eye.focal);
        Self { place, eye, items, grain }
    }

    /// What the ray through (`row`, `column`) of the frame meets nearer than `far`; `None` is the sky, or nothing.
    #[must_use]
    pub fn meet(&self, row: f32, column: f32, far: Option<f32>) -> Option<Met> {
        let (from, direction) = (self.eye.position, self.eye.ray(row, column));
        let mut limit = far.unwrap_or(FAR);
        let ground = -from[1] / direction[1];
        let mut best = None;
        if ground > 0.0 && ground < limit {
            limit = ground;
            let normal = [0.0, 1.0, 0.0];
            best = Some(Met {
                thing: None,
                direction,
                hit: Hit { t: ground, normal, at: (0.0, 0.0) },
            });
        }
        for (i, thing) in self.items.iter().enumerate() {
            if thing.nearest > limit {
                break;
            }
            let ((top, left), (bottom, right)) = thing.window;
            if row < top || row > bottom || column < left || column > right {
                continue;
            }
            if let Some(hit) = thing.item.shape.hit(from, direction, 0.05, limit) {
                limit = hit.t;
                best = Some(Met { thing: Some(i), direction, hit });
            }
        }
        best
    }

    /// What the surface that was met looks like there.
    #[must_use]
    pub fn describe(&self, met: &Met) -> Seen {
        let Met { thing, direction, hit } = met;
        let depth = hit.t;
        let position = along(self.eye.position, *direction, depth);
        let facing = -dot(unit(*direction), hit.normal);
        let footprint = self.grain * depth / facing.clamp(0.1, 1.0).sqrt();
        let (look, normal) = match thing {
            None => (self.place.ground.look(position[0], position[2], footprint), hit.normal),
            Some(i) => {
                let item = self.items[*i].item;
                let look = item.surface.look(hit.at.0, hit.at.1, footprint);
                (look, rounded(&item.shape, *hit, fade(0.3, footprint)))
            }
        };
        Seen { look, depth, normal, position }
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
    /// Things with spheres around them.
    items: Vec<(&'a Item, V3, f32)>,
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
            .map(|item| {
                let (middle, radius) = item.shape.bounds();
                (item, middle, radius)
            })
            .filter(|(_, middle, radius)| {
                let to = sub(*middle, centre);
                let t = dot(to, sun);
                t > -reach - radius && length(sub(to, scale(sun, t))) < reach + radius
            })
            .collect();
        Self { items, sun }
    }

    /// Whether the sun reaches `position`.
    #[must_use]
    pub fn lit(&self, position: V3) -> bool {
        !self.items.iter().any(|(item, middle, radius)| {
            let to = sub(*middle, position);
            let t = dot(to, self.sun);
            let beside = dot(to, to) - t * t;
            t > -radius
                && beside < radius * radius
                && item.shape.hit(position, self.sun, 0.03, FAR).is_some()
        })
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
            let seen =
                |visible: &Visible| visible.meet(row, column, None).map(|m| visible.describe(&m));
            assert_eq!(seen(&some), seen(&all));
        }
    }

    #[test]
    fn the_ground_is_seen_where_the_ray_meets_it_and_nothing_is_seen_behind_the_limit() {
        let (place, eye, crop) = scene();
        let visible = Visible::select(&place, &[], &eye, &crop);
        let (row, column, depth) = eye.project([0.0, 0.0, 0.0]);
        let seen = visible.describe(&visible.meet(row, column, None).expect("ground"));
        assert!((seen.depth - depth).abs() < 1e-2 && length(seen.position) < 0.02, "{seen:?}");
        assert_eq!(visible.meet(row, column, Some(depth - 0.5)), None);
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
