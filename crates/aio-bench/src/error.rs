//! The errors of a command, sorted by whose fault they are.

use aio_data::DataError;
use aio_encoder::weights::WeightsError;
use aio_eval::EvalError;
use aio_train::TrainError;

/// Result of a command.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Data could not be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Weights could not be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Features or labels could not be evaluated.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// What the user typed or supplied is wrong.
    #[error("{message}")]
    User {
        /// What is wrong: the file, the key, expected and found.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// What was asked to be checked is not right; the report says what is wrong.
    #[error("{report}")]
    Found {
        /// The report, which belongs on standard output.
        report: String,
    },
    /// Something failed that the user did not cause.
    #[error("{0}")]
    Failure(String),
    /// A signal asked the run to stop; a checkpoint has been written.
    #[error(
        "stopped by a signal at step {step}; a checkpoint is written, run the same command again to continue"
    )]
    Stopped {
        /// Optimiser steps done.
        step: usize,
    },
}

impl From<TrainError> for Error {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Data(error) => Self::Data(error),
            TrainError::Weights(error) => Self::Weights(error),
            TrainError::Eval(error) => Self::Eval(error),
            TrainError::Invalid { message, hint } => Self::user(message, hint),
            TrainError::Stopped { step } => Self::Stopped { step },
            other => Self::Failure(other.to_string()),
        }
    }
}

impl Error {
    /// A user's mistake with a hint.
    pub fn user(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::User { message: message.into(), hint: Some(hint.into()) }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Data(error) => error.hint(),
            Self::User { hint, .. } => hint.clone(),
            _ => None,
        }
    }

    /// The process exit code: 2 for the user's input, 75 for "run me again", 1 for the rest.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Data(error) => {
                if error.is_user() {
                    2
                } else {
                    1
                }
            }
            Self::Weights(_) | Self::Eval(_) | Self::User { .. } | Self::Found { .. } => 2,
            Self::Failure(_) => 1,
            Self::Stopped { .. } => 75,
        }
    }
}
