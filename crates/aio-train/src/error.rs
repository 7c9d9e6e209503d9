//! Why a training stopped before its end.

use aio_data::DataError;
use aio_encoder::weights::WeightsError;
use aio_eval::EvalError;
use std::path::Path;

/// Result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, TrainError>;

/// Why a training stopped before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Data could not be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Weights could not be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Features or labels of the validation could not be evaluated.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// The configuration, or a file that the user supplied, is wrong.
    #[error("{message}")]
    Invalid {
        /// What is wrong: the file or key, what was expected and what was found.
        message: String,
        /// What the user can do about it.
        hint: String,
    },
    /// Something failed that the user did not cause.
    #[error("{0}")]
    Failure(String),
    /// A signal stopped a phase that has no steps; what it had done is kept.
    #[error("stopped by a signal while {phase}; run the same command again to continue")]
    Interrupted {
        /// What was being done, such as "evaluating".
        phase: &'static str,
    },
    /// Another process has taken over the directory in which this one worked.
    #[error(
        "another process took this directory over while this one gave no sign of life; nothing more is written"
    )]
    Lost,
    /// A signal stopped the training; a checkpoint has been written.
    #[error(
        "stopped by a signal at step {step}; a checkpoint is written, run the same command again to continue"
    )]
    Stopped {
        /// Optimiser steps done.
        step: usize,
    },
}

impl TrainError {
    /// A mistake of the user, with a hint.
    pub fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), hint: hint.into() }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Data(error) => error.hint(),
            Self::Invalid { hint, .. } => Some(hint.clone()),
            _ => None,
        }
    }
}

/// The error of an operation on a path.
pub(crate) fn io_error(action: &'static str, path: &Path, source: std::io::Error) -> TrainError {
    TrainError::Data(DataError::Io { action, path: path.to_path_buf(), source })
}
