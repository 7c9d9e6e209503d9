//! Shapes that places are built of, and where rays meet them.

pub use super::holes::Holes;
use super::noise::{cell, noise};
use super::space::{V3, along, dot, sub};

/// A shape in the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// An upright rectangle from `foot`, `width` metres along the unit direction (x, z) `run`, `height` upwards.
    Wall {
        /// Lower corner.
        foot: V3,
        /// Direction along the ground.
        run: (f32, f32),
        /// Width and height.
        size: (f32, f32),
        /// What is cut out of it.
        holes: Holes,
    },
    /// A horizontal rectangle at a height, from `corner` along x and z.
    Slab {
        /// Corner with the smallest x and z.
        corner: V3,
        /// Extent along x and z.
        size: (f32, f32),
    },
    /// A box that stands with its middle at `middle`, turned about the vertical by the unit direction `run`.
    Block {
        /// Centre.
        middle: V3,
        /// Half of the extent along `run`, upwards and across.
        half: V3,
        /// Direction of its length along the ground.
        run: (f32, f32),
    },
    /// A vertical cylinder.
    Post {
        /// Centre of the foot.
        foot: V3,
        /// Radius.
        radius: f32,
        /// Height.
        height: f32,
    },
    /// An ellipsoid with axes along x, y, z; `ragged` ones lose pieces as bushes do.
    Blob {
        /// Centre.
        middle: V3,
        /// Half axes.
        half: V3,
        /// Seed of the gaps, if it has any.
        ragged: Option<u32>,
    },
}

/// Where a ray meets a shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Distance in lengths of the direction.
    pub t: f32,
    /// Unit normal towards the ray's origin.
    pub normal: V3,
    /// Coordinates of the surface in metres.
    pub at: (f32, f32),
}

impl Shape {
    /// Centre and radius of a sphere around it.
    #[must_use]
    pub fn bounds(&self) -> (V3, f32) {
        match *self {
            Self::Wall { foot, run, size: (w, h), .. } => {
                let middle =
                    [foot[0] + 0.5 * w * run.0, foot[1] + 0.5 * h, foot[2] + 0.5 * w * run.1];
                (middle, 0.5 * w.hypot(h))
            }
            Self::Slab { corner, size } => {
                let middle = [corner[0] + 0.5 * size.0, corner[1], corner[2] + 0.5 * size.1];
                (middle, 0.5 * size.0.hypot(size.1))
            }
            Self::Block { middle, half, .. } => (middle, dot(half, half).sqrt()),
            Self::Post { foot, radius, height } => {
                ([foot[0], foot[1] + 0.5 * height, foot[2]], radius.hypot(0.5 * height))
            }
            Self::Blob { middle, half, .. } => (middle, half[0].max(half[1]).max(half[2])),
        }
    }

    /// Corners of a box or rectangle around it.
    #[must_use]
    pub fn corners(&self) -> Vec<V3> {
        let boxed = |middle: V3, half: V3, run: (f32, f32)| -> Vec<V3> {
            (0..8)
                .map(|i| {
                    let side = |bit: u8| if i & bit == 0 { -1.0 } else { 1.0 };
                    let (a, b, c) = (side(1) * half[0], side(2) * half[1], side(4) * half[2]);
                    [
                        middle[0] + a * run.0 - c * run.1,
                        middle[1] + b,
                        middle[2] + a * run.1 + c * run.0,
                    ]
                })
                .collect()
        };
        match *self {
            Self::Wall { foot, run, size: (w, h), .. } => {
                let end = [foot[0] + w * run.0, foot[1], foot[2] + w * run.1];
                vec![foot, end, [foot[0], foot[1] + h, foot[2]], [end[0], end[1] + h, end[2]]]
            }
            Self::Slab { corner: [x, y, z], size: (a, b) } => {
                vec![[x, y, z], [x + a, y, z], [x, y, z + b], [x + a, y, z + b]]
            }
            Self::Block { middle, half, run } => boxed(middle, half, run),
            Self::Post { foot, radius, height } => boxed(
                [foot[0], foot[1] + 0.5 * height, foot[2]],
                [radius, 0.5 * height, radius],
                (1.0, 0.0),
            ),
            Self::Blob { middle, half, .. } => boxed(middle, half, (1.0, 0.0)),
        }
    }

