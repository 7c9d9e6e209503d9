mod parse;

pub use parse::{ParseTaskError, TaskPattern};

use crate::{Modality, ModalitySet};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What the queries of a task consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskQuery {
    /// These modalities together.
    Modalities(ModalitySet),
    /// The mean over tasks whose queries consist of so many modalities, written `2-modality` (ORBench).
    AnyOf(usize),
}

impl TaskQuery {
    /// Number of modalities of one query.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Modalities(set) => set.len(),
            Self::AnyOf(size) => size,
        }
    }

    /// The modalities, or `None` for a mean over several tasks.
    #[must_use]
    pub fn modalities(self) -> Option<ModalitySet> {
        match self {
            Self::Modalities(set) => Some(set),
            Self::AnyOf(_) => None,
        }
    }
}

impl fmt::Display for TaskQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Modalities(set) => write!(f, "{set}"),
            Self::AnyOf(size) => write!(f, "{size}{GROUP}"),
        }
    }
}

/// What follows the number of modalities in the name of a mean over tasks.
const GROUP: &str = "-modality";

/// The name of a task: `<data set>.<query>-<gallery>[.<variant>]…`, such as `sysu-mm01.infrared-rgb.all`.
///
/// It is split into its parts without knowing which data sets, directions and variants exist. Ordered as its text is, so
/// that files which list tasks in order keep that order.
#[derive(Clone)]
pub struct TaskId {
    text: String,
    /// Bytes of `text` that name the data set.
    dataset: usize,
    query: TaskQuery,
    gallery: Modality,
    /// Where in `text` the variants begin, behind the dot; its length where there are none.
    variants: usize,
}

impl TaskId {
    /// The task of these parts.
    #[must_use]
    pub fn new<'a>(
        dataset: &str,
        query: TaskQuery,
        gallery: Modality,
        variants: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut text = format!("{dataset}.{query}-{gallery}");
        let direction_end = text.len();
        for variant in variants {
            text.push('.');
            text.push_str(variant);
        }
        let variants = text.len().min(direction_end + 1);
        Self { text, dataset: dataset.len(), query, gallery, variants }
    }

    /// The name of the data set.
    #[must_use]
    pub fn dataset(&self) -> &str {
        &self.text[..self.dataset]
    }

    /// What the queries consist of.
    #[must_use]
    pub fn query(&self) -> TaskQuery {
        self.query
    }

    /// The modality of the gallery.
    #[must_use]
    pub fn gallery(&self) -> Modality {
        self.gallery
    }

    /// The words behind the direction, in order.
    pub fn variants(&self) -> impl Iterator<Item = &str> {
        self.text[self.variants..].split('.').filter(|word| !word.is_empty())
    }

    /// Query and gallery as they are written, such as `sketch+text-rgb`.
    #[must_use]
    pub fn direction(&self) -> &str {
        let rest = &self.text[self.dataset + 1..];
        rest.split('.').next().unwrap_or(rest)
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for TaskId {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TaskId {}

impl std::hash::Hash for TaskId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl PartialOrd for TaskId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TaskId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl Serialize for TaskId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for TaskId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, String, Modality, Vec<String>) {
        let id: TaskId = text.parse().expect(text);
        assert_eq!(id.to_string(), text);
        let variants = id.variants().map(str::to_owned).collect();
        (id.dataset().to_owned(), id.query().to_string(), id.gallery(), variants)
    }

    #[test]
    fn a_task_is_split_into_its_parts() {
        let strings = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        for (text, dataset, query, gallery, variants) in [
            ("market1501.rgb-rgb", "market1501", "rgb", Modality::Rgb, &[][..]),
            (
                "sysu-mm01.infrared-rgb.indoor.official.10-shot",
                "sysu-mm01",
                "infrared",
                Modality::Rgb,
                &["indoor", "official", "10-shot"],
            ),
            (
                "orbench.infrared+text-rgb.text-first",
                "orbench",
                "infrared+text",
                Modality::Rgb,
                &["text-first"],
            ),
            ("orbench.sketch-colour-pencil", "orbench", "sketch", Modality::ColourPencil, &[]),
            ("orbench.colour-pencil-rgb", "orbench", "colour-pencil", Modality::Rgb, &[]),
            ("orbench.2-modality-rgb", "orbench", "2-modality", Modality::Rgb, &[]),
            (
                "table:shop.text-rgb.market1501",
                "table:shop",
                "text",
                Modality::Rgb,
                &["market1501"],
            ),
        ] {
            let expected = (dataset.to_owned(), query.to_owned(), gallery, strings(variants));
            assert_eq!(parts(text), expected);
        }
        let id: TaskId = "tri-cuhk-pedes.sketch+text-rgb".parse().expect("a task");
        assert_eq!((id.direction(), id.query().size()), ("sketch+text-rgb", 2));
        let mean: TaskId = "orbench.3-modality-rgb".parse().expect("a mean");
        assert_eq!((mean.query(), mean.query().modalities()), (TaskQuery::AnyOf(3), None));
    }

    #[test]
    fn modalities_are_written_in_one_order() {
        let id: TaskId = "tri-cuhk-pedes.text+sketch-rgb".parse().expect("a task");
        assert_eq!(id.as_str(), "tri-cuhk-pedes.sketch+text-rgb");
    }

    #[test]
    fn what_is_no_task_is_refused() {
        for (text, word) in [
            ("market1501", "<query>-<gallery>"),
            ("market1501.rgb", "<query>-<gallery>"),
            ("market1501.-rgb", "<query>-<gallery>"),
            ("market1501.smell-rgb", "unknown modality `smell`"),
            ("market1501.*-rgb", "several tasks"),
        ] {
            let error = text.parse::<TaskId>().expect_err(text);
            assert!(error.to_string().contains(word), "{error}");
            assert_eq!(error.dataset(), "market1501");
        }
        let pattern: TaskPattern = "market1501.*-rgb".parse().expect("a pattern");
        assert_eq!((pattern.query, pattern.gallery), (None, Modality::Rgb));
    }
}
