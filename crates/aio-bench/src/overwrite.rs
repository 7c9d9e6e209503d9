//! Whether a file that is to be written is one that the same call reads.

use crate::error::{Error, Result};
use std::path::Path;
#[cfg(not(unix))]
use std::path::PathBuf;

/// The first input that would be lost if `written` were written: the same file, whatever it is called.
pub(crate) fn input_at<'a>(
    written: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Option<&'a Path> {
    let identity = Identity::of(written)?;
    inputs.into_iter().find(|input| Identity::of(input).as_ref() == Some(&identity))
}

/// Refuses to write the file that `option` names over an input of the same call.
///
/// # Errors
/// [`Error::User`] naming both.
pub(crate) fn check<'a>(
    option: &str,
    written: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<()> {
    let Some(input) = input_at(written, inputs) else { return Ok(()) };
    Err(Error::user(
        format!(
            "{option} {}: it would be written over the input {}",
            written.display(),
            input.display()
        ),
        format!("name another file with {option}"),
    ))
}

/// Tells whether two paths lead to the same file.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// Device and number in it.
    #[cfg(unix)]
    Number(u64, u64),
    /// The path without links.
    #[cfg(not(unix))]
    Path(PathBuf),
}

impl Identity {
    /// Of a file; `None` if there is none.
    fn of(path: &Path) -> Option<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            std::fs::metadata(path).ok().map(|found| Self::Number(found.dev(), found.ino()))
        }
        #[cfg(not(unix))]
        {
            std::fs::canonicalize(path).ok().map(Self::Path)
        }
    }
}
