//! File access whose errors name the path, and writes that are never seen half done.

pub use crate::temporary::{
    LOCK, is_temporary, remove_abandoned, remove_temporaries, remove_temporaries_of,
    temporary_beside,
};

use crate::error::{io, not_text};
use crate::{DataError, Result};
use std::ffi::OsString;
use std::fs::{File, FileType, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Opens a regular file for reading. Whoever opens a pipe waits for its writer, perhaps for ever.
///
/// # Errors
/// [`DataError::Io`] naming the path, [`DataError::NotAFile`] if it is a folder, a pipe, a socket or a device.
pub fn open(path: &Path) -> Result<File> {
    let found = std::fs::metadata(path).map_err(io("read", path))?;
    if !found.is_file() {
        return Err(DataError::NotAFile {
            path: path.to_path_buf(),
            found: kind(found.file_type()),
        });
    }
    File::open(path).map_err(io("read", path))
}

/// Largest file that is read into memory as a whole. A sparse file of terabytes takes no space on the disk.
const LARGEST: u64 = 4 << 30;

/// Reads a whole regular file of at most 4 GiB.
///
/// # Errors
/// As [`open`]; [`DataError::TooLarge`] for a larger file, or where memory is too small for it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, LARGEST)
}

/// Reads a whole regular file of at most `most` bytes.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>> {
    let file = open(path)?;
    let too_large = |bytes: u64| DataError::TooLarge { path: path.to_path_buf(), bytes, most };
    let length = file.metadata().map_err(io("read", path))?.len();
    let mut bytes = Vec::new();
    if length > most || bytes.try_reserve_exact(length as usize).is_err() {
        return Err(too_large(length));
    }
    // It may grow while it is read.
    file.take(most + 1).read_to_end(&mut bytes).map_err(io("read", path))?;
    if bytes.len() as u64 > most {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

/// Reads a whole regular UTF-8 file.
///
/// # Errors
/// As [`read`]; [`DataError::Io`] with the line also where the bytes are not UTF-8.
pub fn read_to_string(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(not_text(path))
}

/// What some editors put in front of UTF-8 text; it is no part of the text.
pub(crate) const MARK: &str = "\u{feff}";

/// As [`read_to_string`], of text that people and other programs write: without the byte order mark that some put in front.
///
/// # Errors
/// As [`read_to_string`].
pub fn read_text(path: &Path) -> Result<String> {
    let mut text = read_to_string(path)?;
    if text.starts_with(MARK) {
        text.remove(0);
    }
    Ok(text)
}

/// What the system notes about a file, in one line: length, times of the last change of its content and of its entry, and its number in
/// the file system. A program can set the time of the content, but neither that of the entry (ctime) nor the number: a file with the same
/// stamp is the same file with the same content, unless somebody set the clock back.
#[must_use]
pub fn stamp(found: &Metadata) -> String {
    let nanos = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let changed = found.modified().map_or(0, nanos);
    let mut text = format!("{} {changed}", found.len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        text += &format!(" {}.{:09} {}", found.ctime(), found.ctime_nsec(), found.ino());
    }
    text
}

/// What is no regular file, in words.
pub(crate) fn kind(found: FileType) -> &'static str {
    if found.is_dir() {
        return "a folder";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if found.is_fifo() {
            return "a named pipe";
        }
        if found.is_socket() {
            return "a socket";
        }
        if found.is_block_device() || found.is_char_device() {
            return "a device";
        }
    }
    "no regular file"
}

/// Creates a directory and its parents, and waits until the disk has their names.
///
/// # Errors
/// [`DataError::Io`] naming the path.
pub fn create_dir_all(path: &Path) -> Result<()> {
    let new: Vec<&Path> = path.ancestors().take_while(|ancestor| !ancestor.exists()).collect();
    std::fs::create_dir_all(path).map_err(io("create the directory", path))?;
    for parent in new.into_iter().filter_map(Path::parent) {
        match sync_directory(parent) {
            // Whoever may not list it, or has removed it since, has created it all the same.
            Err(DataError::Io { source, .. })
                if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {}
            outcome => outcome?,
        }
    }
    Ok(())
}

/// Removes a file, if it is there.
///
/// # Errors
/// [`DataError::Io`] naming the path.
pub fn remove_file(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(io("remove", path)(e)),
        _ => Ok(()),
    }
}

/// Writes a file beside its destination, waits until the disk has it and renames it into place, so that a reader, a killed process or a
/// machine that lost power sees either the old file or the whole new one. A failed write leaves nothing behind.
///
/// # Errors
/// [`DataError::Io`] naming the destination.
pub fn write_then_rename(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, |temporary| std::fs::write(temporary, bytes))
}

/// As [`write_then_rename`], without waiting for the disk: for files that can be made again.
///
/// # Errors
/// [`DataError::Io`] naming the destination.
pub fn write_then_rename_unsynced(path: &Path, bytes: &[u8]) -> Result<()> {
    through_temporary(path, |temporary| std::fs::write(temporary, bytes))
}

