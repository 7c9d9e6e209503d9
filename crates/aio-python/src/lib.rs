//! The Python module `aio_reid`: [`aio_bench`] for programs in Python. docs/python.md describes it.
//!
//! Arguments are read and results are made while Python's lock is held; decoding, embedding, searching and scoring run without it.

mod arguments;
mod array;
mod changes;
mod errors;
mod extractor;
mod gallery;
mod json;
mod person;
mod rows;
mod score;

use pyo3::prelude::*;

/// What the package imports.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    aio_train::StopFlag::ask_host(errors::asked_to_stop);
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<extractor::Extractor>()?;
    module.add_class::<gallery::Gallery>()?;
    module.add_function(wrap_pyfunction!(score::score, module)?)
}
