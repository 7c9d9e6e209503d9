//! Reading features from NumPy's `.npy` files.

use super::{COLUMNS, Contents, open, wrong};
use crate::error::{Error, Result};
use ndarray::{Array1, Array2};
use ndarray_npy::{ReadNpyError, ReadNpyExt};
use std::io::BufReader;
use std::path::Path;

/// Reads a `.npy` file and the label files beside it.
pub(super) fn read(path: &Path) -> Result<Contents> {
    let features = match array::<Array2<f32>>(path) {
        Err(Refused::Type(_)) => array::<Array2<f64>>(path).map(|a| a.mapv(|v| v as f32)),
        other => other,
    };
    let features =
        features.map_err(|e| e.named(path, "float32 or float64 of shape [rows, width]"))?;
    let mut columns = [None, None, None];
    for (labels, column) in columns.iter_mut().zip(COLUMNS) {
        let path = path.with_extension(format!("{}.npy", column.name));
        if path.exists() {
            let array =
                array::<Array1<i64>>(&path).map_err(|e| e.named(&path, "int64 of shape [rows]"))?;
            *labels = Some(array.to_vec());
        }
    }
    Ok(Contents { features: features.as_standard_layout().into_owned(), columns })
}

/// Why an array could not be read.
enum Refused {
    Type(ReadNpyError),
    Other(Error),
}

impl Refused {
    fn named(self, path: &Path, expected: &str) -> Error {
        match self {
            Self::Type(error) => wrong(path, format!("is not {expected}: {error}")),
            Self::Other(error) => error,
        }
    }
}

fn array<A: ReadNpyExt>(path: &Path) -> std::result::Result<A, Refused> {
    let file = open(path).map_err(Refused::Other)?;
    A::read_npy(BufReader::new(file)).map_err(Refused::Type)
}
