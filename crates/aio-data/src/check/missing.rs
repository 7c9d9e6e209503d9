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
    // A folder in a folder is not made by renaming, and what lies where it should is not misnamed.
    wanted.retain(|(directory, name)| !name.contains('/') && !directory.join(name).exists());
    wanted.into_iter().find_map(|(directory, name)| rename(&directory, &name, info))
}

/// What to rename to `wanted` in `directory`, if something there has a similar name and is no other part of the data set.
fn rename(directory: &Path, wanted: &str, info: &DatasetInfo) -> Option<String> {
    let near = similar(directory, wanted, |name| is_part(name, info))?;
    if info.family == "table" {
        let table = near.split('.').next().unwrap_or(&near);
        return Some(format!("did you mean `table:{table}`?"));
    }
    Some(format!("{} looks like it: rename it to {wanted}", directory.join(near).display()))
}

/// The most similar name in a directory, of those that are not `known` otherwise.
fn similar(directory: &Path, wanted: &str, known: impl Fn(&str) -> bool) -> Option<String> {
    let entries = fs::sorted_entries(directory).unwrap_or_default();
    let score =
        |name: String| (strsim::jaro_winkler(&name.to_lowercase(), &wanted.to_lowercase()), name);
    let names = entries.iter().filter_map(|path| base_name(path)).filter(|name| !known(name));
    let (score, near) = names.map(score).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score > SIMILAR).then_some(near)
}

/// Whether a name is that of a part of the data set, which the expected tree shows, or one of its folders.
fn is_part(name: &str, info: &DatasetInfo) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let in_tree = info.layout.split(|c| !is_of_name(c)).any(|word| word == name);
    let folders = info.folders.iter().flat_map(|folder| folder.split('/'));
    in_tree || folders.into_iter().any(|folder| folder == name)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DatasetName;

    /// What is proposed for a data set below a directory that holds these folders and files.
    fn hint(name: &str, paths: &[&str]) -> String {
        let directory = tempfile::tempdir().expect("temporary directory");
        for path in paths {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            std::fs::write(path, "").expect("written");
        }
        let name: DatasetName = name.parse().expect("a data set");
        let opened = name.locate(directory.path()).and_then(|_| name.open(directory.path()));
        let error = explain(opened.expect_err("incomplete"), name.info(), directory.path());
        error.hint().expect("a hint")
    }

    #[test]
    fn only_what_is_no_other_part_of_the_data_set_is_to_be_renamed() {
        let misnamed = hint("market1501", &["Market-1501-v15.09.5/query/a.jpg"]);
        assert!(misnamed.ends_with("rename it to Market-1501-v15.09.15"), "{misnamed}");
        let where_from = "docs/datasets.md says where to get it";
        let partial = ["Market-1501-v15.09.15/bounding_box_train/0002_c1s1_000451_03.jpg"];
        assert_eq!(hint("market1501", &partial), where_from, "train is no misnamed test");
        assert_eq!(hint("market1501", &["market1501/readme.txt"]), where_from);
    }

    #[test]
    fn a_table_of_a_similar_name_is_proposed_as_it_is() {
        assert_eq!(hint("table:shp", &["shop.csv"]), "did you mean `table:shop`?");
    }
}
