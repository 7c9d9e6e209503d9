//! One experiment from its file to its report.

use crate::config::{Checksums, Experiment, ExperimentFile};
use crate::error::{Error, Result};
use crate::evaluate::{self, Galleries, Lists, Pictures, Placed};
use crate::run::{Known, Manifest, Run, RunResult, TaskSummary, WEIGHTS};
use crate::source::Library;
use crate::train::{self, Start};
use crate::{device, foundation, progress, report};
use aio_data::task::{self, Task};
use aio_data::{DatasetName, fs};
use aio_eval::Scores;
use aio_model::Extractor;
use aio_synth::benchmark;
use aio_types::Measure;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Version of `result.json`.
const SCHEMA: u32 = 1;

/// What the user asked for.
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
}

/// SHA-256 of the files that decide an experiment's numbers.
///
/// # Errors
/// [`Error`] naming the file that is missing.
pub fn checksums(experiment: &Experiment) -> Result<Checksums> {
    refuse(&missing_weights(experiment))?;
    let name = &experiment.model.weights;
    let weights = if name == "embedded" {
        aio_encoder::weights::embedded_sha256()
    } else {
        checksum(Path::new(name))?
    };
    Ok(Checksums { weights, sketch_generator: generator_checksum(experiment)? })
}

fn checksum(path: &Path) -> Result<String> {
    Ok(aio_encoder::weights::sha256(&fs::read(path)?))
}

fn generator_checksum(experiment: &Experiment) -> Result<Option<String>> {
    experiment.data.sketch_generator.weights().map(checksum).transpose()
}

/// Tries one step of an experiment, on the data that it asks for, and writes nothing but the benchmark.
///
/// # Errors
/// [`Error`] saying what is missing, wrong or failed.
pub fn probe(experiment: &Experiment, device: &str) -> Result<Probe> {
    leakage(experiment)?;
    requirements(experiment)?;
    let device = device::open(device)?;
    device::check_precision(&device, experiment.train.precision)?;
    let start = starting_point(experiment)?;
    data(experiment)?;
    let mut library = Library::new(&experiment.data.root);
    evaluate::prepare(&experiment.tasks()?, &mut library)?;
    let config = experiment.training();
    let setup = TrainingSetup { config: &config, start: &start, device: &device };
    Ok(aio_train::probe(&setup, &mut library)?)
}

