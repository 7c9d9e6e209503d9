//! Points and directions in metres: x and z along the ground, y upwards.

/// A point or direction.
pub(in crate::street) type V3 = [f32; 3];

pub(in crate::street) fn add(a: V3, b: V3) -> V3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(in crate::street) fn sub(a: V3, b: V3) -> V3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(in crate::street) fn scale(a: V3, k: f32) -> V3 {
    a.map(|v| v * k)
}

pub(in crate::street) fn dot(a: V3, b: V3) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(in crate::street) fn length(a: V3) -> f32 {
    dot(a, a).sqrt()
}

pub(in crate::street) fn unit(a: V3) -> V3 {
    scale(a, 1.0 / length(a).max(1e-9))
}

/// The point at `t` along a ray.
pub(in crate::street) fn along(from: V3, direction: V3, t: f32) -> V3 {
    [from[0] + t * direction[0], from[1] + t * direction[1], from[2] + t * direction[2]]
}
