//! Lines of a drawing from geometry: where depth jumps, where surfaces bend, where parts and colours meet.
//!
//! A line runs between two neighbouring pixels. Brightness under some light plays no role.

use super::{Relief, Role};
use crate::street::scene::space::{dot, length, sub};

/// Why there is a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// A pattern of the cloth.
    Pattern,
    /// A bend of the surface: a fold, a jaw.
    Crease,
    /// Two parts that touch: sleeve and hand, hair and face.
    Border,
    /// A part in front of another one.
    Occlusion,
    /// The outline against the background.
    Outline,
}

/// A step between two neighbouring pixels: from one corner of the pixel raster to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Corner (row, column) where it starts.
    pub from: (usize, usize),
    /// Whether it runs to the right; otherwise it runs downwards.
    pub right: bool,
    /// Why it is there.
    pub line: Line,
}

/// From which differences on there is a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Jump of the depth in metres beside what the slope of the surface explains.
    pub jump: f32,
    /// Cosine between neighbouring normals below which there is a crease.
    pub crease: f32,
    /// Distance of colours in the square root of linear values.
    pub pattern: f32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { jump: 0.035, crease: 0.8, pattern: 0.16 }
    }
}

/// Every step between two pixels that differ.
#[must_use]
pub fn find(relief: &Relief, thresholds: Thresholds) -> Vec<Step> {
    let (height, width) = (relief.height, relief.width);
    let mut steps = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let i = y * width + x;
            if x + 1 < width
                && let Some(line) = between(relief, i, i + 1, thresholds)
            {
                steps.push(Step { from: (y, x + 1), right: false, line });
            }
            if y + 1 < height
                && let Some(line) = between(relief, i, i + width, thresholds)
            {
                steps.push(Step { from: (y + 1, x), right: true, line });
            }
        }
    }
    steps
}

fn between(relief: &Relief, a: usize, b: usize, thresholds: Thresholds) -> Option<Line> {
    match (relief.part[a], relief.part[b]) {
        (0, 0) => return None,
        (0, _) | (_, 0) => return Some(Line::Outline),
        _ => {}
    }
    // A slanted surface changes its depth by much between two pixels without an edge.
    let gap = (relief.depth[a] - relief.depth[b]).abs();
    let slope = relief.normal[a][2].abs().min(relief.normal[b][2].abs()).max(0.12);
    if gap > thresholds.jump + relief.pixel * (1.0 / (slope * slope) - 1.0).sqrt() {
        return Some(Line::Occlusion);
    }
    if relief.part[a] != relief.part[b] {
        return Some(Line::Border);
    }
    if dot(relief.normal[a], relief.normal[b]) < thresholds.crease {
        return Some(Line::Crease);
    }
    // Faces are drawn by marks of their own, not by their colours.
    if relief.role(a) == Role::Skin {
        return None;
    }
    let shown = |i: usize| relief.albedo[i].map(|c| c.max(0.0).sqrt());
    (length(sub(shown(a), shown(b))) > thresholds.pattern).then_some(Line::Pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows from the top; '.' is background, letters are parts, and a capital letter is nearer by a metre.
    fn relief(rows: &[&str]) -> Relief {
        let cells: Vec<u8> = rows.iter().flat_map(|row| row.bytes()).collect();
        Relief {
            height: rows.len(),
            width: rows[0].len(),
            depth: cells.iter().map(|c| if c.is_ascii_uppercase() { 4.0 } else { 5.0 }).collect(),
            normal: vec![[0.0, 0.0, 1.0]; cells.len()],
            part: cells
                .iter()
                .map(|c| if *c == b'.' { 0 } else { u16::from(c.to_ascii_lowercase()) })
                .collect(),
            albedo: vec![[0.5; 3]; cells.len()],
            roles: Vec::new(),
            pixel: 0.005,
            face: None,
        }
    }

    fn count(steps: &[Step], line: Line) -> usize {
        steps.iter().filter(|s| s.line == line).count()
    }

    #[test]
    fn outlines_occlusions_and_borders_of_a_small_relief() {
        let steps = find(&relief(&["....", ".aB.", ".ab.", "...."]), Thresholds::default());
        // Around the square of two by two pixels run eight steps.
        assert_eq!(count(&steps, Line::Outline), 8);
        // B is nearer than its left and its lower neighbour.
        assert_eq!(count(&steps, Line::Occlusion), 2);
        // a and b touch at the same depth in the lower row.
        assert_eq!(count(&steps, Line::Border), 1);
        assert_eq!(steps.len(), 11);
        let border = steps.iter().find(|s| s.line == Line::Border).expect("one");
        assert_eq!((border.from, border.right), ((2, 2), false));
    }

    #[test]
    fn a_slanted_plane_has_no_lines_but_a_fold_in_it_has() {
        let mut slanted = relief(&["aaaaaa"]);
        let normal = [0.8, 0.0, 0.6];
        for x in 0..6 {
            slanted.normal[x] = normal;
            slanted.depth[x] = 5.0 + x as f32 * 0.005 * 0.8 / 0.6;
        }
        assert_eq!(find(&slanted, Thresholds::default()), []);
        for x in 3..6 {
            slanted.normal[x] = [-0.8, 0.0, 0.6];
        }
        let fold = find(&slanted, Thresholds::default());
        assert_eq!(fold, [Step { from: (0, 3), right: false, line: Line::Crease }]);
    }

    #[test]
    fn brightness_makes_a_pattern_and_nothing_else() {
        let mut shirt = relief(&["aaaa"]);
        shirt.albedo[2] = [0.05; 3];
        let steps = find(&shirt, Thresholds::default());
        assert_eq!((steps.len(), count(&steps, Line::Pattern)), (2, 2));
        shirt.roles = vec![Role::Skin; 128];
        assert_eq!(find(&shirt, Thresholds::default()), [], "skin has no pattern");
    }
}
