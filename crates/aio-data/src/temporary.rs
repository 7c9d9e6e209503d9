//! Temporary files and directories: their names, and the removal of those that killed processes left.

use crate::Result;
use crate::error::io;
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::hash::{BuildHasher, RandomState};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Name of the file by which one process at a time claims a directory.
pub const LOCK: &str = "lock";

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

/// Removes the temporary files and directories that killed processes left in a directory, in its folders named `below`, and everywhere
/// below these. Other folders are not entered, nor one with a lock of its own: another process may be writing there. Only whoever is alone in
/// the directory may call this. Returns how many there were.
///
/// # Errors
/// [`DataError::Io`](crate::DataError::Io) naming the path.
pub fn remove_temporaries(directory: &Path, below: &[&str]) -> Result<usize> {
    let mut removed = 0;
    for entry in std::fs::read_dir(directory).map_err(io("list", directory))? {
        let entry = entry.map_err(io("list", directory))?;
        let is_folder = entry.file_type().map_err(io("read", &entry.path()))?.is_dir();
        if is_temporary(&entry.file_name()) {
            removed += usize::from(remove_temporary(&entry.path(), is_folder)?);
        } else if is_folder && below.iter().any(|name| entry.file_name() == **name) {
            removed += remove_all_temporaries(&entry.path())?;
        }
    }
    Ok(removed)
}

/// Removes the temporaries in a folder and below it.
fn remove_all_temporaries(folder: &Path) -> Result<usize> {
    if folder.join(LOCK).exists() {
        return Ok(0);
    }
    let mut removed = 0;
    for entry in std::fs::read_dir(folder).map_err(io("list", folder))? {
        let entry = entry.map_err(io("list", folder))?;
        let is_folder = entry.file_type().map_err(io("read", &entry.path()))?.is_dir();
        if is_temporary(&entry.file_name()) {
            removed += usize::from(remove_temporary(&entry.path(), is_folder)?);
        } else if is_folder {
            removed += remove_all_temporaries(&entry.path())?;
        }
    }
    Ok(removed)
}

/// Removes the temporaries of one file, which killed processes left beside it. Only the one process that may write this file may call this.
///
/// # Errors
/// [`DataError::Io`](crate::DataError::Io) naming the path.
pub fn remove_temporaries_of(path: &Path) -> Result<usize> {
    remove_beside(path, |_| true)
}

/// Time after which a temporary that nobody wrote to is one of a killed process.
const ABANDONED: Duration = Duration::from_secs(3600);

/// As [`remove_temporaries_of`], for a file that several processes may write at a time: only those that nobody wrote to for an hour.
///
/// # Errors
/// [`DataError::Io`](crate::DataError::Io) naming the path.
pub fn remove_abandoned(path: &Path) -> Result<usize> {
    let is_old = |found: &Metadata| {
        let age =
            found.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
        age.is_some_and(|age| age > ABANDONED)
    };
    remove_beside(path, is_old)
}

fn remove_beside(path: &Path, chosen: impl Fn(&Metadata) -> bool) -> Result<usize> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let Some(of) = path.file_name() else { return Ok(0) };
    let entries = match std::fs::read_dir(parent) {
        // Where the folder is not there, nothing was left in it.
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(0),
        entries => entries.map_err(io("list", parent))?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry.map_err(io("list", parent))?;
        if temporary_of(&entry.file_name()) != Some(of.as_encoded_bytes()) {
            continue;
        }
        // Another process may have renamed it since.
        let Ok(found) = entry.metadata() else { continue };
        if chosen(&found) {
            removed += usize::from(remove_temporary(&entry.path(), found.is_dir())?);
        }
    }
    Ok(removed)
}

fn remove_temporary(path: &Path, is_folder: bool) -> Result<bool> {
    let remove = if is_folder { std::fs::remove_dir_all } else { std::fs::remove_file };
    match remove(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(io("remove", path)(e)),
    }
}

