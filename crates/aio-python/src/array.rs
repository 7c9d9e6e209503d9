//! NumPy arrays in and out, through NumPy's own functions: whatever `numpy.asarray` takes is an array.
//!
//! Values are copied once as bytes. The crate `numpy` would do without, but its features compile the program's own dependencies again.

use crate::errors::wrong;
use aio_bench::error::{Error, Result};
use image::RgbImage;
use ndarray::Array2;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict};

const PICTURE: &str =
    "give a path, or an array of uint8 [height, width, 3] (red, green, blue) or [height, width]";

/// An array with the name of its type and its shape.
struct Array<'py> {
    values: Bound<'py, PyAny>,
    dtype: String,
    shape: Vec<usize>,
}

impl<'py> Array<'py> {
    fn of(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let values = object.py().import("numpy")?.call_method1("asarray", (object,))?;
        let dtype = values.getattr("dtype")?.getattr("name")?.extract()?;
        let shape = values.getattr("shape")?.extract()?;
        Ok(Self { values, dtype, shape })
    }

    /// As another type of the same kind, or of one that holds more: no float becomes an integer.
    fn cast(&self, what: &str, dtype: &str) -> PyResult<Self> {
        let options = PyDict::new(self.values.py());
        options.set_item("casting", "same_kind")?;
        let cast = self.values.call_method("astype", (dtype,), Some(&options)).map_err(|_| {
            let kind = if dtype == "int64" { "integers" } else { "numbers" };
            wrong(format!("{what}: an array of {}", self.dtype), &format!("expected {kind}"))
        })?;
        Self::of(&cast)
    }

    /// All values in the order of rows, `N` bytes each.
    fn values<const N: usize, T>(&self, value: impl Fn([u8; N]) -> T) -> PyResult<Vec<T>> {
        let bytes = self.values.call_method0("tobytes")?;
        let (values, _) = bytes.cast::<PyBytes>()?.as_bytes().as_chunks::<N>();
        Ok(values.iter().map(|bytes| value(*bytes)).collect())
    }

    fn has_shape(&self, what: &str, dimensions: usize, expected: &str) -> PyResult<()> {
        if self.shape.len() == dimensions {
            return Ok(());
        }
        Err(wrong(format!("{what}: an array of shape {:?}", self.shape), expected))
    }
}

/// A picture from an array of pixels; `what` names it in errors. Grey values count for all three colours.
pub(crate) fn picture(what: &str, object: &Bound<'_, PyAny>) -> PyResult<RgbImage> {
    let array = Array::of(object)?;
    let found = || format!("{what}: an array of {} and shape {:?}", array.dtype, array.shape);
    let grey = match *array.shape {
        [_, _] => true,
        [_, _, 3] => false,
        _ => return Err(wrong(found(), PICTURE)),
    };
    let sides = (u32::try_from(array.shape[1]), u32::try_from(array.shape[0]));
    let (Ok(width @ 1..), Ok(height @ 1..), "uint8") = (sides.0, sides.1, array.dtype.as_str())
    else {
        return Err(wrong(found(), PICTURE));
    };
    let mut pixels = array.values(|[value]: [u8; 1]| value)?;
    if grey {
        pixels = pixels.into_iter().flat_map(|value| [value; 3]).collect();
    }
    RgbImage::from_raw(width, height, pixels).ok_or_else(|| wrong(found(), PICTURE))
}

/// Features `[rows, width]`; `what` names them in errors.
pub(crate) fn features(what: &str, object: &Bound<'_, PyAny>) -> PyResult<Array2<f32>> {
    let array = Array::of(object)?.cast(what, "float32")?;
    array.has_shape(what, 2, "expected features [rows, width]")?;
    let values = array.values(f32::from_ne_bytes)?;
    let shape = (array.shape[0], array.shape[1]);
    Array2::from_shape_vec(shape, values)
        .map_err(|e| wrong(format!("{what}: {e}"), "give one array"))
}

/// The features of one person, `[width]`.
pub(crate) fn feature(what: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
    let array = Array::of(object)?.cast(what, "float32")?;
    array.has_shape(what, 1, "expected the features of one person, [width]")?;
    array.values(f32::from_ne_bytes)
}

/// Labels, one per row.
pub(crate) fn labels(what: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<i64>> {
    let found = Array::of(object)?;
    let array = found.cast(what, "int64")?;
    array.has_shape(what, 1, "expected one integer per row of features, [rows]")?;
    let labels = array.values(i64::from_ne_bytes)?;
    // To NumPy both are integers of one kind, and what does not fit becomes a negative number, which is a label that is not known.
    if found.dtype == "uint64" && labels.iter().any(|label| *label < 0) {
        let problem = format!("{what}: a label is larger than {}", i64::MAX);
        return Err(wrong(problem, "number the labels from 0"));
    }
    Ok(labels)
}

/// Values of a type that NumPy calls `dtype`, in an array of this shape that Python may change.
fn array<'py, const N: usize>(
    py: Python<'py>,
    dtype: &str,
    values: impl ExactSizeIterator<Item = [u8; N]>,
    shape: &[usize],
) -> PyResult<Bound<'py, PyAny>> {
    let bytes = PyByteArray::new_with(py, N * values.len(), |bytes| {
        for (to, value) in bytes.as_chunks_mut::<N>().0.iter_mut().zip(values) {
            *to = value;
        }
        Ok(())
    })?;
    let flat = py.import("numpy")?.call_method1("frombuffer", (bytes, dtype))?;
    flat.call_method1("reshape", (shape.to_vec(),))
}

/// One row of features as an array `[width]`.
pub(crate) fn row<'py>(py: Python<'py>, values: &[f32]) -> PyResult<Bound<'py, PyAny>> {
    array(py, "float32", values.iter().map(|v| v.to_ne_bytes()), &[values.len()])
}

/// Rows of features as an array `[rows, width]`.
///
/// # Errors
/// [`Error::Failure`] if a row has another width.
pub(crate) fn rows<'py>(
    py: Python<'py>,
    values: Vec<Vec<f32>>,
    width: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let shape = [values.len(), width];
    let flat = flat(values, width).map_err(crate::errors::raised)?;
    array(py, "float32", flat.iter().map(|v| v.to_ne_bytes()), &shape)
}

fn flat(rows: Vec<Vec<f32>>, width: usize) -> Result<Vec<f32>> {
    match rows.iter().find(|row| row.len() != width) {
        Some(row) => Err(Error::Failure(format!("{} values, expected {width}", row.len()))),
        None => Ok(rows.concat()),
    }
}
