//! Triangles with normals and surface coordinates, made of grids.

use super::frame::cross;
use crate::street::scene::space::{V3, add, dot, scale, sub, unit};

/// A corner of triangles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Vertex {
    /// Position.
    pub(super) position: V3,
    /// Unit normal.
    pub(super) normal: V3,
    /// Metres around and along the surface.
    pub(super) surface: [f32; 2],
    /// Share of light from around that reaches it.
    pub(super) open: f32,
    /// Number of the part, from 1.
    pub(super) part: u16,
}

/// Triangles of one person.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Mesh {
    /// Corners.
    pub(super) vertices: Vec<Vertex>,
    /// Three corners each.
    pub(super) triangles: Vec<[u32; 3]>,
    /// Whether fine grids use every second row and column, as is enough for pictures of a hundred rows.
    pub(super) coarse: bool,
}

/// A point of a grid: position, metres around and along, share of light; `None` is a hole.
pub(super) type Knot = Option<(V3, [f32; 2], f32)>;

/// Size and form of a grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether the last column lies on the first.
    pub(super) closed: bool,
    pub(super) part: u16,
}

impl Mesh {
    /// Adds a grid whose rows run along a surface and whose columns run around it.
    pub(super) fn grid(&mut self, grid: Grid, mut knot: impl FnMut(usize, usize) -> Knot) {
        let stride = |n: usize, from: usize| if self.coarse && n >= from { 2 } else { 1 };
        let (down, across) = (stride(grid.rows, 28), stride(grid.columns, 25));
        let rows = (grid.rows - 1).div_ceil(down) + 1;
        let columns = (grid.columns - 1).div_ceil(across) + 1;
        let part = grid.part;
        let first = self.vertices.len();
        let begin = self.triangles.len();
        let mut holes = vec![false; rows * columns];
        for i in 0..rows {
            for j in 0..columns {
                let at = ((i * down).min(grid.rows - 1), (j * across).min(grid.columns - 1));
                let found = knot(at.0, at.1);
                holes[i * columns + j] = found.is_none();
                let (mut position, surface, open) = found.unwrap_or(([0.0; 3], [0.0; 2], 1.0));
                if grid.closed && j == columns - 1 {
                    // Folds may differ at the two sides of a seam; the cloth must not.
                    position = self.vertices[first + i * columns].position;
                }
                self.vertices.push(Vertex { position, normal: [0.0; 3], surface, open, part });
            }
        }
        for i in 0..rows - 1 {
            for j in 0..columns - 1 {
                let at = i * columns + j;
                let corners = [at, at + 1, at + columns, at + columns + 1];
                if corners.iter().any(|c| holes[*c]) {
                    continue;
                }
                let [a, b, c, d] = corners.map(|c| (first + c) as u32);
                self.triangles.push([a, b, c]);
                self.triangles.push([b, d, c]);
            }
        }
        self.normals(first, begin, columns, grid.closed);
    }

    fn normals(&mut self, first: usize, begin: usize, columns: usize, closed: bool) {
        let Self { vertices, triangles, .. } = self;
        for triangle in &triangles[begin..] {
            let [a, b, c] = triangle.map(|i| vertices[i as usize].position);
            let normal = cross(sub(b, a), sub(c, a));
            for i in triangle {
                let vertex = &mut vertices[*i as usize];
                vertex.normal = add(vertex.normal, normal);
            }
        }
        let own = &mut vertices[first..];
        let mut outwards = 0.0;
        for row in own.chunks_mut(columns) {
            let last = columns - 1;
            if closed {
                let both = add(row[0].normal, row[last].normal);
                (row[0].normal, row[last].normal) = (both, both);
            } else if row[0].position != row[last].position {
                join(row);
            }
            let sum = row.iter().fold([0.0; 3], |s, v| add(s, v.position));
            let middle = scale(sum, 1.0 / columns as f32);
            outwards += row.iter().map(|v| dot(v.normal, sub(v.position, middle))).sum::<f32>();
        }
        let sign = if outwards < 0.0 { -1.0 } else { 1.0 };
        for vertex in own {
            let normal = scale(vertex.normal, sign * 1e6);
            vertex.normal = if dot(normal, normal) > 1e-9 { unit(normal) } else { [0.0, 1.0, 0.0] };
        }
    }

    /// Corners of the first `count` triangles, one of each.
    pub(super) fn used(&self, count: usize) -> impl Iterator<Item = &Vertex> {
        self.triangles[..count].iter().map(|t| &self.vertices[t[0] as usize])
    }
}

/// Gives neighbours at the same position the sum of their normals.
fn join(row: &mut [Vertex]) {
    let near = |a: &Vertex, b: &Vertex| {
        let apart = sub(a.position, b.position);
        dot(apart, apart) < 1e-9
    };
    for same in row.chunk_by_mut(near).filter(|same| same.len() > 1) {
        let sum = same.iter().fold([0.0; 3], |sum, v| add(sum, v.normal));
        same.iter_mut().for_each(|v| v.normal = sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarse_grid_keeps_the_first_and_the_last_row_and_column() {
        for (rows, columns) in [(30, 33), (31, 26)] {
            let mut mesh = Mesh { coarse: true, ..Mesh::default() };
            mesh.grid(Grid { rows, columns, closed: false, part: 1 }, |i, j| {
                Some(([i as f32, j as f32, 0.0], [0.0; 2], 1.0))
            });
            let (first, last) = (mesh.vertices[0], mesh.vertices[mesh.vertices.len() - 1]);
            assert_eq!(first.position, [0.0; 3]);
            assert_eq!(last.position, [rows as f32 - 1.0, columns as f32 - 1.0, 0.0]);
            assert!(mesh.vertices.len() < rows * columns / 3);
        }
    }

    #[test]
    fn normals_of_a_tube_point_outwards_and_meet_at_its_seam() {
        for direction in [1.0, -1.0] {
            let mut mesh = Mesh::default();
            let grid = Grid { rows: 4, columns: 13, closed: true, part: 1 };
            mesh.grid(grid, |i, j| {
                let (s, c) = (direction * std::f32::consts::TAU * j as f32 / 12.0).sin_cos();
                Some(([0.1 * s, 0.3 * i as f32, 0.1 * c], [0.0; 2], 1.0))
            });
            assert_eq!(mesh.triangles.len(), 2 * 3 * 12);
            for (i, v) in mesh.vertices.iter().enumerate() {
                let radial = unit([v.position[0], 0.0, v.position[2]]);
                // A corner of the first or last row has one triangle on one side and two on the
                // other, each 15 degrees off: 5 degrees on the mean, whose cosine is 0.9962.
                let is_end = [0, 3].contains(&(i / 13));
                let least = if is_end { 0.996 } else { 0.9999 };
                assert!(dot(radial, v.normal) > least, "{v:?}");
            }
        }
    }
}
