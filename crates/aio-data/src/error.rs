use crate::table_name::is_name;
use crate::undecodable::Undecodable;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

/// Result of everything in this crate that reads or writes data.
pub type Result<T> = std::result::Result<T, DataError>;

/// What went wrong with a data set, naming the file, row or key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused to read or write a path.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was attempted, as a verb phrase.
        action: &'static str,
        /// The path concerned.
        path: PathBuf,
        /// The reason given by the operating system.
        source: std::io::Error,
    },
    /// A path leads to a folder, a pipe, a socket or a device.
    #[error("{} is {found}, expected a regular file", path.display())]
    NotAFile {
        /// The path concerned.
        path: PathBuf,
        /// What it is, in words.
        found: &'static str,
    },
    /// A file is too large to be read as a whole.
    #[error("{} holds {bytes} bytes, more than are read at once ({most}) or than memory holds", path.display())]
    TooLarge {
        /// The file concerned.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// The largest length that is read.
        most: u64,
    },
    /// A data set's root, or a folder that its layout requires, is not there.
    #[error("{dataset}: {} not found", path.display())]
    Missing {
        /// Name of the data set.
        dataset: &'static str,
        /// The path that was expected.
        path: PathBuf,
        /// The expected tree, for the hint.
        layout: &'static str,
    },
    /// A folder exists but holds nothing that the layout describes.
    #[error("{dataset}: no {what} in {}", path.display())]
    Empty {
        /// Name of the data set.
        dataset: &'static str,
        /// What was looked for, such as "images".
        what: String,
        /// The folder that was searched.
        path: PathBuf,
    },
    /// A file name does not follow the data set's pattern.
    #[error("{dataset}: the file name {} does not match {pattern}", path.display())]
    Name {
        /// Name of the data set.
        dataset: &'static str,
        /// The file concerned.
        path: PathBuf,
        /// The pattern expected.
        pattern: &'static str,
    },
    /// A row of a list or annotation file cannot be used.
    #[error("{}, row {row}: {problem}", path.display())]
    Row {
        /// The list or annotation file.
        path: PathBuf,
        /// Row or element number, from 1.
        row: usize,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A file as a whole cannot be parsed.
    #[error("cannot parse {}: {problem}", path.display())]
    Parse {
        /// The file concerned.
        path: PathBuf,
        /// The parser's message.
        problem: String,
    },
    /// A file or folder does not have the checksum that was written for it.
    #[error("{} is damaged or was changed: {problem}", path.display())]
    Damaged {
        /// The file or folder concerned.
        path: PathBuf,
        /// What was expected and what was found.
        problem: String,
    },
    /// An image cannot be decoded.
    #[error("cannot decode the image {}: {problem}", path.display())]
    Image {
        /// The image file.
        path: PathBuf,
        /// Why not.
        problem: Undecodable,
    },
    /// What was typed names something that does not exist or cannot be done.
    #[error("{problem}")]
    Request {
        /// What is wrong.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// The caller asked a long phase to stop.
    #[error("{phase} was stopped")]
    Interrupted {
        /// What was being done, such as "rendering".
        phase: &'static str,
    },
    /// A batch cannot be formed from the samples there are.
    #[error("cannot sample batches: {0}")]
    Sampler(String),
}

/// The error of an attempt that the operating system refused.
pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> DataError {
    let path = path.to_path_buf();
    move |source| DataError::Io { action, path, source }
}

/// The error of a file that is no UTF-8 text, with the line of the first byte that is none.
pub(crate) fn not_text(path: &Path) -> impl FnOnce(FromUtf8Error) -> DataError {
    let refused = io("read", path);
    move |error| {
        let text = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + text.iter().filter(|byte| **byte == b'\n').count();
        let problem = format!("it is not UTF-8 text (line {line})");
        refused(std::io::Error::new(std::io::ErrorKind::InvalidData, problem))
    }
}

/// Where a data set comes from: `is_own` is of the user's own tables.
pub(crate) fn where_from(is_own: bool) -> &'static str {
    if is_own {
        "docs/datasets.md describes the file; `aio data table FOLDER` writes it for a folder of pictures"
    } else {
        "docs/datasets.md says where to get it"
    }
}

impl DataError {
    /// What the user can do about it, where something general can be said.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { dataset, layout, .. } => Some(format!(
                "expected this tree under the data root ({}):\n{layout}",
                where_from(is_name(dataset))
            )),
            Self::Request { hint, .. } => Some(hint.clone()),
            Self::NotAFile { .. } => {
                Some("name a file; the contents of a pipe must be written to a file first".into())
            }
            Self::Sampler(_) => {
                Some("lower `train.identities`, or add people with photographs".into())
            }
            Self::TooLarge { .. } => {
                Some("is it the right file? A sparse file can state any length".into())
            }
            Self::Empty { .. } => {
                Some("was the archive unpacked completely, and one level deep?".into())
            }
            Self::Damaged { .. } => Some(
                "restore it from a copy, or remove it and run the command that wrote it again"
                    .into(),
            ),
            Self::Image { problem, .. } => Some(problem.hint().into()),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => Some(
                "free some space and run the same command again; it continues where it stopped"
                    .into(),
            ),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                Some("check the permissions, or choose another directory".into())
            }
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::IsADirectory => {
                Some("this is a folder: name a file".into())
            }
            Self::Io { action: "read", source, .. }
                if source.kind() == std::io::ErrorKind::InvalidData =>
            {
                Some("if it is a text, save it with the encoding UTF-8".into())
            }
            _ => None,
        }
    }

    /// Whether the cause lies in what the user supplied, rather than in the machine.
    #[must_use]
    pub fn is_user(&self) -> bool {
        match self {
            Self::Io { source, .. } => matches!(
                source.kind(),
                std::io::ErrorKind::NotFound
                    | std::io::ErrorKind::PermissionDenied
                    | std::io::ErrorKind::ReadOnlyFilesystem
                    | std::io::ErrorKind::NotADirectory
                    | std::io::ErrorKind::IsADirectory
                    | std::io::ErrorKind::AlreadyExists
                    | std::io::ErrorKind::InvalidData
            ),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_utf_8_is_the_user_s_and_is_named_by_line() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("latin1.txt");
        std::fs::write(&path, b"A man.\r\nM\xfcller.\r\n").expect("written");
        for error in [crate::fs::read_to_string(&path), crate::fs::read_text(&path)] {
            let error = error.expect_err("Latin-1");
            assert!(error.is_user(), "{error}");
            let said = error.to_string();
            assert!(said.ends_with("latin1.txt: it is not UTF-8 text (line 2)"), "{said}");
            assert!(error.hint().is_some_and(|hint| hint.contains("UTF-8")), "{:?}", error.hint());
        }
        let full = io("write", &path)(std::io::ErrorKind::StorageFull.into());
        assert!(!full.is_user());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_in_the_place_of_a_file_is_the_user_s() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let folder = directory.path().join("photos");
        std::fs::create_dir(&folder).expect("created");
        let error = crate::fs::write_output(&folder, b"x").expect_err("a folder");
        assert!(error.to_string().contains("photos") && error.is_user(), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("folder")), "{:?}", error.hint());
        let left = crate::fs::names(directory.path()).expect("listed");
        assert_eq!(left, ["photos"], "no temporary file");
    }
}
