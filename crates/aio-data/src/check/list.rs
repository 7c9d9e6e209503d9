use crate::DatasetName;
use aio_types::Modality;
use serde::Serialize;
use std::path::PathBuf;

/// The data sets that can be read, and which of them are below a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct List {
    root: PathBuf,
    datasets: Vec<Known>,
}

/// A data set that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Known {
    name: &'static str,
    modalities: &'static [Modality],
    /// Its directory, if it was found.
    directory: Option<PathBuf>,
}

/// Looks for every published data set below `root`.
#[must_use]
pub fn list(root: PathBuf) -> List {
    let known = |name: DatasetName| Known {
        name: name.name(),
        modalities: name.info().modalities,
        directory: name.locate(&root).ok(),
    };
    let datasets = DatasetName::ALL.into_iter().map(known).collect();
    List { root, datasets }
}

impl List {
    /// The list as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Known { name, modalities, directory } in &self.datasets {
            let modalities: Vec<&str> = modalities.iter().map(|m| m.name()).collect();
            let place =
                directory.as_ref().map_or("not found".to_owned(), |d| d.display().to_string());
            text += &format!("{name:<24} {:<42} {place}\n", modalities.join(" "));
        }
        text += &format!("{:<24} {:<42} NAME.csv or NAME.parquet\n", "table:NAME", "any");
        text + &format!(
            "\nlooked below {}; datasets/README.md shows the expected trees\n",
            self.root.display()
        )
    }
}
