//! Claims: the files that say which process works in a directory.

use crate::error::{Error, Result};
use aio_data::{DataError, fs};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// What one process wrote about itself when it began to work in a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// The process.
    #[serde(flatten)]
    pub(crate) process: Process,
    /// Tells apart the claims of one process.
    pub(super) token: String,
    /// Heartbeats since the claim was made.
    pub(super) beats: u64,
    /// Seconds since 1970 at the last heartbeat by the clock of its host. For people: no decision compares clocks.
    time: u64,
    /// Whether the process has ended its work.
    pub(super) released: bool,
}

/// A process, told apart from every other one on every host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Name of its host.
    pub(crate) host: String,
    /// Changes with every start of the host; none where the system does not tell.
    pub(super) boot: Option<String>,
    /// The namespace that gives process numbers their meaning; none where the system does not tell.
    pub(super) namespace: Option<String>,
    /// Its number.
    #[serde(rename = "process")]
    pub(crate) number: u32,
    /// When it was started, in ticks since the start of the host; none where the system does not tell.
    pub(super) started: Option<u64>,
}

impl Process {
    /// This process.
    pub(super) fn this() -> Self {
        let number = std::process::id();
        Self {
            host: sysinfo::System::host_name().unwrap_or_else(|| "unknown host".into()),
            boot: std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
                .ok()
                .map(|text| text.trim().to_owned()),
            namespace: std::fs::read_link("/proc/self/ns/pid")
                .ok()
                .map(|path| path.display().to_string()),
            number,
            started: start_time(number),
        }
    }

    /// Whether it runs under the same kernel as `other`, so that locks of the operating system reach both.
    pub(super) fn shares_kernel(&self, other: &Self) -> bool {
        match (&self.boot, &other.boot) {
            (Some(mine), Some(its)) => mine == its,
            // A system without boot numbers is told by its name.
            (None, None) => self.host == other.host,
            _ => false,
        }
    }

    /// Whether it lives; `None` if that cannot be seen from `here`, the process that asks.
    pub(super) fn lives(&self, here: &Self) -> Option<bool> {
        let visible = self.boot.is_some()
            && self.shares_kernel(here)
            && self.namespace.is_some()
            && self.namespace == here.namespace
            && self.started.is_some();
        visible.then(|| start_time(self.number) == self.started)
    }
}

/// When a process of this host was started; `None` if there is none, or if the system does not tell.
fn start_time(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program stands in brackets and may hold anything, so the fields after it are counted from its end.
    let (_, fields) = text.rsplit_once(')')?;
    fields.split_whitespace().nth(19)?.parse().ok()
}

impl Claim {
    /// A claim of a process, made now.
    pub(super) fn new(process: Process) -> Self {
        static BEGUN: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);
        let text = format!("{process:?} {:?} {:?}", *BEGUN, SystemTime::now());
        let token = blake3::hash(text.as_bytes()).to_hex()[..16].to_owned();
        Self { process, token, beats: 0, time: now(), released: false }
    }

    /// Seconds since its last heartbeat, as far as the clocks of both hosts agree.
    pub(crate) fn age(&self) -> u64 {
        now().saturating_sub(self.time)
    }

    /// The process in words.
    pub(crate) fn holder(&self) -> String {
        format!("process {} on {}", self.process.number, self.process.host)
    }

    fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and numbers are JSON")
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// The claims in a directory. Each has a number; the largest one counts.
#[derive(Debug, Clone)]
pub(super) struct Claims {
    directory: PathBuf,
}

/// A claim as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) number: u64,
    bytes: Vec<u8>,
    /// `None` if the file does not hold a claim.
    pub(super) claim: Option<Claim>,
}

/// The number of the claim of this file name.
fn number(name: &str) -> Option<u64> {
    name.strip_prefix("lock-")?.strip_suffix(".json")?.parse().ok()
}

impl Claims {
    pub(super) fn of(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf() }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("lock-{number:06}.json"))
    }

    /// Numbers of all claims, in no order.
    fn numbers(&self) -> std::io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            numbers.extend(entry?.file_name().to_str().and_then(number));
        }
        Ok(numbers)
    }

    /// The files of all claims.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let numbers = self.numbers().unwrap_or_default();
        numbers.into_iter().map(|number| self.path(number)).collect()
    }

    /// Whether a file of this name is a claim.
    pub(super) fn is_own(name: &str) -> bool {
        number(name).is_some()
    }

    /// The claim that counts; `None` if there is none or the directory cannot be listed.
    pub(super) fn newest(&self) -> Option<Found> {
        let number = self.numbers().ok()?.into_iter().max()?;
        let bytes = std::fs::read(self.path(number)).unwrap_or_default();
        let claim = serde_json::from_slice(&bytes).ok();
        Some(Found { number, bytes, claim })
    }

    /// Makes claim number `number`; false if another process was faster.
    pub(super) fn make(&self, number: u64, claim: &Claim) -> Result<bool> {
        let path = self.path(number);
        // The file system lets one process create the file, also over a network.
        let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(false),
            // Its last holder has removed the whole directory.
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(cannot_write(&path, e)),
            Ok(file) => file,
        };
        file.write_all(&claim.json())
            .and_then(|()| file.sync_all())
            .map_err(|e| cannot_write(&path, e))?;
        let numbers = self.numbers().map_err(|e| cannot_write(&path, e))?;
        if numbers.iter().any(|other| *other > number) {
            // A process that looked long ago is late: others have worked here since.
            let _ = std::fs::remove_file(&path);
            return Ok(false);
        }
        for old in numbers.into_iter().filter(|other| *other < number) {
            // It counts no more, whether it can be removed or not.
            let _ = std::fs::remove_file(self.path(old));
        }
        Ok(true)
    }

    /// Writes a claim again, for a heartbeat or at its end.
    pub(super) fn update(&self, number: u64, claim: &mut Claim) -> Result<()> {
        claim.time = now();
        Ok(fs::write_then_rename_unsynced(&self.path(number), &claim.json())?)
    }

    /// Whether claim number `number` of `token` still counts.
    pub(super) fn counts(&self, number: u64, token: &str) -> bool {
        self.newest().is_some_and(|found| {
            found.number == number && found.claim.is_some_and(|claim| claim.token == token)
        })
    }
}

/// Tells whether a process may still write in a directory that it has locked.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    pub(super) directory: PathBuf,
    pub(super) number: u64,
    pub(super) token: String,
}

impl Fence {
    /// Whether the claim still counts.
    pub(crate) fn holds(&self) -> bool {
        Claims::of(&self.directory).counts(self.number, &self.token)
    }
}

pub(super) fn cannot_write(path: &Path, source: std::io::Error) -> Error {
    Error::Data(DataError::Io { action: "write", path: path.to_path_buf(), source })
}
