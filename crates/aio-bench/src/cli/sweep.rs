//! `aio sweep`.

use super::arguments::{DeviceArgument, JsonArgument, RunsArgument};
use super::output::Output;
use crate::error::Result;
use crate::sweep::{RunOptions, Shard, Sweep};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What can be done with a sweep.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the runs, the time and memory that each takes, and the time that is left.
    Plan(Plan),
    /// Compute one training step of every cell, and predict its time and memory.
    Check(Check),
    /// Run what is not done; several terminals and hosts may run one sweep at once.
    Run(Run),
    /// Submit what is not done as a Slurm job array.
    Slurm(Slurm),
    /// Print how far every run has come, why runs failed, and what Slurm says of submitted runs.
    Status(Status),
}

impl Command {
    pub(super) fn run(self) -> Result<Output> {
        match self {
            Self::Plan(arguments) => arguments.run(),
            Self::Status(arguments) => arguments.run(),
            Self::Check(arguments) => arguments.run(),
            Self::Run(arguments) => arguments.run(),
            Self::Slurm(arguments) => arguments.run(),
        }
    }
}

/// A sweep and where its runs lie.
#[derive(Debug, Args)]
struct Place {
    /// The sweep file.
    file: PathBuf,
    #[command(flatten)]
    runs: RunsArgument,
}

#[derive(Debug, Args)]
#[command(after_help = "\
`done` means that a run has a result. Whether the data are still those of the result is compared by `aio sweep run`.

Examples:
  aio sweep plan experiments/sweeps/heads.toml
  aio sweep plan experiments/sweeps/heads.toml --json")]
pub(super) struct Plan {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    form: JsonArgument,
}

impl Plan {
    fn run(self) -> Result<Output> {
        let Place { file, runs } = self.place;
        let plan = Sweep::load(&file)?.plan(&runs.runs);
        self.form.output(&plan, || plan.to_string())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
`done` means that a run has a result. Whether the data are still those of the result is compared by `aio sweep run`.

Examples:
  aio sweep status experiments/sweeps/heads.toml")]
pub(super) struct Status {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    form: JsonArgument,
}

impl Status {
    fn run(self) -> Result<Output> {
        let Place { file, runs } = self.place;
        let status = Sweep::load(&file)?.status(&runs.runs)?;
        self.form.output(&status, || status.to_string())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio sweep check experiments/sweeps/heads.toml --device cuda")]
pub(super) struct Check {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    device: DeviceArgument,
    #[command(flatten)]
    form: JsonArgument,
}

impl Check {
    fn run(self) -> Result<Output> {
        let Place { file, runs } = self.place;
        let checked = Sweep::load(&file)?.check(&runs.runs, &self.device.device)?;
        self.form.output(&checked, || checked.to_string())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio sweep run experiments/sweeps/heads.toml
  aio sweep run experiments/sweeps/heads.toml --shard 0/4 --device cuda:0
  aio sweep run experiments/sweeps/heads.toml --seed 1 --continue-on-error")]
pub(super) struct Run {
    #[command(flatten)]
    place: Place,
    /// Every n-th run from the i-th on, counted from 0, as in --shard 0/4 (`aio gallery add --shard` counts from 1).
    #[arg(long, value_name = "i/n", default_value = "0/1")]
    shard: Shard,
    /// Only the cell with this id.
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    /// Only runs with this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Wait for runs that other processes work on, and take them over if those processes end without a result.
    #[arg(long)]
    wait: bool,
    /// Continue with the next run when one fails.
    #[arg(long)]
    continue_on_error: bool,
    #[command(flatten)]
    device: DeviceArgument,
    #[command(flatten)]
    form: JsonArgument,
}

impl Run {
    fn run(self) -> Result<Output> {
        let options = RunOptions {
            shard: self.shard,
            only: self.only,
            seed: self.seed,
            wait: self.wait,
            continue_on_error: self.continue_on_error,
        };
        let Place { file, runs } = self.place;
        let plan = Sweep::load(&file)?.run(&runs.runs, &self.device.device, &options)?;
        self.form.output(&plan, || plan.to_string())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
The `slurm` table of the sweep file gives partition, gres, time, and how to set up the environment.

Examples:
  aio sweep slurm experiments/sweeps/heads.toml --dry-run")]
pub(super) struct Slurm {
    #[command(flatten)]
    place: Place,
    /// Print the batch script and submit nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    form: JsonArgument,
}

impl Slurm {
    fn run(self) -> Result<Output> {
        let Place { file, runs } = self.place;
        let submitted = Sweep::load(&file)?.submit(&runs.runs, self.dry_run)?;
        self.form.output(&submitted, || submitted.to_string())
    }
}
