//! The reference rows below the cells of a sweep: the untrained encoder, hand-made descriptors and chance.

use super::{Field, Value};
use crate::report::SweepRow;
use crate::report::estimate::Estimate;
use crate::report::scores::Scored;
use aio_data::descriptor::Descriptor;
use aio_types::MetricId;

/// Baselines that differ by less are of the same encoder.
const SAME: f64 = 1e-6;

/// Cells that started from the same untrained encoder.
struct Start<'a> {
    /// The encoder's scores, one per metric, fractions in 0..1; `None` where no cell is tested on it.
    scores: Vec<Option<f64>>,
    cells: Vec<&'a str>,
}

impl Start<'_> {
    /// Whether other scores may be of this encoder: cells that are tested on different tasks may share it.
    fn agrees(&self, scores: &[Option<f64>]) -> bool {
        self.scores.iter().zip(scores).all(|(own, other)| match (own, other) {
            (Some(own), Some(other)) => (own - other).abs() < SAME,
            _ => true,
        })
    }
}

/// One row for every untrained encoder that cells started from, one for every hand-made descriptor that was scored, and one for chance.
pub(super) fn references(rows: &[SweepRow], metrics: &[MetricId]) -> Vec<Vec<Field>> {
    let mut starts = starts(rows, metrics);
    let several = starts.len() > 1;
    if starts.is_empty() {
        starts.push(Start { scores: vec![None; metrics.len()], cells: Vec::new() });
    }
    let mut found = Vec::new();
    for start in &starts {
        let name = if several {
            format!("untrained: {}", start.cells.join("; "))
        } else {
            "untrained encoder".to_owned()
        };
        found.push(row(name, &start.scores));
    }
    for descriptor in Descriptor::ALL {
        let scores = first_of(rows, metrics, Scored::Described(descriptor));
        if scores.iter().any(Option::is_some) {
            found.push(row(descriptor.name().to_owned(), &scores));
        }
    }
    found.push(row("chance".to_owned(), &first_of(rows, metrics, Scored::Chance)));
    found
}

fn starts<'a>(rows: &'a [SweepRow], metrics: &[MetricId]) -> Vec<Start<'a>> {
    let mut starts: Vec<Start> = Vec::new();
    for SweepRow { label, results } in rows {
        let Some(first) = results.first() else { continue };
        let scores: Vec<Option<f64>> =
            metrics.iter().map(|metric| first.baseline.get(metric).copied()).collect();
        match starts.iter_mut().find(|start| start.agrees(&scores)) {
            Some(start) => {
                for (known, score) in start.scores.iter_mut().zip(scores) {
                    *known = known.or(score);
                }
                start.cells.push(label);
            }
            None => starts.push(Start { scores, cells: vec![label] }),
        }
    }
    starts
}

/// Scores that do not depend on the cell: of the first result that has them.
fn first_of(rows: &[SweepRow], metrics: &[MetricId], scored: Scored) -> Vec<Option<f64>> {
    let results = || rows.iter().flat_map(|row| &row.results);
    let of = |metric: &MetricId| results().find_map(|r| scored.of(r).get(metric)).copied();
    metrics.iter().map(of).collect()
}

fn row(name: String, scores: &[Option<f64>]) -> Vec<Field> {
    let mut row = vec![Value::Text(name).into(), Value::Empty.into()];
    for score in scores {
        row.push(Value::score(score.map(|score| Estimate::single(100.0 * score))).into());
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::result;

    const A: &str = "market1501.rgb-rgb.map";
    const B: &str = "cuhk-pedes.text-rgb.map";

    fn cell(name: &str, baseline: &[(&str, f64)]) -> SweepRow {
        let mut result = result(0, &[], baseline);
        result.chance =
            [(A, 0.1), (B, 0.2)].map(|(id, value)| (id.parse().expect(id), value)).into();
        SweepRow { label: name.to_owned(), results: vec![result] }
    }

    fn printed(rows: &[SweepRow]) -> Vec<Vec<String>> {
        let metrics = [A, B].map(|id| id.parse().expect(id));
        let written = |row: Vec<Field>| row.iter().map(|field| field.value.to_string()).collect();
        references(rows, &metrics).into_iter().map(written).collect()
    }

    #[test]
    fn cells_that_started_from_the_same_share_a_row() {
        let open = || SweepRow { label: "open".into(), results: Vec::new() };
        let one = [cell("x", &[(A, 0.5)]), cell("y", &[(B, 0.25)]), open()];
        assert_eq!(
            printed(&one),
            [["untrained encoder", "", "50.0", "25.0"], ["chance", "", "10.0", "20.0"]]
        );
        let mut described = [cell("x", &[(A, 0.5)])];
        let hog = [(A.parse().expect("an id"), 0.3)].into();
        described[0].results[0].descriptors.insert(Descriptor::Hog, hog);
        assert_eq!(printed(&described)[1], ["HOG", "", "30.0", "–"]);
        let two = [cell("x", &[(A, 0.5)]), cell("y", &[(A, 0.25)]), cell("z", &[(A, 0.5)])];
        let expected = [
            ["untrained: x; z", "", "50.0", "–"],
            ["untrained: y", "", "25.0", "–"],
            ["chance", "", "10.0", "20.0"],
        ];
        assert_eq!(printed(&two), expected);
        assert_eq!(
            printed(&[open()]),
            [["untrained encoder", "", "–", "–"], ["chance", "", "–", "–"]]
        );
    }
}
