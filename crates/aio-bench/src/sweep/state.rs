//! How far a run has come.

use super::{Cell, Job, Sweep};
use crate::config::Experiment;
use crate::experiment::{self, Begun};
use crate::lock;
use crate::run::Run;
use aio_data::fs;
use aio_train::{Checkpoints, trained_seconds};
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// How far a cell has come with a seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum RunState {
    /// Its `result.json` exists.
    Done,
    /// A process works on it.
    Running {
        /// Host of the process.
        host: String,
        /// Seconds since its last heartbeat.
        heartbeat_seconds: u64,
    },
    /// It failed.
    Failed {
        /// First line of the error.
        message: String,
    },
    /// It was stopped and has a checkpoint.
    Resumable {
        /// Optimiser steps done.
        step: usize,
    },
    /// It was stopped, and its checkpoints are not those of the cell and the seed.
    Incompatible {
        /// Key, old value and new value, or what else keeps it from being continued.
        change: String,
    },
    /// Nothing has been done.
    Fresh,
}

impl RunState {
    /// The state in one word, without its details.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Running { .. } => "running",
            Self::Failed { .. } => "failed",
            Self::Resumable { .. } => "resumable",
            Self::Incompatible { .. } => "incompatible",
            Self::Fresh => "fresh",
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Done | Self::Fresh => Ok(()),
            Self::Running { host, heartbeat_seconds } => {
                write!(f, " ({host}, {heartbeat_seconds} s ago)")
            }
            Self::Failed { message } => write!(f, " ({message})"),
            Self::Resumable { step } => write!(f, " (step {step})"),
            Self::Incompatible { change } => write!(f, " ({change})"),
        }
    }
}

impl Sweep {
    /// How far a cell has come with a seed.
    pub(super) fn state(&self, runs: &Path, cell: &Cell, seed: u64) -> RunState {
        let run = self.run_of(runs, cell, seed);
        if run.is_done() {
            return RunState::Done;
        }
        if let Some(claim) = lock::holder(run.directory()) {
            let heartbeat_seconds = claim.age();
            return RunState::Running { host: claim.process.host, heartbeat_seconds };
        }
        if let Ok(text) = fs::read_to_string(&run.failure()) {
            let message = text.lines().next().unwrap_or_default().to_owned();
            return RunState::Failed { message };
        }
        let Some(step) = Checkpoints::new(run.checkpoints(), 1).steps().last().copied() else {
            return RunState::Fresh;
        };
        match self.obstacle(&run, cell, seed) {
            Some(change) => RunState::Incompatible { change },
            None => RunState::Resumable { step },
        }
    }

    /// Seconds of training that a run need not do again, since its checkpoints hold them.
    pub(super) fn kept_seconds(&self, runs: &Path, job: Job<'_>, state: &RunState) -> f64 {
        match state {
            // Checkpoints of another cell or seed have to be removed.
            RunState::Incompatible { .. } => 0.0,
            _ => {
                let run = self.run_of(runs, job.cell, job.seed);
                trained_seconds(&Checkpoints::new(run.checkpoints(), 1))
            }
        }
    }

