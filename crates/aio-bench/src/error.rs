//! The errors of a command, grouped by their cause: wrong input, a failure, or a signal.

use aio_data::DataError;
use aio_encoder::weights::WeightsError;
use aio_eval::EvalError;
use aio_gallery::GalleryError;
use aio_stores::StoreError;
use aio_train::TrainError;
use std::path::PathBuf;

/// Result of a command.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A signal stopped a command that keeps nothing of what it had done.
    #[error("stopped by a signal while {phase}; nothing is kept: the same command begins anew")]
    Cancelled {
        /// What was being done, such as "adapting".
        phase: &'static str,
    },
    /// Data could not be read or written.
    #[error(transparent)]
    Data(DataError),
    /// Features or labels could not be evaluated.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// Something failed that the user did not cause.
    #[error("{0}")]
    Failure(String),
    /// A gallery could not be read or changed.
    #[error(transparent)]
    Gallery(GalleryError),
    /// A signal stopped a phase that has no steps; what it had done is kept.
    #[error("stopped by a signal while {phase}; run the same command again to continue")]
    Interrupted {
        /// What was being done, such as "evaluating".
        phase: &'static str,
    },
    /// Another process has taken over the directory in which this one worked.
    #[error("{}", TrainError::Lost)]
    Lost,
    /// Standard output could not be written.
    #[error("cannot write standard output: {0}")]
    Output(#[source] std::io::Error),
    /// A signal stopped the run; a checkpoint has been written.
    #[error(
        "stopped by a signal at step {step}; a checkpoint is written, run the same command again to continue"
    )]
    Stopped {
        /// Optimiser steps done.
        step: usize,
    },
    /// A gallery in a database could not be read or changed.
    #[error(transparent)]
    Store(StoreError),
    /// Another process works in a directory.
    #[error("{} is in use: {} works on it", directory.display(), holder.as_deref().unwrap_or("another process"))]
    Taken {
        /// The directory.
        directory: PathBuf,
        /// Process and host, if they are known.
        holder: Option<String>,
    },
    /// What the user typed or supplied is wrong.
    #[error("{message}")]
    User {
        /// What is wrong: the file or key, what was expected and what was found.
        message: String,
        /// What the user can do about it.
        hint: Option<String>,
    },
    /// Weights could not be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

impl From<DataError> for Error {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Interrupted { phase } => Self::Interrupted { phase },
            other => Self::Data(other),
        }
    }
}

impl From<GalleryError> for Error {
    fn from(error: GalleryError) -> Self {
        match error {
            GalleryError::Data(DataError::Interrupted { phase }) => Self::Interrupted { phase },
            other => Self::Gallery(other),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Gallery(error) => error.into(),
            other => Self::Store(other),
        }
    }
}

impl From<TrainError> for Error {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Data(error) => error.into(),
            TrainError::Interrupted { phase } => Self::Interrupted { phase },
            TrainError::Weights(error) => Self::Weights(error),
            TrainError::Eval(error) => Self::Eval(error),
            TrainError::Invalid { message, hint } => Self::user(message, hint),
            TrainError::Stopped { step } => Self::Stopped { step },
            TrainError::Lost => Self::Lost,
            other => Self::Failure(other.to_string()),
        }
    }
}

impl Error {
    /// A user's mistake with a hint.
    pub fn user(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::User { message: message.into(), hint: Some(hint.into()) }
    }

    /// The same error of a command that keeps nothing: after a signal it does not promise that the command continues.
    #[must_use]
    pub(crate) fn with_nothing_kept(self) -> Self {
        match self {
            Self::Interrupted { phase } => Self::Cancelled { phase },
            other => other,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Data(error) => error.hint(),
            Self::Gallery(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::User { hint, .. } => hint.clone(),
            Self::Weights(WeightsError::NotFinite { .. }) => {
                Some("its training went wrong; take the weights of another run".to_owned())
            }
            Self::Taken { .. } => Some(
                "wait until it ends, or stop it; what it has done is kept and continued".to_owned(),
            ),
            _ => None,
        }
    }

    /// The message, and the hint on a line of its own.
    #[must_use]
    pub fn with_hint(&self) -> String {
        match self.hint() {
            Some(hint) => format!("{self}\nhint: {hint}"),
            None => self.to_string(),
        }
    }

    /// Whether the reader of standard output closed it, as in `aio … | head`.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// Whether the user can mend it: what was typed or supplied is wrong.
    #[must_use]
    pub fn is_user(&self) -> bool {
        self.exit_code() == 2
    }

    /// The process exit code: 2 for the user's input, 75 for "run the same command again", 1 for other failures.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Data(error) if error.is_user() => 2,
            Self::Gallery(error) if error.is_user() => 2,
            Self::Store(error) if error.is_user() => 2,
            Self::Eval(_) | Self::User { .. } | Self::Weights(_) => 2,
            Self::Data(_)
            | Self::Failure(_)
            | Self::Gallery(_)
            | Self::Lost
            | Self::Output(_)
            | Self::Store(_)
            | Self::Taken { .. } => 1,
            Self::Cancelled { .. } | Self::Interrupted { .. } | Self::Stopped { .. } => 75,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    #[test]
    fn exit_codes_are_those_of_the_contract() {
        let io = |kind: ErrorKind| {
            Error::Data(DataError::Io {
                action: "read",
                path: PathBuf::from("x"),
                source: kind.into(),
            })
        };
        for (error, code) in [
            (Error::user("a", "b"), 2),
            (io(ErrorKind::NotFound), 2),
            (Error::Failure("a".into()), 1),
            (TrainError::Lost.into(), 1),
            (Error::Output(ErrorKind::StorageFull.into()), 1),
            (Error::Stopped { step: 3 }, 75),
            (Error::Interrupted { phase: "evaluating" }, 75),
            (Error::Cancelled { phase: "adapting" }, 75),
            (DataError::Interrupted { phase: "rendering" }.into(), 75),
            (TrainError::Interrupted { phase: "rendering the corpus" }.into(), 75),
            (TrainError::Data(DataError::Interrupted { phase: "rendering" }).into(), 75),
            (Error::Taken { directory: PathBuf::from("x"), holder: None }, 1),
        ] {
            assert_eq!(error.exit_code(), code, "{error}");
        }
    }

    #[test]
    fn a_command_that_keeps_nothing_does_not_promise_to_continue() {
        let stopped = || Error::Interrupted { phase: "evaluating" };
        assert!(stopped().to_string().contains("again to continue"));
        let text = stopped().with_nothing_kept().to_string();
        assert!(text.contains("while evaluating; nothing is kept"), "{text}");
        assert!(!text.contains("continue"), "{text}");
        let other = Error::Stopped { step: 3 }.with_nothing_kept();
        assert!(other.to_string().contains("again to continue"), "a checkpoint is written");
    }

    #[test]
    fn a_hint_stands_on_a_line_of_its_own() {
        assert_eq!(Error::user("no file", "name one").with_hint(), "no file\nhint: name one");
        assert_eq!(Error::Failure("broken".into()).with_hint(), "broken");
    }

    #[test]
    fn a_closed_pipe_is_told_from_a_full_disk() {
        assert!(Error::Output(ErrorKind::BrokenPipe.into()).is_closed_pipe());
        assert!(!Error::Output(ErrorKind::StorageFull.into()).is_closed_pipe());
    }
}
