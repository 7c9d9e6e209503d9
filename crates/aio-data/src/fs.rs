//! File access whose errors name the path, and writes that are never seen half done.

use crate::{DataError, Result};
use std::ffi::OsString;
use std::fs::{File, FileType};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> DataError {
    let path = path.to_path_buf();
    move |source| DataError::Io { action, path, source }
}

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

/// Reads a whole regular file.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut file = open(path)?;
    let mut bytes = Vec::with_capacity(file.metadata().map_or(0, |m| m.len() as usize));
    file.read_to_end(&mut bytes).map_err(io("read", path))?;
    Ok(bytes)
}

/// Reads a whole regular UTF-8 file.
///
/// # Errors
/// As [`open`]; [`DataError::Io`] also where the bytes are not UTF-8.
pub fn read_to_string(path: &Path) -> Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text).map_err(io("read", path))?;
    Ok(text)
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

/// Creates a directory and its parents.
///
/// # Errors
/// [`DataError::Io`] naming the path.
pub fn create_dir_all(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(io("create the directory", path))
}

/// Writes a file beside its destination and renames it into place, so that a reader or a killed process
/// sees either the old file or the whole new one. A failed write leaves nothing behind.
///
/// # Errors
/// [`DataError::Io`] naming the destination.
pub fn write_then_rename(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, |temporary| {
        let mut file = std::fs::File::create(temporary)?;
        file.write_all(bytes)?;
        file.sync_all()
    })
}

/// As [`write_then_rename`], without waiting for the disk: for files that can be made again.
///
/// # Errors
/// [`DataError::Io`] naming the destination.
pub fn write_then_rename_unsynced(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, |temporary| std::fs::write(temporary, bytes))
}

/// As [`write_then_rename`], for writers that want a path: `write` fills the temporary file it is given.
///
/// # Errors
/// [`DataError::Io`] naming the destination.
pub fn replace(path: &Path, write: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<()> {
    if let Some(parent) = path.parent() {
        create_dir_all(parent)?;
    }
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = write(&temporary).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The write's own error is the one to report; a leftover that cannot be removed adds nothing to it.
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(io("write", path))
}

/// Entries of a directory in the order of their names, without hidden ones.
///
/// # Errors
/// [`DataError::Io`] naming the directory.
pub fn sorted_entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(io("list", directory))? {
        let path = entry.map_err(io("list", directory))?.path();
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            entries.push(path);
        }
    }
    entries.sort();
    Ok(entries)
}
