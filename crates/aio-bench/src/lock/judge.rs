//! Whether the process behind a claim still works.

use super::claim::{Found, Process};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

/// [`holder`](super::holder) locks the file for an instant, so a lock that is taken is tried again before it is believed.
const ATTEMPTS: u32 = 3;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);

/// What the operating system says about the file `lock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SystemLock {
    /// Another process holds it.
    Taken,
    /// No process that the file system knows of holds it.
    Free,
    /// The file system has no locks.
    Unsupported,
}

impl From<std::result::Result<(), TryLockError>> for SystemLock {
    fn from(attempt: std::result::Result<(), TryLockError>) -> Self {
        match attempt {
            Ok(()) => Self::Free,
            Err(TryLockError::WouldBlock) => Self::Taken,
            // The error differs between file systems. What else may be wrong with the disk shows in the next write.
            Err(TryLockError::Error(_)) => Self::Unsupported,
        }
    }
}

/// Whether an open file is still the one at `path`.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let identity = |found: std::fs::Metadata| (found.dev(), found.ino());
        let (open, there) = (file.metadata().map(identity), std::fs::metadata(path).map(identity));
        matches!((open, there), (Ok(open), Ok(there)) if open == there)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

pub(super) fn lock(file: &File) -> SystemLock {
    for _ in 1..ATTEMPTS {
        let state = SystemLock::from(file.try_lock());
        if state != SystemLock::Taken {
            return state;
        }
        std::thread::sleep(BETWEEN_ATTEMPTS);
    }
    SystemLock::from(file.try_lock())
}

/// What is known about the process behind a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Works,
    Ended,
    /// Only its heartbeats can tell.
    Unknown,
}

/// Watches a claim whose process cannot be seen.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) found: Found,
    pub(super) since: Instant,
}

/// Judges the newest claim of a directory.
pub(super) fn judge(found: &Found, system: SystemLock, here: &Process) -> State {
    let Some(claim) = &found.claim else {
        // Perhaps another host is about to write it.
        return State::Unknown;
    };
    if claim.released {
        return State::Ended;
    }
    match system {
        SystemLock::Taken => State::Works,
        // It would still hold the lock, if it lived.
        SystemLock::Free if claim.process.shares_kernel(here) => State::Ended,
        SystemLock::Free => State::Unknown,
        SystemLock::Unsupported => match claim.process.lives(here) {
            Some(true) => State::Works,
            Some(false) => State::Ended,
            None => State::Unknown,
        },
    }
}
