//! The first step: everything that a run needs, checked and opened before anything is computed.

use super::Request;
use super::begun::Begun;
use super::data::{RunData, has_checkpoint};
use super::decodable;
use super::requirements::{
    check_files, check_leakage, check_tested, datasets, missing_weights, sketch_generator_checksum,
};
use super::tested::Test;
use crate::config::{Checksums, Experiment, ExperimentFile};
use crate::device;
use crate::error::{Error, Result};
use crate::lock::DirectoryLock;
use crate::render;
use crate::run::{Run, RunIdentity, RunResult};
use aio_eval::Protocol;
use aio_train::{Library, StartingPoint, StopFlag, trained_modalities};
use aio_types::ModalitySet;
use burn::tensor::Device;

/// What the first step finds.
pub(super) enum Preparation {
    /// An earlier call has finished the run.
    Finished {
        /// The run directory.
        run: Run,
        /// Its `result.json`.
        result: Box<RunResult>,
    },
    /// The run can be computed.
    Ready(Box<Prepared>),
}

/// A run that can be computed.
pub(super) struct Prepared {
    pub(super) experiment: Experiment,
    /// The experiment as `config.toml` holds it.
    pub(super) config_text: String,
    /// Name of the experiment.
    pub(super) name: String,
    /// Content hash of the configuration.
    pub(super) config_id: String,
    pub(super) device: Device,
    /// Name of the device; `auto` is none.
    pub(super) device_name: String,
    /// The pre-trained weights.
    pub(super) start: StartingPoint,
    pub(super) run: Run,
    pub(super) library: Library,
    pub(super) tests: Vec<Test>,
    /// The contents of the data.
    pub(super) data: RunData,
    /// Content hash of the synthetic benchmark, where it is used.
    pub(super) benchmark: Option<String>,
    /// Raised by the signals of a scheduler and by Ctrl-C; it also tells whether the run is still this process's.
    pub(super) stop: StopFlag,
    /// Keeps other processes out of the run.
    _lock: DirectoryLock,
}

impl Prepared {
    /// What the run began as.
    pub(super) fn begun(&self) -> Begun {
        Begun::of(&self.experiment, &self.config_id)
    }
}

/// Opens the run that a request stands for.
///
/// # Errors
/// [`Error`] naming what is missing or wrong.
pub(super) fn prepare(request: &Request) -> Result<Preparation> {
    let file = ExperimentFile::find(&request.name)?;
    let experiment = Experiment::open(&file, &request.settings)?;
    check_leakage(&experiment)?;
    let (device, device_name) = device::open_named(&request.device)?;
    device::check_precision(&device, experiment.train.precision)?;
    if !missing_weights(&experiment).is_empty() {
        // Names the missing data sets as well.
        check_files(&experiment)?;
    }
    let start = StartingPoint::open(&experiment.model)?;
    let config_id = config_id(&experiment, &start)?;
    check_expected(request, &file, &config_id)?;
    let name = file.name().to_owned();
    let identity = RunIdentity {
        experiment: name.clone(),
        config_id: config_id.clone(),
        seed: experiment.seed,
    };
    let run = Run::open(&request.runs, identity)?;
    let stop = StopFlag::on_signals()?;
    if let Some(result) = run.result()? {
        RunData::check_finished(&run, &result, &experiment, &stop)?;
        return Ok(Preparation::Finished { run, result: Box::new(result) });
    }
    let lock = DirectoryLock::require(run.directory(), request.when_taken, &stop)?;
    if let Some(result) = run.result()? {
        // The process that this one waited for has finished the run.
        return Ok(Preparation::Finished { run, result: Box::new(result) });
    }
    let stop = lock.guard(stop);
    let run = run.claimed_by(&stop);
    run.forget_failure();
    check_files(&experiment)?;
    let benchmark = render_benchmark(&experiment, &stop)?;
    let (mut library, tests) = open_data(&experiment)?;
    warn_of_untrained(&experiment, &mut library, &tests)?;
    say_protocols(&tests);
    for Test { task, data } in &tests {
        if let Some(explanation) = data.explain_unmatched() {
            log::info!("{task}: {explanation}");
        }
    }
    let begun = Begun::of(&experiment, &config_id);
    let data = RunData::of_run(&run, begun, &experiment, &library, &stop)?;
    if !has_checkpoint(&run) {
        let size = start.preprocessing.size();
        decodable::check(&experiment, &mut library, &tests, size, &stop)?;
    }
    let config_text = experiment.to_toml()?;
    run.write_text("config.toml", &config_text)?;
    Ok(Preparation::Ready(Box::new(Prepared {
        experiment,
        config_text,
        name,
        config_id,
        device,
        device_name,
        start,
        run,
        library,
        tests,
        data,
        benchmark,
        stop,
        _lock: lock,
    })))
}

