//! One process at a time works in a directory: on a run, a pre-training, or the features of `aio embed`.
//!
//! Two kinds of files keep this rule:
//!
//! - `lock` is empty and locked through the operating system, which releases it when the process ends in any way. The
//!   file is never removed: whoever locks it would otherwise not know whether others see the same file.
//! - `lock-<n>.json` is a claim ([`Claim`]): it names a process and changes with each of its heartbeats. Claims protect a directory where
//!   locks do not reach other hosts or do not exist, as on some network file systems. The claim with the largest number counts.
//!   A process takes over by creating the next number, which the file system lets one process do.
//!
//! A claim ends when its process says so, or when it is seen to be dead: the same kernel no longer locks for it, or it has no heartbeat
//! while another process watches for two minutes. Times of two hosts are never compared. A process that was only suspended finds, when it goes on, that
//! its claim no longer counts ([`Fence`]), and writes nothing more.

mod claim;
mod judge;

use crate::error::{Error, Result};
use aio_data::fs::{self, LOCK};
use aio_train::StopFlag;
pub(crate) use claim::{Claim, Fence};
use claim::{Claims, Process, cannot_write};
use judge::{State, SystemLock, Watch, is_at, judge, lock};
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Folders of a run and of a pre-training, which nobody else writes to while their directory is locked.
const OWN_FOLDERS: [&str; 5] = ["checkpoint", "checkpoint-best", "model", "report", "tensorboard"];

/// How a process takes part.
#[derive(Debug, Clone)]
struct Terms {
    process: Process,
    /// Whether locks of the operating system are used.
    system_locks: bool,
    /// Time between two heartbeats.
    heartbeat: Duration,
    /// Time without a heartbeat after which a claim has lapsed.
    lapse: Duration,
    /// Time between two looks at a claim.
    poll: Duration,
}

impl Terms {
    fn usual() -> Self {
        Self {
            process: Process::this(),
            system_locks: true,
            heartbeat: Duration::from_secs(15),
            lapse: Duration::from_secs(120),
            poll: Duration::from_secs(2),
        }
    }
}

/// What to do about a directory in which another process works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenTaken {
    /// Name that process.
    Refuse,
    /// Wait until it ends, and take its place if it dies.
    Wait,
}

/// The outcome of an attempt to lock a directory.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// This process may work in it.
    Locked(DirectoryLock),
    /// Another process works in it; its claim, if it can be read.
    Taken(Option<Claim>),
}

/// The claim of the process that works in a directory, if one does as far as can be seen at once. A process of another host counts while its
/// last heartbeat is recent by its clock.
pub(crate) fn holder(directory: &Path) -> Option<Claim> {
    let found = Claims::of(directory).newest()?;
    let terms = Terms::usual();
    let system = File::open(directory.join(LOCK))
        .map_or(SystemLock::Free, |file| SystemLock::from(file.try_lock_shared()));
    let state = judge(&found, system, &terms.process);
    found.claim.filter(|claim| match state {
        State::Works => true,
        State::Ended => false,
        State::Unknown => claim.age() < terms.lapse.as_secs(),
    })
}

/// Whether a file of this name belongs to the lock of a directory.
pub(crate) fn is_own(name: &str) -> bool {
    name == LOCK || Claims::is_own(name)
}

/// The right to work in a directory, until it is dropped.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    fence: Fence,
    claims: Claims,
    claim: Arc<Mutex<Claim>>,
    stopped: Arc<AtomicBool>,
    heartbeat: Option<std::thread::JoinHandle<()>>,
    /// The operating system releases the lock when this file is closed.
    _file: File,
}

impl DirectoryLock {
    /// Locks a directory for work that nobody else may do at the same time.
    ///
    /// # Errors
    /// [`Error::Taken`] naming the process that works in it; otherwise as [`DirectoryLock::acquire`].
    pub(crate) fn require(directory: &Path, when: WhenTaken, stop: &StopFlag) -> Result<Self> {
        match Self::acquire(directory, when, stop)? {
            Attempt::Locked(lock) => Ok(lock),
            Attempt::Taken(claim) => Err(Error::Taken {
                directory: directory.to_path_buf(),
                holder: claim.as_ref().map(Claim::holder),
            }),
        }
    }

    /// Locks a directory, which is created if necessary. What killed processes left in it is removed.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file that cannot be written, [`Error::Interrupted`] if `stop` is raised while this waits.
    pub(crate) fn acquire(directory: &Path, when: WhenTaken, stop: &StopFlag) -> Result<Attempt> {
        Self::acquire_on(directory, when, stop, Terms::usual())
    }