/// Runs an experiment to its end, or returns the result of an earlier call.
///
/// # Errors
/// [`Error`] saying what is missing, wrong or failed; a later call continues.
pub fn run(request: &Request) -> Result<(Run, RunResult)> {
    let begun = Instant::now();
    let file = ExperimentFile::find(&request.name)?;
    let experiment = Experiment::open(&file, &request.settings)?;
    leakage(&experiment)?;
    let device = device::open(&request.device)?;
    device::check_precision(&device, experiment.train.precision)?;
    let name = file.name().to_owned();
    if !missing_weights(&experiment).is_empty() {
        requirements(&experiment)?;
    }
    let start = starting_point(&experiment)?;
    let cell = experiment.config_id(&Checksums {
        weights: start.sha256.clone(),
        sketch_generator: generator_checksum(&experiment)?,
    });
    let run = Run::open(&request.runs, &name, &cell, experiment.seed)?;
    if let Some(result) = run.result()? {
        return Ok((run, result));
    }
    requirements(&experiment)?;
    let stop = StopFlag::on_signals()?;
    let benchmark = data(&experiment)?;
    let mut library = Library::new(&experiment.data.root);
    let tasks = experiment.tasks()?;
    for stage in &experiment.train.stages {
        for dataset in &stage.datasets {
            library.get(*dataset)?;
        }
    }
    let prepared = evaluate::prepare(&tasks, &mut library)?;
    for (task, data) in tasks.iter().zip(&prepared) {
        if let Some(explanation) = data.explain_unmatched() {
            eprintln!("{task}: {explanation}");
        }
    }
    let text = experiment.to_toml()?;
    run.write_text("config.toml", &text)?;
    let config = experiment.training();
    let setup = TrainingSetup { config: &config, start: &start, device: &device };
    let trained = aio_train::train(&setup, &run.training_paths(), &mut library, &stop)?;
    let card = [
        ("experiment", name.clone().into()),
        ("cell", cell.clone().into()),
        ("seed", experiment.seed.into()),
    ];
    let sha256 = {
        let bytes = trained.backbone.to_bytes(&trained.config, &trained.preprocessing, &card)?;
        fs::write_then_rename(&run.model().join(WEIGHTS), &bytes)?;
        aio_encoder::weights::sha256(&bytes)
    };
    fs::write_then_rename(&run.model().join("config.toml"), text.as_bytes())?;
    fs::write_then_rename(
        &run.model().join("README.md"),
        model_card(&experiment, &name, &cell, &start, &sha256).as_bytes(),
    )?;
    let before = Extractor::new(
        &start.backbone(&device)?,
        &start.config,
        start.preprocessing.clone(),
        &device,
    );
    let after =
        Extractor::new(&trained.backbone, &trained.config, trained.preprocessing.clone(), &device);
    let mut result = RunResult {
        schema: SCHEMA,
        experiment: name,
        claim: experiment.claim.clone(),
        config_id: cell,
        seed: experiment.seed,
        metrics: BTreeMap::new(),
        baseline: BTreeMap::new(),
        chance: BTreeMap::new(),
        order: tasks.iter().map(ToString::to_string).collect(),
        tasks: BTreeMap::new(),
        train_seconds: trained.seconds,
        steps: trained.steps,
    };
    let mut lists: BTreeMap<String, Lists> = BTreeMap::new();
    let mut placed: BTreeMap<DatasetName, Vec<Placed>> = BTreeMap::new();
    let (mut galleries, mut galleries_before) = (Galleries::new(), Galleries::new());
    let progress = Progress::new("evaluating", tasks.len(), "tasks");
    for (task, data) in tasks.iter().zip(&prepared) {
        let pictures = Pictures::open(task, data, &after)?;
        let ours = evaluate::score(
            task,
            data,
            &pictures,
            &after,
            &mut galleries,
            experiment.evaluation.ranked_lists,
        )?;
        let baseline =
            evaluate::score(task, data, &pictures, &before, &mut galleries_before, 0)?.scores;
        let chance = evaluate::chance_level(data, experiment.evaluation.chance_draws)?;
        let key = task.to_string();
        record(&mut result.metrics, &key, &ours.scores);
        record(&mut result.baseline, &key, &baseline);
        record(&mut result.chance, &key, &chance);
        let summary = TaskSummary {
            queries: ours.scores.queries,
            skipped: ours.scores.skipped,
            unmatched: data.unmatched(),
            spread: ours.scores.spread,
            gallery: ours.scores.gallery,
            trials: data.trials.len(),
            protocol: data.protocol.name().to_owned(),
            cmc: ours.scores.cmc.clone(),
            cmc_baseline: baseline.cmc.clone(),
            roc: ours.shown.roc,
        };
        result.tasks.insert(key.clone(), summary);
        lists.insert(key, ours.shown.lists);
        let people = placed.entry(task.dataset).or_default();
        // Tasks of one data set share their gallery.
        ours.shown.placed.into_iter().for_each(|one| {
            if !people.contains(&one) {
                people.push(one)
            }
        });
        progress.inc(1);
    }
    progress.finish();
    for values in [&mut result.metrics, &mut result.baseline, &mut result.chance] {
        group_means(&tasks, values);
    }
    run.write("rankings.json", &lists)?;
    let modalities =
        |people: &Vec<Placed>| people.iter().map(|one| one.modality).collect::<BTreeSet<_>>().len();
    // The data set with the most modalities; of equals, the first.
    let most =
        placed.iter().max_by_key(|(name, people)| (modalities(people), std::cmp::Reverse(**name)));
    let example = most.map(|(name, people)| (name.to_string(), people.as_slice()));
    report::write(&run, &result, &lists, example, &after)?;
    let facts = RunFacts {
        device: request.device.clone(),
        seed: experiment.seed,
        benchmark,
        data: library.fingerprints(),
        weights: start.sha256.clone(),
        predicted_memory: trained.predicted_memory.map(|bytes| bytes >> 20),
        seconds: begun.elapsed().as_secs_f64(),
    };
    run.write("manifest.json", &Manifest::collect(facts))?;
    run.write("result.json", &result)?;
    Ok((run, result))
}

/// What a model directory says of itself.
fn model_card(
    experiment: &Experiment,
    name: &str,
    cell: &str,
    start: &StartingPoint,
    sha256: &str,
) -> String {
    let data: BTreeSet<&str> =
        experiment.train.stages.iter().flat_map(|s| s.datasets.iter().map(|d| d.name())).collect();
    let preprocessing = &start.preprocessing;
    format!(
        "# {name}, seed {}\n\n{}\n\n| | |\n|---|---|\n| weights | `{WEIGHTS}`, sha256 `{}` |\n| started from | {} (sha256 `{}`) |\n| trained on | {}{} |\n| modalities | {} |\n| pictures | {} × {} (height × width), mean {:?}, std {:?} |\n| configuration | `config.toml`, cell `{cell}` |\n\n```sh\naio search GALLERY --text \"…\" --model DIR\n```\n",
        experiment.seed,
        experiment.claim,
        sha256,
        experiment.model.weights,
        start.sha256,
        data.into_iter().collect::<Vec<_>>().join(", "),
        if experiment.data.synthetic {
            " (rendered: of no use on photographs of real people)"
        } else {
            ""
        },
        experiment.model.modalities,
        preprocessing.height,
        preprocessing.width,
        preprocessing.mean,
        preprocessing.std,
    )
}

