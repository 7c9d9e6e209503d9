//! The errors of galleries in databases.

use aio_gallery::GalleryError;
use std::fmt::Display;

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

    pub(crate) fn database(
        place: &impl Display,
        action: &'static str,
        e: &postgres::Error,
    ) -> Self {
        Self::Database { place: place.to_string(), action, problem: said(e) }
    }

    /// What the user can do about it, where something general can be said.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Database { action: "connect to", .. } => Some(
                "the address is postgres://user@host:5432/database#gallery; a password may stand in PGPASSWORD; the connection has no TLS, so that a server elsewhere is reached through a tunnel (docs/scale.md)"
                    .into(),
            ),
            Self::Database { .. } => None,
            Self::Gallery(error) => error.hint(),
            Self::Request { hint, .. } => Some(hint.clone()),
        }
    }

    /// Whether the cause lies in what the user supplied, rather than in the machine.
    #[must_use]
    pub fn is_user(&self) -> bool {
        match self {
            Self::Database { .. } => false,
            Self::Gallery(error) => error.is_user(),
            Self::Request { .. } => true,
        }
    }
}

/// What a database says about an error, with its causes.
pub(crate) fn said(error: &postgres::Error) -> String {
    if let Some(of_server) = error.as_db_error() {
        return of_server.message().to_owned();
    }
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}
