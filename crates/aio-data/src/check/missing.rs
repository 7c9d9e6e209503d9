//! What a copy lacks: the expected tree beside the one that is there, and a name that was probably meant.

use crate::{DataError, DatasetInfo, fs};
use std::path::{Path, PathBuf};

/// Similarity above which a name was probably meant (Jaro–Winkler, 0..1).
const SIMILAR: f64 = 0.85;

/// Most lines of a tree.
const LONGEST: usize = 40;

/// Most entries of an inner folder.
const PER_FOLDER: usize = 6;

/// An error about a missing file or folder, with the expected tree beside the one that is there and the nearest name of
/// what is missing. Other errors stay as they are.
pub(super) fn explain(error: DataError, info: &DatasetInfo, root: &Path) -> DataError {
    let Some(missing) = missing_path(&error) else { return error };
    // Inside the data set's own folder if there is one: what is missing lies there.
    let own = info.folders.iter().map(|folder| root.join(folder)).find(|path| path.is_dir());
    let own = own.unwrap_or_else(|| root.to_path_buf());
    let problem = format!("{error}\n\n{}", side_by_side(info.layout, &own));
    let hint = misnamed(&missing, info, root);
    DataError::Request {
        problem,
        hint: hint.unwrap_or_else(|| "docs/datasets.md says where to get it".into()),
    }
}

fn missing_path(error: &DataError) -> Option<PathBuf> {
    match error {
        DataError::Missing { path, .. } | DataError::Empty { path, .. } => Some(path.clone()),
        DataError::Io { path, source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Some(path.clone())
        }
        _ => None,
    }
}

fn side_by_side(layout: &str, directory: &Path) -> String {
    let expected: Vec<&str> = layout.lines().collect();
    let found = tree(directory);
    let width = expected.iter().map(|line| line.chars().count()).max().unwrap_or(0).max(8);
    let mut text = format!("{:<width$}   found in {}\n", "expected", directory.display());
    for i in 0..expected.len().max(found.len()) {
        let left = expected.get(i).copied().unwrap_or_default();
        text += &format!("{left:<width$}   {}\n", found.get(i).map_or("", String::as_str));
    }
    text
}

fn base_name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// The nearest name of what is missing among what lies where it is expected.
fn misnamed(missing: &Path, info: &DatasetInfo, root: &Path) -> Option<String> {
    let mut wanted = vec![(missing.parent()?.to_path_buf(), base_name(missing)?)];
    wanted.extend(info.folders.iter().map(|folder| (root.to_path_buf(), (*folder).to_owned())));
    wanted.retain(|(directory, name)| !directory.join(name).exists());
    wanted.into_iter().find_map(|(directory, name)| rename(&directory, &name))
}

/// What to rename to `wanted` in `directory`, if something there has a similar name.
fn rename(directory: &Path, wanted: &str) -> Option<String> {
    let entries = fs::sorted_entries(directory).unwrap_or_default();
    let score =
        |name: String| (strsim::jaro_winkler(&name.to_lowercase(), &wanted.to_lowercase()), name);
    let scored = entries.iter().filter_map(|path| base_name(path)).map(score);
    let (score, near) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score > SIMILAR)
        .then(|| format!("{} looks like it: rename it to {wanted}", directory.join(near).display()))
}

/// What lies below a directory, two levels deep.
fn tree(directory: &Path) -> Vec<String> {
    let show = |path: &Path| {
        let slash = if path.is_dir() { "/" } else { "" };
        format!("{}{slash}", path.file_name().unwrap_or_default().to_string_lossy())
    };
    let Ok(entries) = fs::sorted_entries(directory) else { return vec!["(nothing)".into()] };
    let mut lines = Vec::new();
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
