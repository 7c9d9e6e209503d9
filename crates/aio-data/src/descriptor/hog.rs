use super::SIZE;
use crate::picture::luminances;
use aio_types::Picture;
use std::f64::consts::PI;

/// Orientations over 180°; a gradient and its opposite have the same.
const ORIENTATIONS: usize = 9;
/// Rows and columns of a cell, in pixels.
const CELL: usize = 8;
/// Rows and columns of a block, in cells. Neighbouring blocks are one cell apart.
const BLOCK: usize = 2;
/// Rows and columns of cells.
const CELLS: [usize; 2] = [SIZE.height / CELL, SIZE.width / CELL];
/// Rows and columns of blocks.
const BLOCKS: [usize; 2] = [CELLS[0] - BLOCK + 1, CELLS[1] - BLOCK + 1];
/// Values of one block.
const BLOCK_WIDTH: usize = BLOCK * BLOCK * ORIENTATIONS;
/// Values of the descriptor.
pub(super) const WIDTH: usize = BLOCKS[0] * BLOCKS[1] * BLOCK_WIDTH;

/// Largest value of a block after its first normalisation: the "Hys" of L2-Hys.
const LARGEST: f32 = 0.2;
/// Keeps the length of a block without gradients from being zero, as in scikit-image.
const EPSILON: f32 = 1e-5;

/// Cosine and sine of the angles between neighbouring orientations: 20°, 40°, … 160°.
type Bounds = [[f64; 2]; ORIENTATIONS - 1];

/// Of a picture of [`SIZE`].
pub(super) fn describe(picture: &Picture) -> Vec<f32> {
    let cells = cells(&luminances(picture));
    let mut values = Vec::with_capacity(WIDTH);
    for row in 0..BLOCKS[0] {
        for column in 0..BLOCKS[1] {
            let start = values.len();
            for y in row..row + BLOCK {
                let first = y * CELLS[1] + column;
                values.extend(cells[first..first + BLOCK].as_flattened());
            }
            normalise(&mut values[start..]);
        }
    }
    values
}

/// Of every cell, the sum of the magnitudes of its gradients by orientation, over the number of its pixels.
fn cells(luminances: &[f32]) -> Vec<[f32; ORIENTATIONS]> {
    let bounds: Bounds = std::array::from_fn(|i| {
        let angle = PI * (i + 1) as f64 / ORIENTATIONS as f64;
        [angle.cos(), angle.sin()]
    });
    let mut cells = vec![[0.0; ORIENTATIONS]; CELLS[0] * CELLS[1]];
    for row in 0..SIZE.height {
        for column in 0..SIZE.width {
            let (dy, dx) = gradient(luminances, row, column);
            let cell = &mut cells[row / CELL * CELLS[1] + column / CELL];
            cell[orientation(dy, dx, &bounds)] += (dy * dy + dx * dx).sqrt() as f32;
        }
    }
    let pixels = (CELL * CELL) as f32;
    cells.as_flattened_mut().iter_mut().for_each(|sum| *sum /= pixels);
    cells
}

/// Differences of the two neighbours along a column and along a row, zero at the border of the picture.
fn gradient(luminances: &[f32], row: usize, column: usize) -> (f64, f64) {
    let at = row * SIZE.width + column;
    let difference = |place: usize, places: usize, step: usize| {
        let is_inside = place > 0 && place + 1 < places;
        if is_inside { f64::from(luminances[at + step] - luminances[at - step]) } else { 0.0 }
    };
    (difference(row, SIZE.height, SIZE.width), difference(column, SIZE.width, 1))
}

/// The twenty degrees that a gradient lies in.
fn orientation(dy: f64, dx: f64, bounds: &Bounds) -> usize {
    // Of a gradient and its opposite, the one between 0° and 180°.
    let (dy, dx) = if dy < 0.0 || (dy == 0.0 && dx < 0.0) { (-dy, -dx) } else { (dy, dx) };
    // A cross product tells on which side of a bound the gradient lies, without an arc tangent.
    bounds.iter().map(|[cos, sin]| usize::from(dy * cos >= dx * sin)).sum()
}

/// L2-Hys: divided by its length, clipped, and divided by its length again.
fn normalise(block: &mut [f32]) {
    for largest in [LARGEST, f32::INFINITY] {
        let squares: f32 = block.iter().map(|value| value * value).sum();
        let length = (squares + EPSILON * EPSILON).sqrt();
        block.iter_mut().for_each(|value| *value = (*value / length).min(largest));
    }
}
