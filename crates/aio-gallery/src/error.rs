//! The errors of a gallery.

use crate::layout::MANIFEST;
use crate::model::Model;
use aio_data::DataError;
use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, GalleryError>;

/// What went wrong with a gallery, naming the file, row or column.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GalleryError {
    /// A file could not be read or written, or is damaged.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A directory that is no gallery.
    #[error("`{}` is not a gallery: it contains no {MANIFEST}", directory.display())]
    NotAGallery {
        /// The directory.
        directory: PathBuf,
    },
    /// A directory whose file of the name of a gallery's manifest is that of features.
    #[error("`{}` is not a gallery: its {MANIFEST} belongs to the features {}", directory.display(), features.display())]
    OfFeatures {
        /// The directory.
        directory: PathBuf,
        /// The features.
        features: PathBuf,
    },
    /// Features of another model than the gallery's.
    #[error("{}: the gallery holds features of {gallery}, and {what} is of {found}", directory.display())]
    ForeignModel {
        /// The gallery.
        directory: PathBuf,
        /// Its model.
        gallery: Box<Model>,
        /// What does not fit, such as "the query".
        what: &'static str,
        /// The other model.
        found: Box<Model>,
    },
    /// Galleries of different models cannot become one.
    #[error(
        "{} holds features of {found}, and {} of {gallery}: they cannot be merged",
        other.display(),
        directory.display()
    )]
    ForeignGallery {
        /// The gallery that was to hold the rows of both.
        directory: PathBuf,
        /// Its model.
        gallery: Box<Model>,
        /// The name of its storage.
        storage: &'static str,
        /// The other gallery.
        other: PathBuf,
        /// The model of the other one.
        found: Box<Model>,
    },
    /// What was asked for cannot be done.
    #[error("{problem}")]
    Request {
        /// What is wrong.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// A row that is removed or never was.
    #[error("{place}: there is no row {row}")]
    NoRow {
        /// The gallery.
        place: String,
        /// The number that was asked for.
        row: u64,
    },
    /// Something failed that the user can do nothing about.
    #[error("{problem}")]
    Failure {
        /// What failed.
        problem: String,
        /// What can be tried, where that is known.
        hint: Option<String>,
    },
    /// Another process took the gallery over.
    #[error(
        "{}: another process took the gallery over while this one gave no sign of life; nothing more is written",
        directory.display()
    )]
    Lost {
        /// The gallery.
        directory: PathBuf,
    },
}

impl GalleryError {
    pub(crate) fn request(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Request { problem: problem.into(), hint: hint.into() }
    }

    pub(crate) fn damaged(path: &Path, problem: impl Into<String>) -> Self {
        Self::Data(DataError::Damaged { path: path.to_path_buf(), problem: problem.into() })
    }

    /// What the user can do about it, where something general can be said.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Data(DataError::Damaged { .. }) => Some(
                "`aio gallery verify` names every damaged file; restore them from a copy, or make the gallery again"
                    .into(),
            ),
            Self::Data(error) => error.hint(),
            Self::NotAGallery { .. } => Some("make one with `aio gallery create`".into()),
            Self::OfFeatures { features, .. } => Some(format!(
                "`aio search {}` searches these features; a gallery needs a directory of its own, which `aio gallery create` makes",
                features.display()
            )),
            Self::ForeignModel { gallery, found, .. } => Some(format!(
                "name the gallery's model with --model, or make a gallery with the other model{}",
                preparations(gallery, found)
            )),
            Self::ForeignGallery { gallery, storage, other, found, .. } => {
                Some(embed_again(gallery, storage, other, found))
            }
            Self::Request { hint, .. } => Some(hint.clone()),
            Self::NoRow { .. } => Some(
                "the lists of `aio search` and `aio gallery export` have the numbers of rows".into(),
            ),
            Self::Failure { hint, .. } => hint.clone(),
            Self::Lost { .. } => None,
        }
    }

    /// Whether the cause lies in what the user supplied, rather than in the machine.
    #[must_use]
    pub fn is_user(&self) -> bool {
        match self {
            Self::Data(error) => error.is_user(),
            Self::Lost { .. } | Self::Failure { .. } => false,
            _ => true,
        }
    }
}

/// How rows of the gallery `other` get features of the model `gallery`.
fn embed_again(gallery: &Model, storage: &str, other: &Path, found: &Model) -> String {
    let (name, other) = (&gallery.name, other.display());
    let mut hint = format!(
        "embed the inputs of {other} again with this model, `aio gallery create NEW INPUTS --storage {storage} --model {name}`, and merge NEW instead of {other}"
    );
    if !gallery.settings.is_null() {
        hint += &format!(
            "; add the options of the model that its settings {} stand for",
            gallery.settings
        );
    }
    if *name == found.name && gallery.sha256 != found.sha256 {
        hint += &format!(
            "; `{name}` has meant different weights: the file with sha256 {} is needed, and without it both galleries are made again",
            gallery.sha256
        );
    }
    hint + &preparations(gallery, found)
}

/// What sets models of the same weights apart, as an end of a hint.
fn preparations(gallery: &Model, found: &Model) -> String {
    if !gallery.is_prepared_otherwise(found) {
        return String::new();
    }
    format!(
        "; the weights are the same, but pictures are prepared in another way, which the name of a file can decide: {} for `{}`, {} for `{}`",
        gallery.description, gallery.name, found.description, found.name
    )
}

/// An error of the operating system about a path.
pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> GalleryError {
    let path = path.to_path_buf();
    move |source| GalleryError::Data(DataError::Io { action, path, source })
}
