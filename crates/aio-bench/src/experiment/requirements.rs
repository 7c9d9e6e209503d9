//! What an experiment needs before it can run: its files, and test identities that training does not show.

use super::tested::Test;
use crate::config::{Checksums, Experiment};
use crate::error::{Error, Result};
use crate::run;
use aio_data::check::{leaks_between, own_leaks};
use aio_data::checksum::Checksum;
use aio_data::{DataError, DatasetName};
use aio_encoder::weights::Shipped;
use aio_train::{Library, trained_samples};
use std::collections::BTreeSet;
use std::path::Path;

/// SHA-256 of the files that decide an experiment's numbers.
///
/// # Errors
/// [`Error`] naming the file that is missing.
pub fn checksums(experiment: &Experiment) -> Result<Checksums> {
    refuse_missing(&missing_weights(experiment))?;
    let name = &experiment.model.weights;
    let weights = match Shipped::named(name) {
        Some(shipped) => shipped.sha256().to_owned(),
        None => {
            let hints = aio_train::import_hints(&experiment.model);
            aio_train::weights_checksum(Path::new(name), hints)?
        }
    };
    Ok(Checksums { weights, sketch_generator: sketch_generator_checksum(experiment)? })
}

/// The file of the pre-trained weights, if they are not compiled into the program.
fn weights_file(experiment: &Experiment) -> Option<&Path> {
    let name = &experiment.model.weights;
    Shipped::named(name).is_none().then(|| Path::new(name))
}

fn checksum(path: &Path) -> Result<String> {
    Ok(Checksum::of_file(path)?.hex())
}

/// SHA-256 of the sketch generator's file, if the experiment names one.
pub(super) fn sketch_generator_checksum(experiment: &Experiment) -> Result<Option<String>> {
    experiment.data.sketch_generator.weights().map(checksum).transpose()
}

/// The weights files that are missing, each with its source.
pub(crate) fn missing_weights(experiment: &Experiment) -> Vec<String> {
    let named = [
        ("weights", weights_file(experiment)),
        ("sketch generator", experiment.data.sketch_generator.weights()),
    ];
    let mut missing = Vec::new();
    for (kind, path) in named {
        let Some(path) = path.filter(|path| !path.is_file()) else { continue };
        let inside = run::weights_file(path);
        if inside != path {
            let (path, inside) = (path.display(), inside.display());
            missing.push(format!("{kind}: {path} is a directory; its weights are {inside}"));
            continue;
        }
        let origin = aio_model::import::published(path).map_or(String::new(), |origin| {
            format!("\n    {}: from {} ({})", origin.name, origin.source, origin.licence)
        });
        missing.push(format!("{kind}: {}{origin}", path.display()));
    }
    missing
}

/// Refuses an experiment whose files are missing, naming all of them at once.
pub(super) fn check_files(experiment: &Experiment) -> Result<()> {
    let mut missing = missing_weights(experiment);
    if !experiment.data.synthetic {
        for name in datasets(experiment)? {
            match name.locate(&experiment.data.root) {
                Ok(_) => {}
                Err(error @ DataError::Missing { .. }) => {
                    missing.push(format!("{error}\n{}", name.info().layout));
                }
                Err(other) => return Err(other.into()),
            }
        }
    }
    refuse_missing(&missing)
}

/// Every data set that an experiment trains or tests on, and those whose test people a variant leaves out.
pub(super) fn datasets(experiment: &Experiment) -> Result<BTreeSet<DatasetName>> {
    let trained = experiment.train.stages.iter().flat_map(|stage| stage.datasets.iter().copied());
    let tested = experiment.tasks()?.into_iter().map(|task| task.dataset);
    let named: BTreeSet<DatasetName> = trained.chain(tested).collect();
    let left_out = named.iter().flat_map(|name| name.leaves_out()).copied();
    Ok(left_out.chain(named.iter().copied()).collect())
}

fn refuse_missing(missing: &[String]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let count = match missing.len() {
        1 => "1 required file or data set is missing".to_owned(),
        n => format!("{n} required files or data sets are missing"),
    };
    Err(Error::user(
        format!("{count}:\n\n{}\n", missing.join("\n\n")),
        "docs/datasets.md and docs/weights.md say where each comes from",
    ))
}

/// Refuses to test on people whom training shows, unless the experiment allows it. Rendered data sets share no people, but
/// the splits of one do.
pub(super) fn check_leakage(experiment: &Experiment) -> Result<()> {
    refuse_leaks(experiment, &leaks(experiment)?, "leave one of the two out")
}

/// Refuses a data set that trains on people or on pictures which it tests ([`own_leaks`]), and pictures and named people of one data set in the training
/// of another ([`leaks_between`]), unless the experiment allows it. They are known once the data are read.
pub(super) fn check_tested(
    experiment: &Experiment,
    library: &Library,
    tests: &[Test],
) -> Result<()> {
    let training = experiment.training();
    let trained = trained_samples(&training, library);
    let tested: BTreeSet<DatasetName> = tests.iter().map(|test| test.task.dataset).collect();
    let mut own = Vec::new();
    for (name, dataset) in library.datasets() {
        if trained.contains_key(&name) && tested.contains(&name) {
            own.extend(own_leaks(name, dataset));
        }
    }
    refuse_leaks(experiment, &own, "give each of them rows of one split alone")?;
    let tested: Vec<_> = tests.iter().map(|test| (test.task.dataset, &test.data)).collect();
    let between = leaks_between(&trained, &tested);
    refuse_leaks(experiment, &between, "take them out of the training data")
}

/// `remedy` is what to do instead of allowing them.
fn refuse_leaks(experiment: &Experiment, leaks: &[String], remedy: &str) -> Result<()> {
    if leaks.is_empty() {
        return Ok(());
    }
    let leaks = leaks.join("; ");
    if experiment.data.allow_leakage {
        log::warn!("data.allow_leakage is set: {leaks}");
        return Ok(());
    }
    Err(Error::user(
        format!("the model would be tested on people it is trained on: {leaks}"),
        format!("{remedy}, or set data.allow_leakage = true and say so beside every number"),
    ))
}

/// Pairs of a training and a test data set that show the same people.
fn leaks(experiment: &Experiment) -> Result<Vec<String>> {
    let tested: BTreeSet<DatasetName> =
        experiment.tasks()?.into_iter().map(|task| task.dataset).collect();
    let mut leaks = Vec::new();
    for stage in &experiment.train.stages {
        for trained in &stage.datasets {
            for test in &tested {
                let same = stage.all_splits && trained.population() == test.population();
                let other = trained.divides_otherwise(*test);
                if same || other || (!experiment.data.synthetic && trained.leaks_into(*test)) {
                    let part = if same { " as a whole" } else { "" };
                    leaks.push(format!("{trained}{part} shows people of {test}"));
                }
            }
        }
    }
    leaks.dedup();
    Ok(leaks)
}
