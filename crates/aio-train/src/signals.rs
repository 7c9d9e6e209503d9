//! What stops a long phase: a signal, or the loss of the directory to another process.

use crate::error::{Result, TrainError};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What asks a host program, see [`StopFlag::ask_host`].
static HOST: OnceLock<fn() -> bool> = OnceLock::new();

/// A flag that asks a long phase to keep what it has and stop. Clones share it.
#[derive(Clone, Default)]
pub struct StopFlag {
    raised: Arc<AtomicBool>,
    claim: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    host: Option<fn() -> bool>,
}

impl fmt::Debug for StopFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopFlag").field("raised", &self.raised).finish_non_exhaustive()
    }
}

impl StopFlag {
    /// The flag of this process, which is raised by `SIGINT` (Ctrl-C), `SIGTERM`, by `SIGUSR1`, which schedulers send before the end of a job's
    /// time, and by `SIGHUP`, which a terminal sends when it is closed, unless the process was started to ignore it (`nohup`).
    ///
    /// A second signal ends the process at once, with exit code 1.
    ///
    /// After [`StopFlag::ask_host`] it is a new flag, which asks the host program and watches for no signal.
    ///
    /// # Errors
    /// [`TrainError::Failure`] if the system refuses a handler.
    pub fn on_signals() -> Result<Self> {
        if let Some(asked) = HOST.get() {
            return Ok(Self::asking(*asked));
        }
        // One flag for the whole process: a signal that comes between two runs of a sweep must reach the second.
        static OF_PROCESS: Mutex<Option<StopFlag>> = Mutex::new(None);
        let mut of_process = OF_PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flag) = &*of_process {
            return Ok(flag.clone());
        }
        let flag = Self::default();
        let refused = |e| TrainError::Failure(format!("cannot watch for signals: {e}"));
        for signal in [SIGINT, SIGTERM, SIGUSR1, SIGHUP] {
            if signal == SIGHUP && is_ignored(signal) {
                continue;
            }
            // The order matters: the handler that ends the process must see the flag as it was before this signal.
            signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&flag.raised))
                .map_err(refused)?;
            signal_hook::flag::register(signal, Arc::clone(&flag.raised)).map_err(refused)?;
        }
        Ok(of_process.insert(flag).clone())
    }

    /// Leaves signals to a host program with handlers of its own, such as a Python interpreter, which runs on after a signal. `asked` says
    /// whether the host wants the present call to stop. The first call of this function counts.
    pub fn ask_host(asked: fn() -> bool) {
        HOST.get_or_init(|| asked);
    }

    fn asking(asked: fn() -> bool) -> Self {
        Self { host: Some(asked), ..Self::default() }
    }

    /// The same flag for whoever writes into a directory that it has claimed; `holds` says whether the claim still counts.
    #[must_use]
    pub fn with_claim(self, holds: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { claim: Some(Arc::new(holds)), ..self }
    }

    /// Called before anything is written into the directory.
    ///
    /// # Errors
    /// [`TrainError::Lost`] if another process has taken the directory over.
    pub fn check_claim(&self) -> Result<()> {
        match &self.claim {
            Some(holds) if !holds() => Err(TrainError::Lost),
            _ => Ok(()),
        }
    }

    /// Raises the flag.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::Relaxed);
    }

    /// For callbacks that say whether to go on.
    pub fn poll(&self) -> ControlFlow<()> {
        if self.is_raised() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Whether the flag is raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        if self.host.is_some_and(|asked| asked()) {
            self.raise();
        }
        self.raised.load(Ordering::Relaxed)
    }

    /// Refuses to go on once the flag is raised; `phase` says what was being done, such as "evaluating".
    ///
    /// # Errors
    /// [`TrainError::Interrupted`] if the flag is raised.
    pub fn check(&self, phase: &'static str) -> Result<()> {
        if self.is_raised() { Err(TrainError::Interrupted { phase }) } else { Ok(()) }
    }
}

/// Whether the process was started with a signal ignored, where the system tells.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_raises_the_flag_of_the_process_and_all_its_clones() {
        let flag = StopFlag::on_signals().expect("handlers");
        let clone = flag.clone();
        let another = StopFlag::on_signals().expect("the same");
        assert!(!clone.is_raised());
        signal_hook::low_level::raise(SIGUSR1).expect("raise");
        assert!(flag.is_raised() && clone.is_raised() && another.is_raised());
        assert!(flag.poll().is_break());
        let later = StopFlag::on_signals().expect("the same");
        assert!(later.is_raised(), "a signal is not forgotten");
        assert!(!StopFlag::default().is_raised(), "a flag of its own");
    }

    #[test]
    fn a_flag_that_asks_its_host_stays_raised() {
        static ANSWERS: Mutex<Vec<bool>> = Mutex::new(Vec::new());
        let flag = StopFlag::asking(|| ANSWERS.lock().expect("answers").pop().unwrap_or(false));
        assert!(!flag.is_raised());
        ANSWERS.lock().expect("answers").push(true);
        assert!(flag.clone().is_raised() && flag.is_raised(), "the host is asked once");
    }

    #[test]
    fn a_claim_that_no_longer_counts_is_an_error() {
        let counts = Arc::new(AtomicBool::new(true));
        let flag = StopFlag::default();
        flag.check_claim().expect("no claim, no rival");
        let holds = Arc::clone(&counts);
        let flag = flag.with_claim(move || holds.load(Ordering::Relaxed));
        flag.check_claim().expect("it counts");
        counts.store(false, Ordering::Relaxed);
        assert!(flag.check_claim().expect_err("taken over").to_string().contains("took"));
    }
}
