//! `aio data list`, `check` and `prepare`: what is known, what is there, and whether it is what its owners published.

use crate::config::nearest;
use crate::error::{Error, Result};
use crate::task::Task;
use aio_data::{Card, DataError, Dataset, DatasetName, Split, fs, picture, readers::synth_pedes};
use aio_synth::benchmark;
use aio_train::Progress;
use aio_types::{Modality, PictureSize};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is checked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The data set, as in market1501, or table:NAME.
    pub dataset: String,
    /// Directory of the data sets, or of this one.
    pub root: PathBuf,
    /// Pictures to decode, spread evenly over all of them; 0 for none.
    pub pictures: usize,
}

/// What was found of a data set.
#[derive(Debug, Serialize)]
pub struct Report {
    dataset: &'static str,
    directory: PathBuf,
    /// Whether it is a part of the synthetic benchmark, to which published counts do not apply.
    rendered: bool,
    counts: Vec<Count>,
    /// Pictures decoded.
    decoded: usize,
    /// Pictures that could not be decoded, with the reason.
    unreadable: Vec<String>,
    /// Known data sets that show some of the same people.
    overlaps: Vec<&'static str>,
    tasks: Vec<TaskReport>,
    /// What is wrong, in words; empty if nothing is.
    problems: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Count {
    split: Split,
    modality: Modality,
    samples: usize,
    identities: usize,
    published_samples: Option<usize>,
    published_identities: Option<usize>,
}

#[derive(Debug, Serialize)]
struct TaskReport {
    task: String,
    protocol: &'static str,
    queries: usize,
    gallery: usize,
    trials: usize,
    /// Why queries are skipped, if any is.
    skipped: Option<String>,
}

/// A data set's name as typed, or an error with the nearest one.
///
/// # Errors
/// [`Error::User`] with the nearest known name.
pub fn named(text: &str) -> Result<DatasetName> {
    text.parse().map_err(|e: aio_data::readers::UnknownDataset| {
        let hint = nearest(text, DatasetName::ALL.map(DatasetName::name))
            .map(|n| format!("did you mean `{n}`?"));
        Error::user(
            e.to_string(),
            hint.unwrap_or_else(|| "`aio data list` shows what is known".into()),
        )
    })
}

/// Compares the tree below the root with what the data set's owners published.
///
/// # Errors
/// [`Error`] naming what is missing or cannot be read, with the expected tree beside the one that is there.
pub fn check(request: &Request) -> Result<Report> {
    let name = named(&request.dataset)?;
    let opened =
        name.locate(&request.root).and_then(|directory| Ok((directory, name.open(&request.root)?)));
    let (directory, dataset) = opened.map_err(|e| beside(e, name.card(), &request.root))?;
    let rendered = [&directory, directory.parent().unwrap_or(&directory)]
        .into_iter()
        .any(|d| benchmark::manifest(d).is_ok_and(|m| m.is_some()));
    let counts = counts(&dataset, name.card());
    let mut problems: Vec<String> =
        if rendered { Vec::new() } else { counts.iter().filter_map(difference).collect() };
    let (decoded, unreadable) = sweep(&dataset, request.pictures);
    if !unreadable.is_empty() {
        problems.push(format!("{} of {decoded} pictures cannot be decoded", unreadable.len()));
    }
    let tasks = Task::usual(name)
        .iter()
        .map(|task| task_report(task, &dataset))
        .collect::<Result<Vec<_>>>()?;
    let overlaps = DatasetName::ALL
        .into_iter()
        .filter(|other| name.leaks_into(*other))
        .map(DatasetName::name)
        .collect();
    Ok(Report {
        dataset: name.name(),
        directory,
        rendered,
        counts,
        decoded,
        unreadable,
        overlaps,
        tasks,
        problems,
    })
}

/// A reader's error with the expected tree beside the one that is there, and the nearest name of what is missing.
fn beside(error: DataError, card: &Card, root: &Path) -> Error {
    let missing = match &error {
        DataError::Missing { path, .. } | DataError::Empty { path, .. } => Some(path.clone()),
        DataError::Io { path, source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Some(path.clone())
        }
        _ => None,
    };
    let Some(missing) = missing else { return Error::Data(error) };
    let expected: Vec<&str> = card.layout.lines().collect();
    let width = expected.iter().map(|l| l.chars().count()).max().unwrap_or(0).max(8);
    // Inside the data set's own folder if there is one: what is missing lies there.
    let own = card
        .folders
        .iter()
        .map(|f| root.join(f))
        .find(|d| d.is_dir())
        .unwrap_or_else(|| root.to_path_buf());
    let found = tree(&own);
    let mut text = format!("{error}\n\n{:<width$}   found in {}\n", "expected", own.display());
    for i in 0..expected.len().max(found.len()) {
        let left = expected.get(i).copied().unwrap_or_default();
        text += &format!("{left:<width$}   {}\n", found.get(i).map_or("", String::as_str));
    }
    Error::user(
        text,
        misnamed(&missing, card, root)
            .unwrap_or_else(|| "docs/datasets.md says where to get it".into()),
    )
}

/// The nearest name of what is missing among what lies where it is expected.
fn misnamed(missing: &Path, card: &Card, root: &Path) -> Option<String> {
    let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
    let siblings = |directory: &Path| fs::sorted_entries(directory).unwrap_or_default();
    let wanted: Vec<(PathBuf, String)> = [(missing.parent()?.to_path_buf(), name(missing)?)]
        .into_iter()
        .chain(card.folders.iter().map(|f| (root.to_path_buf(), (*f).to_owned())))
        .filter(|(directory, wanted)| !directory.join(wanted).exists())
        .collect();
    wanted.into_iter().find_map(|(directory, wanted)| {
        let names: Vec<String> = siblings(&directory).iter().filter_map(|p| name(p)).collect();
        let (score, near) = names
            .into_iter()
            .map(|n| (strsim::jaro_winkler(&n.to_lowercase(), &wanted.to_lowercase()), n))
            .max_by(|a, b| a.0.total_cmp(&b.0))?;
        (score > 0.85).then(|| {
            format!("{} looks like it: rename it to {wanted}", directory.join(near).display())
        })
    })
}

/// What lies below a directory, two levels deep and at most 40 lines long.
fn tree(directory: &Path) -> Vec<String> {
    const LONGEST: usize = 40;
    const PER_FOLDER: usize = 6;
    let mut lines = Vec::new();
    let show = |path: &Path| {
        format!(
            "{}{}",
            path.file_name().unwrap_or_default().to_string_lossy(),
            if path.is_dir() { "/" } else { "" }
        )
    };
    let Ok(entries) = fs::sorted_entries(directory) else { return vec!["(nothing)".into()] };
    for entry in &entries {
        lines.push(show(entry));
        if entry.is_dir() {
            let inner = fs::sorted_entries(entry).unwrap_or_default();
            lines.extend(inner.iter().take(PER_FOLDER).map(|path| format!("    {}", show(path))));
            if inner.len() > PER_FOLDER {
                lines.push(format!("    … {} more", inner.len() - PER_FOLDER));
            }
        }
    }
    if lines.is_empty() {
        lines.push("(nothing)".into());
    }
    if lines.len() > LONGEST {
        let more = lines.len() - LONGEST;
        lines.truncate(LONGEST);
        lines.push(format!("… {more} more lines"));
    }
    lines
}

/// Counts of every part and modality that is there or published.
fn counts(dataset: &Dataset, card: &Card) -> Vec<Count> {
    let mut rows = Vec::new();
    for split in [Split::Train, Split::Validation, Split::Query, Split::Gallery] {
        for modality in Modality::ALL {
            let of: Vec<_> =
                dataset.split(split).iter().filter(|s| s.modality == modality).collect();
            let published = card.counts.iter().find(|c| c.split == split && c.modality == modality);
            let (indexed, indexed_people) = match (&dataset.indexed, split, modality) {
                (Some(found), Split::Train, Modality::Rgb) => {
                    (found.index.len(), found.index.identities())
                }
                (Some(found), Split::Train, Modality::Text) => (
                    found.index.captions().iter().map(|n| *n as usize).sum(),
                    found.index.identities(),
                ),
                _ => (0, &[][..]),
            };
            if of.is_empty() && indexed == 0 && published.is_none() {
                continue;
            }
            let people = of.iter().map(|s| s.identity.0).chain(indexed_people.iter().copied());
            rows.push(Count {
                split,
                modality,
                samples: of.len() + indexed,
                identities: people.collect::<BTreeSet<_>>().len(),
                published_samples: published.map(|c| c.samples),
                published_identities: published.and_then(|c| c.identities),
            });
        }
    }
    rows
}

fn difference(count: &Count) -> Option<String> {
    let samples = count.published_samples.is_some_and(|n| n != count.samples);
    let identities = count.published_identities.is_some_and(|n| n != count.identities);
    (samples || identities).then(|| {
        let Count { split, modality, samples, identities, .. } = count;
        let people = count.published_identities.map_or(String::new(), |n| format!(" of {n} people"));
        let published = count.published_samples.unwrap_or_default();
        format!("{split} {modality}: {samples} samples of {identities} people; published are {published}{people}")
    })
}

/// Decodes at most `most` pictures in parallel, spread evenly; returns how many, and what went wrong with which.
fn sweep(dataset: &Dataset, most: usize) -> (usize, Vec<String>) {
    let parts =
        [Split::Train, Split::Validation, Split::Query, Split::Gallery].map(|s| dataset.split(s));
    let all: BTreeSet<&Path> =
        parts.into_iter().flatten().chain(&dataset.more).filter_map(|s| s.path()).collect();
    let all: Vec<&Path> = all.into_iter().collect();
    let count = all.len().min(most);
    let chosen: Vec<&Path> = (0..count).map(|i| all[i * all.len() / count]).collect();
    let bar = Progress::new("decoding", count, "pictures");
    // Every pixel is decoded; what is made of it does not matter.
    let tiny = PictureSize { height: 2, width: 1 };
    let failed = chosen.par_iter().filter_map(|path| {
        let opened = picture::open(path, tiny);
        bar.inc(1);
        opened.err().map(|e| e.to_string())
    });
    let failed: Vec<String> = failed.collect();
    bar.finish();
    (count, failed)
}

fn task_report(task: &str, dataset: &Dataset) -> Result<TaskReport> {
    let task = Task::parse(task)?.remove(0);
    let data = task.data(dataset)?;
    let (queries, gallery) = (data.trials[0].0.len(), data.trials[0].1.len());
    let protocol = data.protocol.name();
    Ok(TaskReport {
        task: task.to_string(),
        protocol,
        queries,
        gallery,
        trials: data.trials.len(),
        skipped: data.explain_unmatched(),
    })
}

impl Report {
    /// Whether the tree is what its owners published, as far as that was looked at.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.problems.is_empty()
    }

