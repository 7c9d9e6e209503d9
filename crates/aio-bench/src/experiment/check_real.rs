//! How a model does on a data set beside the program's own encoder before training, hand-made descriptors and chance (`aio check-real`).
//!
//! Nothing is trained. It is meant for data sets of real people, which only their users have.

use super::evaluate::{Instead, SEED, Scored, TestFeatures, TestedModels, chance_level, score};
use super::tested::Test;
use crate::config::Evaluation;
use crate::embed::{ImportSettings, ModelSource};
use crate::error::{Error, Result};
use crate::markdown::bounds;
use aio_data::task::Task;
use aio_data::{DataError, DatasetName, check};
use aio_eval::{EvalOptions, Interval, QueryMean};
use aio_model::Shipped;
use aio_train::{Library, StopFlag};
use aio_types::{Modality, ModalitySet, TaskId};
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;

/// What is checked.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    /// The data set, as in `market1501` or `table:NAME`, or its tasks, as in `tri-cuhk-pedes.*-rgb`.
    pub dataset: String,
    /// Directory of the data sets, or of the one that is named.
    pub root: PathBuf,
    /// The model.
    pub model: ModelSource,
}

/// How a model does on the tasks of a data set.
#[derive(Debug, Clone, Serialize)]
pub struct RealCheck {
    /// The data set, or its tasks, as they were named.
    pub dataset: String,
    /// The model.
    pub model: String,
    /// SHA-256 of its weights file.
    pub weights: String,
    /// The tasks that were named; of a data set, those whose queries are of one modality among the tasks that its papers report, of a table among
    /// those that it has rows for.
    pub tasks: Vec<TaskCheck>,
}

/// How a model does on one task.
#[derive(Debug, Clone, Serialize)]
pub struct TaskCheck {
    /// The task.
    pub task: TaskId,
    /// Its protocol.
    pub protocol: String,
    /// Evaluated queries.
    pub queries: usize,
    /// Queries without a match under the protocol.
    pub skipped: usize,
    /// Gallery entries.
    pub gallery: usize,
    /// The model, then what it is compared with: late fusion and the same queries without one of their modalities where they have several, the
    /// program's own encoder before training, hand-made descriptors where the queries are single pictures, and chance.
    pub methods: Vec<MethodCheck>,
}

/// How one method does on one task; scores are fractions in 0..1.
#[derive(Debug, Clone, Serialize)]
pub struct MethodCheck {
    /// Its name.
    pub method: String,
    /// Rank-1.
    pub rank1: f64,
    /// Mean average precision.
    pub map: f64,
    /// Rank-1 over people drawn again, at 95 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank1_interval: Option<Interval>,
    /// Mean average precision over people drawn again, at 95 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_interval: Option<Interval>,
    /// How much higher the mean average precision of the model is on the same people, at 95 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<Interval>,
}

/// Random rankings over which chance level is averaged.
const CHANCE_DRAWS: u32 = 10;

/// Evaluates a model on the tasks that are named, or on the usual tasks of a data set whose queries are of one modality.
///
/// # Errors
/// [`Error`] naming what is missing or wrong; [`Error::Cancelled`] after a signal.
pub fn check_real(request: &CheckRequest) -> Result<RealCheck> {
    checked(request).map_err(Error::with_nothing_kept)
}

fn checked(request: &CheckRequest) -> Result<RealCheck> {
    let model = request.model.open()?;
    let embedded = ModelSource {
        name: Shipped::Embedded.name().to_owned(),
        device: request.model.device.clone(),
        import: ImportSettings::default(),
    };
    let stop = StopFlag::on_signals()?;
    let tests = tests(request)?;
    refuse_unknown(&tests, model.known, &request.model.name)?;
    let sha256 = model.sha256.clone();
    let usual = Evaluation::default();
    let mut of_model = TestedModels::new([model.extractor], &usual, &stop);
    let mut of_embedded = TestedModels::new([embedded.open()?.extractor], &usual, &stop);
    let mut tasks = Vec::new();
    for test in &tests {
        tasks.push(check(test, &mut of_model, &mut of_embedded)?);
    }
    let (dataset, model) = (request.dataset.clone(), request.model.name.clone());
    Ok(RealCheck { dataset, model, weights: sha256, tasks })
}

/// Refuses tasks with sentences before any of them is embedded, if the model has nothing that reads them. It reads every picture.
fn refuse_unknown(tests: &[Test], known: ModalitySet, model: &str) -> Result<()> {
    let has_text = |test: &&Test| {
        test.task.query.contains(Modality::Text) || test.task.gallery == Modality::Text
    };
    let asked = tests.iter().filter(|_| !known.contains(Modality::Text)).find(has_text);
    let Some(test) = asked else { return Ok(()) };
    let task = test.task.id();
    Err(Error::user(
        format!(
            "task `{task}` has sentences, and the model `{model}` reads none: it has no text tower and no token table"
        ),
        "name the tasks without text, or another model",
    ))
}

