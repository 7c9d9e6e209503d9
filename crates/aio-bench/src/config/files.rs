//! Where experiment files are found.
//!
//! A name such as `paper/zero-shot` is looked up in `./experiments`, in the folder that `AIO_EXPERIMENTS` names, in the
//! user's configuration folder (`$XDG_CONFIG_HOME/aio/experiments` or `~/.config/aio/experiments`), and among the
//! experiments that are part of the program. The first that exists is taken.

use crate::error::{Error, Result};
use aio_data::fs;
use aio_types::nearest;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Component, Path, PathBuf};

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../../experiments/", $name, ".toml")))),+]
    };
}

/// Names and texts of the experiments that are part of the program.
const BUILT_IN: [(&str, &str); 22] = built_in![
    "ablation",
    "default-model",
    "default-model-2",
    "default-model-3",
    "default-model-3-all",
    "default-model-4",
    "directions",
    "own-data",
    "paper/cost",
    "paper/domain-generalisation",
    "paper/dual-encoder",
    "paper/zero-shot",
    "recipes/clip-fine-tuning",
    "recipes/cuhk-pedes",
    "recipes/few-people",
    "recipes/market-sketch-1k",
    "recipes/orbench",
    "recipes/own-captions",
    "recipes/pku-sketch",
    "size",
    "smoke",
    "zero-shot",
];

/// The folder of experiments in a working directory.
const FOLDER: &str = "experiments";

/// An experiment file: one on disk, or one that is part of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExperimentFile {
    name: String,
    source: Source,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Disk(PathBuf),
    BuiltIn(&'static str),
}

/// The file as errors name it.
impl fmt::Display for ExperimentFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Disk(path) => write!(f, "{}", path.display()),
            Source::BuiltIn(_) => write!(f, "built-in experiment {}", self.name),
        }
    }
}

impl ExperimentFile {
    /// The file that a name or a path that ends in `.toml` stands for. A path need not exist.
    ///
    /// # Errors
    /// [`Error::User`] listing where was looked, the nearest name and the experiments there are.
    pub fn find(name: &str) -> Result<Self> {
        let path = Path::new(name);
        if path.extension().is_some_and(|extension| extension == "toml") {
            return Ok(Self::at(path));
        }
        let folders = folders();
        let found = Self::look_up(name, &folders);
        found.ok_or_else(|| unknown(name, &folders))
    }

    /// The file at `path`.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { name: name(path), source: Source::Disk(path.to_owned()) }
    }

    fn look_up(name: &str, folders: &[PathBuf]) -> Option<Self> {
        let file = format!("{name}.toml");
        // As if it were found in `./experiments`, wherever it is.
        let name = self::name(&Path::new(FOLDER).join(&file));
        if let Some(path) = folders.iter().map(|folder| folder.join(&file)).find(|p| p.is_file()) {
            return Some(Self { name, source: Source::Disk(path) });
        }
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(Self { name, source: Source::BuiltIn(text) })
    }

    /// The name of the experiment, under which its runs are stored: the name by which it was found, or for a path the part
    /// below `experiments`, or else the file's own name without extension.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of the file.
    ///
    /// # Errors
    /// [`Error::Data`] naming a file that cannot be read.
    pub(super) fn text(&self) -> Result<String> {
        match &self.source {
            Source::Disk(path) => Ok(fs::read_to_string(path)?),
            Source::BuiltIn(text) => Ok((*text).to_owned()),
        }
    }

    /// The file that this one names as its `base`: one beside it, or else the experiment of that name.
    pub(super) fn base(&self, base: &str) -> Result<Self> {
        let name = base.strip_suffix(".toml").unwrap_or(base);
        match &self.source {
            Source::Disk(path) => {
                let beside = Self::at(&path.with_file_name(base));
                if path.with_file_name(base).is_file() {
                    return Ok(beside);
                }
                // A base that is not found is an error of reading the file beside this one.
                Ok(Self::look_up(name, &folders()).unwrap_or(beside))
            }
            Source::BuiltIn(_) => {
                let beside = Path::new(&self.name).with_file_name(name).display().to_string();
                Self::look_up(&beside, &[]).ok_or_else(|| unknown(&beside, &[]))
            }
        }
    }
}

/// Folders in which an experiment is looked up by name, in this order.
fn folders() -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let user = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".config")));
    let mut folders = vec![PathBuf::from(FOLDER)];
    folders.extend(variable("AIO_EXPERIMENTS").map(PathBuf::from));
    folders.extend(user.map(|folder| folder.join("aio").join(FOLDER)));
    folders
}

fn unknown(name: &str, folders: &[PathBuf]) -> Error {
    let mut known: BTreeSet<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    for folder in folders {
        collect_names(folder, folder, &mut known);
    }
    let near = nearest(name, known.iter().map(String::as_str))
        .map(|near| format!("did you mean `{near}`? "))
        .unwrap_or_default();
    let places: Vec<String> = folders
        .iter()
        .map(|folder| folder.join(format!("{name}.toml")).display().to_string())
        .collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let sweep = folders.iter().map(|folder| folder.join(format!("sweeps/{name}.toml")));
    let beside = PathBuf::from(format!("{name}.toml"));
    let near = match sweep.into_iter().find(|path| path.is_file()) {
        Some(path) => format!("`{name}` is a sweep: aio sweep run {}; ", path.display()),
        None if beside.is_file() => {
            format!("a path ends in .toml: aio experiment {}; ", beside.display())
        }
        None => near,
    };
    Error::user(
        format!(
            "no experiment `{name}`: none of {} exists, and none of this name is built in",
            places.join(", ")
        ),
        format!("{near}known experiments: {}", known.join(", ")),
    )
}