    /// The first point of the ray within `near..far`.
    #[must_use]
    pub fn hit(&self, from: V3, direction: V3, near: f32, far: f32) -> Option<Hit> {
        let within = |t: f32| t > near && t < far;
        match *self {
            Self::Wall { foot, run, size, holes } => {
                let across = [-run.1, 0.0, run.0];
                let speed = dot(direction, across);
                let t = dot(sub(foot, from), across) / speed;
                if !within(t) {
                    return None;
                }
                let p = sub(along(from, direction, t), foot);
                let (u, v) = (p[0] * run.0 + p[2] * run.1, p[1]);
                let inside = u >= 0.0 && v >= 0.0 && u <= size.0 && v <= size.1;
                let normal = if speed > 0.0 { across.map(|c| -c) } else { across };
                (inside && holes.solid(u, v, size)).then_some(Hit { t, normal, at: (u, v) })
            }
            Self::Slab { corner, size } => {
                let t = (corner[1] - from[1]) / direction[1];
                let p = along(from, direction, t);
                let (u, v) = (p[0] - corner[0], p[2] - corner[2]);
                let inside = u >= 0.0 && v >= 0.0 && u <= size.0 && v <= size.1;
                let up = -direction[1].signum();
                (within(t) && inside).then_some(Hit { t, normal: [0.0, up, 0.0], at: (p[0], p[2]) })
            }
            Self::Block { middle, half, run } => {
                block(from, direction, middle, half, run).filter(|hit| within(hit.t))
            }
            Self::Post { foot, radius, height } => {
                let (ox, oz) = (from[0] - foot[0], from[2] - foot[2]);
                let (dx, dz) = (direction[0], direction[2]);
                let a = dx * dx + dz * dz;
                let b = ox * dx + oz * dz;
                let inner = b * b - a * (ox * ox + oz * oz - radius * radius);
                if inner <= 0.0 {
                    return None;
                }
                let t = (-b - inner.sqrt()) / a;
                let v = from[1] + t * direction[1] - foot[1];
                if !within(t) || v < 0.0 || v > height {
                    return None;
                }
                let normal = [(ox + t * dx) / radius, 0.0, (oz + t * dz) / radius];
                Some(Hit { t, normal, at: (normal[0].atan2(normal[2]) * radius, v) })
            }
            Self::Blob { middle, half, ragged } => {
                blob(from, direction, middle, half, ragged, near, far)
            }
        }
    }
}

fn block(from: V3, direction: V3, middle: V3, half: V3, run: (f32, f32)) -> Option<Hit> {
    let turn = |a: V3| [a[0] * run.0 + a[2] * run.1, a[1], a[2] * run.0 - a[0] * run.1];
    let (o, d) = (turn(sub(from, middle)), turn(direction));
    let (mut enter, mut leave, mut axis) = (f32::NEG_INFINITY, f32::INFINITY, 0);
    for i in 0..3 {
        let (a, b) = ((-half[i] - o[i]) / d[i], (half[i] - o[i]) / d[i]);
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        if a > enter {
            (enter, axis) = (a, i);
        }
        leave = leave.min(b);
    }
    if enter >= leave {
        return None;
    }
    let p = along(o, d, enter);
    let side = -d[axis].signum();
    let normal = match axis {
        0 => [side * run.0, 0.0, side * run.1],
        1 => [0.0, side, 0.0],
        _ => [-side * run.1, 0.0, side * run.0],
    };
    let at = match axis {
        0 => (p[2] + half[2], p[1] + half[1]),
        1 => (p[0] + half[0], p[2] + half[2]),
        _ => (p[0] + half[0], p[1] + half[1]),
    };
    Some(Hit { t: enter, normal, at })
}