/// The tasks that are named. Of a data set, those whose queries are of one modality among those that `aio data check` lists. Where several are meant,
/// those that the rows of the data set leave open are left out with a warning.
fn tests(request: &CheckRequest) -> Result<Vec<Test>> {
    let typed = &request.dataset;
    let mut library = Library::new(&request.root);
    let tasks =
        if typed.contains('.') { named(typed, &mut library)? } else { usual(typed, &mut library)? };
    let mut tests = Vec::new();
    let mut refused = Vec::new();
    for task in tasks {
        match check::data_of(&task, library.get(task.dataset)?) {
            Ok(data) => tests.push(Test { task, data }),
            Err(error @ DataError::Request { .. }) => refused.push(error),
            Err(error) => return Err(error.into()),
        }
    }
    if tests.is_empty() {
        return Err(match refused.into_iter().next() {
            Some(error) => error.into(),
            None => Error::user(
                format!("{typed} has no task whose queries are of one modality"),
                "docs/protocols.md lists the tasks of every data set; a table has those of its rows of the splits `query` and `gallery`",
            ),
        });
    }
    for error in refused {
        let hint = error.hint().unwrap_or_default();
        log::warn!("left out: {error} ({hint})");
    }
    Ok(tests)
}

/// The tasks of a name. Of all combinations of a table, those of modalities that its queries have.
fn named(text: &str, library: &mut Library) -> Result<Vec<Task>> {
    let mut tasks = Task::parse(text)?;
    if let [first, _, ..] = &tasks[..]
        && matches!(first.dataset, DatasetName::Table(_))
    {
        let queries = &library.get(first.dataset)?.query;
        let asked: ModalitySet = queries.iter().map(|sample| sample.modality).collect();
        tasks.retain(|task| task.query.iter().all(|modality| asked.contains(modality)));
    }
    Ok(tasks)
}

/// The tasks of a data set whose queries are of one modality.
fn usual(text: &str, library: &mut Library) -> Result<Vec<Task>> {
    let name = check::named(text)?;
    let mut tasks = Vec::new();
    for task in check::tasks_of(name, library.get(name)?) {
        tasks.extend(Task::parse(&task)?);
    }
    tasks.retain(|task| task.query.len() == 1);
    Ok(tasks)
}

fn check(
    test: &Test,
    model: &mut TestedModels<1>,
    embedded: &mut TestedModels<1>,
) -> Result<TaskCheck> {
    let described = model.describe(test)?;
    let [features] = model.embed(test)?;
    let of_model = scored(test, &features)?;
    let mut methods = vec![method("model", &of_model, None)?];
    for instead in Instead::all(test) {
        let name = match instead {
            Instead::Parts => "late fusion".to_owned(),
            Instead::Without(modality) => format!("model without {modality}"),
        };
        let of_instead = scored(test, &model.embed_instead(test, instead)?)?;
        methods.push(method(&name, &of_instead, Some(&of_model))?);
    }
    let [features] = embedded.embed(test)?;
    let of_embedded = scored(test, &features)?;
    methods.push(method("embedded, untrained", &of_embedded, Some(&of_model))?);
    for (descriptor, of_descriptor) in &described {
        methods.push(method(descriptor.name(), of_descriptor, Some(&of_model))?);
    }
    let chance = chance_level(test, CHANCE_DRAWS)?;
    methods.push(MethodCheck {
        method: "chance".to_owned(),
        rank1: chance.rank(1),
        map: chance.map,
        rank1_interval: None,
        map_interval: None,
        gain: None,
    });
    Ok(TaskCheck {
        task: test.task.id().clone(),
        protocol: test.data.protocol.name().to_owned(),
        queries: of_model.scores.queries,
        skipped: of_model.scores.skipped,
        gallery: of_model.scores.gallery,
        methods,
    })
}

fn scored(test: &Test, features: &TestFeatures) -> Result<Scored> {
    score(test, features, EvalOptions::default(), |_, _| {})
}

/// The row of a method that the model is compared with; of the model itself without `model`.
fn method(name: &str, scored: &Scored, model: Option<&Scored>) -> Result<MethodCheck> {
    let average_precision = |query: &QueryMean| query.average_precision;
    let per_query = &scored.per_query;
    let gain = model
        .map(|model| {
            model.per_query.difference(per_query, average_precision, Interval::DRAWS, SEED)
        })
        .transpose()?
        .flatten();
    Ok(MethodCheck {
        method: name.to_owned(),
        rank1: scored.scores.rank(1),
        map: scored.scores.map,
        rank1_interval: per_query.interval(|query| query.rank1, Interval::DRAWS, SEED)?,
        map_interval: per_query.interval(average_precision, Interval::DRAWS, SEED)?,
        gain,
    })
}

impl RealCheck {
    /// The tables, in percent.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text =
            format!("{} · model {} (sha256 {})\n", self.dataset, self.model, self.weights);
        for task in &self.tasks {
            let TaskCheck { task: id, protocol, queries, skipped, gallery, methods } = task;
            let _ = writeln!(
                text,
                "\n{id}: {queries} queries ({skipped} without a match), gallery of {gallery}, protocol `{protocol}`\n\n\
                 | method | Rank-1 | 95 % | mAP | 95 % | mAP of the model minus this method, 95 % |\n|---|--:|--:|--:|--:|--:|"
            );
            for row in methods {
                let _ = writeln!(
                    text,
                    "| {} | {:.1} | {} | {:.1} | {} | {} |",
                    row.method,
                    100.0 * row.rank1,
                    bounds(row.rank1_interval),
                    100.0 * row.map,
                    bounds(row.map_interval),
                    bounds(row.gain),
                );
            }
        }
        text
    }
}
