use super::{GROUP, TaskId, TaskQuery};
use crate::{Modality, ParseModalityError};
use std::fmt;
use std::str::FromStr;

/// As [`TaskId`], where `*` as query stands for every combination that the data set has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskPattern {
    /// The name of the data set.
    pub dataset: String,
    /// What the queries consist of; `None` for `*`.
    pub query: Option<TaskQuery>,
    /// The modality of the gallery.
    pub gallery: Modality,
    /// The words behind the direction, in order.
    pub variants: Vec<String>,
}

/// A text that is not the name of a task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("task `{text}`{problem}")]
pub struct ParseTaskError {
    text: String,
    problem: TaskProblem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TaskProblem {
    Direction,
    Query,
    Modality(ParseModalityError),
}

impl fmt::Display for TaskProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direction => f.write_str(" names no `<query>-<gallery>`"),
            Self::Query => f.write_str(": `*` stands for several tasks; name one"),
            Self::Modality(error) => write!(f, ": {error}"),
        }
    }
}

impl ParseTaskError {
    /// What stands where the name of the data set is expected.
    #[must_use]
    pub fn dataset(&self) -> &str {
        self.text.split('.').next().unwrap_or_default()
    }
}

/// Splits `<query>-<gallery>`; both may hold hyphens.
fn split_direction(direction: &str) -> Option<(&str, &str)> {
    let (query, gallery) = match direction.strip_suffix("-colour-pencil") {
        Some(query) => (query, Modality::ColourPencil.name()),
        None => direction.rsplit_once('-')?,
    };
    (!query.is_empty() && !gallery.is_empty()).then_some((query, gallery))
}

impl FromStr for TaskPattern {
    type Err = ParseTaskError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let failed = |problem| ParseTaskError { text: text.to_owned(), problem };
        let modality = |error| failed(TaskProblem::Modality(error));
        let mut fields = text.split('.');
        let dataset = fields.next().unwrap_or_default().to_owned();
        let direction = fields.next().and_then(split_direction);
        let (query, gallery) = direction.ok_or_else(|| failed(TaskProblem::Direction))?;
        let gallery = gallery.parse().map_err(modality)?;
        let group = query.strip_suffix(GROUP).and_then(|size| size.parse().ok());
        let query = match (query, group) {
            ("*", _) => None,
            (_, Some(size)) => Some(TaskQuery::AnyOf(size)),
            (names, None) => Some(TaskQuery::Modalities(names.parse().map_err(modality)?)),
        };
        Ok(Self { dataset, query, gallery, variants: fields.map(str::to_owned).collect() })
    }
}

impl FromStr for TaskId {
    type Err = ParseTaskError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let TaskPattern { dataset, query, gallery, variants } = text.parse()?;
        let several = || ParseTaskError { text: text.to_owned(), problem: TaskProblem::Query };
        let variants = variants.iter().map(String::as_str);
        Ok(Self::new(&dataset, query.ok_or_else(several)?, gallery, variants))
    }
}