/// As [`write_then_rename`], for writers that want a path: `write` fills the temporary file it is given.
///
/// # Errors
/// [`DataError::Io`] naming the destination.
pub fn replace(path: &Path, write: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<()> {
    through_temporary(path, |temporary| {
        write(temporary)?;
        File::open(temporary)?.sync_all()
    })?;
    path.parent().map_or(Ok(()), sync_directory)
}

/// As [`write_then_rename`], for a file that a user names and that no lock protects: also removes what killed calls left beside it
/// ([`remove_abandoned`]).
///
/// # Errors
/// [`DataError::Io`] naming the destination.
pub fn write_output(path: &Path, bytes: &[u8]) -> Result<()> {
    replace_output(path, |temporary| std::fs::write(temporary, bytes))
}

/// As [`replace`], for a file that a user names, as [`write_output`].
///
/// # Errors
/// [`DataError::Io`] naming the destination.
pub fn replace_output(path: &Path, write: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<()> {
    remove_abandoned(path)?;
    replace(path, write)
}

fn through_temporary(path: &Path, write: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<()> {
    if let Some(parent) = path.parent() {
        create_dir_all(parent)?;
    }
    let temporary = temporary_beside(path);
    let written = write(&temporary).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The write's own error is the one to report; a leftover that cannot be removed adds nothing to it.
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(io("write", path))
}

/// Renames a directory whose files are complete to `target`, which may exist, after the disk has all of them.
///
/// # Errors
/// [`DataError::Io`] naming the path.
pub fn replace_directory(from: &Path, target: &Path) -> Result<()> {
    for entry in sorted_entries(from)? {
        File::open(&entry).and_then(|file| file.sync_all()).map_err(io("write", &entry))?;
    }
    sync_directory(from)?;
    if target.exists() {
        std::fs::remove_dir_all(target).map_err(io("replace", target))?;
    }
    std::fs::rename(from, target).map_err(io("write", target))?;
    target.parent().map_or(Ok(()), sync_directory)
}

/// Waits until the disk has the names in a directory: without this a renamed file can be gone after a loss of power.
fn sync_directory(directory: &Path) -> Result<()> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(directory).and_then(|file| file.sync_all()) {
        // Some network file systems do not know the request.
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        outcome => outcome.map_err(io("write", directory)),
    }
}

/// Names of everything in a directory, in no order.
///
/// # Errors
/// [`DataError::Io`] naming the directory.
pub fn names(directory: &Path) -> Result<Vec<OsString>> {
    let entries = std::fs::read_dir(directory).map_err(io("list", directory))?;
    entries.map(|entry| Ok(entry.map_err(io("list", directory))?.file_name())).collect()
}

/// Entries of a directory in the order of their names, without hidden ones.
///
/// # Errors
/// [`DataError::Io`] naming the directory.
pub fn sorted_entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut names = names(directory)?;
    names.retain(|name| !name.to_string_lossy().starts_with('.'));
    names.sort();
    Ok(names.iter().map(|name| directory.join(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_sparse_file_larger_than_memory_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("sparse.jpg");
        let file = File::create(&path).expect("created");
        // Where the file system has no files of this length, there is nothing to test.
        if file.set_len(8 << 40).is_err() {
            return;
        }
        for error in [read(&path).map(drop), read_to_string(&path).map(drop)] {
            let error = error.expect_err("8 TiB").to_string();
            assert!(error.contains("sparse.jpg holds 8796093022208 bytes"), "{error}");
        }
        file.set_len(100).expect("cut");
        assert_eq!(read(&path).expect("read"), [0; 100]);
        assert!(matches!(read_at_most(&path, 99), Err(DataError::TooLarge { bytes: 100, .. })));
    }

    #[test]
    fn a_stamp_tells_an_edit_that_kept_length_and_time() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.jpg");
        let now = || stamp(&std::fs::metadata(&path).expect("there"));
        std::fs::write(&path, "one").expect("written");
        let (first, time) =
            (now(), std::fs::metadata(&path).and_then(|m| m.modified()).expect("a time"));
        assert_eq!(now(), first);
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(&path, "two").expect("written");
        let file = File::options().write(true).open(&path).expect("opened");
        file.set_modified(time).expect("the old time");
        assert_eq!(now() == first, !cfg!(unix));
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_temporary_one() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.json");
        write_then_rename(&path, b"old").expect("written");
        let error = replace(&path, |temporary| {
            std::fs::write(temporary, b"half")?;
            Err(ErrorKind::StorageFull.into())
        });
        let error = error.expect_err("the disk is full");
        assert!(error.to_string().contains("x.json"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("free some space")));
        assert_eq!(std::fs::read(&path).expect("read"), b"old");
        assert_eq!(std::fs::read_dir(directory.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_directory_replaces_another() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let (new, old) = (directory.path().join("new"), directory.path().join("old"));
        for (path, text) in [(&new, "new"), (&old, "old")] {
            write_then_rename(&path.join("x"), text.as_bytes()).expect("written");
        }
        replace_directory(&new, &old).expect("replaced");
        assert!(!new.exists());
        assert_eq!(std::fs::read(old.join("x")).expect("read"), b"new");
    }
}