    /// The report for people.
    #[must_use]
    pub fn text(&self) -> String {
        const SHOWN: usize = 20;
        let or_dash = |n: Option<usize>| n.map_or("–".to_owned(), |n| n.to_string());
        let mut text = format!("{} in {}\n", self.dataset, self.directory.display());
        if self.rendered {
            text += "a part of the synthetic benchmark: published counts do not apply\n";
        }
        text += "\n| part | modality | samples | published | identities | published |\n|---|---|--:|--:|--:|--:|\n";
        for c in &self.counts {
            text += &format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                c.split,
                c.modality,
                c.samples,
                or_dash(c.published_samples),
                c.identities,
                or_dash(c.published_identities)
            );
        }
        if !self.tasks.is_empty() {
            text += "\n| task | protocol | queries / gallery | trials |\n|---|---|--:|--:|\n";
        }
        for t in &self.tasks {
            text += &format!(
                "| {} | {} | {} / {} | {} |\n",
                t.task, t.protocol, t.queries, t.gallery, t.trials
            );
        }
        for (task, skipped) in
            self.tasks.iter().filter_map(|t| Some((&t.task, t.skipped.as_ref()?)))
        {
            text += &format!("\n{task}: {skipped}\n");
        }
        text +=
            &format!("\n{} pictures decoded, {} unreadable\n", self.decoded, self.unreadable.len());
        for failure in self.unreadable.iter().take(SHOWN) {
            text += &format!("    {failure}\n");
        }
        if self.unreadable.len() > SHOWN {
            text +=
                &format!("    … {} more (--json lists them all)\n", self.unreadable.len() - SHOWN);
        }
        if !self.overlaps.is_empty() {
            text += &format!("\nshows some of the same people as {}\n", self.overlaps.join(", "));
        }
        text += "\n";
        text += &if self.is_right() {
            "nothing is wrong\n".to_owned()
        } else {
            format!("wrong: {}\n", self.problems.join("\n       "))
        };
        text
    }
}

