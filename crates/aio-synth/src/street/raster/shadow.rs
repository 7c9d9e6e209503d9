//! Shadows: depths of a mesh as the sun sees it.

use super::cover;
use crate::street::scene::space::{V3, dot, scale, sub, unit};

/// Metres from cell to cell of the map.
const CELL: f32 = 0.014;

/// How near the sun the mesh is, cell by cell.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::street) struct ShadowMap {
    sun: V3,
    down: V3,
    across: V3,
    /// Row and column of the first cell, in cells.
    corner: [f32; 2],
    rows: usize,
    columns: usize,
    nearest: Vec<f32>,
}

impl ShadowMap {
    /// The map of a mesh under a sun in the unit direction `sun`.
    pub(in crate::street) fn new(corners: &[V3], triangles: &[[u32; 3]], sun: V3) -> Self {
        let flat = if sun[1].abs() < 0.9 { [0.0, 1.0, 0.0] } else { [1.0, 0.0, 0.0] };
        let down = unit(sub(flat, scale(sun, dot(flat, sun))));
        let across = [
            sun[1] * down[2] - sun[2] * down[1],
            sun[2] * down[0] - sun[0] * down[2],
            sun[0] * down[1] - sun[1] * down[0],
        ];
        let seen: Vec<[f32; 3]> = corners
            .iter()
            .map(|p| [dot(*p, down) / CELL, dot(*p, across) / CELL, dot(*p, sun)])
            .collect();
        let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
        for i in triangles.iter().flatten() {
            for k in 0..2 {
                low[k] = low[k].min(seen[*i as usize][k]);
                high[k] = high[k].max(seen[*i as usize][k]);
            }
        }
        let corner = low.map(|v| v.floor() - 1.0);
        let size = |k: usize| ((high[k] - corner[k]).max(0.0) as usize + 3).min(1024);
        let (rows, columns) = (size(0), size(1));
        let mut nearest = vec![f32::MIN; rows * columns];
        for triangle in triangles {
            let [a, b, c] = triangle.map(|i| {
                let p = seen[i as usize];
                [p[0] - corner[0], p[1] - corner[1], p[2]]
            });
            cover([a, b, c], rows, columns, |at, w| {
                nearest[at] = nearest[at].max(w[0] * a[2] + w[1] * b[2] + w[2] * c[2]);
            });
        }
        Self { sun, down, across, corner, rows, columns, nearest }
    }

    /// Direction of the sun.
    pub(in crate::street) fn sun(&self) -> V3 {
        self.sun
    }

    /// Share of the sun that the mesh keeps from `position`; what is nearer than `bias` metres keeps nothing.
    pub(in crate::street) fn shadow(&self, position: V3, bias: f32) -> f32 {
        let row = dot(position, self.down) / CELL - self.corner[0];
        let column = dot(position, self.across) / CELL - self.corner[1];
        let inside = row >= 0.0
            && column >= 0.0
            && row < self.rows as f32 - 1.0
            && column < self.columns as f32 - 1.0;
        if !inside {
            return 0.0;
        }
        let depth = dot(position, self.sun) + bias;
        let (y, x) = (row as usize, column as usize);
        let (fy, fx) = (row.fract(), column.fract());
        let hidden =
            |y: usize, x: usize| f32::from(u8::from(self.nearest[y * self.columns + x] > depth));
        let upper = hidden(y, x) + fx * (hidden(y, x + 1) - hidden(y, x));
        let lower = hidden(y + 1, x) + fx * (hidden(y + 1, x + 1) - hidden(y + 1, x));
        upper + fy * (lower - upper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_shades_what_is_behind_it_alone() {
        let corners = [[-0.5, 1.0, -0.5], [0.5, 1.0, -0.5], [-0.5, 1.0, 0.5], [0.5, 1.0, 0.5]];
        let triangles = [[0, 1, 2], [1, 3, 2]];
        let sun = unit([1.0, 1.0, 0.0]);
        let map = ShadowMap::new(&corners, &triangles, sun);
        // The sun is at 45 degrees: the shadow on the ground lies one metre towards negative x.
        assert_eq!(map.shadow([-1.0, 0.0, 0.0], 0.01), 1.0);
        assert_eq!(map.shadow([-1.4, 0.0, 0.4], 0.01), 1.0);
        assert_eq!(map.shadow([0.0, 0.0, 0.0], 0.01), 0.0);
        assert_eq!(map.shadow([-1.6, 0.0, 0.0], 0.01), 0.0);
        assert_eq!(map.shadow([1.0, 2.0, 0.0], 0.01), 0.0, "nearer to the sun");
        // Within a cell the board, at 45 degrees to the sun, rises by at most two cells' diagonals.
        assert_eq!(map.shadow([0.0, 0.995, 0.0], 4.0 * CELL), 0.0, "the board itself");
    }
}
