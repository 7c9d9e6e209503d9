//! One process at a time works on a run.
//!
//! Two files in the directory of a run keep this rule:
//!
//! - `lock` is empty and locked through the operating system, which releases it when the process ends in any way. The
//!   file is never removed: whoever locks it would otherwise not know whether others see the same file.
//! - `lock.json` names the holder and the time of its last heartbeat. People read it through `aio sweep status`. It
//!   also protects a run where locks do not reach other hosts or do not exist, as on some network file systems: a
//!   claim of another host counts until it has had no heartbeat for two minutes.

use crate::error::{Error, Result};
use aio_data::{DataError, fs};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// File that the operating system locks.
const LOCK: &str = "lock";

/// File that names the holder of the lock.
const HOLDER: &str = "lock.json";

/// Time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Seconds without a heartbeat after which a claim has lapsed.
const STALE: u64 = 120;

/// [`Holder::of`] locks the file for an instant, so a lock that is taken is tried again before it is believed.
const ATTEMPTS: u32 = 3;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);

/// The process that works on a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Holder {
    /// Name of its host.
    pub(crate) host: String,
    process: u32,
    /// Seconds since 1970 at its last heartbeat.
    beat: u64,
}

/// What the operating system says about the file `lock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SystemLock {
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

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl Holder {
    fn this_process() -> Self {
        let host = sysinfo::System::host_name().unwrap_or_else(|| "unknown host".into());
        Self { host, process: std::process::id(), beat: now() }
    }

    fn read(run: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(run.join(HOLDER)).ok()?).ok()
    }

    /// The process that works on the run in directory `run`, if one does.
    pub(crate) fn of(run: &Path) -> Option<Self> {
        let holder = Self::read(run)?;
        let system = File::open(run.join(LOCK))
            .map_or(SystemLock::Free, |file| SystemLock::from(file.try_lock_shared()));
        holder.is_working(system).then_some(holder)
    }

    /// Seconds since its last heartbeat.
    pub(crate) fn age(&self) -> u64 {
        now().saturating_sub(self.beat)
    }

    fn is_working(&self, system: SystemLock) -> bool {
        let is_fresh = self.age() < STALE;
        match system {
            SystemLock::Taken => true,
            // A process of this host would still hold the lock, if it lived.
            SystemLock::Free => is_fresh && self.host != Self::this_process().host,
            SystemLock::Unsupported => is_fresh,
        }
    }

    fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and numbers are JSON")
    }
}

/// The right to work on a run, until it is dropped.
#[derive(Debug)]
pub(crate) struct RunLock {
    holder: PathBuf,
    stopped: Arc<AtomicBool>,
    heartbeat: Option<std::thread::JoinHandle<()>>,
    /// The operating system releases the lock when this file is closed.
    _file: File,
}

impl RunLock {
    /// Locks the run in directory `run`, which is created if necessary; `None` if another process holds it.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file that cannot be written.
    pub(crate) fn try_acquire(run: &Path) -> Result<Option<Self>> {
        fs::create_dir_all(run)?;
        let path = run.join(LOCK);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|e| cannot_write(&path, e))?;
        let system = lock(&file);
        let holder = Holder::read(run);
        if system == SystemLock::Taken || holder.as_ref().is_some_and(|h| h.is_working(system)) {
            return Ok(None);
        }
        let path = run.join(HOLDER);
        // Without locks a file that cannot be read may be one that another process is about to write.
        if holder.is_some() || system == SystemLock::Free {
            // What is left here belongs to a process that no longer works on the run.
            let _ = std::fs::remove_file(&path);
        }
        // Without locks two processes may come this far, and only one of them can create the file.
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Ok(None),
            Err(e) => return Err(cannot_write(&path, e)),
            Ok(mut holder) => holder
                .write_all(&Holder::this_process().json())
                .map_err(|e| cannot_write(&path, e))?,
        }
        let stopped = Arc::new(AtomicBool::new(false));
        let heartbeat = start_heartbeat(path.clone(), Arc::clone(&stopped));
        Ok(Some(Self { holder: path, stopped, heartbeat: Some(heartbeat), _file: file }))
    }
}

fn cannot_write(path: &Path, source: std::io::Error) -> Error {
    Error::Data(DataError::Io { action: "write", path: path.to_path_buf(), source })
}

fn lock(file: &File) -> SystemLock {
    for _ in 1..ATTEMPTS {
        let state = SystemLock::from(file.try_lock());
        if state != SystemLock::Taken {
            return state;
        }
        std::thread::sleep(BETWEEN_ATTEMPTS);
    }
    SystemLock::from(file.try_lock())
}

fn start_heartbeat(holder: PathBuf, stopped: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            std::thread::park_timeout(HEARTBEAT);
            if !stopped.load(Ordering::Relaxed) {
                // A heartbeat that cannot be written makes the claim lapse, which is right if the disk is gone.
                let _ = fs::write_then_rename(&holder, &Holder::this_process().json());
            }
        }
    })
}

impl Drop for RunLock {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(heartbeat) = self.heartbeat.take() {
            heartbeat.thread().unpark();
            let _ = heartbeat.join();
        }
        let _ = std::fs::remove_file(&self.holder);
    }
}

#[cfg(test)]
mod tests;
