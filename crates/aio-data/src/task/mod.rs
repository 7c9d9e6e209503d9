//! Evaluation tasks: a name such as `sysu-mm01.infrared-rgb.all`, checked against the rules of its data set.

mod data;

pub use crate::evaluation::{GalleryItem, Query, QueryPicture, TaskMean, TaskRules, TestSet};
pub use data::TaskData;

use crate::evaluation::{Direction, Evaluation, NamedQuery, Refusal, TaskRequest};
use crate::readers::DatasetName;
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
    name.parse().map_err(|_| {
        let near = aio_types::nearest(name, DatasetName::ALL.map(DatasetName::name));
        let hint = near.map_or(USAGE.to_owned(), |near| format!("did you mean `{near}`?"));
        refused(format!("task `{text}`: unknown data set `{name}`"), hint)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_parse_and_print_back() {
        for text in [
            "market1501.rgb-rgb",
            "market1501.rgb-rgb.multi-query",
            "sysu-mm01.infrared-rgb.all",
            "sysu-mm01.infrared-rgb.indoor.official.10-shot",
            "regdb-3.rgb-infrared",
            "llcm.infrared-rgb.released",
            "market-sketch-1k.sketch-rgb.ABE.multi-query",
            "tri-cuhk-pedes.sketch+text-rgb",
            "orbench.infrared+text-rgb",
            "orbench.infrared+text-rgb.text-first",
            "orbench.text-infrared",
            "orbench.rgb-sketch",
            "orbench.rgb-text",
            "cuhk-pedes.rgb-text",
            "icfg-pedes.rgb-text",
            "rstpreid.rgb-text",
            "table:shop.sketch-text",
            "tri-cuhk-pedes.infrared+text-rgb.other-photo",
            "omnireid.rgb-rgb.clothes-changing",
            "orbench.sketch-colour-pencil",
            "table:shop.text-rgb",
            "table:shop.rgb+text-rgb.none",
            "table:shop.sketch-colour-pencil.market1501",
        ] {
            assert_eq!(Task::parse(text).expect(text)[0].to_string(), text);
        }
        assert_eq!(Task::parse("tri-cuhk-pedes.*-rgb").expect("all").len(), 15);
        for dataset in DatasetName::ALL {
            for task in Task::usual(dataset) {
                assert_eq!(Task::parse(&task).expect(&task).len(), 1);
            }
        }
    }

    #[test]
    fn orbench_has_its_32_published_keys() {
        let tasks = Task::parse("orbench.*-rgb").expect("all");
        let groups = means(&tasks);
        let sizes: Vec<(&str, usize)> =
            groups.iter().map(|(id, of)| (id.as_str(), of.len())).collect();
        let expected = [
            ("orbench.1-modality-rgb", 4),
            ("orbench.2-modality-rgb", 12),
            ("orbench.3-modality-rgb", 12),
            ("orbench.4-modality-rgb", 4),
        ];
        assert_eq!(sizes, expected);
        assert_eq!(means(&tasks[1..]).len(), 3, "an incomplete group has no mean");
        let other = Task::parse("orbench.text-sketch").expect("a direction of ours");
        assert_eq!(other[0].mean(), None, "no published list");
    }

    #[test]
    fn impossible_tasks_are_refused_by_name() {
        for (text, word) in [
            ("market1502.rgb-rgb", "market1502"),
            ("market1502", "unknown data set `market1502`"),
            ("market1501.sketch-rgb", "sketch"),
            ("market1501.rgb", "<query>-<gallery>"),
            ("pku-sketch.sketch-rgb.all", "no variant `all`"),
            ("llcm.rgb-infrared.released", "drawn infrared pictures"),
            ("llcm.rgb-rgb", "no rgb queries against rgb"),
            ("table:shop.rgb-rgb.none.market1501", "`none`"),
            ("table:shop.rgb-rgb.none.none", "`none`"),
            ("sysu-mm01.infrared-rgb.all.indoor", "`all`"),
            ("sysu-mm01.infrared-rgb.official.1-shot.10-shot", "`1-shot`"),
            ("market-sketch-1k.sketch-rgb.A.B", "`A`"),
            ("market-sketch-1k.sketch-rgb.EBA", "`EBA`"),
            ("orbench.infrared+text-rgb.text-first.infrared-first", "`text-first`"),
            ("sysu-mm01.infrared-rgb.10-shot", "single-shot"),
            ("orbench.sketch-rgb.text-first", "no sketch queries"),
            ("orbench.sketch-sketch", "no sketch queries against sketch"),
            ("orbench.infrared+text-sketch", "no infrared+text queries against sketch"),
            ("orbench.text-text", "no text queries against text"),
            ("cuhk-pedes.text-text", "no text queries against text"),
            ("cuhk-pedes.rgb-text.all", "no variant `all`"),
            ("table:shop.text-text", "no text queries against text"),
            ("tri-cuhk-pedes.infrared-rgb.other-photo", "infrared and another modality"),
            ("tri-cuhk-pedes.sketch+text-rgb.other-photo", "infrared and another modality"),
            ("tri-cuhk-pedes.infrared+text-rgb.other", "no variant `other`"),
            ("omnireid.rgb-rgb.official", "no variant `official`"),
            ("orbench.2-modality-rgb", "a mean over several tasks"),
            ("synth-pedes.rgb-rgb", "no rgb queries against rgb"),
        ] {
            let error = Task::parse(text).expect_err(text);
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn every_data_set_states_its_own_protocol() {
        let protocol = |text: &str| {
            let task = Task::parse(text).expect(text).remove(0);
            let nothing = TestSet { queries: Vec::new(), gallery: Vec::new() };
            task.evaluation.protocol(&nothing).expect(text).name()
        };
        let stated = [
            ("market1501.rgb-rgb", "market1501"),
            ("market1501.rgb-rgb.multi-query", "market1501"),
            ("market1501-500k.rgb-rgb", "market1501"),
            ("dukemtmc-reid.rgb-rgb", "market1501"),
            ("msmt17.rgb-rgb", "market1501"),
            ("msmt17-v2.rgb-rgb", "market1501"),
            ("cuhk03-np-detected.rgb-rgb", "market1501"),
            ("cuhk03-np-labeled.rgb-rgb", "market1501"),
            ("cuhk03-classic-detected.rgb-rgb", "cuhk03-classic"),
            ("cuhk03-classic-labeled.rgb-rgb", "cuhk03-classic"),
            ("sysu-mm01.infrared-rgb.all", "sysu-mm01"),
            ("regdb.infrared-rgb", "regdb"),
            ("regdb-2.rgb-infrared", "regdb"),
            ("llcm.infrared-rgb", "llcm"),
            ("llcm.infrared-rgb.released", "llcm"),
            ("pku-sketch.sketch-rgb", "none"),
            ("market-sketch-1k.sketch-rgb", "none"),
            ("cuhk-pedes.text-rgb", "text"),
            ("cuhk-pedes.rgb-text", "text"),
            ("icfg-pedes.text-rgb", "text"),
            ("rstpreid.text-rgb", "text"),
            ("tri-cuhk-pedes.sketch+text-rgb", "tri"),
            ("tri-icfg-pedes.text-rgb", "tri"),
            ("tri-rstpreid.sketch-rgb", "tri"),
            ("orbench.text-rgb", "none"),
            ("orbench.text-sketch", "none"),
            ("orbench.rgb-text", "none"),
            ("tri-rstpreid.rgb+infrared-rgb.other-photo", "tri"),
            ("omnireid.rgb-rgb", "market1501"),
            ("omnireid.rgb-rgb.clothes-changing", "clothes-changing"),
            ("table:shop.rgb-rgb.tri", "tri"),
        ];
        for (task, expected) in stated {
            assert_eq!(protocol(task), expected, "{task}");
        }
        for dataset in DatasetName::ALL {
            let is_listed = stated.iter().any(|(task, _)| task.starts_with(&format!("{dataset}.")));
            assert!(is_listed || dataset == DatasetName::SynthPedes, "{dataset}");
        }
    }
}
