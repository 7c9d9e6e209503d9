//! The errors of galleries in databases.

use aio_gallery::GalleryError;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, StoreError>;

/// What went wrong with a gallery in a database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be reached, or does not do what it is asked for.
    #[error("cannot {action} {place}: {problem}")]
    Database {
        /// The address, without its password.
        place: String,
        /// What was tried, such as "connect to".
        action: &'static str,
        /// What the database or the network said.
        problem: String,
        /// What to do about it, where that is known.
        hint: Option<String>,
    },
    /// A push ended while the gallery was searched.
    #[error("{place} changed while it was searched")]
    Changed {
        /// The address, without its password.
        place: String,
    },
    /// A gallery on disk cannot be read, or a query asks in vain.
    #[error(transparent)]
    Gallery(#[from] GalleryError),
    /// What was asked for cannot be done.
    #[error("{problem}")]
    Request {
        /// What is wrong.
        problem: String,
        /// What to do about it.
        hint: String,
    },
}

impl StoreError {
    pub(crate) fn request(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Request { problem: problem.into(), hint: hint.into() }
    }

    /// What the user can do about it, where something general can be said.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Database { hint, .. } => hint.clone(),
            Self::Changed { .. } => Some("search again when no push is at work".into()),
            Self::Gallery(error) => error.hint(),
            Self::Request { hint, .. } => Some(hint.clone()),
        }
    }

    /// Whether the cause lies in what the user supplied, rather than in the machine.
    #[must_use]
    pub fn is_user(&self) -> bool {
        match self {
            Self::Database { .. } | Self::Changed { .. } => false,
            Self::Gallery(error) => error.is_user(),
            Self::Request { .. } => true,
        }
    }
}