/// Refuses a configuration that is not the one that was asked for: a sweep reads its base again for every run, which can be days later.
fn check_expected(request: &Request, file: &ExperimentFile, found: &str) -> Result<()> {
    match &request.config_id {
        Some(expected) if expected != found => Err(Error::user(
            format!(
                "{file} or a file that it names was changed since this command began: its configuration is {found}, expected {expected}"
            ),
            "run the same command again, which reads the files anew, or restore them",
        )),
        _ => Ok(()),
    }
}

fn config_id(experiment: &Experiment, start: &StartingPoint) -> Result<String> {
    let sketch_generator = sketch_generator_checksum(experiment)?;
    Ok(experiment.config_id(&Checksums { weights: start.sha256.clone(), sketch_generator }))
}

/// Renders the synthetic benchmark where the experiment uses one of its data sets; returns its content hash.
pub(super) fn render_benchmark(experiment: &Experiment, stop: &StopFlag) -> Result<Option<String>> {
    let data = &experiment.data;
    if !data.synthetic || !datasets(experiment)?.into_iter().any(render::is_rendered) {
        return Ok(None);
    }
    Ok(Some(render::benchmark(&data.root, data.seed, data.size, stop)?.content))
}

/// Reads the data sets of every stage and every task, so that anything missing and every test person whom training shows is found before training.
pub(super) fn open_data(experiment: &Experiment) -> Result<(Library, Vec<Test>)> {
    let mut library = Library::new(&experiment.data.root);
    for stage in &experiment.train.stages {
        for dataset in &stage.datasets {
            library.get(*dataset)?;
        }
    }
    let tests = open_tests(experiment, &mut library)?;
    check_tested(experiment, &library, &tests)?;
    Ok((library, tests))
}

/// Says which tasks test a modality that training does not see. Frozen text may know its words from pre-training.
fn warn_of_untrained(experiment: &Experiment, library: &mut Library, tests: &[Test]) -> Result<()> {
    let Some(trained) = trained_modalities(&experiment.training(), library)? else { return Ok(()) };
    let frozen = &experiment.model.frozen_tokenizers;
    for Test { task, .. } in tests {
        let tested: ModalitySet = task.query.iter().chain([task.gallery]).collect();
        for modality in tested.iter().filter(|m| !trained.contains(*m) && !frozen.contains(m)) {
            log::warn!(
                "{task} tests {modality}, of which training has no sample: the stages name no data set that has one among `real`, and none is synthesised"
            );
        }
    }
    Ok(())
}

/// Says which protocol every task is evaluated under, one line per protocol.
fn say_protocols(tests: &[Test]) {
    if tests.is_empty() {
        log::warn!("`evaluation.tasks` names no task: the trained model is not evaluated");
    }
    for protocol in Protocol::ALL {
        let of_protocol = tests.iter().filter(|test| test.data.protocol == protocol);
        let tasks: Vec<&str> = of_protocol.map(|test| test.task.id().as_str()).collect();
        if !tasks.is_empty() {
            let (name, junk, tasks) = (protocol.name(), protocol.junk(), tasks.join(", "));
            log::info!("protocol `{name}` (hidden from a query: {junk}): {tasks}");
        }
    }
}

/// Picks the queries and galleries of every task.
fn open_tests(experiment: &Experiment, library: &mut Library) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    for task in experiment.tasks()? {
        let data = task.data(library.get(task.dataset)?)?;
        tests.push(Test { task, data });
    }
    Ok(tests)
}
