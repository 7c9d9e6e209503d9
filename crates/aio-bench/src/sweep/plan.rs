//! What `aio sweep plan` and `aio sweep status` print: typed values, and their text.
//!
//! A [`Plan`] is for deciding what to run: it shows what every run takes and how much is left. A [`Status`] is for
//! following what runs: it counts the states and shows what Slurm says of the runs that were submitted.

use super::slurm::{self, ArrayElement, SubmittedRun};
use super::{Cost, Job, RunState, Sweep};
use crate::error::Result;
use crate::markdown::{self, Align};
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// The runs of a sweep and what they take.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Number of cells.
    pub cells: usize,
    /// Number of seeds.
    pub seeds: usize,
    /// Every cell with every seed, in the order in which they run.
    pub runs: Vec<PlannedRun>,
    /// Estimated seconds of training that are left, without those that checkpoints hold; none if no cost is known.
    pub remaining_seconds: Option<f64>,
}

/// A run of a [`Plan`].
#[derive(Debug, Clone, Serialize)]
pub struct PlannedRun {
    /// The run itself.
    #[serde(flatten)]
    pub run: RunEntry,
    /// What it takes or took, if that is known.
    pub cost: Option<Cost>,
}

/// The states of the runs of a sweep.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Number of cells.
    pub cells: usize,
    /// Number of seeds.
    pub seeds: usize,
    /// Every cell with every seed, in the order in which they run.
    pub runs: Vec<RunStatus>,
}

/// A run of a [`Status`].
#[derive(Debug, Clone, Serialize)]
pub struct RunStatus {
    /// The run itself.
    #[serde(flatten)]
    pub run: RunEntry,
    /// What Slurm says of it, if it was submitted.
    pub slurm: Option<ArrayElement>,
}

/// A cell with a seed, and how far it has come.
#[derive(Debug, Clone, Serialize)]
pub struct RunEntry {
    /// Position in the order in which the sweep runs, from 0 on; also the number of its array element.
    pub number: usize,
    /// Content hash of its configuration.
    pub config_id: String,
    /// Name of its cell in tables.
    pub label: String,
    /// Its seed.
    pub seed: u64,
    /// How far it has come.
    #[serde(flatten)]
    pub state: RunState,
}

impl RunEntry {
    const COLUMNS: [(&str, Align); 4] = [
        ("cell", Align::Left),
        ("what is varied", Align::Left),
        ("seed", Align::Right),
        ("state", Align::Left),
    ];

    fn fields(&self) -> Vec<String> {
        let Self { config_id, label, seed, state, .. } = self;
        vec![config_id.clone(), label.clone(), seed.to_string(), state.to_string()]
    }
}

impl Sweep {
    fn entry(&self, runs: &Path, job: Job<'_>) -> RunEntry {
        let Job { number, cell, seed } = job;
        let state = self.state(runs, cell, seed);
        let (config_id, label) = (cell.config_id.clone(), cell.label.clone());
        RunEntry { number, config_id, label, seed, state }
    }

    /// The runs of the sweep, what they take, and how much is left.
    #[must_use]
    pub fn plan(&self, runs: &Path) -> Plan {
        let costs = self.costs(runs);
        let mean = costs.mean_seconds();
        let mut planned = Vec::new();
        let mut left = 0.0;
        for job in self.jobs() {
            let (run, cost) = (self.entry(runs, job), costs.of(job.cell));
            if run.state != RunState::Done {
                let whole = cost.map(|cost| cost.seconds).or(mean).unwrap_or(0.0);
                left += (whole - self.kept_seconds(runs, job, &run.state)).max(0.0);
            }
            planned.push(PlannedRun { run, cost });
        }
        Plan {
            cells: self.cells.len(),
            seeds: self.seeds.len(),
            runs: planned,
            remaining_seconds: mean.map(|_| left),
        }
    }

    /// How far every run of the sweep has come, and what Slurm says of those that were submitted.
    ///
    /// # Errors
    /// [`Error`](crate::error::Error) naming the record of submitted arrays, if it is damaged.
    pub fn status(&self, runs: &Path) -> Result<Status> {
        let mut submitted = slurm::states(runs, &self.file)?;
        let status = |job: Job<'_>| RunStatus {
            run: self.entry(runs, job),
            slurm: submitted.remove(&SubmittedRun::of(job)),
        };
        let states = self.jobs().map(status).collect();
        Ok(Status { cells: self.cells.len(), seeds: self.seeds.len(), runs: states })
    }
}

