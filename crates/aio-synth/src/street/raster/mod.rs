//! Triangles to samples: a buffer of depths, and perspective-correct values in between.

mod shadow;

use super::scene::space::V3;
use super::scene::view::{Crop, Eye};

pub(in crate::street) use shadow::ShadowMap;

/// What is seen at a sample: a triangle, and the weights of its corners in space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Number of the triangle.
    pub triangle: u32,
    /// Weights of its corners; they sum to 1.
    pub weights: [f32; 3],
    /// Depth along the direction of view.
    pub depth: f32,
}

/// Nothing nearer than this many metres is drawn.
const NEAR: f32 = 0.1;

/// Finds the nearest triangle of every sample of `crop`, at `rows` × `columns` samples, row by row.
#[must_use]
pub fn rasterise(
    corners: &[V3],
    triangles: &[[u32; 3]],
    eye: &Eye,
    crop: &Crop,
    rows: usize,
    columns: usize,
) -> Vec<Option<Hit>> {
    let (down, across) = (rows as f32 / crop.height, columns as f32 / crop.width);
    // Row, column and inverse depth; the inverse depth is linear in the picture.
    let seen: Vec<[f32; 3]> = corners
        .iter()
        .map(|p| {
            let (row, column, depth) = eye.project(*p);
            let near = if depth > NEAR { 1.0 / depth } else { f32::NAN };
            [(row - crop.top) * down - 0.5, (column - crop.left) * across - 0.5, near]
        })
        .collect();
    let mut hits: Vec<Option<Hit>> = vec![None; rows * columns];
    let mut nearest = vec![0.0_f32; rows * columns];
    for (number, triangle) in triangles.iter().enumerate() {
        let [a, b, c] = triangle.map(|i| seen[i as usize]);
        if !(a[2] + b[2] + c[2]).is_finite() {
            continue;
        }
        cover([a, b, c], rows, columns, |at, w| {
            let inverse = w[0] * a[2] + w[1] * b[2] + w[2] * c[2];
            if inverse > nearest[at] {
                nearest[at] = inverse;
                let depth = 1.0 / inverse;
                let weights = [w[0] * a[2], w[1] * b[2], w[2] * c[2]].map(|v| v * depth);
                hits[at] = Some(Hit { triangle: number as u32, weights, depth });
            }
        });
    }
    hits
}

/// Calls `put` with every sample that a triangle of rows and columns covers, and with the weights of its corners.
fn cover(
    [a, b, c]: [[f32; 3]; 3],
    rows: usize,
    columns: usize,
    mut put: impl FnMut(usize, [f32; 3]),
) {
    let area = (b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1]);
    if area.abs() <= 1e-9 {
        return;
    }
    let least = |k: usize| a[k].min(b[k]).min(c[k]).max(0.0);
    let most = |k: usize| a[k].max(b[k]).max(c[k]);
    if most(0) < 0.0 || most(1) < 0.0 {
        return;
    }
    let up = |v: f32| v as usize + usize::from(v > v as usize as f32);
    let (top, left) = (up(least(0)), up(least(1)));
    let (bottom, right) = ((most(0) as usize).min(rows - 1), (most(1) as usize).min(columns - 1));
    if top > bottom || left > right {
        return;
    }
    let by = 1.0 / area;
    // Each weight is linear: its value at the first sample, and its change per column and row.
    let (y, x) = (top as f32, left as f32);
    let edge = |p: [f32; 3], q: [f32; 3]| {
        let (right, down) = (-(q[0] - p[0]) * by, (q[1] - p[1]) * by);
        ((y - p[0]) * down + (x - p[1]) * right, right, down)
    };
    let edges = [edge(b, c), edge(c, a), edge(a, b)];
    for row in top..=bottom {
        let dy = (row - top) as f32;
        let start = edges.map(|e| e.0 + dy * e.2);
        for column in left..=right {
            let dx = (column - left) as f32;
            let w: [f32; 3] = std::array::from_fn(|k| start[k] + dx * edges[k].1);
            // Neighbours must not leave a sample between them to rounding.
            if w[0] >= -1e-5 && w[1] >= -1e-5 && w[2] >= -1e-5 {
                put(row * columns + column, w);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> (Eye, Crop) {
        let eye = Eye::looking([0.0; 3], [0.0, 0.0, 1.0], 0.0, 100.0, (100.0, 100.0));
        let crop = Crop { top: 0.0, left: 0.0, height: 100.0, width: 100.0, raster: (50, 50) };
        (eye, crop)
    }

    fn wall(z: f32) -> [V3; 3] {
        [[-4.0, -4.0, z], [4.0, -4.0, z], [0.0, 8.0, z]]
    }

    #[test]
    fn the_nearest_triangle_wins_in_any_order() {
        let (eye, crop) = view();
        let corners: Vec<V3> = [wall(3.0), wall(2.0), wall(4.0)].concat();
        for order in [[0_u32, 1, 2], [2, 0, 1], [1, 2, 0]] {
            let triangles = order.map(|k| [3 * k, 3 * k + 1, 3 * k + 2]);
            let hits = rasterise(&corners, &triangles, &eye, &crop, 100, 100);
            let middle = hits[50 * 100 + 50].expect("the middle is covered");
            assert_eq!(triangles[middle.triangle as usize][0], 3);
            assert!((middle.depth - 2.0).abs() < 1e-4);
        }
    }

    #[test]
    fn weights_give_the_point_that_the_ray_meets() {
        let (eye, crop) = view();
        let corners = [[-1.0, -1.0, 2.0], [1.0, -0.8, 5.0], [0.1, 1.0, 3.0]];
        let hits = rasterise(&corners, &[[0, 1, 2]], &eye, &crop, 100, 100);
        let mut count = 0;
        for (i, hit) in hits.iter().enumerate() {
            let Some(hit) = hit else { continue };
            let point: V3 =
                std::array::from_fn(|k| (0..3).map(|c| hit.weights[c] * corners[c][k]).sum());
            let (row, column, depth) = eye.project(point);
            assert!((row - (i / 100) as f32 - 0.5).abs() < 1e-2);
            assert!((column - (i % 100) as f32 - 0.5).abs() < 1e-2);
            assert!((depth - hit.depth).abs() < 1e-3);
            count += 1;
        }
        assert!(count > 200, "{count}");
    }

    #[test]
    fn what_is_behind_the_camera_is_not_drawn() {
        let (eye, crop) = view();
        let hits = rasterise(&wall(-2.0), &[[0, 1, 2]], &eye, &crop, 20, 20);
        assert!(hits.iter().all(Option::is_none));
    }
}
