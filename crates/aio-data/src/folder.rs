//! Walking folders of pictures.
//!
//! Links are followed and every folder is walked once, so that a walk ends whatever leads where. Only regular files are
//! pictures. What is passed over is reported with its reason.

use crate::{DataError, Result, fs, picture};
use std::collections::HashSet;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// What lies in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A file to be opened as a picture; also a link of such a name that leads nowhere.
    Picture(PathBuf),
    /// Something that is passed over.
    Skipped(PathBuf, Reason),
}

/// Why something in a folder is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A picture in a format that is not read.
    Format,
    /// A pipe, a socket or a device.
    NotAFile(&'static str),
    /// A folder, or a link to one, that was walked already or is being walked.
    Again,
    /// A link that leads nowhere.
    DeadLink,
    /// A file that is no picture.
    NoPicture,
    /// A file or folder whose name begins with a dot.
    Hidden,
}

impl Reason {
    /// Whether the user may have expected a picture here.
    #[must_use]
    pub fn is_notable(self) -> bool {
        !matches!(self, Self::NoPicture | Self::Hidden)
    }

    /// So many of them in words, as in `3 files that are not pictures`.
    #[must_use]
    pub fn counted(self, count: usize) -> String {
        let (one, many) = match self {
            Self::Format => {
                ("picture in a format that is not read", "pictures in formats that are not read")
            }
            Self::NotAFile(kind) => return format!("{count} × {kind}"),
            Self::Again => ("folder that was walked already", "folders that were walked already"),
            Self::DeadLink => ("link that leads nowhere", "links that lead nowhere"),
            Self::NoPicture => ("file that is not a picture", "files that are not pictures"),
            Self::Hidden => ("hidden file or folder", "hidden files or folders"),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }
}

impl Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "a picture in a format that is not read",
            Self::NotAFile(kind) => kind,
            Self::Again => "a folder that was walked already",
            Self::DeadLink => "a link that leads nowhere",
            Self::NoPicture => "not a picture",
            Self::Hidden => "hidden",
        })
    }
}

/// The pictures below a folder and below the folders in it, in the order of their names, and what is passed over.
///
/// Memory grows with the largest folder, not with the number of pictures.
///
/// # Errors
/// Each entry may be a [`DataError::Io`] naming what cannot be listed.
pub fn walk(folder: &Path) -> impl Iterator<Item = Result<Entry>> + use<> {
    let mut entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    let folder = folder.to_path_buf();
    let mut walked = HashSet::new();
    std::iter::from_fn(move || {
        loop {
            let entry = match entries.next()? {
                Ok(entry) => entry,
                Err(error) => return Some(explain(error, &folder)),
            };
            let (kind, hidden) = (entry.file_type(), is_hidden(&entry));
            let new = !kind.is_dir() || hidden || is_new(entry.path(), &mut walked);
            if kind.is_dir() && (hidden || !new) {
                entries.skip_current_dir();
            }
            let path = entry.into_path();
            return Some(Ok(if hidden {
                Entry::Skipped(path, Reason::Hidden)
            } else if !new {
                Entry::Skipped(path, Reason::Again)
            } else if kind.is_dir() {
                continue;
            } else if !kind.is_file() {
                Entry::Skipped(path, Reason::NotAFile(fs::kind(kind)))
            } else if picture::is_picture(&path) {
                Entry::Picture(path)
            } else if picture::is_other_picture(&path) {
                Entry::Skipped(path, Reason::Format)
            } else {
                Entry::Skipped(path, Reason::NoPicture)
            }));
        }
    })
}

