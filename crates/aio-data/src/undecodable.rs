//! Why a picture is not decoded, and what can be done about it.

use image::ImageError;

/// The formats that are read.
const EXPECTED: &str = "expected JPEG, PNG, BMP, WebP or TIFF";

/// Why the bytes of a file give no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecodable {
    /// A JPEG file lacks its end.
    #[error("it is cut short: the mark FF D9 that ends a JPEG picture is missing")]
    CutShort,
    /// The content does not follow its format, or the picture has no pixels.
    #[error("{problem}")]
    Damaged {
        /// The message of the decoder, or of what works with its pixels.
        problem: String,
    },
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// The format is known and is not read.
    #[error("its format is {name}, {}", EXPECTED)]
    Format {
        /// Name of the format, in capitals.
        name: String,
    },
    /// The picture has more pixels than are decoded.
    #[error("{problem}")]
    TooLarge {
        /// What was found and what was expected.
        problem: String,
    },
    /// The format is not known.
    #[error("its first bytes are of no known format or damaged, {}", EXPECTED)]
    Unknown,
}

impl From<ImageError> for Undecodable {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(limit) => Self::TooLarge { problem: limit.to_string() },
            other => Self::damaged(other),
        }
    }
}

impl Undecodable {
    /// Damage that another library describes.
    pub fn damaged(problem: impl ToString) -> Self {
        Self::Damaged { problem: problem.to_string() }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Format { .. } | Self::Unknown => {
                "convert the file to one of these formats: its content counts, not the ending of its name. Or leave it out (`aio embed` and `aio gallery add` do so with --on-error skip)"
            }
            Self::TooLarge { .. } => {
                "make the picture smaller, or leave it out (`aio embed` and `aio gallery add` do so with --on-error skip); if it should be small, its header is damaged: copy the file again from the archive"
            }
            Self::CutShort | Self::Damaged { .. } | Self::Empty => {
                "the file is damaged or cut short: copy it again from the archive, or leave it out (`aio embed` and `aio gallery add` do so with --on-error skip)"
            }
        }
    }
}
