use crate::DatasetName;
use aio_types::Modality;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A data set that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub modalities: &'static [Modality],
    /// Where it lies, if it does.
    pub directory: Option<PathBuf>,
}

/// The published data sets, and where each lies below the root.
#[must_use]
pub fn known(root: &Path) -> Vec<Known> {
    let found = |name: DatasetName| Known {
        name: name.name(),
        modalities: name.info().modalities,
        directory: name.locate(root).ok(),
    };
    DatasetName::ALL.into_iter().map(found).collect()
}

/// What is known, and what of it lies below the root, as text.
#[must_use]
pub fn list(root: &Path) -> String {
    let mut text = String::new();
    for Known { name, modalities, directory } in known(root) {
        let modalities: Vec<&str> = modalities.iter().map(|modality| modality.name()).collect();
        let place = directory.map_or("not found".to_owned(), |path| path.display().to_string());
        text += &format!("{name:<24} {:<42} {place}\n", modalities.join(" "));
    }
    text += &format!("{:<24} {:<42} NAME.csv or NAME.parquet\n", "table:NAME", "any");
    text + &format!(
        "\nlooked below {}; datasets/README.md shows the expected trees\n",
        root.display()
    )
}