fn is_hidden(entry: &walkdir::DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// Whether a folder is met for the first time, under whatever name.
fn is_new(folder: &Path, walked: &mut HashSet<PathBuf>) -> bool {
    // What cannot be resolved cannot be listed either, which the walk reports.
    std::fs::canonicalize(folder).map_or(true, |real| walked.insert(real))
}

/// What an error of the walk means.
fn explain(error: walkdir::Error, folder: &Path) -> Result<Entry> {
    let path = error.path().unwrap_or(folder).to_path_buf();
    if error.loop_ancestor().is_some() {
        return Ok(Entry::Skipped(path, Reason::Again));
    }
    if path.is_symlink() && !exists(&path) {
        let is_picture = picture::is_picture(&path);
        let skipped = |path| Entry::Skipped(path, Reason::DeadLink);
        return Ok(if is_picture { Entry::Picture(path) } else { skipped(path) });
    }
    let source = error.into_io_error().unwrap_or_else(|| std::io::Error::other("it vanished"));
    Err(DataError::Io { action: "list", path, source })
}

/// Whether a link leads to something, even if it may not be looked at.
fn exists(link: &Path) -> bool {
    match std::fs::metadata(link) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("temporary directory");
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("create");
            std::fs::write(path, []).expect("write");
        }
        folder
    }

    /// Names of pictures, and names with reasons of what is passed over.
    fn walked(folder: &Path) -> (Vec<String>, Vec<(String, Reason)>) {
        let name = |path: PathBuf| {
            path.strip_prefix(folder).expect("below").to_string_lossy().into_owned()
        };
        let (mut pictures, mut skipped) = (Vec::new(), Vec::new());
        for entry in walk(folder) {
            match entry.expect("listed") {
                Entry::Picture(path) => pictures.push(name(path)),
                Entry::Skipped(path, reason) => skipped.push((name(path), reason)),
            }
        }
        (pictures, skipped)
    }

    #[test]
    fn pictures_are_found_by_name_at_any_depth_and_the_rest_has_a_reason() {
        let names = [
            "b/2.png",
            "b/10.png",
            "a.jpg",
            "c.txt",
            ".hidden/x.png",
            "b/.y.png",
            "d.JPG",
            "e.gif",
        ];
        let folder = make(&names);
        let (pictures, skipped) = walked(folder.path());
        assert_eq!(pictures, ["a.jpg", "b/10.png", "b/2.png", "d.JPG"]);
        let expected = [
            (".hidden", Reason::Hidden),
            ("b/.y.png", Reason::Hidden),
            ("c.txt", Reason::NoPicture),
            ("e.gif", Reason::Format),
        ];
        assert_eq!(skipped, expected.map(|(name, reason)| (name.to_owned(), reason)));
    }

    #[cfg(unix)]
    #[test]
    fn a_walk_ends_whatever_leads_where() {
        use std::os::unix::fs::symlink;
        let folder = make(&["inner/a.jpg", "inner/deep/b.jpg"]);
        let root = folder.path();
        for (target, link) in [("..", "inner/up"), ("..", "inner/up2"), (".", "inner/deep/self")] {
            symlink(target, root.join(link)).expect("link");
        }
        symlink("nowhere.jpg", root.join("inner/dead.jpg")).expect("link");
        symlink("nowhere", root.join("inner/dead")).expect("link");
        symlink("round.jpg", root.join("inner/round.jpg")).expect("link");
        let (pictures, skipped) = walked(&root.join("inner"));
        assert_eq!(pictures, ["a.jpg", "dead.jpg", "deep/b.jpg", "round.jpg"]);
        assert!(skipped.contains(&("up2".into(), Reason::Again)), "{skipped:?}");
        assert!(skipped.contains(&("dead".into(), Reason::DeadLink)), "{skipped:?}");

        // Twelve folders that link to each other: there are more than 10⁸ ways through them, and twelve folders.
        let folder = make(&[]);
        let names: Vec<String> = (0..12).map(|i| format!("f{i:02}")).collect();
        for name in &names {
            let inside = folder.path().join(name);
            std::fs::create_dir(&inside).expect("create");
            std::fs::write(inside.join("x.png"), []).expect("write");
            for other in &names {
                symlink(folder.path().join(other), inside.join(other)).expect("link");
            }
        }
        let (pictures, skipped) = walked(folder.path());
        assert_eq!(pictures.len(), 12, "every picture once: {pictures:?}");
        assert!(skipped.iter().all(|(_, reason)| *reason == Reason::Again));
    }

    #[cfg(unix)]
    #[test]
    fn pipes_sockets_and_devices_are_passed_over() {
        let folder = make(&["a.jpg"]);
        let pipe = folder.path().join("pipe.jpg");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success());
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket.png"));
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero.bmp")).expect("link");
        let (pictures, skipped) = walked(folder.path());
        assert_eq!(pictures, ["a.jpg"]);
        let expected =
            [("pipe.jpg", "a named pipe"), ("socket.png", "a socket"), ("zero.bmp", "a device")];
        assert_eq!(skipped, expected.map(|(name, kind)| (name.to_owned(), Reason::NotAFile(kind))));
    }

    #[test]
    fn a_folder_that_does_not_exist_is_an_error() {
        let error =
            walk(Path::new("/no/such/folder")).next().expect("an entry").expect_err("missing");
        assert!(error.to_string().contains("cannot list /no/such/folder"), "{error}");
    }
}
