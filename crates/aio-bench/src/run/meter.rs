//! What a run takes: seconds, and memory at the peak.

use crate::allocator;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Measures a run from its start.
#[derive(Debug)]
pub struct Meter {
    begun: Instant,
    /// Whether the peak of the process is that of this run.
    peak_is_own: bool,
}

/// Whether this process has measured a run.
static IS_USED: AtomicBool = AtomicBool::new(false);

impl Meter {
    /// Starts with a run. The system keeps one peak for the whole process; it is forgotten here where the system allows that.
    #[must_use]
    pub fn start() -> Self {
        let is_first = !IS_USED.swap(true, Ordering::Relaxed);
        // What the allocator keeps of the run before would count for this one.
        allocator::give_back();
        Self::new(is_first, forget_peak())
    }

    fn new(is_first: bool, is_forgotten: bool) -> Self {
        Self { begun: Instant::now(), peak_is_own: is_first || is_forgotten }
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Largest resident memory of this process since the start in MiB, if the system gives it. None in the second run of a process whose peak the
    /// system does not forget: it may be that of the first.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        if self.peak_is_own { peak_of_this_process() } else { None }
    }
}

/// Whether the system has forgotten the peak so far (proc_pid_clear_refs(5)).
#[cfg(target_os = "linux")]
fn forget_peak() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// Whether the system has forgotten the peak so far.
#[cfg(not(target_os = "linux"))]
fn forget_peak() -> bool {
    false
}

#[cfg(target_os = "linux")]
fn peak_of_this_process() -> Option<u64> {
    let status = procfs::process::Process::myself().ok()?.status().ok()?;
    status.vmhwm.map(|kibibytes| kibibytes / 1024)
}

#[cfg(not(target_os = "linux"))]
fn peak_of_this_process() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_whose_peak_may_be_that_of_the_first_has_none() {
        assert_eq!(Meter::new(false, false).peak_memory(), None);
        let known = cfg!(target_os = "linux");
        assert_eq!(Meter::new(true, false).peak_memory().is_some(), known);
        assert_eq!(Meter::new(false, true).peak_memory().is_some(), known);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_of_a_run_is_not_that_of_the_run_before() {
        // Tests beside this one take and free memory of the same process, so that one attempt may show nothing.
        let is_forgotten = || {
            let first = Meter::start();
            let block = std::hint::black_box(vec![1_u8; 400 << 20]);
            assert_eq!(block.last(), Some(&1));
            drop(block);
            let of_first = first.peak_memory();
            let of_second = Meter::start().peak_memory();
            of_second.is_none() || of_second.map(|peak| peak + 200) < of_first
        };
        assert!((0..20).any(|_| is_forgotten()), "a second run has the peak of the first");
    }
}
