use crate::{ParseTaskError, TaskId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// What is measured of a task, a fraction in 0..1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Share of queries whose nearest entry is a match.
    Rank1,
    /// Share of queries with a match among the five nearest entries.
    Rank5,
    /// Share of queries with a match among the ten nearest entries.
    Rank10,
    /// Share of queries with a match among the twenty nearest entries.
    Rank20,
    /// Mean average precision.
    Map,
    /// Mean inverse negative penalty.
    Minp,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 6] =
        [Self::Rank1, Self::Rank5, Self::Rank10, Self::Rank20, Self::Map, Self::Minp];

    /// The name used in `result.json` and in sweep files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rank1 => "rank1",
            Self::Rank5 => "rank5",
            Self::Rank10 => "rank10",
            Self::Rank20 => "rank20",
            Self::Map => "map",
            Self::Minp => "minp",
        }
    }

    /// The name in titles of tables and figures.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Rank1 => "Rank-1",
            Self::Rank5 => "Rank-5",
            Self::Rank10 => "Rank-10",
            Self::Rank20 => "Rank-20",
            Self::Map => "mAP",
            Self::Minp => "mINP",
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no measure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown metric `{0}`: expected rank1, rank5, rank10, rank20, map or minp")]
pub struct ParseMeasureError(String);

impl FromStr for Measure {
    type Err = ParseMeasureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|measure| measure.name() == text);
        known.ok_or_else(|| ParseMeasureError(text.to_owned()))
    }
}

/// In the order of the names, as in files that list metrics in order.
impl Ord for Measure {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for Measure {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A number of `result.json`: `<task>.<measure>`, such as `market1501.rgb-rgb.map`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MetricId {
    /// The task.
    pub task: TaskId,
    /// What is measured of it.
    pub measure: Measure,
}

/// A text that names no metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseMetricError {
    /// The part before the last dot is no task.
    #[error(transparent)]
    Task(#[from] ParseTaskError),
    /// The part behind the last dot is no measure.
    #[error(transparent)]
    Measure(#[from] ParseMeasureError),
}

impl fmt::Display for MetricId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.task, self.measure)
    }
}

impl FromStr for MetricId {
    type Err = ParseMetricError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (task, measure) = text.rsplit_once('.').unwrap_or((text, ""));
        Ok(Self { task: task.parse()?, measure: measure.parse()? })
    }
}

/// In the order of the texts, as `result.json` lists metrics.
impl Ord for MetricId {
    fn cmp(&self, other: &Self) -> Ordering {
        fn bytes(id: &MetricId) -> impl Iterator<Item = u8> {
            id.task.as_str().bytes().chain([b'.']).chain(id.measure.name().bytes())
        }
        bytes(self).cmp(bytes(other))
    }
}

impl PartialOrd for MetricId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for MetricId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MetricId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_parsed_back_and_ordered_as_their_texts_are() {
        let mut texts = [
            "sysu-mm01.infrared-rgb.all.map",
            "sysu-mm01.infrared-rgb.all.rank10",
            "sysu-mm01.infrared-rgb.all.rank5",
            "sysu-mm01.infrared-rgb.indoor.map",
            "sysu-mm01.infrared-rgb.minp",
            "orbench.2-modality-rgb.rank1",
        ];
        let mut ids = texts.map(|text| text.parse::<MetricId>().expect(text));
        assert_eq!(ids.each_ref().map(ToString::to_string), texts);
        texts.sort_unstable();
        ids.sort();
        assert_eq!(ids.map(|id| id.to_string()), texts);
        for wrong in ["market1501.rgb-rgb", "market1501.map", "market1501.rgb-rgb.rank2"] {
            assert!(wrong.parse::<MetricId>().is_err(), "{wrong}");
        }
    }
}