fn blob(
    from: V3,
    direction: V3,
    middle: V3,
    half: V3,
    ragged: Option<u32>,
    near: f32,
    far: f32,
) -> Option<Hit> {
    let o: V3 = std::array::from_fn(|i| (from[i] - middle[i]) / half[i]);
    let d: V3 = std::array::from_fn(|i| direction[i] / half[i]);
    let (a, b) = (dot(d, d), dot(o, d));
    let inner = b * b - a * (dot(o, o) - 1.0);
    if inner <= 0.0 {
        return None;
    }
    let root = inner.sqrt();
    for (side, t) in [(1.0, (-b - root) / a), (-1.0, (-b + root) / a)] {
        if t <= near || t >= far {
            continue;
        }
        let p = along(o, d, t);
        let at = (p[0].atan2(p[2]) * half[0], p[1] * half[1]);
        if let Some(seed) = ragged {
            let rim = 1.0 - (inner / a).min(1.0);
            let gaps =
                noise(at.0 * 5.0, at.1 * 5.0, seed) + 0.5 * noise(at.0 * 17.0, at.1 * 17.0, seed);
            // The rim is thinner than the middle.
            if gaps < 0.42 + 0.5 * rim * rim {
                continue;
            }
        }
        let raw: V3 = std::array::from_fn(|i| side * p[i] / half[i]);
        let size = dot(raw, raw).sqrt();
        let mut normal = raw.map(|v| v / size);
        if let Some(seed) = ragged {
            let (i, j) = ((at.0 * 12.0) as i32, (at.1 * 12.0) as i32);
            for (k, v) in normal.iter_mut().enumerate() {
                *v += 0.9 * (cell(i, j, seed ^ (k as u32 + 1)) - 0.5);
            }
            let size = dot(normal, normal).sqrt();
            normal = normal.map(|v| v / size);
        }
        return Some(Hit { t, normal, at });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const AHEAD: V3 = [0.0, 0.0, 1.0];

    #[test]
    fn rays_meet_shapes_at_the_distances_of_geometry() {
        let wall = Shape::Wall {
            foot: [-1.0, 0.0, 5.0],
            run: (1.0, 0.0),
            size: (2.0, 3.0),
            holes: Holes::None,
        };
        let post = Shape::Post { foot: [0.0, 0.0, 4.0], radius: 0.5, height: 3.0 };
        let blob = Shape::Blob { middle: [0.0, 1.0, 6.0], half: [1.0, 1.0, 2.0], ragged: None };
        let block =
            Shape::Block { middle: [0.0, 1.0, 8.0], half: [1.0, 1.0, 0.5], run: (1.0, 0.0) };
        for (shape, t) in [(wall, 5.0), (post, 3.5), (blob, 4.0), (block, 7.5)] {
            let hit = shape.hit([0.0, 1.0, 0.0], AHEAD, 0.0, 100.0).expect("in the way");
            assert!((hit.t - t).abs() < 1e-4, "{shape:?} {hit:?}");
            assert!((hit.normal[2] + 1.0).abs() < 1e-4, "{shape:?} faces the ray");
            assert_eq!(shape.hit([5.0, 1.0, 0.0], AHEAD, 0.0, 100.0), None);
        }
        let slab = Shape::Slab { corner: [-5.0, 0.0, -5.0], size: (10.0, 10.0) };
        let hit = slab.hit([0.0, 2.0, 0.0], [0.0, -0.5, 1.0], 0.0, 100.0).expect("below");
        assert_eq!((hit.t, hit.normal, hit.at), (4.0, [0.0, 1.0, 0.0], (0.0, 4.0)));
    }

    #[test]
    fn a_turned_block_is_met_at_its_corner() {
        let half = std::f32::consts::FRAC_1_SQRT_2;
        let block = Shape::Block { middle: [0.0; 3], half: [1.0, 1.0, 1.0], run: (half, half) };
        let hit = block.hit([0.01, 0.0, -5.0], AHEAD, 0.0, 100.0).expect("in the way");
        assert!((hit.t - (5.0 - 2.0_f32.sqrt() + 0.01)).abs() < 1e-3, "{hit:?}");
    }
}
