//! The sweep file as it is written (docs/sweeps.md).

use super::slurm;
use crate::config::{Experiment, ExperimentFile, is_of_experiment};
use crate::error::{Error, Result};
use crate::report::Quoted;
use aio_data::fs;
use aio_types::{Measure, TaskId};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A sweep file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SweepFile {
    /// The experiment that is varied, relative to the sweep file.
    pub(super) base: PathBuf,
    /// Seeds of every cell.
    #[serde(default = "one_seed")]
    pub(super) seeds: Vec<u64>,
    /// Lists of values by key, of which every combination is a cell.
    #[serde(default)]
    pub(super) axes: toml::Table,
    /// Lists of values by key, of which the first values are used together, then the second ones, ….
    #[serde(default)]
    pub(super) zip: Vec<toml::Table>,
    /// Values by key; a cell that has all of them is removed.
    #[serde(default)]
    pub(super) exclude: Vec<toml::Table>,
    #[serde(default)]
    pub(super) report: ReportSection,
    #[serde(default)]
    pub(super) slurm: slurm::Settings,
}

fn one_seed() -> Vec<u64> {
    vec![0]
}

/// `[report]` of a sweep file: what its table shows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSection {
    /// Tasks, one column each; all tasks that cells evaluate if empty.
    #[serde(default)]
    pub tasks: Vec<TaskId>,
    /// `map`, `minp`, `rank1`, `rank5`, `rank10` or `rank20`; `map` if absent.
    pub metric: Option<Measure>,
    /// Rows with published numbers of others.
    #[serde(default)]
    pub quoted: Vec<Quoted>,
}

impl SweepFile {
    /// Reads and validates a sweep file.
    ///
    /// # Errors
    /// [`Error`] naming the file and what is wrong in it.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        let file: Self = toml::from_str(&text)
            .map_err(|e| experiment(path, &text).unwrap_or_else(|| wrong(path, &e.to_string())))?;
        if file.seeds.is_empty() {
            return Err(wrong(path, "`seeds` is empty"));
        }
        let mut seen = BTreeSet::new();
        if let Some(seed) = file.seeds.iter().find(|seed| !seen.insert(**seed)) {
            return Err(wrong(path, &format!("`seeds` holds {seed} twice")));
        }
        Ok(file)
    }

    /// The base experiment's file, for the sweep file at `path`.
    ///
    /// # Errors
    /// [`Error::User`] naming the sweep file and the base that is not there.
    pub(super) fn base(&self, path: &Path) -> Result<PathBuf> {
        let base = path.parent().unwrap_or(Path::new(".")).join(&self.base);
        if base.is_file() {
            return Ok(base);
        }
        Err(Error::user(
            format!(
                "{}: `base` is `{}`, expected the file of an experiment; {} is no file",
                path.display(),
                self.base.display(),
                base.display()
            ),
            "write its path relative to the sweep file, such as base = \"../zero-shot.toml\"",
        ))
    }
}

impl ReportSection {
    /// Refuses a task of the table that is named twice or not among those that the cells evaluate, and quoted numbers that no column shows or that are no percentages.
    ///
    /// # Errors
    /// [`Error::User`] naming the file, the task, and the tasks there are, or the quoted number.
    pub(super) fn check(&self, path: &Path, evaluated: &BTreeSet<TaskId>) -> Result<()> {
        self.check_tasks(path, evaluated)?;
        let is_shown = |task: &TaskId| match self.tasks.as_slice() {
            [] => evaluated.contains(task),
            tasks => tasks.contains(task),
        };
        for Quoted { name, values, .. } in &self.quoted {
            let of = format!("the values of `{name}` of [[report.quoted]]");
            for (task, percent) in values {
                if !is_shown(task) {
                    return Err(wrong(path, &format!("{of}: the table has no column `{task}`")));
                }
                if !(0.0..=100.0).contains(percent) {
                    let problem = format!("{of}: `{task}` is {percent}, expected 0 to 100");
                    return Err(wrong(path, &problem));
                }
            }
        }
        Ok(())
    }

    fn check_tasks(&self, path: &Path, evaluated: &BTreeSet<TaskId>) -> Result<()> {
        if let Some(twice) = aio_data::repeated(self.tasks.iter().map(TaskId::as_str)) {
            return Err(wrong(path, &format!("`tasks` of [report] names {twice} twice")));
        }
        let Some(unknown) = self.tasks.iter().find(|task| !evaluated.contains(task)) else {
            return Ok(());
        };
        let evaluated: Vec<&str> = evaluated.iter().map(TaskId::as_str).collect();
        Err(Error::user(
            format!(
                "{}: `tasks` of [report]: no cell evaluates `{unknown}`; they evaluate {}",
                path.display(),
                evaluated.join(", ")
            ),
            "name one of these, or add the task to evaluation.tasks of the base experiment",
        ))
    }
}

/// The error of a file that is an experiment instead of a sweep: its own mistake, if it has one.
fn experiment(path: &Path, text: &str) -> Option<Error> {
    if let Err(mistake) = Experiment::read(path) {
        let keys: toml::Table = toml::from_str(text).ok()?;
        return is_of_experiment(&keys).then_some(mistake);
    }
    let (file, name) = (path.display(), ExperimentFile::at(path).name().to_owned());
    Some(Error::user(
        format!("{file} is an experiment, not a sweep"),
        format!("its table: aio report {name}; its run: aio experiment {file}"),
    ))
}

