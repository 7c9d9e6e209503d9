//! `aio sweep`.

use super::arguments::{DeviceArgument, RunsArgument};
use super::output::Output;
use crate::error::Result;
use crate::sweep::{Choose, Sweep};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What can be done with a sweep.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print cells, ids, states, and the training time that is left.
    Plan(Plan),
    /// Try a step forward and backward of every cell, and predict its time and memory.
    Check(Check),
    /// Run what is not done; several terminals and hosts may run one sweep at once.
    Run(Run),
    /// Submit what is not done as a Slurm job array.
    Slurm(Slurm),
    /// Print the state of every run: done, running, resumable, incompatible, fresh or failed, and why.
    Status(Status),
}

impl Command {
    pub(super) fn run(self) -> Result<Output> {
        match self {
            Self::Plan(Plan { place }) | Self::Status(Status { place }) => plan(&place),
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
Examples:
  aio sweep plan experiments/sweeps/heads.toml")]
pub(super) struct Plan {
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio sweep status experiments/sweeps/heads.toml")]
pub(super) struct Status {
    #[command(flatten)]
    place: Place,
}

fn plan(place: &Place) -> Result<Output> {
    Ok(Output::text(Sweep::load(&place.file)?.plan(&place.runs.runs)?))
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
}

impl Check {
    fn run(self) -> Result<Output> {
        let sweep = Sweep::load(&self.place.file)?;
        Ok(Output::text(sweep.check(&self.place.runs.runs, &self.device.device)?))
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
    /// Every n-th run from the i-th on, as in --shard 0/4.
    #[arg(long, value_name = "i/n", default_value = "0/1", value_parser = shard)]
    shard: (usize, usize),
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
}

fn shard(typed: &str) -> std::result::Result<(usize, usize), String> {
    let parsed = typed.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parsed
        .filter(|(i, n)| i < n)
        .ok_or_else(|| "expected i/n with i from 0 to n − 1, such as 0/4".to_owned())
}

impl Run {
    fn run(self) -> Result<Output> {
        let choose = Choose {
            shard: self.shard,
            only: self.only,
            seed: self.seed,
            wait: self.wait,
            keep_going: self.continue_on_error,
        };
        let sweep = Sweep::load(&self.place.file)?;
        Ok(Output::text(sweep.run(&self.place.runs.runs, &self.device.device, &choose)?))
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
}

impl Slurm {
    fn run(self) -> Result<Output> {
        let sweep = Sweep::load(&self.place.file)?;
        Ok(Output::text(sweep.submit(&self.place.runs.runs, self.dry_run)?))
    }
}

#[cfg(test)]
mod tests {
    use super::shard;

    #[test]
    fn a_shard_is_below_its_count() {
        assert_eq!(shard("2/4"), Ok((2, 4)));
        for wrong in ["4/4", "1", "a/2", "1/0", ""] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }
}