/// Means over groups of tasks that papers report, such as `orbench.<n>-modality-rgb.<metric>`, where all tasks of a group
/// are there.
fn group_means(tasks: &[Task], metrics: &mut BTreeMap<String, f64>) {
    for (mean, members) in task::means(tasks) {
        for measure in Measure::ALL {
            let sum: f64 = members.iter().map(|task| metrics[&format!("{task}.{measure}")]).sum();
            metrics.insert(format!("{mean}.{measure}"), sum / members.len() as f64);
        }
    }
}

fn record(metrics: &mut BTreeMap<String, f64>, task: &str, scores: &Scores) {
    for (name, value) in [
        ("rank1", scores.rank(1)),
        ("rank5", scores.rank(5)),
        ("rank10", scores.rank(10)),
        ("map", scores.map),
        ("minp", scores.minp),
    ] {
        metrics.insert(format!("{task}.{name}"), value);
    }
}

/// The weights files that are not there, each with where it comes from.
pub(crate) fn missing_weights(experiment: &Experiment) -> Vec<String> {
    let Experiment { model, data, .. } = experiment;
    let weights = (model.weights != "embedded").then(|| Path::new(&model.weights));
    let named = [("weights", weights), ("sketch generator", data.sketch_generator.weights())];
    let named = named.into_iter().filter_map(|(what, path)| Some((what, path?)));
    let missing = named.filter(|(_, path)| !path.is_file());
    let from = |path: &Path| {
        aio_model::import::published(path).map_or(String::new(), |o| {
            format!("\n    {}: from {} ({})", o.name, o.source, o.licence)
        })
    };
    missing.map(|(what, path)| format!("{what}: {}{}", path.display(), from(path))).collect()
}

/// Refuses an experiment whose files are not there, naming all of them at once.
fn requirements(experiment: &Experiment) -> Result<()> {
    let mut missing = missing_weights(experiment);
    if !experiment.data.synthetic {
        let stages = experiment.train.stages.iter().flat_map(|s| s.datasets.iter().copied());
        let names: BTreeSet<DatasetName> =
            stages.chain(experiment.tasks()?.iter().map(|t| t.dataset)).collect();
        for name in names {
            if let Err(error) = name.locate(&experiment.data.root) {
                missing.push(format!("{error}\n{}", name.info().layout));
            }
        }
    }
    refuse(&missing)
}

/// Names what is not there, if anything is not.
fn refuse(missing: &[String]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join("\n\n");
    Err(Error::user(
        format!("this experiment needs {} things that are not there:\n\n{list}\n", missing.len()),
        "docs/datasets.md and docs/weights.md say where each comes from",
    ))
}

/// Refuses to test on people whom training shows, unless the experiment says that this is wanted. Rendered data sets share nobody.
fn leakage(experiment: &Experiment) -> Result<()> {
    let tested: BTreeSet<DatasetName> = experiment.tasks()?.iter().map(|t| t.dataset).collect();
    let mut pairs = Vec::new();
    for stage in &experiment.train.stages {
        for (a, b) in stage.datasets.iter().flat_map(|a| tested.iter().map(move |b| (*a, *b))) {
            let same = stage.whole && a.info().family == b.info().family;
            if same || (!experiment.data.synthetic && a.leaks_into(b)) {
                pairs.push(format!(
                    "{a}{} shows people of {b}",
                    if same { " as a whole" } else { "" }
                ));
            }
        }
    }
    pairs.dedup();
    if pairs.is_empty() {
        return Ok(());
    }
    if experiment.data.allow_leakage {
        eprintln!("warning: data.allow_leakage is set: {}", pairs.join("; "));
        return Ok(());
    }
    let hint =
        "leave one of the two out, or set data.allow_leakage = true and say so beside every number";
    Err(Error::user(
        format!("the model would be tested on people it is trained on: {}", pairs.join("; ")),
        hint,
    ))
}

/// Renders the synthetic benchmark where the experiment asks for it; returns its content hash.
fn data(experiment: &Experiment) -> Result<Option<String>> {
    let data = &experiment.data;
    if !data.synthetic {
        return Ok(None);
    }
    let progress = Progress::new("rendering", 1, "pictures");
    let manifest = benchmark::write(&data.root, data.seed, data.size, &|done, total| {
        progress.set_total(total);
        progress.set_position(done);
    })?;
    progress.finish();
    Ok(Some(manifest.content))
}

/// Opens the weights that an experiment starts from.
fn starting_point(experiment: &Experiment) -> Result<StartingPoint> {
    let model = &experiment.model;
    let (weights, sha256) =
        foundation::open(&model.weights, &StartingPoint::import_options(model))?;
    Ok(StartingPoint::new(model, weights, sha256)?)
}