    /// What keeps a run from being continued, as [`experiment::run`] finds it before it reads the data.
    fn obstacle(&self, run: &Run, cell: &Cell, seed: u64) -> Option<String> {
        // An error in the cell itself is reported when it is run.
        let wanted = Experiment::load(&self.base, &cell.settings_with(seed)).ok()?;
        let begun = Begun::of(&wanted, &cell.config_id);
        experiment::obstacle(run, &begun, &wanted).unwrap_or_else(|error| Some(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::{DirectoryLock, WhenTaken};
    use aio_train::StopFlag;

    /// A sweep of one cell in a directory of its own.
    fn sweep(directory: &Path) -> Sweep {
        std::fs::write(directory.join("base.toml"), "[losses]\nbinding = 1.0\n").expect("write");
        let file = directory.join("sweep.toml");
        std::fs::write(&file, "base = \"base.toml\"\n[axes]\n\"losses.binding\" = [0.5]\n")
            .expect("write");
        Sweep::load(&file).expect("a sweep")
    }

    #[test]
    fn a_run_goes_from_fresh_over_running_failed_and_resumable_to_done() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let sweep = sweep(directory.path());
        let runs = directory.path().join("runs");
        let cell = &sweep.cells[0];
        let state = || sweep.state(&runs, cell, 0);
        let run = sweep.run_of(&runs, cell, 0);
        assert_eq!(state(), RunState::Fresh);

        let stop = StopFlag::default();
        let lock = DirectoryLock::require(run.directory(), WhenTaken::Refuse, &stop);
        let lock = lock.expect("free");
        let RunState::Running { heartbeat_seconds, .. } = state() else { panic!("{}", state()) };
        assert!(heartbeat_seconds < 60);
        drop(lock);
        assert_eq!(state(), RunState::Fresh, "released without a trace");

        let checkpoint = run.checkpoints().join("step-0000012");
        std::fs::create_dir_all(&checkpoint).expect("directory");
        assert_eq!(state(), RunState::Fresh, "a checkpoint without its state is none");
        std::fs::write(checkpoint.join("state.json"), "{}").expect("write");
        assert_eq!(state().to_string(), "incompatible (no data.json)");
        let begun = |config_id: &str, seed: u64| {
            let begun = serde_json::json!({"config_id": config_id, "seed": seed});
            let noted = serde_json::json!({"begun": begun, "data": {}});
            run.write("data.json", &noted).expect("write");
        };
        begun(&cell.config_id, 0);
        assert_eq!(state(), RunState::Resumable { step: 12 });
        assert_eq!(state().to_string(), "resumable (step 12)");
        begun(&cell.config_id, 1);
        assert_eq!(state().to_string(), "incompatible (seed: 1 → 0)");
        begun("another cell", 0);
        let changed = Experiment::load(&sweep.base, &["losses.binding=0.25".into()]);
        run.write_text("config.toml", &changed.expect("valid").to_toml().expect("TOML"))
            .expect("write");
        assert_eq!(state().to_string(), "incompatible (losses.binding: 0.25 → 0.5)");

        // A run that a program began which noted neither: what counts is the configuration that it wrote.
        run.write("data.json", &serde_json::json!({"data": {}})).expect("write");
        assert_eq!(state().to_string(), "incompatible (losses.binding: 0.25 → 0.5)");
        let resolved = Experiment::load(&sweep.base, &cell.settings).expect("valid");
        run.write_text("config.toml", &resolved.to_toml().expect("TOML")).expect("write");
        assert_eq!(state(), RunState::Resumable { step: 12 });

        run.write_text("failed.txt", "no space left\nat all\n").expect("write");
        assert_eq!(state(), RunState::Failed { message: "no space left".into() });

        run.write_text("result.json", "{}").expect("write");
        assert_eq!(state(), RunState::Done);
        assert_eq!(sweep.state(&runs, cell, 1), RunState::Fresh, "another seed is another run");
    }

    #[test]
    fn a_plan_counts_what_checkpoints_hold_as_done() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let sweep = sweep(directory.path());
        let runs = directory.path().join("runs");
        let run = sweep.run_of(&runs, &sweep.cells[0], 0);
        let checkpoint = run.checkpoints().join("step-0000012");
        std::fs::create_dir_all(&checkpoint).expect("directory");
        let predicted = "{\"seconds\":90.0,\"memory\":700,\"predicted\":true}";
        let cell = run.directory().parent().expect("a cell");
        std::fs::write(cell.join("prediction.json"), predicted).expect("write");
        let left = || sweep.plan(&runs).remaining_seconds;
        assert_eq!(left(), Some(90.0));
        let state = "{\"step\":12,\"seconds\":30.0,\"best\":null}";
        std::fs::write(checkpoint.join("state.json"), state).expect("write");
        let begun = |seed: u64| {
            let begun = serde_json::json!({"config_id": sweep.cells[0].config_id, "seed": seed});
            let noted = serde_json::json!({"begun": begun, "data": {}});
            run.write("data.json", &noted).expect("write");
        };
        begun(0);
        assert_eq!(left(), Some(60.0));
        begun(1);
        assert_eq!(left(), Some(90.0), "checkpoints of another seed have to be removed");
    }

    #[test]
    fn states_are_tagged_in_json() {
        let state = RunState::Resumable { step: 3 };
        let json = serde_json::to_value(&state).expect("JSON");
        assert_eq!(json, serde_json::json!({"state": "resumable", "step": 3}));
    }
}
