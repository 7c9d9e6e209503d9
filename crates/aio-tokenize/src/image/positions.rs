use super::Grid;
use burn::tensor::Tensor;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};

/// Positions of the grid `from`, interpolated to the grid `to` as PyTorch's `interpolate(mode="bicubic", align_corners=False)` does.
///
/// # Shapes
/// - positions: `[from.rows · from.columns, width]`
/// - output: `[to.rows · to.columns, width]`
pub(super) fn interpolated(positions: Tensor<2>, from: Grid, to: Grid) -> Tensor<2> {
    let [_, width] = positions.dims();
    let plane = positions.reshape([1, from.rows, from.columns, width]).permute([0, 3, 1, 2]);
    let options = InterpolateOptions::new(InterpolateMode::Bicubic)
        .with_align_corners(false)
        .with_output_size([to.rows, to.columns]);
    interpolate(plane, options).permute([0, 2, 3, 1]).reshape([to.rows * to.columns, width])
}
