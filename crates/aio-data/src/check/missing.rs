//! What a copy lacks: the expected tree beside the one that is there, and a name that was probably meant.

use crate::error::where_from;
use crate::readers::table;
use crate::{DataError, DatasetInfo, DatasetName, fs};
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
    if info.family == "table" {
        return DataError::Request { problem, hint: of_table(&missing, root) };
    }
    let hint = too_deep(info, root).or_else(|| misnamed(&missing, info, root));
    DataError::Request { problem, hint: hint.unwrap_or_else(|| where_from(false).into()) }
}

/// What to do about the missing file of a table: the file of another kind that has its name, the table that was probably meant, or how to write it.
fn of_table(missing: &Path, root: &Path) -> String {
    if root.is_file() {
        return format!("{} is a file; name the folder in which it lies", root.display());
    }
    let wanted = missing.file_stem().unwrap_or_default();
    let entries = fs::sorted_entries(root).unwrap_or_default();
    if let Some(other) = entries.iter().find(|e| e.is_file() && e.file_stem() == Some(wanted)) {
        let (other, missing) = (other.display(), missing.display());
        return format!("{other} is not read: save the table as {missing}");
    }
    let tables = table::named_below(root);
    let names = tables.iter().map(|(name, _)| table::plain(name).to_owned());
    if let Some(near) = most_similar(names, &wanted.to_string_lossy()) {
        return format!("did you mean `{}`?", table::name_of(&near));
    }
    where_from(true).into()
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

/// What to move, if a folder of the data set holds another one of the same name with everything in it, as an archive leaves it that was unpacked
/// into a folder of its name.
fn too_deep(info: &DatasetInfo, root: &Path) -> Option<String> {
    let complete = |place: &Path| info.markers.iter().any(|marker| place.join(marker).exists());
    let first = |folder: &'static str| folder.split('/').next().unwrap_or(folder);
    let pairs = info.folders.iter().flat_map(|outer| info.folders.iter().map(move |i| (outer, i)));
    // What is moved has to lie afterwards where the data set is looked for.
    let mut movable = pairs
        .filter(|(outer, inner)| outer == inner || !(outer.contains('/') || inner.contains('/')));
    movable.find_map(|(outer, inner)| {
        let outer = root.join(first(outer));
        complete(&outer.join(inner)).then(|| {
            let (inner, outer) = (outer.join(first(inner)), outer.display());
            format!(
                "{} is one level too deep: move what is in it one level up, into {outer}",
                inner.display()
            )
        })
    })
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
    let entries = fs::sorted_entries(directory).unwrap_or_default();
    let names = entries.iter().filter_map(|path| base_name(path));
    let near = most_similar(names.filter(|name| !is_part(name, info)), wanted)?;
    Some(format!("{} looks like it: rename it to {wanted}", directory.join(near).display()))
}

/// The name that is most similar to `wanted`, if it was probably meant.
fn most_similar(names: impl Iterator<Item = String>, wanted: &str) -> Option<String> {
    let score =
        |name: String| (strsim::jaro_winkler(&name.to_lowercase(), &wanted.to_lowercase()), name);
    let (score, near) = names.map(score).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score > SIMILAR).then_some(near)
}

/// Whether a name is no misspelling: the expected tree of this or of any other data set shows it, or a data set is looked for in a folder of that name.
fn is_part(name: &str, info: &DatasetInfo) -> bool {
    let others = DatasetName::ALL.map(DatasetName::info);
    others.into_iter().chain([info]).any(|known| {
        let folders = known.folders.iter().flat_map(|folder| folder.split('/'));
        is_shown(name, known.layout) || folders.into_iter().any(|folder| folder == name)
    })
}

/// Whether a tree shows a name, literally or among those that `{train,test}_{1..10}.txt` or `cam1..cam9` stand for.
fn is_shown(name: &str, layout: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let plain = layout.split(|c| !is_of_name(c));
    let braced = layout.split(|c| !is_of_name(c) && !"{},".contains(c));
    plain.chain(braced.filter(|word| word.contains('{'))).flat_map(expanded).any(|one| one == name)
}

