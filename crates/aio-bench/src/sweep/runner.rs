//! Running what is not done, beside other processes that work on the same sweep.

use super::plan::counted;
use super::{Job, Plan, Sweep};
use crate::error::{Error, Result};
use crate::experiment::{self, Request, WhenTaken};
use crate::lock::{Attempt, DirectoryLock};
use crate::run::Run;
use aio_data::fs;
use aio_train::StopFlag;
use std::path::Path;
use std::str::FromStr;

/// Which runs of a sweep a call takes, and what it does about those that it cannot have.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// The part of all runs that this call takes.
    pub shard: Shard,
    /// Only the cell with this configuration id.
    pub only: Option<String>,
    /// Only runs with this seed.
    pub seed: Option<u64>,
    /// Whether to wait for a run that another process works on, and to take it over if that process dies.
    pub wait: bool,
    /// Whether to go on with the next run after a failure.
    pub continue_on_error: bool,
}

/// One of several equal parts of the runs of a sweep; all runs by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Default for Shard {
    fn default() -> Self {
        Self { index: 0, count: 1 }
    }
}

impl FromStr for Shard {
    type Err = String;

    /// Reads `i/n`: every n-th run from the i-th on.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parts = text.split_once('/');
        let parsed = parts.and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parsed {
            Some((index, count)) if index < count => Ok(Self { index, count }),
            _ => Err("expected i/n with i from 0 to n − 1, such as 0/4".to_owned()),
        }
    }
}

impl RunOptions {
    fn includes(&self, job: &Job<'_>) -> bool {
        job.number % self.shard.count == self.shard.index
            && self.only.as_ref().is_none_or(|id| *id == job.cell.config_id)
            && self.seed.is_none_or(|seed| seed == job.seed)
    }
}

impl Sweep {
    /// Refuses a cell or a seed that the sweep does not have.
    fn check_chosen(&self, RunOptions { only, seed, .. }: &RunOptions) -> Result<()> {
        let ids: Vec<&str> = self.cells.iter().map(|cell| cell.config_id.as_str()).collect();
        if let Some(id) = only.as_deref().filter(|id| !ids.contains(id)) {
            return Err(Error::user(
                format!("no cell of the sweep has the id `{id}`"),
                format!("its cells are: {}", ids.join(", ")),
            ));
        }
        if let Some(seed) = seed.filter(|seed| !self.seeds.contains(seed)) {
            let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
            return Err(Error::user(
                format!("the sweep has no seed {seed}"),
                format!("its seeds are: {}", seeds.join(", ")),
            ));
        }
        Ok(())
    }

    /// Runs what is not done, and returns the plan after that.
    ///
    /// # Errors
    /// [`Error::Stopped`] after a signal; the error of a run that failed, at once or, with
    /// [`RunOptions::continue_on_error`], one naming all of them at the end: [`Error::User`] if the user caused every one, [`Error::Failure`] otherwise.
    pub fn run(&self, runs: &Path, device: &str, options: &RunOptions) -> Result<Plan> {
        self.check_chosen(options)?;
        let stop = StopFlag::on_signals()?;
        let (mut failures, mut user_caused_all) = (Vec::new(), true);
        for job in self.jobs().filter(|job| options.includes(job)) {
            stop.check("going from one run to the next")?;
            let run = self.run_of(runs, job.cell, job.seed);
            let name = format!("{} seed {}", job.cell.config_id, job.seed);
            if !run.is_done() {
                log::info!("{name}: {}", job.cell.label);
            }
            match experiment::run(&self.request(runs, device, job, options.wait)) {
                Ok(_) => {}
                Err(taken @ Error::Taken { .. }) => log::info!("{name}: {taken}"),
                // The run is another process's now, and so is what is written in it.
                Err(lost @ Error::Lost) => log::warn!("{name}: {lost}"),
                Err(stopped @ (Error::Stopped { .. } | Error::Interrupted { .. })) => {
                    return Err(stopped);
                }
                Err(error) => {
                    // The error of the run is the one to report.
                    if let Err(e) = note_failure(&run, &error) {
                        log::warn!("{name}: {e}");
                    }
                    if !options.continue_on_error {
                        return Err(error);
                    }
                    log::error!("{}", error.with_hint());
                    user_caused_all &= error.is_user();
                    failures.push(name);
                }
            }
        }
        if failures.is_empty() {
            return Ok(self.plan(runs));
        }
        let problem = format!("{} failed: {}", counted(failures.len(), "run"), failures.join(", "));
        if user_caused_all {
            return Err(Error::user(problem, "the errors above say what to change"));
        }
        Err(Error::Failure(problem))
    }

    fn request(&self, runs: &Path, device: &str, job: Job<'_>, wait: bool) -> Request {
        Request {
            name: self.base.display().to_string(),
            settings: job.cell.settings_with(job.seed),
            device: device.to_owned(),
            runs: runs.to_path_buf(),
            config_id: Some(job.cell.config_id.clone()),
            when_taken: if wait { WhenTaken::Wait } else { WhenTaken::Refuse },
        }
    }
}