/// The data sets that can be read.
#[derive(Debug, Clone, Serialize)]
pub struct List {
    root: PathBuf,
    datasets: Vec<Known>,
}

/// A data set that can be read.
#[derive(Debug, Clone, Serialize)]
struct Known {
    name: &'static str,
    modalities: Vec<&'static str>,
    /// Where it lies, if it was found below the root.
    directory: Option<PathBuf>,
}

/// The data sets that can be read, and which of them lie below the root.
#[must_use]
pub fn list(root: &Path) -> List {
    let known = |name: DatasetName| Known {
        name: name.name(),
        modalities: name.card().modalities.iter().map(|m| m.name()).collect(),
        directory: name.locate(root).ok(),
    };
    List { root: root.to_path_buf(), datasets: DatasetName::ALL.map(known).into() }
}

impl List {
    /// The list for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Known { name, modalities, directory } in &self.datasets {
            let modalities = modalities.join(" ");
            let found =
                directory.as_ref().map_or("not found".to_owned(), |d| d.display().to_string());
            text += &format!("{name:<24} {modalities:<42} {found}\n");
        }
        text + &format!(
            "{:<24} {:<42} NAME.csv or NAME.parquet\n\nlooked below {}; datasets/README.md shows the expected trees\n",
            "table:NAME",
            "any",
            self.root.display()
        )
    }
}

/// An index that was built.
#[derive(Debug, Clone, Serialize)]
pub struct Prepared {
    photographs: usize,
    index: PathBuf,
}

/// Builds the index of a large data set.
///
/// # Errors
/// [`Error`] naming the row that is wrong.
pub fn prepare(dataset: &str, root: &Path) -> Result<Prepared> {
    let directory = named(dataset)?.locate(root)?;
    let bytes = std::fs::metadata(directory.join("synthpedes_dataset.json")).map_or(1, |m| m.len());
    let bar = Progress::new("indexing", bytes as usize, "bytes");
    let photographs = synth_pedes::prepare(&directory, &|read| bar.set_position(read as usize))?;
    bar.finish();
    Ok(Prepared { photographs, index: directory.join(synth_pedes::INDEX) })
}

impl Prepared {
    /// What was built.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} photographs, {}\n", self.photographs, self.index.display())
    }
}