    fn acquire_on(
        directory: &Path,
        when: WhenTaken,
        stop: &StopFlag,
        terms: Terms,
    ) -> Result<Attempt> {
        fs::create_dir_all(directory)?;
        let path = directory.join(LOCK);
        let mut watch = None;
        let mut is_reported = false;
        loop {
            // The file is opened for every attempt: an attempt that ends must not keep it locked while it waits.
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
            let file = file.map_err(|e| cannot_write(&path, e))?;
            let system = if terms.system_locks { lock(&file) } else { SystemLock::Unsupported };
            if !is_at(&file, &path) {
                // The directory was removed with its lock after the file was opened.
                fs::create_dir_all(directory)?;
                continue;
            }
            let taken_by = match attempt(directory, file, system, &terms, &mut watch)? {
                Outcome::Locked(lock) => {
                    let removed = fs::remove_temporaries(directory, &OWN_FOLDERS)?;
                    if removed > 0 {
                        log::debug!("removed {removed} unfinished files of a killed process");
                    }
                    return Ok(Attempt::Locked(*lock));
                }
                Outcome::Watching(claim) => {
                    if !is_reported {
                        let whose = claim.as_ref().map_or("another host".into(), Claim::holder);
                        let (place, wait) = (directory.display(), terms.lapse.as_secs());
                        log::info!("{place}: watching for heartbeats of {whose}, up to {wait} s");
                        is_reported = true;
                    }
                    None
                }
                Outcome::Taken(claim) => Some(claim),
            };
            match taken_by {
                Some(claim) if when == WhenTaken::Refuse => return Ok(Attempt::Taken(claim)),
                Some(claim) if !is_reported => {
                    let whose = claim.as_ref().map_or("another process".into(), Claim::holder);
                    log::info!("{}: waiting for {whose}", directory.display());
                    is_reported = true;
                }
                _ => {}
            }
            stop.check("waiting for another process")?;
            std::thread::sleep(terms.poll);
        }
    }

    /// Removes the directory of work that is done: the files `names`, those of the lock, and the directory unless it holds anything else.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file.
    pub(crate) fn remove(mut self, names: &[&str]) -> Result<()> {
        self.end_heartbeat();
        let directory = self.fence.directory.clone();
        for name in names {
            fs::remove_file(&directory.join(name))?;
        }
        for path in self.claims.paths().into_iter().chain([directory.join(LOCK)]) {
            fs::remove_file(&path)?;
        }
        // What others have put there stays.
        let _ = std::fs::remove_dir(&directory);
        Ok(())
    }

    fn end_heartbeat(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(heartbeat) = self.heartbeat.take() {
            heartbeat.thread().unpark();
            let _ = heartbeat.join();
        }
    }

    /// Tells whether this process may still write.
    pub(crate) fn fence(&self) -> Fence {
        self.fence.clone()
    }

    /// A flag that also tells whether this process may still write.
    pub(crate) fn guard(&self, stop: StopFlag) -> StopFlag {
        let fence = self.fence();
        stop.with_claim(move || fence.holds())
    }
}

enum Outcome {
    Locked(Box<DirectoryLock>),
    Taken(Option<Claim>),
    Watching(Option<Claim>),
}

fn attempt(
    directory: &Path,
    file: File,
    system: SystemLock,
    terms: &Terms,
    watch: &mut Option<Watch>,
) -> Result<Outcome> {
    let claims = Claims::of(directory);
    let newest = claims.newest();
    if system == SystemLock::Taken {
        return Ok(Outcome::Taken(newest.and_then(|found| found.claim)));
    }
    if let Some(found) = &newest {
        match judge(found, system, &terms.process) {
            State::Works => return Ok(Outcome::Taken(found.claim.clone())),
            State::Ended => {}
            State::Unknown => {
                let watched = watch
                    .get_or_insert_with(|| Watch { found: found.clone(), since: Instant::now() });
                if watched.found != *found {
                    *watched = Watch { found: found.clone(), since: Instant::now() };
                    return Ok(Outcome::Taken(found.claim.clone()));
                }
                if watched.since.elapsed() < terms.lapse {
                    return Ok(Outcome::Watching(found.claim.clone()));
                }
            }
        }
    }
    let number = newest.map_or(Some(1), |found| found.number.checked_add(1));
    let number = number.ok_or_else(|| {
        Error::user(
            format!("{} holds a claim with the largest number that there is", directory.display()),
            format!("remove lock-{}.json, which no process of this program wrote", u64::MAX),
        )
    })?;
    let claim = Claim::new(terms.process.clone());
    if !claims.make(number, &claim)? {
        return Ok(Outcome::Taken(claims.newest().and_then(|found| found.claim)));
    }
    let fence = Fence { directory: directory.to_path_buf(), number, token: claim.token.clone() };
    let claim = Arc::new(Mutex::new(claim));
    let stopped = Arc::new(AtomicBool::new(false));
    let heartbeat = {
        let (claim, stopped, fence) = (Arc::clone(&claim), Arc::clone(&stopped), fence.clone());
        let (claims, interval) = (claims.clone(), terms.heartbeat);
        std::thread::spawn(move || beat(&claims, &claim, &fence, &stopped, interval))
    };
    Ok(Outcome::Locked(Box::new(DirectoryLock {
        fence,
        claims,
        claim,
        stopped,
        heartbeat: Some(heartbeat),
        _file: file,
    })))
}

fn beat(
    claims: &Claims,
    claim: &Mutex<Claim>,
    fence: &Fence,
    stopped: &AtomicBool,
    interval: Duration,
) {
    while !stopped.load(Ordering::Relaxed) {
        std::thread::park_timeout(interval);
        if stopped.load(Ordering::Relaxed) || !fence.holds() {
            return;
        }
        let mut claim = claim.lock().unwrap_or_else(PoisonError::into_inner);
        claim.beats += 1;
        // A heartbeat that cannot be written makes the claim lapse, which is right if the disk is gone.
        let _ = claims.update(fence.number, &mut claim);
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        self.end_heartbeat();
        if self.fence.holds() {
            let mut claim = self.claim.lock().unwrap_or_else(PoisonError::into_inner);
            claim.released = true;
            let _ = self.claims.update(self.fence.number, &mut claim);
        }
    }
}

#[cfg(test)]
mod tests;
