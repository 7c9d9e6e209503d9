//! One experiment from its file to its report, in four steps: prepare, train, evaluate, save.
//!
//! `save.rs` alone writes `result.json`, whose presence means that a run is finished. The report is drawn afterwards, from the files of
//! the run.

mod begun;
mod check_real;
mod data;
mod decodable;
mod evaluate;
mod model_card;
mod prepare;
mod refine;
mod requirements;
mod result;
mod save;
mod tested;
mod train;

pub(crate) use begun::Begun;
pub use check_real::{CheckRequest, MethodCheck, RealCheck, TaskCheck, check_real};
pub(crate) use data::obstacle;
pub use refine::{
    Method, MethodRounds, RefineRequest, Refined, RefinedTask, Round, RoundScores, refine,
};
pub use requirements::checksums;
pub(crate) use requirements::missing_weights;

use crate::config::Experiment;
use crate::device;
use crate::error::Result;
pub use crate::lock::WhenTaken;
use crate::lock::{Attempt, DirectoryLock};
use crate::report;
use crate::run::{self, Meter, Run, RunResult};
use aio_train::{Probe, StartingPoint, StopFlag, TrainingSetup};
use prepare::Preparation;
use std::path::PathBuf;

/// The arguments of a run.
#[derive(Debug, Clone)]
pub struct Request {
    /// Name below `experiments/`, or a path.
    pub name: String,
    /// `--set` options.
    pub settings: Vec<String>,
    /// `--device`.
    pub device: String,
    /// Directory of runs.
    pub runs: PathBuf,
    /// Content hash that the configuration must have, where an earlier reading of the files gave one.
    pub config_id: Option<String>,
    /// What to do if another process works on the run.
    pub when_taken: WhenTaken,
}

/// Runs an experiment to its end, or returns the result of an earlier call.
///
/// A report that cannot be drawn is a warning: the run is finished, and `aio report --redraw` draws the report again.
///
/// # Errors
/// [`Error`](crate::error::Error) saying what is missing, wrong or failed; a later call continues.
pub fn run(request: &Request) -> Result<(Run, RunResult)> {
    let meter = Meter::start();
    let mut prepared = match prepare::prepare(request)? {
        Preparation::Finished { run, result } => {
            let version = run::version(&run).filter(|version| version != env!("CARGO_PKG_VERSION"));
            if let Some(version) = version {
                log::warn!("this result was computed by version {version} of the program");
            }
            finish_killed(&run);
            return Ok((run, *result));
        }
        Preparation::Ready(prepared) => *prepared,
    };
    let evaluation_bytes = evaluate::predicted_bytes(
        &prepared.tests,
        &prepared.start,
        &prepared.experiment.evaluation,
    );
    let trained = train::train(&mut prepared, evaluation_bytes)?;
    let evaluation = evaluate::evaluate(&prepared, &trained)?;
    let result = save::save(&prepared, &trained, evaluation, &meter)?;
    draw_report(&prepared.run);
    Ok((prepared.run, result))
}

fn draw_report(run: &Run) {
    if let Err(error) = report::write(run) {
        log::warn!(
            "the run is finished, but its report cannot be drawn: {error}; the same command, or `aio report NAME --redraw`, draws it again"
        );
    }
}

/// Does what a call that was killed after it had written the result left undone.
fn finish_killed(run: &Run) {
    if run.report().is_dir() && !evaluate::is_kept(run) {
        return;
    }
    match DirectoryLock::acquire(run.directory(), WhenTaken::Refuse, &StopFlag::default()) {
        Ok(Attempt::Locked(lock)) => {
            let run = run.clone().claimed_by(&lock.guard(StopFlag::default()));
            if let Err(error) = evaluate::forget(&run) {
                log::warn!("{error}");
            }
            draw_report(&run);
        }
        // It is being done.
        Ok(Attempt::Taken(_)) => {}
        Err(error) => log::warn!("the report of this finished run cannot be drawn: {error}"),
    }
}

/// Tries one training step of an experiment on its data. Writes nothing except the synthetic benchmark.
///
/// # Errors
/// [`Error`](crate::error::Error) saying what is missing, wrong or failed; [`Error::Interrupted`](crate::error::Error::Interrupted) after a signal.
pub fn probe(experiment: &Experiment, device: &str) -> Result<Probe> {
    requirements::check_leakage(experiment)?;
    requirements::check_files(experiment)?;
    let device = device::open(device)?;
    device::check_precision(&device, experiment.train.precision)?;
    let start = StartingPoint::open(&experiment.model)?;
    let stop = StopFlag::on_signals()?;
    prepare::render_benchmark(experiment, &stop)?;
    let (mut library, tests) = prepare::open_data(experiment)?;
    let evaluation_bytes = evaluate::predicted_bytes(&tests, &start, &experiment.evaluation);
    let config = experiment.training();
    let setup = TrainingSetup { config: &config, start: &start, device: &device, evaluation_bytes };
    Ok(aio_train::probe(&setup, &mut library, &stop)?)
}
