//! The columns of the tables of an experiment.

use super::Value;
use crate::error::{Error, Result};
use crate::report::scores::Scored;
use crate::run::{RunResult, TaskIntervals};
use aio_data::descriptor::Descriptor;
use aio_eval::Interval;
use aio_types::{Measure, TaskId, nearest};
use std::fmt;

/// What a column of an experiment's table shows of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResultColumn {
    /// How many queries and gallery entries there are.
    Sizes,
    /// A score.
    Score(Scored, Measure),
    /// An interval over people.
    Bounds(Bounded),
}

/// What has an interval over people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bounded {
    /// The trained model's Rank-1.
    Rank1,
    /// The trained model's mAP.
    Map,
    /// How much higher the mAP is than that of the untrained encoder.
    Gain,
    /// How much higher the mAP is than that of late fusion.
    GainOverLateFusion,
}

impl Bounded {
    const ALL: [Self; 4] = [Self::Rank1, Self::Map, Self::Gain, Self::GainOverLateFusion];

    fn title(self) -> &'static str {
        match self {
            Self::Rank1 => "Rank-1, 95 %",
            Self::Map => "mAP, 95 %",
            Self::Gain => "gain over untrained, 95 %",
            Self::GainOverLateFusion => "gain over late fusion, 95 %",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Rank1 => "rank1_interval",
            Self::Map => "map_interval",
            Self::Gain => "map_gain",
            Self::GainOverLateFusion => "map_gain_late_fusion",
        }
    }

    fn of(self, intervals: &TaskIntervals) -> Option<Interval> {
        match self {
            Self::Rank1 => Some(intervals.rank1),
            Self::Map => Some(intervals.map),
            Self::Gain => Some(intervals.map_gain),
            Self::GainOverLateFusion => intervals.map_gain_over_late_fusion,
        }
    }

    /// The interval of a task, in percent: the means of the seeds' bounds.
    pub(super) fn value(self, results: &[RunResult], task: &TaskId) -> Value {
        let intervals =
            results.iter().filter_map(|result| result.tasks.get(task)?.intervals.as_ref());
        Value::mean_bounds(intervals.filter_map(|intervals| self.of(intervals)))
    }

    /// Whether a task of the result has it.
    fn is_in(self, result: &RunResult) -> bool {
        let mut tasks = result.tasks.values();
        tasks.any(|task| task.intervals.as_ref().is_some_and(|of| self.of(of).is_some()))
    }
}

/// What stands beside the trained model's scores, with its name in titles and in keys.
const REFERENCES: [(Scored, &str, &str); 5] = [
    (Scored::Untrained, "untrained", "baseline"),
    (Scored::LateFusion, "late fusion", "late_fusion"),
    (Scored::Described(Descriptor::ColourHistogram), "histogram", "histogram"),
    (Scored::Described(Descriptor::Hog), "HOG", "hog"),
    (Scored::Chance, "chance", "chance"),
];

impl ResultColumn {
    /// Every column, in the order of CSV files. References stand beside Rank-1 and mAP alone.
    pub(super) fn all() -> Vec<Self> {
        let mut columns = vec![Self::Sizes];
        for measure in Measure::ALL {
            columns.push(Self::Score(Scored::Trained, measure));
            if matches!(measure, Measure::Rank1 | Measure::Map) {
                let of = |(scored, ..): (Scored, &str, &str)| Self::Score(scored, measure);
                columns.extend(REFERENCES.map(of));
            }
        }
        columns.extend(Bounded::ALL.map(Self::Bounds));
        columns
    }

    /// The columns that a table has where none are chosen. Results of earlier versions have neither intervals nor late fusion nor hand-made
    /// descriptors, and tasks of one modality have no late fusion.
    pub(super) fn usual(result: &RunResult) -> Vec<Self> {
        let trained = |measure| Self::Score(Scored::Trained, measure);
        let map = |scored| Self::Score(scored, Measure::Map);
        let mut columns = vec![
            Self::Sizes,
            trained(Measure::Rank1),
            trained(Measure::Rank5),
            trained(Measure::Map),
            Self::Bounds(Bounded::Map),
            trained(Measure::Minp),
            map(Scored::LateFusion),
            map(Scored::Untrained),
            map(Scored::Described(Descriptor::ColourHistogram)),
            map(Scored::Described(Descriptor::Hog)),
            map(Scored::Chance),
            Self::Bounds(Bounded::Gain),
            Self::Bounds(Bounded::GainOverLateFusion),
        ];
        columns.retain(|column| match column {
            Self::Score(Scored::LateFusion, _) => !result.late_fusion.is_empty(),
            Self::Score(Scored::Described(of), _) => result.descriptors.contains_key(of),
            Self::Score(..) | Self::Sizes => true,
            Self::Bounds(bounded) => bounded.is_in(result),
        });
        columns
    }

    /// The columns with these keys, separated by commas.
    ///
    /// # Errors
    /// [`Error::User`] naming the key that no column has, or has twice.
    pub(super) fn chosen(keys: &str) -> Result<Vec<Self>> {
        let all = Self::all();
        let known: Vec<String> = all.iter().map(ToString::to_string).collect();
        let mut chosen = Vec::new();
        for key in keys.split(',').map(str::trim) {
            let Some(number) = known.iter().position(|known| known == key) else {
                let near = nearest(key, known.iter().map(String::as_str));
                let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
                let hint = format!("{near}columns: {}", known.join(", "));
                return Err(Error::user(format!("no column is called `{key}`"), hint));
            };
            if chosen.contains(&all[number]) {
                return Err(Error::user(
                    format!("the column `{key}` is named twice"),
                    "name it once",
                ));
            }
            chosen.push(all[number]);
        }
        Ok(chosen)
    }

    pub(super) fn title(self) -> String {
        match self {
            Self::Sizes => "queries / gallery".to_owned(),
            Self::Bounds(bounded) => bounded.title().to_owned(),
            Self::Score(scored, measure) => {
                match REFERENCES.iter().find(|(of, ..)| *of == scored) {
                    Some((_, name, _)) => format!("{} {name}", measure.title()),
                    None => measure.title().to_owned(),
                }
            }
        }
    }
}

/// Its key: what `aio report --columns` and CSV files call it.
impl fmt::Display for ResultColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sizes => f.write_str("sizes"),
            Self::Bounds(bounded) => f.write_str(bounded.key()),
            Self::Score(scored, measure) => match REFERENCES.iter().find(|(of, ..)| of == scored) {
                Some((.., key)) => write!(f, "{measure}_{key}"),
                None => measure.fmt(f),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_chosen_by_its_key_alone() {
        for column in ResultColumn::all() {
            assert_eq!(ResultColumn::chosen(&column.to_string()).expect("known"), [column]);
        }
        let some = ResultColumn::chosen("rank10, map,map_baseline").expect("known");
        let titles: Vec<String> = some.into_iter().map(ResultColumn::title).collect();
        assert_eq!(titles, ["Rank-10", "mAP", "mAP untrained"]);
    }

    #[test]
    fn unknown_and_repeated_keys_are_named() {
        let error = ResultColumn::chosen("rank1,mapp").expect_err("unknown");
        assert!(error.to_string().contains("no column is called `mapp`"), "{error}");
        let hint = error.hint().expect("a hint");
        assert!(hint.contains("did you mean `map`?") && hint.contains("map_hog"), "{hint}");
        let error = ResultColumn::chosen("map,rank1,map").expect_err("twice").to_string();
        assert!(error.contains("`map` is named twice"), "{error}");
    }
}