/// Whether a file of this name is a temporary one of this program.
#[must_use]
pub fn is_temporary(name: &OsStr) -> bool {
    temporary_of(name).is_some()
}

/// The name of the file whose temporary this is, if it is one: `.NAME.<12 hexadecimal digits>.<number>.tmp`, as [`temporary_beside`] makes it.
fn temporary_of(name: &OsStr) -> Option<&[u8]> {
    let inside = name.as_encoded_bytes().strip_prefix(b".")?;
    let inside = inside.strip_suffix(TEMPORARY.as_bytes())?;
    let mut parts = inside.rsplitn(3, |byte| *byte == b'.');
    let (number, process, of) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let is_own = !number.is_empty()
        && number.iter().all(u8::is_ascii_digit)
        && process.len() == 12
        && process.iter().all(is_hex);
    is_own.then_some(of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, create_dir_all};

    #[test]
    fn temporary_names_are_hidden_and_never_the_same() {
        let path = Path::new("runs/result.json");
        let names: std::collections::BTreeSet<PathBuf> =
            (0..100).map(|_| temporary_beside(path)).collect();
        assert_eq!(names.len(), 100);
        for name in &names {
            assert!(
                name.starts_with("runs") && is_temporary(name.file_name().expect("a name")),
                "{}",
                name.display()
            );
        }
    }

    #[test]
    fn temporaries_of_killed_processes_are_removed_and_nothing_else() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let root = directory.path();
        let own = [
            ".result.json.0123456789ab.0.tmp",
            "checkpoint/.x.0123456789ab.12.tmp",
            "checkpoint/deep/.x.0123456789ab.1.tmp",
            ".step-1.0123456789ab.2.tmp/model.bpk",
        ];
        let foreign = [
            "result.json",
            ".hidden",
            "notes.tmp",
            ".draft.tmp",
            ".~lock.thesis.odt.tmp",
            ".x.0123456789AB.0.tmp",
            ".x.0123456789ab.tmp",
            ".x.0123456789abc.0.tmp",
            ".x.0123456789ab..tmp",
            "photos/.x.0123456789ab.0.tmp",
            "checkpoint/embed/.x.0123456789ab.0.tmp",
            "checkpoint/embed/lock",
        ];
        for name in own.iter().chain(&foreign) {
            let path = root.join(name);
            create_dir_all(path.parent().expect("a parent")).expect("created");
            std::fs::write(path, name).expect("written");
        }
        assert_eq!(remove_temporaries(root, &["checkpoint"]).expect("removed"), 4);
        for (names, stay) in [(&own[..], false), (&foreign[..], true)] {
            for name in names {
                assert_eq!(root.join(name).exists(), stay, "{name}");
            }
        }
    }

    #[test]
    fn temporaries_of_one_file_are_removed_at_once_by_its_only_writer_and_else_after_an_hour() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.json");
        let others =
            [".x.json.old.0123456789ab.0.tmp", ".y.json.0123456789ab.0.tmp", ".x.json.tmp"];
        for name in others {
            std::fs::write(directory.path().join(name), "another's").expect("written");
        }
        let (new, old) = (temporary_beside(&path), temporary_beside(&path));
        for leftover in [&new, &old] {
            std::fs::write(leftover, "half").expect("written");
        }
        let file = File::options().write(true).open(&old).expect("opened");
        file.set_modified(SystemTime::now() - 2 * ABANDONED).expect("an older time");
        assert_eq!(remove_abandoned(&path).expect("removed"), 1);
        assert!(new.exists() && !old.exists());
        assert_eq!(remove_temporaries_of(&path).expect("removed"), 1);
        assert!(!new.exists());
        assert!(others.iter().all(|name| directory.path().join(name).exists()));
        assert_eq!(remove_temporaries_of(&directory.path().join("no/x.json")).expect("none"), 0);
    }
}
