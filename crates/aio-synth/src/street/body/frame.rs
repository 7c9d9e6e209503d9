//! Coordinate frames that hang on each other, and the few vector operations that lofting needs.

use crate::street::scene::space::{V3, add, dot, scale, sub, unit};

/// An orthonormal frame: x to the right of the person, y upwards, z forwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) o: V3,
    pub(super) x: V3,
    pub(super) y: V3,
    pub(super) z: V3,
}

impl Frame {
    pub(super) const LEVEL: Self =
        Self { o: [0.0; 3], x: [1.0, 0.0, 0.0], y: [0.0, 1.0, 0.0], z: [0.0, 0.0, 1.0] };

    /// The outer point of a point of this frame.
    pub(super) fn at(&self, p: V3) -> V3 {
        add(self.o, self.along(p))
    }

    /// The outer direction of a direction of this frame.
    pub(super) fn along(&self, d: V3) -> V3 {
        add(add(scale(self.x, d[0]), scale(self.y, d[1])), scale(self.z, d[2]))
    }

    /// The point of this frame of an outer point.
    pub(super) fn inside(&self, p: V3) -> V3 {
        let d = sub(p, self.o);
        [dot(d, self.x), dot(d, self.y), dot(d, self.z)]
    }

    /// The same directions at another outer point.
    pub(super) fn put(self, o: V3) -> Self {
        Self { o, ..self }
    }

    /// Leans forwards.
    pub(super) fn pitch(self, angle: f32) -> Self {
        let (s, c) = angle.sin_cos();
        Self {
            y: add(scale(self.y, c), scale(self.z, s)),
            z: sub(scale(self.z, c), scale(self.y, s)),
            ..self
        }
    }

    /// Turns to the right.
    pub(super) fn yaw(self, angle: f32) -> Self {
        let (s, c) = angle.sin_cos();
        Self {
            z: add(scale(self.z, c), scale(self.x, s)),
            x: sub(scale(self.x, c), scale(self.z, s)),
            ..self
        }
    }

    /// Leans to the right.
    pub(super) fn roll(self, angle: f32) -> Self {
        let (s, c) = angle.sin_cos();
        Self {
            y: add(scale(self.y, c), scale(self.x, s)),
            x: sub(scale(self.x, c), scale(self.y, s)),
            ..self
        }
    }

    /// The frame whose y is `up` and whose x is as near to `right` as possible.
    pub(super) fn upright(o: V3, up: V3, right: V3) -> Self {
        let y = unit(up);
        let x = unit(sub(right, scale(y, dot(right, y))));
        Self { o, x, y, z: cross(x, y) }
    }
}

pub(super) fn cross(a: V3, b: V3) -> V3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(super) fn lerp(a: V3, b: V3, t: f32) -> V3 {
    add(a, scale(sub(b, a), t))
}

pub(super) fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// 0 below `low`, 1 above `high`, smooth between them.
pub(super) fn step(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A bump of height 1 and half-width `width` around `middle`.
pub(super) fn bump(value: f32, middle: f32, width: f32) -> f32 {
    let t = (value - middle) / width;
    (-t * t).exp()
}

/// Smooth curve through the rows of a table whose first column ascends (Catmull and Rom 1974).
pub(super) fn curve<const N: usize>(table: &[[f32; N]], at: f32) -> [f32; N] {
    let last = table.len() - 1;
    let i = table.iter().rposition(|row| row[0] <= at).unwrap_or(0).min(last - 1);
    let (b, c) = (table[i], table[i + 1]);
    let (a, d) = (table[i.saturating_sub(1)], table[(i + 2).min(last)]);
    let wide = c[0] - b[0];
    let t = ((at - b[0]) / wide).clamp(0.0, 1.0);
    std::array::from_fn(|k| {
        if k == 0 {
            return at;
        }
        let slope = |p: [f32; N], q: [f32; N]| wide * (q[k] - p[k]) / (q[0] - p[0]).max(1e-6);
        let (m, n) = (slope(a, c), slope(b, d));
        let (t2, t3) = (t * t, t * t * t);
        (2.0 * t3 - 3.0 * t2 + 1.0) * b[k]
            + (t3 - 2.0 * t2 + t) * m
            + (3.0 * t2 - 2.0 * t3) * c[k]
            + (t3 - t2) * n
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_frame_keeps_its_lengths_and_finds_its_points_again() {
        let frame = Frame::LEVEL.yaw(0.7).pitch(-0.4).roll(0.2).put([1.0, 2.0, 3.0]);
        for (a, b) in [(frame.x, frame.y), (frame.y, frame.z), (frame.z, frame.x)] {
            assert!(dot(a, b).abs() < 1e-6 && (dot(a, a) - 1.0).abs() < 1e-6);
        }
        let back = frame.inside(frame.at([0.3, -0.2, 0.9]));
        assert!((back[0] - 0.3).abs() < 1e-6 && (back[2] - 0.9).abs() < 1e-6);
    }

    #[test]
    fn a_curve_goes_through_its_table() {
        let table = [[0.0, 1.0], [1.0, 3.0], [3.0, 2.0]];
        for row in table {
            assert!((curve(&table, row[0])[1] - row[1]).abs() < 1e-6);
        }
        assert_eq!(curve(&table, 9.0)[1], 2.0);
    }
}
