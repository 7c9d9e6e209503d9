//! File access whose errors name the path, and writes that are never seen half done.

use crate::{DataError, Result};
use std::ffi::OsString;
use std::fs::{File, FileType};
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

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

/// Ending of every temporary file and directory.
const TEMPORARY: &str = ".tmp";

/// A hidden name beside `path` that no other call uses, in this or another process, on this or another host.
#[must_use]
pub fn temporary_beside(path: &Path) -> PathBuf {
    static PROCESS: LazyLock<String> = LazyLock::new(|| {
        let mut hasher = blake3::Hasher::new();
        // Two hosts that share a file system can have the same process number, but not the same boot.
        hasher.update(&std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default());
        hasher.update(&std::process::id().to_le_bytes());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        hasher.update(&now.as_nanos().to_le_bytes());
        // Seeded by the operating system.
        hasher.update(&RandomState::new().hash_one(0).to_le_bytes());
        hasher.finalize().to_hex()[..12].to_owned()
    });
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.{}{TEMPORARY}", *PROCESS, CALLS.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// Removes the temporary files and directories that killed processes left in a directory and below it. Only whoever is alone in the directory
/// may call this. Returns how many there were.
///
/// # Errors
/// [`DataError::Io`] naming the path.
pub fn remove_temporaries(directory: &Path) -> Result<usize> {
    let mut removed = 0;
    for entry in std::fs::read_dir(directory).map_err(io("list", directory))? {
        let entry = entry.map_err(io("list", directory))?;
        let path = entry.path();
        let is_directory = entry.file_type().map_err(io("read", &path))?.is_dir();
        if is_temporary(&path) {
            let remove = if is_directory { std::fs::remove_dir_all } else { std::fs::remove_file };
            match remove(&path) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(io("remove", &path)(e)),
                _ => removed += 1,
            }
        } else if is_directory {
            removed += remove_temporaries(&path)?;
        }
    }
    Ok(removed)
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') && name.ends_with(TEMPORARY)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names_are_hidden_and_never_the_same() {
        let path = Path::new("runs/result.json");
        let names: std::collections::BTreeSet<PathBuf> =
            (0..100).map(|_| temporary_beside(path)).collect();
        assert_eq!(names.len(), 100);
        for name in &names {
            assert!(name.starts_with("runs") && is_temporary(name), "{}", name.display());
        }
    }

    #[test]
    fn temporaries_of_killed_processes_are_removed_and_nothing_else() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let root = directory.path();
        let names = [".result.json.a.0.tmp", "deep/.x.b.1.tmp", ".step-1.c.2.tmp/model.bpk"];
        for name in names.iter().chain(&["result.json", ".hidden", "notes.tmp"]) {
            let path = root.join(name);
            create_dir_all(path.parent().expect("a parent")).expect("created");
            std::fs::write(path, name).expect("written");
        }
        assert_eq!(remove_temporaries(root).expect("removed"), 3);
        for (name, stays) in
            [("result.json", true), (".hidden", true), ("notes.tmp", true), ("deep", true)]
                .into_iter()
                .chain(names.map(|name| (name, false)))
        {
            assert_eq!(root.join(name).exists(), stays, "{name}");
        }
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
