//! Evaluation tasks: a name such as `sysu-mm01.infrared-rgb.all`, checked against the rules of its data set.

mod data;
#[cfg(test)]
mod tests;

pub use crate::evaluation::{GalleryItem, Query, QueryPicture, TaskMean, TaskRules, TestSet};
pub use data::TaskData;

use crate::evaluation::{Direction, Evaluation, NamedQuery, Refusal, TaskRequest};
use crate::readers::{DatasetName, UnknownDataset};
use crate::{DataError, Dataset, Result};
use aio_types::{Modality, ModalitySet, TaskId, TaskPattern, TaskQuery};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A task that its data set has: what is searched in what, under which protocol.
#[derive(Debug, Clone)]
pub struct Task {
    /// The data set.
    pub dataset: DatasetName,
    /// What a query consists of.
    pub query: ModalitySet,
    /// What the gallery consists of.
    pub gallery: Modality,
    id: TaskId,
    evaluation: Arc<dyn Evaluation>,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl PartialEq for Task {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Task {}

const USAGE: &str = "a task is <data set>.<query>-<gallery>, such as market1501.rgb-rgb or sysu-mm01.infrared-rgb.all (docs/protocols.md)";

fn refused(problem: impl Into<String>, hint: impl Into<String>) -> DataError {
    DataError::Request { problem: problem.into(), hint: hint.into() }
}

/// The data set called `name` in the task `text`.
fn dataset_of(text: &str, name: &str) -> Result<DatasetName> {
    name.parse().map_err(|error: UnknownDataset| {
        let hint = error.hint().unwrap_or_else(|| USAGE.to_owned());
        refused(format!("task `{text}`: {error}"), hint)
    })
}

impl Task {
    /// Parses a task; `*` as query stands for every combination that the data set has: the 15 of RGB, infrared, sketch and
    /// text on Tri- sets, the 32 published query lists on ORBench.
    ///
    /// # Errors
    /// [`DataError::Request`] naming the part that is not known.
    pub fn parse(text: &str) -> Result<Vec<Self>> {
        let pattern = match text.parse::<TaskPattern>() {
            Ok(pattern) => pattern,
            Err(error) => {
                dataset_of(text, error.dataset())?;
                return Err(refused(error.to_string(), USAGE));
            }
        };
        let dataset = dataset_of(text, &pattern.dataset)?;
        let queries = match pattern.query {
            Some(TaskQuery::Modalities(query)) => vec![NamedQuery { query, variant: None }],
            Some(mean @ TaskQuery::AnyOf(_)) => {
                let problem = format!("task `{text}`: `{mean}` is a mean over several tasks");
                return Err(refused(problem, "name the tasks, or all of them with `*`"));
            }
            None => (dataset.info().rules.every_query)(),
        };
        let mut tasks = Vec::new();
        for NamedQuery { query, variant } in queries {
            let mut variants = pattern.variants.clone();
            variants.extend(variant);
            let direction = Direction { query, gallery: pattern.gallery };
            let request = TaskRequest { direction, variants: &variants };
            let task = Self::checked(dataset, &request);
            tasks.push(task.map_err(|refusal| explain(text, dataset, direction, &refusal))?);
        }
        Ok(tasks)
    }

    fn checked(dataset: DatasetName, request: &TaskRequest) -> std::result::Result<Self, Refusal> {
        let evaluation = (dataset.info().rules.evaluation)(request)?;
        let Direction { query, gallery } = request.direction;
        let variants = evaluation.variants();
        let contradicted = |word: &&String| {
            let times = request.variants.iter().filter(|other| other == word).count();
            times > 1 || !variants.contains(word)
        };
        if let Some(word) = request.variants.iter().find(contradicted) {
            return Err(Refusal::Contradicted { word: word.clone(), understood: variants });
        }
        let variants = variants.iter().map(String::as_str);
        let id = TaskId::new(dataset.name(), TaskQuery::Modalities(query), gallery, variants);
        Ok(Self { dataset, query, gallery, id, evaluation })
    }

    /// Names of the tasks that a data set's papers report.
    #[must_use]
    pub fn usual(dataset: DatasetName) -> Vec<String> {
        dataset.info().rules.usual.iter().map(|task| format!("{dataset}.{task}")).collect()
    }

    /// The name.
    #[must_use]
    pub fn id(&self) -> &TaskId {
        &self.id
    }

    /// The mean over a group of tasks that papers report and that this task enters, if any.
    #[must_use]
    pub fn mean(&self) -> Option<TaskMean> {
        self.evaluation.mean()
    }

    /// Picks queries, gallery, protocol and trials from the data set.
    ///
    /// # Errors
    /// [`DataError::Request`] if nothing is left to evaluate, the protocol needs a file that is not there, or the rows of a
    /// table leave the protocol open.
    pub fn data(&self, dataset: &Dataset) -> Result<TaskData> {
        let of_task = |error: DataError| match error {
            DataError::Request { problem, hint } => {
                refused(format!("task `{self}`: {problem}"), hint)
            }
            other => other,
        };
        let test = self.evaluation.test_set(dataset).map_err(of_task)?;
        let (queries, gallery) = (test.queries.len(), test.gallery.len());
        if queries == 0 || gallery == 0 {
            let hint = match self.dataset {
                DatasetName::Table(_) => {
                    "queries are rows of the split `query`, gallery entries rows of the split `gallery`, of the task's modalities; a query of several has a row of each, of one person"
                }
                _ => {
                    "is the data set complete? `aio data check` compares it with the published counts"
                }
            };
            let problem = format!("task `{self}`: {queries} queries and {gallery} gallery entries");
            return Err(refused(problem, hint));
        }
        let protocol = self.evaluation.protocol(&test).map_err(of_task)?;
        let trials = self.evaluation.trials(dataset, &test)?;
        let TestSet { queries, gallery } = test;
        let names = Arc::clone(&dataset.names);
        Ok(TaskData { queries, gallery, protocol, trials, names })
    }
}

fn explain(text: &str, dataset: DatasetName, direction: Direction, refusal: &Refusal) -> DataError {
    let Direction { query, gallery } = direction;
    match refusal {
        Refusal::Direction => refused(
            format!("task `{text}`: {dataset} has no {query} queries against {gallery}"),
            "docs/protocols.md lists the tasks of every data set",
        ),
        Refusal::Variant { word, known } => refused(
            format!("task `{text}`: {dataset} has no variant `{word}`"),
            if known.is_empty() {
                "it has no variants".to_owned()
            } else {
                format!("its variants are {known}")
            },
        ),
        Refusal::Combination { problem, hint } => {
            refused(format!("task `{text}`: {problem}"), *hint)
        }
        Refusal::Contradicted { word, understood } => refused(
            format!(
                "task `{text}`: the variant `{word}` is there twice, contradicts another, or is written in another order"
            ),
            format!("without it, the variants are .{}", understood.join(".")),
        ),
    }
}

/// The means over groups of tasks that papers report, of the groups that `tasks` hold completely: the name of each mean
/// and the tasks it is taken over.
#[must_use]
pub fn means(tasks: &[Task]) -> Vec<(TaskId, Vec<TaskId>)> {
    let mut groups: BTreeMap<TaskId, (usize, Vec<TaskId>)> = BTreeMap::new();
    for task in tasks {
        if let Some(TaskMean { id, members }) = task.mean() {
            groups.entry(id).or_insert((members, Vec::new())).1.push(task.id.clone());
        }
    }
    let complete = groups.into_iter().filter(|(_, (members, of))| of.len() == *members);
    complete.map(|(id, (_, of))| (id, of)).collect()
}