/// The names that a word of a tree stands for.
fn expanded(word: &str) -> Vec<String> {
    let braces = word.split_once('{').and_then(|(before, rest)| {
        let (inside, after) = rest.split_once('}')?;
        Some((before, inside, after))
    });
    let Some((before, inside, after)) = braces else {
        return numbered(word).unwrap_or_else(|| vec![word.to_owned()]);
    };
    let choices =
        numbered(inside).unwrap_or_else(|| inside.split(',').map(str::to_owned).collect());
    let ends = expanded(after);
    let of_choice = |choice: String| ends.iter().map(move |end| format!("{before}{choice}{end}"));
    choices.into_iter().flat_map(of_choice).collect()
}

/// `1..3` as 1, 2 and 3, and `cam1..cam3` as cam1, cam2 and cam3.
fn numbered(word: &str) -> Option<Vec<String>> {
    let (first, last) = word.split_once("..")?;
    let stem = first.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = |end: &str| end.strip_prefix(stem)?.parse::<u32>().ok();
    let numbers = number(first)?..=number(last)?;
    Some(numbers.map(|number| format!("{stem}{number}")).collect())
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
        incomplete(name, paths, |_| ()).hint().expect("a hint")
    }

    /// The error of a data set below a directory that holds these folders and files, and what `further` writes.
    fn incomplete(name: &str, paths: &[&str], further: impl Fn(&Path)) -> DataError {
        let directory = tempfile::tempdir().expect("temporary directory");
        for path in paths {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            std::fs::write(path, "").expect("written");
        }
        further(directory.path());
        let name: DatasetName = name.parse().expect("a data set");
        let opened = name.locate(directory.path()).and_then(|_| name.open(directory.path()));
        explain(opened.expect_err("incomplete"), name.info(), directory.path())
    }

    #[test]
    fn only_what_is_no_other_part_of_the_data_set_is_to_be_renamed() {
        let misnamed = hint("market1501", &["Market-1501-v15.09.5/query/a.jpg"]);
        assert!(misnamed.ends_with("rename it to Market-1501-v15.09.15"), "{misnamed}");
        let partial = ["Market-1501-v15.09.15/bounding_box_train/0002_c1s1_000451_03.jpg"];
        assert_eq!(hint("market1501", &partial), where_from(false), "train is no misnamed test");
        assert_eq!(hint("market1501", &["market1501/readme.txt"]), where_from(false));
    }

    #[test]
    fn a_part_is_never_proposed_for_another_one() {
        let lists = (1..=10).filter(|split| *split != 7).flat_map(|split| {
            ["train", "test"].into_iter().flat_map(move |part| {
                ["visible", "thermal"].map(|kind| format!("RegDB/idx/{part}_{kind}_{split}.txt"))
            })
        });
        let lists: Vec<String> = lists.collect();
        let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
        assert_eq!(hint("regdb", &lists), where_from(false), "9 is not 7");
        let llcm = ["train_vis", "train_nir", "test_vis"].map(|l| format!("LLCM/idx/{l}.txt"));
        assert_eq!(hint("llcm", &llcm.each_ref().map(String::as_str)), where_from(false));
        assert_eq!(hint("msmt17", &["MSMT17_V2/list_train.txt"]), where_from(false));
        assert_eq!(hint("msmt17-v2", &["MSMT17_V1/list_train.txt"]), where_from(false));
        let other = ["cuhk03-np/detected/query/0001_c1_1.png"];
        assert_eq!(hint("cuhk03-classic-detected", &other), where_from(false));
        // Sketches of the Tri- data set are no photographs.
        let written = "CUHK-PEDES/reid_raw.json";
        let error = incomplete("cuhk-pedes", &[written, "CUHK-PEDES/imgs-sketch2/a.jpg"], |root| {
            let item = "[{\"split\":\"train\",\"captions\":[],\"file_path\":\"a.jpg\",\"id\":1}]";
            std::fs::write(root.join(written), item).expect("written");
        });
        assert!(error.to_string().contains("CUHK-PEDES/imgs not found"), "{error}");
        assert!(error.to_string().contains("found in "), "the tree stands beside the expected one");
        assert_eq!(error.hint().as_deref(), Some(where_from(false)));
    }

    #[test]
    fn the_names_of_a_tree_are_spelled_out() {
        assert_eq!(expanded("{a,b}_{9..11}.txt").len(), 6);
        assert!(expanded("{a,b}_{9..11}.txt").contains(&"b_10.txt".to_owned()));
        assert_eq!(expanded("cam1..cam3"), ["cam1", "cam2", "cam3"]);
        assert_eq!(expanded("v15.09.15"), ["v15.09.15"]);
        let layouts = DatasetName::ALL.map(|name| name.info().layout);
        let shows = |name: &str| layouts.iter().any(|layout| is_shown(name, layout));
        for name in [
            "train_sketch_10.txt",
            "test_nir.txt",
            "cam8",
            "Part7",
            "nir",
            "splits_new_detected.json",
        ] {
            assert!(shows(name), "{name}");
        }
        assert!(!shows("train_sketch_11.txt") && !shows("cam10"));
    }

    #[test]
    fn a_folder_that_is_missing_altogether_is_named_instead_of_its_first_picture() {
        let error = incomplete("regdb", &["RegDB/Thermal/1/a.bmp"], |root| {
            std::fs::create_dir_all(root.join("RegDB/idx")).expect("created");
            for split in 1..=10 {
                for (kind, folder) in [("visible", "Visible"), ("thermal", "Thermal")] {
                    let list = root.join(format!("RegDB/idx/test_{kind}_{split}.txt"));
                    std::fs::write(list, format!("{folder}/1/a.bmp 0\n")).expect("written");
                }
            }
        });
        let text = error.to_string();
        assert!(text.contains("RegDB/Visible not found") && text.contains("Thermal/"), "{text}");
    }

    #[test]
    fn what_was_unpacked_one_level_too_deep_is_to_be_moved_up() {
        let deep = hint("llcm", &["LLCM/LLCM/idx/train_vis.txt"]);
        assert!(deep.contains("LLCM/LLCM is one level too deep"), "{deep}");
        assert!(deep.ends_with("/LLCM") && !deep.ends_with("LLCM/LLCM"), "{deep}");
        let deep =
            hint("cuhk03-np-detected", &["cuhk03-np/cuhk03-np/detected/bounding_box_test/a"]);
        assert!(deep.contains("cuhk03-np/cuhk03-np is one level too deep"), "{deep}");
        assert!(deep.ends_with("/cuhk03-np") && !deep.ends_with("cuhk03-np/cuhk03-np"), "{deep}");
    }

    #[test]
    fn a_table_of_a_similar_name_is_proposed_as_it_is() {
        for table in ["shop.csv", "shop/shop.csv"] {
            assert_eq!(hint("table:shp", &[table]), "did you mean `table:shop`?");
        }
    }

    #[test]
    fn what_is_no_table_is_not_proposed_as_one() {
        for others in [&["shop/a/1.jpg"][..], &["shops/1.jpg", "shop.jpg/x"], &["mine.csv"]] {
            assert_eq!(hint("table:shop", others), where_from(true), "{others:?}");
        }
        for other in ["shop.xlsx", "shop.CSV"] {
            let found = hint("table:shop", &[other]);
            assert!(found.contains(&format!("{other} is not read: save the table as ")), "{found}");
            assert!(found.ends_with("shop.csv"), "{found}");
        }
    }

    #[test]
    fn a_table_that_is_not_there_is_to_be_written_and_not_to_be_got() {
        let directory = tempfile::tempdir().expect("temporary directory");
        for (dataset, is_own) in [("table:mine", true), ("regdb", false)] {
            let name: DatasetName = dataset.parse().expect("a data set");
            let hint = name.locate(directory.path()).expect_err("nothing there").hint();
            assert!(hint.is_some_and(|hint| hint.contains(where_from(is_own))), "{dataset}");
        }
    }
}
