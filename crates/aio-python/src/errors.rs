//! Errors and interrupts as Python's exceptions.

use aio_bench::error::Error;
use aio_data::DataError;
use aio_encoder::weights::WeightsError;
use aio_gallery::GalleryError;
use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use std::cell::RefCell;

thread_local! {
    /// What Python's signal handler raised during the present call.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Whether Python was sent a signal whose handler raises, such as Ctrl-C. Only its main thread runs handlers.
pub(crate) fn asked_to_stop() -> bool {
    let Err(raised) = Python::attach(|py| py.check_signals()) else { return false };
    RAISED.set(Some(raised));
    true
}

/// The exception for an error: what the signal handler raised, an `OSError` about a file, a `ValueError` for what the user supplied, and a
/// `RuntimeError` for the rest. Its text ends with the hint.
pub(crate) fn raised(error: impl Into<Error>) -> PyErr {
    let error = error.into();
    let text = match error.hint() {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    };
    match &error {
        Error::Interrupted { .. } => {
            RAISED.take().unwrap_or_else(|| PyKeyboardInterrupt::new_err(text))
        }
        Error::Data(DataError::Io { source, .. })
        | Error::Gallery(GalleryError::Data(DataError::Io { source, .. }))
        | Error::Weights(WeightsError::Io { source, .. }) => {
            std::io::Error::new(source.kind(), text).into()
        }
        Error::Data(DataError::NotAFile { .. } | DataError::Image { .. }) => {
            PyOSError::new_err(text)
        }
        error if error.is_user() => PyValueError::new_err(text),
        _ => PyRuntimeError::new_err(text),
    }
}

/// A `ValueError` with a hint.
pub(crate) fn wrong(problem: impl Into<String>, hint: &str) -> PyErr {
    raised(Error::user(problem, hint))
}