/// The error of a sweep file that is wrong.
pub(super) fn wrong(path: &Path, problem: &str) -> Error {
    Error::user(format!("{}: {problem}", path.display()), "docs/sweeps.md describes sweep files")
}

#[cfg(test)]
mod tests {
    use super::super::{FinishedSweep, Sweep};
    use super::*;

    /// A sweep of the smoke experiment with a table of some tasks.
    fn load(directory: &Path, tasks: &str) -> Result<Sweep> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let base =
            repository.canonicalize().expect("the repository").join("experiments/smoke.toml");
        let file = directory.join("varied.toml");
        let text = format!(
            "base = {base:?}\n[axes]\n\"losses.binding\" = [0.5, 1.0]\n[report]\ntasks = [{tasks}]\n"
        );
        std::fs::write(&file, text).expect("written");
        Sweep::load(&file)
    }

    #[test]
    fn a_task_that_no_cell_evaluates_is_refused_with_those_there_are() {
        let directory = tempfile::tempdir().expect("temporary directory");
        load(directory.path(), "\"market1501.rgb-rgb\"").expect("evaluated");
        load(directory.path(), "").expect("all tasks of the experiment");
        let unknown = "\"market1501.rgb-rgb\", \"tri-cuhk-pedes.infrared+sketch+text-rgb\"";
        let error = load(directory.path(), unknown).expect_err("not evaluated");
        let text = error.to_string();
        for part in [
            "varied.toml",
            "`tasks` of [report]",
            "tri-cuhk-pedes.infrared+sketch+text-rgb",
            ", market1501.rgb-rgb, ",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn quoted_numbers_are_percentages_of_columns() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let quoted = |values: &str| {
            // What follows the list of tasks is a comment.
            load(
                directory.path(),
                &format!(
                    "\"market1501.rgb-rgb\"]\n[[report.quoted]]\nname = \"AIO\"\ncitation = \"c\"\nvalues = {{ {values} }}\n#"
                ),
            )
        };
        quoted("\"market1501.rgb-rgb\" = 79.6").expect("a percentage of a column");
        for (values, expected) in [
            ("\"sysu-mm01.infrared-rgb.all\" = 50", "the table has no column `sysu-mm01"),
            ("\"market1501.rgb-rgb\" = 796", "is 796, expected 0 to 100"),
            ("\"market1501.rgb-rgb\" = nan", "is NaN, expected 0 to 100"),
        ] {
            let error = quoted(values).expect_err(values).to_string();
            assert!(error.contains(expected) && error.contains("`AIO`"), "{error}");
        }
    }

    #[test]
    fn a_table_refuses_the_report_that_a_run_refuses() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let (file, task) = (directory.path().join("varied.toml"), "\"market1501.rgb-rgb\"");
        let quoted = format!(
            "{task}]\n[[report.quoted]]\nname = \"AIO\"\ncitation = \"c\"\nvalues = {{ {task} = 796 }}\n#"
        );
        for (tasks, expected) in [
            (format!("{task}, {task}"), "`tasks` of [report] names market1501.rgb-rgb twice"),
            ("\"market1501.rgb-infrared\"".to_owned(), "no cell evaluates"),
            (quoted, "is 796, expected 0 to 100"),
        ] {
            let refused = load(directory.path(), &tasks).expect_err(expected).to_string();
            assert!(refused.contains(expected), "{refused}");
            let table = FinishedSweep::load(&file, directory.path()).expect_err(expected);
            assert_eq!(table.to_string(), refused);
        }
    }

    #[test]
    fn the_mistake_of_an_experiment_is_not_one_of_a_sweep() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let file = directory.path().join("mine.toml");
        let refused = |text: &str| {
            std::fs::write(&file, text).expect("written");
            SweepFile::read(&file).map(|_| ()).expect_err(text).to_string()
        };
        let misspelt = refused("claim = \"c\"\n[train]\nidentites = 8\n");
        assert!(misspelt.contains("unknown key `train.identites`"), "{misspelt}");
        for of_sweep in ["base = \"b.toml\"\n[axis]\n", "seeds = [0]\n[losses]\nbinding = 1.0\n"] {
            let said = refused(of_sweep);
            assert!(said.contains("unknown field"), "{said}");
        }
    }

    #[test]
    fn a_base_that_is_no_file_is_named_with_the_sweep_file() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let file = directory.path().join("varied.toml");
        let text = "base = \"smoke\"\n[axes]\n\"losses.binding\" = [0.5, 1.0]\n";
        std::fs::write(&file, text).expect("written");
        let error = Sweep::load(&file).expect_err("no such file");
        assert!(error.to_string().contains("varied.toml: `base` is `smoke`"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("relative to the sweep file")));
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn a_seed_that_is_named_twice_is_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let file = directory.path().join("varied.toml");
        std::fs::write(&file, "base = \"smoke.toml\"\nseeds = [0, 1, 0]\n").expect("written");
        let error = SweepFile::read(&file).map(|_| ()).expect_err("twice");
        assert!(error.to_string().contains("`seeds` holds 0 twice"), "{error}");
    }
}