/// Writes down why a run failed, unless another process works on it: the run may have failed before it was locked.
fn note_failure(run: &Run, error: &Error) -> Result<()> {
    if run.is_done() {
        return Ok(());
    }
    let stop = StopFlag::default();
    match DirectoryLock::acquire(run.directory(), WhenTaken::Refuse, &stop)? {
        Attempt::Taken(_) => Ok(()),
        Attempt::Locked(_lock) => {
            Ok(fs::write_then_rename(&run.failure(), format!("{error}\n").as_bytes())?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cell;
    use super::*;

    #[test]
    fn a_failure_is_noted_unless_another_process_works_on_the_run() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let run = Run::at(directory.path().join("seed-0"));
        let error = Error::Failure("the weights are missing".into());
        let stop = StopFlag::default();
        let lock = DirectoryLock::require(run.directory(), WhenTaken::Refuse, &stop);
        let lock = lock.expect("free");
        note_failure(&run, &error).expect("nothing to do");
        assert!(!run.failure().exists(), "another process works on the run");
        drop(lock);
        note_failure(&run, &error).expect("written");
        let noted = std::fs::read_to_string(run.failure()).expect("read");
        assert_eq!(noted, "the weights are missing\n");
    }

    #[test]
    fn shards_are_read_and_wrong_ones_refused() {
        assert_eq!("1/4".parse(), Ok(Shard { index: 1, count: 4 }));
        for wrong in ["4/4", "0/0", "1", "a/b", "-1/2", ""] {
            let error = wrong.parse::<Shard>().expect_err(wrong);
            assert!(error.contains("such as 0/4"), "{error}");
        }
    }

    #[test]
    fn shards_share_all_runs_and_options_choose_among_them() {
        let cell = Cell { config_id: "a".into(), settings: Vec::new(), label: "base".into() };
        let jobs: Vec<Job<'_>> =
            (0..7).map(|number| Job { number, cell: &cell, seed: number as u64 % 2 }).collect();
        let chosen = |options: &RunOptions| -> Vec<usize> {
            jobs.iter().filter(|job| options.includes(job)).map(|job| job.number).collect()
        };
        let all = RunOptions::default();
        assert_eq!(chosen(&all), [0, 1, 2, 3, 4, 5, 6]);
        let shard = |index| RunOptions { shard: Shard { index, count: 3 }, ..all.clone() };
        assert_eq!([0, 1, 2].map(|i| chosen(&shard(i))), [vec![0, 3, 6], vec![1, 4], vec![2, 5]]);
        assert_eq!(chosen(&RunOptions { seed: Some(1), ..all.clone() }), [1, 3, 5]);
        let other = RunOptions { only: Some("b".into()), ..all.clone() };
        assert!(chosen(&other).is_empty());
    }

    /// A sweep of two cells whose data are missing.
    fn without_data(directory: &Path) -> Sweep {
        let base = "[data]\nsynthetic = false\nroot = \"nowhere\"\n";
        std::fs::write(directory.join("base.toml"), base).expect("written");
        let file = directory.join("varied.toml");
        let text = "base = \"base.toml\"\n[axes]\n\"losses.binding\" = [0.5, 0.25]\n";
        std::fs::write(&file, text).expect("written");
        Sweep::load(&file).expect("a sweep")
    }

    #[test]
    fn a_base_that_was_changed_since_the_sweep_began_is_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let sweep = without_data(directory.path());
        let base = directory.path().join("base.toml");
        let text = std::fs::read_to_string(&base).expect("read");
        std::fs::write(&base, text + "[train]\nidentities = 8\n").expect("written");
        let runs = directory.path().join("runs");
        let error = sweep.run(&runs, "cpu", &RunOptions::default()).expect_err("another base");
        let said = error.to_string();
        assert!(said.contains("base.toml or a file that it names was changed"), "{said}");
        assert!(said.contains(&sweep.cells[0].config_id), "{said}");
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn runs_that_all_failed_by_the_users_mistake_are_the_users_mistake() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let sweep = without_data(directory.path());
        let options = RunOptions { continue_on_error: true, ..RunOptions::default() };
        let error =
            sweep.run(&directory.path().join("runs"), "cpu", &options).expect_err("no data");
        assert!(error.to_string().starts_with("2 runs failed: "), "{error}");
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn a_cell_or_a_seed_that_the_sweep_does_not_have_is_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let smoke = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/smoke.toml");
        let smoke = smoke.canonicalize().expect("the repository");
        let file = directory.path().join("varied.toml");
        let text =
            format!("base = {smoke:?}\nseeds = [0, 1]\n[axes]\n\"losses.binding\" = [0.5]\n");
        std::fs::write(&file, text).expect("written");
        let sweep = Sweep::load(&file).expect("a sweep");
        let id = sweep.cells[0].config_id.clone();
        let chosen = |only: Option<&str>, seed| {
            let only = only.map(str::to_owned);
            sweep.check_chosen(&RunOptions { only, seed, ..RunOptions::default() })
        };
        chosen(Some(&id), Some(1)).expect("both are there");
        let error = chosen(Some("nothere"), None).expect_err("no such cell");
        assert!(error.to_string().contains("`nothere`"), "{error}");
        assert!(error.hint().expect("a hint").contains(&id));
        let error = chosen(None, Some(9)).expect_err("no such seed");
        assert!(error.to_string().contains("no seed 9"), "{error}");
        assert!(error.hint().expect("a hint").contains("0, 1"));
    }
}
