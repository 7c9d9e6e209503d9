//! Which data sets are present, and whether a copy agrees with the published one.

mod leaks;
mod list;
mod missing;
mod report;
mod text;

pub use leaks::{leaks_between, own_leaks};
pub use list::{List, list};
pub use report::{CountRow, Report, TaskRow};

use crate::task::{Task, TaskData};
use crate::{Count, DataError, Dataset, DatasetName, FurtherCount, Result, Sample, Split, picture};
use aio_types::{Modality, PictureSize};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is compared, and how.
pub struct Check<'a> {
    /// The data set.
    pub dataset: DatasetName,
    /// Directory of the data sets, or of this one.
    pub root: &'a Path,
    /// Most pictures to decode, spread evenly over all of them.
    pub pictures: usize,
    /// Whether a directory holds a rendered benchmark, to which published counts do not apply.
    pub is_rendered: &'a dyn Fn(&Path) -> bool,
    /// Called with (done, total) as pictures are decoded.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
    /// Says whether to go on, after every picture and between the parts of the comparison.
    pub poll: &'a (dyn Fn() -> ControlFlow<()> + Sync),
}

/// A data set's name as it was typed.
///
/// # Errors
/// [`DataError::Request`] with the nearest known name.
pub fn named(text: &str) -> Result<DatasetName> {
    text.parse().map_err(|error: crate::readers::UnknownDataset| {
        let hint = error.hint().unwrap_or_else(|| "`aio data list` lists the data sets".into());
        DataError::Request { problem: error.to_string(), hint }
    })
}

impl Check<'_> {
    /// Compares the tree below the root with what the data set's owners published.
    ///
    /// # Errors
    /// [`DataError`] naming what is missing or cannot be read, with the expected tree beside the one that is there; [`DataError::Interrupted`] if
    /// `poll` asks to stop.
    pub fn run(&self) -> Result<Report> {
        let name = self.dataset;
        let (directory, dataset) =
            self.open().map_err(|error| missing::explain(error, name.info(), self.root))?;
        go_on(self.poll)?;
        let rendered = [&*directory, directory.parent().unwrap_or(&directory)]
            .into_iter()
            .any(|place| (self.is_rendered)(place));
        let counts = counts(&dataset, name.counts());
        let further = (name.info().further)(&directory, &dataset)?;
        let mut problems = Vec::new();
        if !rendered {
            problems.extend(counts.iter().filter_map(CountRow::difference));
            problems.extend(further.iter().filter_map(FurtherCount::difference));
        }
        let (decoded, unreadable) = self.decode(&dataset)?;
        if !unreadable.is_empty() {
            problems.push(format!("{} of {decoded} pictures cannot be decoded", unreadable.len()));
        }
        let mut tasks = Vec::new();
        for task in tasks_of(name, &dataset) {
            go_on(self.poll)?;
            match task_row(&task, &dataset) {
                Ok(row) => tasks.push(row),
                // The rows of a table may leave open under which protocol they are tested, or show nobody twice.
                Err(DataError::Request { problem, hint }) => {
                    problems.push(format!("{problem} ({hint})"));
                }
                Err(other) => return Err(other),
            }
        }
        problems.extend(untestable(name, &dataset));
        problems.extend(own_leaks(name, &dataset));
        let splits = name.other_splits();
        let others = DatasetName::ALL.into_iter().filter(|other| name.leaks_into(*other));
        let others = others.filter(|other| !splits.contains(other)).chain(splits.iter().copied());
        Ok(Report {
            dataset: name.name(),
            directory,
            rendered,
            counts,
            further,
            decoded,
            unreadable,
            overlaps: others.map(DatasetName::name).collect(),
            tasks,
            problems,
        })
    }

    fn open(&self) -> Result<(PathBuf, Dataset)> {
        Ok((self.dataset.locate(self.root)?, self.dataset.open(self.root)?))
    }

    /// Decodes pictures in parallel; returns how many, and what went wrong with which.
    fn decode(&self, dataset: &Dataset) -> Result<(usize, Vec<String>)> {
        let parts = Split::ALL.map(|split| dataset.split(split));
        let all: BTreeSet<&Path> =
            parts.into_iter().flatten().chain(&dataset.more).filter_map(|s| s.path()).collect();
        let all: Vec<&Path> = all.into_iter().collect();
        // Photographs that are read by an index are numbered behind the others.
        let held = all.len();
        let total = held + dataset.indexed.as_ref().map_or(0, |indexed| indexed.index.len());
        let count = total.min(self.pictures);
        let chosen: Vec<usize> = (0..count).map(|i| i * total / count).collect();
        // Every pixel is decoded; the size of the result does not matter.
        let tiny = PictureSize { height: 2, width: 1 };
        let done = AtomicUsize::new(0);
        let failed = chosen.par_iter().map(|number| -> Result<Option<String>> {
            let opened = match &dataset.indexed {
                Some(indexed) if *number >= held => {
                    picture::open(&indexed.photograph(*number - held)?.path, tiny)
                }
                _ => picture::open(all[*number], tiny),
            };
            (self.progress)(1 + done.fetch_add(1, Ordering::Relaxed), count);
            go_on(self.poll)?;
            Ok(opened.err().map(|error| error.to_string()))
        });
        let failed: Vec<Option<String>> = failed.collect::<Result<_>>()?;
        Ok((count, failed.into_iter().flatten().collect()))
    }
}

