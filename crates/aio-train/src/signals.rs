//! The flag by which a signal stops a training after its current step.

use crate::error::{Result, TrainError};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that asks a training to write a checkpoint and stop. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that is raised by `SIGINT` (Ctrl-C), `SIGTERM` and `SIGUSR1`, which schedulers send before the end of a job's time.
    ///
    /// A second signal ends the process at once, with exit code 1.
    ///
    /// # Errors
    /// [`TrainError::Failure`] if the system refuses a handler.
    pub fn on_signals() -> Result<Self> {
        let flag = Self::default();
        let refused = |e| TrainError::Failure(format!("cannot watch for signals: {e}"));
        for signal in [SIGINT, SIGTERM, SIGUSR1] {
            // The order matters: the handler that ends the process must see the flag as it was before this signal.
            signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&flag.0))
                .map_err(refused)?;
            signal_hook::flag::register(signal, Arc::clone(&flag.0)).map_err(refused)?;
        }
        Ok(flag)
    }

    /// Raises the flag.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_raises_the_flag_and_all_its_clones() {
        let flag = StopFlag::on_signals().expect("handlers");
        let clone = flag.clone();
        assert!(!clone.is_raised());
        signal_hook::low_level::raise(SIGUSR1).expect("raise");
        assert!(flag.is_raised() && clone.is_raised());
    }
}