/// `1 cell`, `2 cells`
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `2 cells, 3 seeds: 4 of 6 runs done`
fn summary(cells: usize, seeds: usize, states: &[&RunState]) -> String {
    let done = states.iter().filter(|state| ***state == RunState::Done).count();
    let (cells, seeds) = (counted(cells, "cell"), counted(seeds, "seed"));
    format!("{cells}, {seeds}: {done} of {} runs done", states.len())
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = [&RunEntry::COLUMNS[..], &Cost::COLUMNS].concat();
        let mut rows = Vec::new();
        for PlannedRun { run, cost } in &self.runs {
            rows.push([run.fields(), Cost::fields(*cost).to_vec()].concat());
        }
        let states: Vec<&RunState> = self.runs.iter().map(|planned| &planned.run.state).collect();
        let table = markdown::table(&columns, &rows);
        write!(f, "{table}\n{}", summary(self.cells, self.seeds, &states))?;
        let all_done = states.iter().all(|state| **state == RunState::Done);
        match self.remaining_seconds {
            None => f.write_str("; `aio sweep check` predicts time and memory")?,
            Some(_) if all_done => {}
            Some(seconds) => {
                write!(f, "; about {:.0} minutes of training left", seconds / 60.0)?;
            }
        }
        if self.runs.iter().any(|planned| planned.cost.is_some_and(|cost| cost.predicted)) {
            f.write_str("; ~ is a prediction of `aio sweep check`")?;
        }
        f.write_str("\n")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_submitted = self.runs.iter().any(|status| status.slurm.is_some());
        let mut columns = RunEntry::COLUMNS.to_vec();
        if is_submitted {
            columns.push(("slurm", Align::Left));
        }
        let mut rows = Vec::new();
        for RunStatus { run, slurm } in &self.runs {
            let mut row = run.fields();
            if is_submitted {
                row.push(slurm.as_ref().map(ToString::to_string).unwrap_or_default());
            }
            rows.push(row);
        }
        let states: Vec<&RunState> = self.runs.iter().map(|status| &status.run.state).collect();
        let table = markdown::table(&columns, &rows);
        write!(f, "{table}\n{}", summary(self.cells, self.seeds, &states))?;
        let mut separator = "; ";
        for word in ["running", "resumable", "incompatible", "failed", "fresh"] {
            let count = states.iter().filter(|state| state.word() == word).count();
            if count > 0 {
                write!(f, "{separator}{count} {word}")?;
                separator = ", ";
            }
        }
        f.write_str("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: usize, state: RunState) -> RunEntry {
        RunEntry { number, config_id: "0123456789ab".into(), label: "a=1".into(), seed: 7, state }
    }

    #[test]
    fn a_plan_shows_costs_and_what_is_left() {
        let cost = Cost { seconds: 120.0, memory: Some(300), predicted: true };
        let planned = |number, state, cost| PlannedRun { run: entry(number, state), cost };
        let mut plan = Plan {
            cells: 2,
            seeds: 1,
            runs: vec![
                planned(0, RunState::Done, Some(Cost { predicted: false, ..cost })),
                planned(1, RunState::Fresh, Some(cost)),
            ],
            remaining_seconds: Some(120.0),
        };
        assert_eq!(
            plan.to_string(),
            "| cell | what is varied | seed | state | minutes of training | MiB at the peak |\n\
             |---|---|--:|---|--:|--:|\n\
             | 0123456789ab | a=1 | 7 | done | 2.0 | 300 |\n\
             | 0123456789ab | a=1 | 7 | fresh | ~2.0 | ~300 |\n\n\
             2 cells, 1 seed: 1 of 2 runs done; about 2 minutes of training left; ~ is a prediction of `aio sweep check`\n"
        );
        let json = serde_json::to_value(&plan).expect("JSON");
        assert_eq!(json["runs"][1]["config_id"], "0123456789ab");
        assert_eq!(json["runs"][1]["state"], "fresh");
        assert_eq!(json["runs"][1]["cost"]["memory"], 300);
        plan.runs = vec![planned(0, RunState::Fresh, None)];
        plan.remaining_seconds = None;
        let text = plan.to_string();
        assert!(
            text.contains("| fresh | – | – |")
                && text.ends_with("0 of 1 runs done; `aio sweep check` predicts time and memory\n"),
            "{text}"
        );
    }

    #[test]
    fn a_status_counts_states_and_shows_slurm_where_it_was_asked() {
        let failed = RunState::Failed { message: "no space left".into() };
        let status = |number, state, slurm| RunStatus { run: entry(number, state), slurm };
        let mut found = Status {
            cells: 1,
            seeds: 3,
            runs: vec![
                status(0, RunState::Done, None),
                status(1, RunState::Resumable { step: 4 }, None),
                status(2, failed, None),
            ],
        };
        assert_eq!(
            found.to_string(),
            "| cell | what is varied | seed | state |\n\
             |---|---|--:|---|\n\
             | 0123456789ab | a=1 | 7 | done |\n\
             | 0123456789ab | a=1 | 7 | resumable (step 4) |\n\
             | 0123456789ab | a=1 | 7 | failed (no space left) |\n\n\
             1 cell, 3 seeds: 1 of 3 runs done; 1 resumable, 1 failed\n"
        );
        let node = Some("node1".to_owned());
        found.runs[1].slurm =
            Some(ArrayElement { job: 12, element: 1, state: "running".into(), node });
        let text = found.to_string();
        assert!(text.contains("| resumable (step 4) | 12_1 running on node1 |"), "{text}");
        assert!(text.contains("| done |  |"), "{text}");
    }
}
