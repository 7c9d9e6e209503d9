//! Whether results were measured on the same data.

use crate::error::{Error, Result};
use crate::run::{RunResult, TaskSummary};
use aio_data::same_content;
use aio_types::TaskId;
use std::collections::BTreeSet;

/// Refuses results that must not share a table: those that read different contents of a data set, for training or for a test. Each row holds the results
/// of one configuration.
///
/// The contents of data sets decide where results have noted them. Results of earlier versions have not. Of all, the protocol and the numbers of
/// queries, gallery entries and trials of every task are compared.
///
/// # Errors
/// [`Error::User`] naming two runs and what differs.
pub(crate) fn check_data<'a>(rows: impl IntoIterator<Item = &'a [RunResult]>) -> Result<()> {
    let all: Vec<&RunResult> = rows.into_iter().flatten().collect();
    let datasets: BTreeSet<&String> = all.iter().flat_map(|result| result.data.keys()).collect();
    for dataset in datasets {
        check_contents(dataset, &all)?;
    }
    let tasks: BTreeSet<&TaskId> = all.iter().flat_map(|result| result.tasks.keys()).collect();
    for task in tasks {
        let tested = all.iter().copied().filter(|result| result.tasks.contains_key(task));
        let tested: Vec<&RunResult> = tested.collect();
        // What is equal to its neighbour is equal to all.
        for pair in tested.windows(2) {
            let [one, other] = [pair[0], pair[1]].map(|result| &result.tasks[task]);
            if one.protocol != other.protocol {
                let [a, b] = [&one.protocol, &other.protocol];
                let what = format!("{task} has the protocol `{a}` in one and `{b}` in the other");
                return Err(mixture([pair[0], pair[1]], &what));
            }
            let [one, other] = [one, other].map(sizes);
            if let Some(((what, a), (_, b))) = one.into_iter().zip(other).find(|(a, b)| a != b) {
                let what = format!("{task} has {a} {what} in one and {b} in the other");
                return Err(mixture([pair[0], pair[1]], &what));
            }
        }
    }
    Ok(())
}

/// Refuses results that noted different contents of a data set.
fn check_contents(dataset: &str, results: &[&RunResult]) -> Result<()> {
    let noted = results.iter().filter_map(|result| Some((*result, result.data.get(dataset)?)));
    let mut different: Vec<(&RunResult, &String)> = Vec::new();
    for (result, contents) in noted {
        // Contents that were noted by different rules cannot be compared, so that all of them are kept.
        for (other, before) in &different {
            if same_content(before, contents) == Some(false) {
                return Err(mixture([other, result], &format!("the contents of {dataset} differ")));
            }
        }
        if different.iter().all(|(_, before)| *before != contents) {
            different.push((result, contents));
        }
    }
    Ok(())
}