/// Adds the names of the experiments in a folder and in the folders directly below it, which are collections such as `paper`.
/// Sweeps are no experiments.
fn collect_names(root: &Path, folder: &Path, known: &mut BTreeSet<String>) {
    for entry in fs::sorted_entries(folder).unwrap_or_default() {
        if entry.is_dir() && folder == root && !entry.ends_with("sweeps") {
            collect_names(root, &entry, known);
        } else if entry.extension().is_some_and(|extension| extension == "toml") {
            let stem = entry.with_extension("");
            known.insert(stem.strip_prefix(root).unwrap_or(&stem).display().to_string());
        }
    }
}

/// A path without `.` and, where a folder precedes it, `..`: `sweeps/../zero-shot` is `zero-shot`.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if plain.file_name().is_some() => _ = plain.pop(),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The name of the experiment at a path: the part below the last folder `experiments`, or else that of the file. The working directory counts as part of
/// the path, so that a file has one name from everywhere.
fn name(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let plain = plain(&absolute.with_extension(""));
    let parts: Vec<Component> = plain.components().collect();
    let folders = &parts[..parts.len().saturating_sub(1)];
    let last = folders.iter().rposition(|part| part.as_os_str() == FOLDER);
    let first = last.map_or(folders.len(), |folder| folder + 1);
    parts[first..].iter().collect::<PathBuf>().display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")
    }

    #[test]
    fn every_experiment_of_the_repository_is_built_in() {
        let mut found = BTreeSet::new();
        collect_names(&repository(), &repository(), &mut found);
        let built_in: BTreeSet<String> =
            BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
        // Experiments of a user's own lie beside those that Git tracks.
        let tracked = std::process::Command::new("git")
            .args(["ls-files", "--", "."])
            .current_dir(repository())
            .output()
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        if let Ok(tracked) = tracked
            && !tracked.is_empty()
        {
            let is_tracked =
                |name: &String| tracked.lines().any(|file| file == format!("{name}.toml"));
            found.retain(is_tracked);
        }
        assert_eq!(found, built_in);
    }

    #[test]
    fn a_name_is_taken_from_the_first_folder_that_has_it() {
        let (first, second) =
            (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
        std::fs::create_dir(second.path().join("mine")).expect("folder");
        let path = second.path().join("mine/small.toml");
        std::fs::write(&path, "seed = 3\n").expect("write");
        std::fs::write(second.path().join("smoke.toml"), "seed = 4\n").expect("write");
        let folders = [first.path().to_owned(), second.path().to_owned()];
        let found = ExperimentFile::look_up("mine/small", &folders).expect("found");
        assert_eq!((found.name(), found.to_string()), ("mine/small", path.display().to_string()));
        let smoke = |folders: &[PathBuf]| {
            ExperimentFile::look_up("smoke", folders).and_then(|file| file.text().ok())
        };
        assert_eq!(smoke(&folders).as_deref(), Some("seed = 4\n"));
        assert!(smoke(&[]).is_some_and(|text| text.contains("# Claim")), "built in");
        assert_eq!(ExperimentFile::look_up("nothing", &folders), None);
    }

    #[test]
    fn a_built_in_experiment_builds_on_another() {
        let file = ExperimentFile::look_up("paper/domain-generalisation", &[]).expect("built in");
        assert_eq!(file.to_string(), "built-in experiment paper/domain-generalisation");
        assert_eq!(file.base("zero-shot.toml").expect("found").name(), "paper/zero-shot");
        assert_eq!(file.base("../smoke.toml").expect("found").name(), "smoke");
    }

    #[test]
    fn a_file_of_ones_own_builds_on_a_built_in_experiment() {
        let folder = tempfile::tempdir().expect("folder");
        let file = ExperimentFile::at(&folder.path().join("mine.toml"));
        assert_eq!(file.base("zero-shot.toml").expect("found").name(), "zero-shot");
        let missing = file.base("none.toml").expect("named");
        assert_eq!(missing.to_string(), folder.path().join("none.toml").display().to_string());
    }

    #[test]
    fn a_path_gives_the_name_under_which_runs_are_stored() {
        for (path, expected) in [
            ("experiments/paper/zero-shot.toml", "paper/zero-shot"),
            ("experiments/sweeps/../zero-shot.toml", "zero-shot"),
            ("./experiments/smoke.toml", "smoke"),
            ("/somewhere/else/mine.toml", "mine"),
            ("/somewhere/experiments/recipes/orbench.toml", "recipes/orbench"),
            ("/somewhere/experiments/sweeps/../recipes/orbench.toml", "recipes/orbench"),
            ("/experiments/of/me/experiments/paper/zero-shot.toml", "paper/zero-shot"),
            ("/somewhere/experiments.toml", "experiments"),
        ] {
            assert_eq!(ExperimentFile::at(Path::new(path)).name(), expected, "{path}");
        }
        // The same file by its absolute path, and from another directory.
        let relative = Path::new("experiments/recipes/orbench.toml");
        let absolute = std::path::absolute(relative).expect("a path");
        assert_eq!(ExperimentFile::at(&absolute).name(), ExperimentFile::at(relative).name());
        let (here, up) = (absolute.parent().expect("a folder"), "../recipes/orbench.toml");
        assert_eq!(ExperimentFile::at(&here.join(up)).name(), "recipes/orbench");
    }

    #[test]
    fn an_unknown_name_lists_where_was_looked_and_the_nearest() {
        let error = unknown("smok", &[PathBuf::from("experiments"), PathBuf::from("/none")]);
        let text = error.to_string();
        assert!(text.contains("experiments/smok.toml, /none/smok.toml"), "{text}");
        let hint = error.hint().expect("a hint");
        assert!(hint.starts_with("did you mean `smoke`?"), "{hint}");
    }
}