/// Refuses to go on where the caller asks to stop.
fn go_on(poll: &(dyn Fn() -> ControlFlow<()> + Sync)) -> Result<()> {
    match poll() {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DataError::Interrupted { phase: "checking" }),
    }
}

/// Counts of every part and modality that is there or published.
fn counts(dataset: &Dataset, published: &[Count]) -> Vec<CountRow> {
    let mut rows = Vec::new();
    for split in Split::ALL {
        for modality in Modality::ALL {
            let published = published.iter().find(|c| c.split == split && c.modality == modality);
            let of = dataset.split(split).iter().filter(|sample| sample.modality == modality);
            let mut people: BTreeSet<i64> = BTreeSet::new();
            let mut samples = 0;
            for sample in of {
                samples += 1;
                // Below 0 is nobody.
                people.extend(sample.identity.is_known().then_some(sample.identity.0));
            }
            if let (Some(found), Split::Train) = (&dataset.indexed, split) {
                let indexed = match modality {
                    Modality::Rgb => found.index.len(),
                    Modality::Text => found.index.captions().iter().map(|n| *n as usize).sum(),
                    Modality::Infrared | Modality::Sketch | Modality::ColourPencil => 0,
                };
                if indexed > 0 {
                    samples += indexed;
                    people.extend(found.index.identities());
                }
            }
            if samples == 0 && published.is_none() {
                continue;
            }
            rows.push(CountRow {
                split,
                modality,
                samples,
                identities: people.len(),
                published_samples: published.map(|count| count.samples),
                published_identities: published.and_then(|count| count.identities),
            });
        }
    }
    rows
}

/// The tasks that the data set's papers report; of a table, every modality that its queries have against every modality that its
/// gallery has, but no captions against captions.
#[must_use]
pub fn tasks_of(name: DatasetName, dataset: &Dataset) -> Vec<String> {
    if !matches!(name, DatasetName::Table(_)) {
        return Task::usual(name);
    }
    let of = |samples: &[Sample]| samples.iter().map(|s| s.modality).collect::<BTreeSet<_>>();
    let (asked, shown) = (of(&dataset.query), of(&dataset.gallery));
    let mut tasks = Vec::new();
    for query in asked {
        let galleries = shown.iter().filter(|gallery| query.is_visual() || gallery.is_visual());
        tasks.extend(galleries.map(|gallery| format!("{name}.{query}-{gallery}")));
    }
    tasks
}

/// Why nothing can be tested on a table, in words; `None` where something can be, and where a table has no rows of a test.
fn untestable(name: DatasetName, dataset: &Dataset) -> Option<String> {
    if !matches!(name, DatasetName::Table(_)) {
        return None;
    }
    if Split::ALL.into_iter().all(|split| dataset.split(split).is_empty()) {
        return Some(format!("{name} has no rows"));
    }
    let lacks = |there: Split, missing: Split| {
        format!(
            "{name} has rows of the split `{there}` and none of `{missing}`: nothing can be tested on it"
        )
    };
    match (dataset.query.is_empty(), dataset.gallery.is_empty()) {
        (false, true) => Some(lacks(Split::Query, Split::Gallery)),
        (true, false) => Some(lacks(Split::Gallery, Split::Query)),
        (false, false) if tasks_of(name, dataset).is_empty() => Some(format!(
            "every row of the splits `query` and `gallery` of {name} is a caption, and captions are not searched for captions: nothing can be tested on it"
        )),
        _ => None,
    }
}