fn sizes(summary: &TaskSummary) -> [(&'static str, usize); 3] {
    let TaskSummary { queries, gallery, trials, .. } = *summary;
    [("queries", queries), ("gallery entries", gallery), ("trials", trials)]
}

fn mixture(results: [&RunResult; 2], what: &str) -> Error {
    let [one, other] = results.map(RunResult::identity);
    Error::user(
        format!("the runs {one} and {other} were not measured on the same data: {what}"),
        "remove the run that was made with other data or another version, and run it again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::result;
    use std::slice::from_ref;

    const MARKET: &str = "market1501";

    /// A result of one task with a gallery of so many entries, on noted contents.
    fn tested(seed: u64, task: &str, gallery: usize, contents: Option<&str>) -> RunResult {
        let task: TaskId = task.parse().expect("a task");
        let summary = serde_json::json!({
            "queries": 10, "skipped": 2, "gallery": gallery, "trials": 1, "protocol": "none",
            "cmc": [1.0], "cmc_baseline": [1.0]
        });
        let mut result = result(seed, &[], &[]);
        result.data =
            contents.map(|c| (task.dataset().to_owned(), c.to_owned())).into_iter().collect();
        result.tasks = [(task, serde_json::from_value(summary).expect("a summary"))].into();
        result
    }

    fn refused(rows: &[&[RunResult]]) -> Option<String> {
        check_data(rows.iter().copied()).err().map(|error| error.to_string())
    }

    #[test]
    fn results_of_other_data_are_refused_by_the_names_of_their_runs() {
        let run = |seed, contents| tested(seed, "market1501.rgb-rgb", 40, contents);
        assert_eq!(refused(&[&[run(0, Some("2:a")), run(1, Some("2:a"))]]), None);
        // A result of an earlier version stands between the two that differ.
        let mixed = [run(0, Some("2:a")), run(1, None), run(2, Some("2:b"))];
        let text = refused(&[&mixed]).expect("a mixture");
        assert!(text.contains("e/c/seed-0 and e/c/seed-2"), "{text}");
        assert!(text.contains("the contents of market1501 differ"), "{text}");
        let rows: Vec<&[RunResult]> = mixed.chunks(1).collect();
        assert!(refused(&rows).expect("cells of a sweep").contains("market1501"));
        // Contents by different rules cannot be compared.
        assert_eq!(refused(&[&[run(0, Some("a")), run(1, Some("2:a"))]]), None);
        let between = [run(0, Some("2:a")), run(1, Some("a")), run(2, Some("2:b"))];
        assert!(refused(&[&between]).expect("a mixture").contains("e/c/seed-0 and e/c/seed-2"));
    }

    #[test]
    fn sizes_are_compared_where_no_contents_are_noted() {
        let run = |seed, gallery| tested(seed, "market1501.rgb-rgb", gallery, None);
        assert_eq!(refused(&[&[run(0, 40), run(1, 40)]]), None);
        let text = refused(&[&[run(0, 40), run(1, 41)]]).expect("a mixture");
        assert!(text.contains("has 40 gallery entries in one and 41 in the other"), "{text}");
        let mut fewer = run(1, 40);
        for summary in fewer.tasks.values_mut() {
            summary.queries -= 1;
        }
        assert!(refused(&[&[run(0, 40)], &[fewer.clone()]]).is_some());
        // The same queries, of which one more is skipped.
        let mut skipped = run(1, 40);
        for summary in skipped.tasks.values_mut() {
            summary.skipped += 1;
        }
        assert_eq!(refused(&[&[run(0, 40)], &[skipped]]), None);
        let mut other = run(1, 40);
        for summary in other.tasks.values_mut() {
            summary.protocol = "market1501".to_owned();
        }
        let text = refused(&[&[run(0, 40), other]]).expect("two protocols");
        assert!(
            text.contains("the protocol `none` in one and `market1501` in the other"),
            "{text}"
        );
    }

    #[test]
    fn cells_and_seeds_are_trained_on_the_same_contents_of_a_data_set() {
        let trained = |seed, contents: &str| {
            let mut result = tested(seed, "market1501.rgb-rgb", 40, Some("2:a"));
            result.data.insert("llcm".to_owned(), contents.to_owned());
            result
        };
        let (one, other) = (trained(0, "2:x"), trained(1, "2:y"));
        let text = refused(&[from_ref(&one), from_ref(&other)]).expect("two cells");
        assert!(text.contains("e/c/seed-0 and e/c/seed-1"), "{text}");
        assert!(text.contains("contents of llcm differ"), "{text}");
        // Cells of other training sets, and results of versions that noted no training data.
        let none = tested(2, "market1501.rgb-rgb", 40, Some("2:a"));
        let mut another = none.clone();
        another.data.insert("sysu-mm01".to_owned(), "2:z".to_owned());
        assert_eq!(refused(&[from_ref(&one), from_ref(&none), from_ref(&another)]), None);
        assert!(refused(&[&[one, other]]).expect("two seeds").contains("contents of llcm differ"));
        // A task between them that only one cell has.
        let cells = [
            tested(0, "market1501.rgb-rgb", 40, Some("2:a")),
            tested(0, "llcm.infrared-rgb", 9, Some("2:z")),
            tested(0, "market1501.rgb-rgb", 40, Some("2:b")),
        ];
        let rows: Vec<&[RunResult]> = cells.chunks(1).collect();
        assert!(refused(&rows).expect("two contents").contains(MARKET));
    }
}
