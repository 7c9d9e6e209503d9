use crate::DatasetName;
use crate::readers::table;
use aio_types::Modality;
use serde::Serialize;
use std::path::PathBuf;

/// The data sets that can be read, and which of them are below a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct List {
    root: PathBuf,
    datasets: Vec<Known>,
    tables: Vec<Table>,
}

/// A data set that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Known {
    name: &'static str,
    modalities: &'static [Modality],
    /// Its directory, if it was found.
    directory: Option<PathBuf>,
    /// Terms of use, and where it comes from.
    terms: &'static str,
}

/// A table of one's own that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Table {
    /// `table:NAME`.
    name: String,
    file: PathBuf,
}

/// Looks for every published data set and for tables below `root`.
#[must_use]
pub fn list(root: PathBuf) -> List {
    let known = |name: DatasetName| {
        let info = name.info();
        let directory = info.found(&root);
        Known { name: name.name(), modalities: info.modalities, directory, terms: info.terms }
    };
    let datasets = DatasetName::ALL.into_iter().map(known).collect();
    let tables = table::below(&root).into_iter().map(|(name, file)| Table { name, file }).collect();
    List { root, datasets, tables }
}

impl List {
    /// The list as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Known { name, modalities, directory, terms } in &self.datasets {
            let modalities: Vec<&str> = modalities.iter().map(|m| m.name()).collect();
            let place =
                directory.as_ref().map_or("not found".to_owned(), |d| d.display().to_string());
            let modalities = modalities.join(" ");
            text += &format!("{name:<24} {modalities:<42} {place}\n{:<24} terms: {terms}\n", "");
        }
        for Table { name, file } in &self.tables {
            text += &format!("{name:<24} {:<42} {}\n", "", file.display());
        }
        if self.tables.is_empty() {
            text += &format!("{:<24} {:<42} NAME.csv or NAME.parquet\n", "table:NAME", "any");
        }
        let root = self.root.display();
        if !self.root.is_dir() {
            return text
                + &format!("\nthere is no folder {root}; name another one with --data-root\n");
        }
        text + &format!("\nlooked below {root}; datasets/README.md shows the expected trees\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The data sets that are found below a directory which holds these folders and files.
    fn found(directory: &Path, paths: &[&str]) -> Vec<(&'static str, PathBuf)> {
        for path in paths {
            let path = directory.join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            match path.extension() {
                Some(_) => std::fs::write(path, "").expect("written"),
                None => std::fs::create_dir_all(path).expect("created"),
            }
        }
        let datasets = list(directory.to_path_buf()).datasets;
        datasets.into_iter().filter_map(|known| Some((known.name, known.directory?))).collect()
    }

    #[test]
    fn folders_that_any_place_may_have_are_no_data_set() {
        let place = tempfile::tempdir().expect("temporary directory");
        let common = ["images", "sketch", "idx", "query", "shop"];
        assert_eq!(found(place.path(), &common), []);
        // Below it, a folder of a data set's name is found by any of its parts.
        let known = found(place.path(), &["Market-1501-v15.09.15/query"]);
        assert_eq!(known, [("market1501", place.path().join("Market-1501-v15.09.15"))]);
    }

    #[test]
    fn a_root_that_is_not_there_is_named() {
        let place = tempfile::tempdir().expect("temporary directory");
        assert!(list(place.path().to_path_buf()).text().contains("looked below"));
        let text = list(place.path().join("datsets")).text();
        assert!(text.contains("datsets; name another one with --data-root"), "{text}");
    }

    #[test]
    fn the_root_itself_is_found_by_its_name_or_by_a_file() {
        let place = tempfile::tempdir().expect("temporary directory");
        let root = place.path().join("Market-1501-v15.09.15");
        assert_eq!(found(&root, &["query"]), [("market1501", root.clone())]);
        let root = place.path().join("papers");
        assert_eq!(found(&root, &["reid_raw.json"]), [("cuhk-pedes", root.clone())]);
    }
}