/// What a task evaluates in its data set.
///
/// # Errors
/// As [`Task::data`]; [`DataError::Request`] if no query has a match in any trial.
pub fn data_of(task: &Task, dataset: &Dataset) -> Result<TaskData> {
    let data = task.data(dataset)?;
    let has_match = || {
        let mut trials = data.trials.iter().zip(data.unmatched());
        trials.any(|(trial, unmatched)| unmatched.total() < trial.query.len())
    };
    if !has_match()
        && let Some(reasons) = data.explain_unmatched()
    {
        return Err(DataError::Request {
            problem: format!("task `{}`: {reasons}", task.id()),
            hint: "queries and gallery have to show the same people, not at one camera alone where the protocol compares cameras".to_owned(),
        });
    }
    Ok(data)
}

fn task_row(task: &str, dataset: &Dataset) -> Result<TaskRow> {
    let task = Task::parse(task)?.remove(0);
    let data = data_of(&task, dataset)?;
    let first = &data.trials[0];
    Ok(TaskRow {
        task: task.id().clone(),
        protocol: data.protocol.name(),
        queries: first.query.len(),
        gallery: first.gallery.len(),
        trials: data.trials.len(),
        skipped: data.explain_unmatched(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found of a table of these rows; its pictures are not decoded.
    fn report(rows: &[&str]) -> Report {
        let directory = tempfile::tempdir().expect("temporary directory");
        for picture in ["a.png", "b.png", "c.png"] {
            std::fs::write(directory.path().join(picture), picture).expect("written");
        }
        let head = "path,identity,camera,modality,split,caption";
        let text = [&[head][..], rows].concat().join("\n") + "\n";
        std::fs::write(directory.path().join("shop.csv"), text).expect("written");
        let check = Check {
            dataset: named("table:shop").expect("a table"),
            root: directory.path(),
            pictures: 0,
            is_rendered: &|_| false,
            progress: &|_, _| (),
            poll: &|| ControlFlow::Continue(()),
        };
        check.run().expect("a report")
    }

    fn problems(rows: &[&str]) -> Vec<String> {
        report(rows).problems
    }

    #[test]
    fn rows_of_nobody_known_count_no_people() {
        let rows = ["a.png,1,1,rgb,query,", "b.png,1,2,rgb,gallery,", "c.png,-1,2,rgb,gallery,"];
        let counts = report(&rows).counts;
        let of = |row: &CountRow| (row.split, row.samples, row.identities);
        let expected = [(Split::Query, 1, 1), (Split::Gallery, 2, 1)];
        assert_eq!(counts.iter().map(of).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_table_that_nothing_can_be_tested_on_is_wrong_unless_it_is_for_training_alone() {
        let (query, gallery) = ("a.png,1,1,rgb,query,", "b.png,1,2,rgb,gallery,");
        let (train, validation) = ("c.png,2,1,rgb,train,", "c.png,3,1,rgb,validation,");
        let right: [&[&str]; 4] =
            [&[query, gallery], &[train], &[train, validation], &[train, query, gallery]];
        for rows in right {
            assert_eq!(problems(rows), [""; 0], "{rows:?}");
        }
        assert_eq!(problems(&[]), ["table:shop has no rows"]);
        let lacks = |there: &str, missing: &str| {
            format!(
                "table:shop has rows of the split `{there}` and none of `{missing}`: nothing can be tested on it"
            )
        };
        assert_eq!(problems(&[query]), [lacks("query", "gallery")]);
        assert_eq!(problems(&[gallery]), [lacks("gallery", "query")]);
        assert_eq!(problems(&[validation, gallery]), [lacks("gallery", "query")]);
        let told = problems(&[",1,,text,query,A man.", ",1,,text,gallery,A tall man."]);
        assert!(matches!(told.as_slice(), [one] if one.contains("is a caption")), "{told:?}");
    }
}
