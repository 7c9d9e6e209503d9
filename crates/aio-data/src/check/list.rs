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
        let directory = name.locate(&root).ok();
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
        text + &format!(
            "\nlooked below {}; datasets/README.md shows the expected trees\n",
            self.root.display()
        )
    }
}
