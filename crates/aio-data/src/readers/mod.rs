//! Readers: one file per data set, each documenting the published tree that it expects.
//!
//! A reader checks file names and rows, reports the first thing that is wrong by name, and opens no picture.

mod cuhk_pedes;
mod llcm;
mod market1501;
mod market_sketch_1k;
mod orbench;
mod pku_sketch;
mod synth_pedes;
mod sysu_mm01;

use crate::{DataError, Dataset, Result, fs};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// The data sets that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetName {
    /// Market-1501: RGB.
    Market1501,
    /// SYSU-MM01: RGB and infrared.
    #[serde(rename = "sysu-mm01")]
    SysuMm01,
    /// PKU-Sketch: RGB and sketch.
    PkuSketch,
    /// CUHK-PEDES: RGB and text.
    CuhkPedes,
    /// Tri-CUHK-PEDES: CUHK-PEDES with one sketch per photograph.
    TriCuhkPedes,
    /// SYNTH-PEDES: RGB, text and attributes, for training.
    SynthPedes,
    /// LLCM: RGB and near infrared.
    Llcm,
    /// Market-Sketch-1K: RGB and sketch in six styles.
    #[serde(rename = "market-sketch-1k")]
    MarketSketch1k,
    /// ORBench: five modalities.
    #[serde(rename = "orbench")]
    OrBench,
}

impl DatasetName {
    /// Every data set.
    pub const ALL: [Self; 9] = [
        Self::Market1501,
        Self::SysuMm01,
        Self::PkuSketch,
        Self::CuhkPedes,
        Self::TriCuhkPedes,
        Self::SynthPedes,
        Self::Llcm,
        Self::MarketSketch1k,
        Self::OrBench,
    ];

    /// The name used in configuration files and task names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Market1501 => "market1501",
            Self::SysuMm01 => "sysu-mm01",
            Self::PkuSketch => "pku-sketch",
            Self::CuhkPedes => "cuhk-pedes",
            Self::TriCuhkPedes => "tri-cuhk-pedes",
            Self::SynthPedes => "synth-pedes",
            Self::Llcm => "llcm",
            Self::MarketSketch1k => "market-sketch-1k",
            Self::OrBench => "orbench",
        }
    }

    /// The published tree, as the hint of an error shows it.
    #[must_use]
    pub fn layout(self) -> &'static str {
        match self {
            Self::Market1501 => market1501::LAYOUT,
            Self::SysuMm01 => sysu_mm01::LAYOUT,
            Self::PkuSketch => pku_sketch::LAYOUT,
            Self::CuhkPedes => cuhk_pedes::LAYOUT,
            Self::TriCuhkPedes => cuhk_pedes::TRI_LAYOUT,
            Self::SynthPedes => synth_pedes::LAYOUT,
            Self::Llcm => llcm::LAYOUT,
            Self::MarketSketch1k => market_sketch_1k::LAYOUT,
            Self::OrBench => orbench::LAYOUT,
        }
    }

    /// Folders under the data root in which the data set is looked for, in this order.
    #[must_use]
    pub fn folders(self) -> &'static [&'static str] {
        match self {
            Self::Market1501 => &["Market-1501-v15.09.15", "market1501/Market-1501-v15.09.15", "market1501", "Market-1501"],
            Self::SysuMm01 => &["SYSU-MM01", "sysu-mm01"],
            Self::PkuSketch => &["PKUSketchRE-ID_V1", "PKU-Sketch", "pku-sketch"],
            Self::CuhkPedes | Self::TriCuhkPedes => &["CUHK-PEDES", "cuhk-pedes"],
            Self::SynthPedes => &["SYNTH-PEDES", "synth-pedes"],
            Self::Llcm => &["LLCM", "llcm"],
            Self::MarketSketch1k => &["MaSk1K", "Market-Sketch-1K", "market-sketch-1k"],
            Self::OrBench => &["ORBench", "orbench"],
        }
    }

    /// The data set's folder under `root`, or `root` itself where its files lie there directly.
    ///
    /// # Errors
    /// [`DataError::Missing`] naming the folder that was expected.
    pub fn locate(self, root: &Path) -> Result<PathBuf> {
        let marker = self.marker();
        let found = self.folders().iter().map(|f| root.join(f)).chain([root.to_path_buf()]).find(|dir| dir.join(marker).exists());
        found.ok_or_else(|| {
            let folder = self.folders().iter().map(|f| root.join(f)).find(|dir| dir.is_dir());
            let path = folder.map_or_else(|| root.join(self.folders()[0]), |dir| dir.join(marker));
            DataError::Missing { dataset: self.name(), path, layout: self.layout() }
        })
    }

    /// A file or folder that every copy of the data set has.
    fn marker(self) -> &'static str {
        match self {
            Self::Market1501 => "bounding_box_test",
            Self::SysuMm01 => "exp/test_id.txt",
            Self::PkuSketch => "styleAnnotation",
            Self::CuhkPedes => "reid_raw.json",
            Self::TriCuhkPedes => "imgs-sketch2",
            Self::SynthPedes => "synthpedes_dataset.json",
            Self::Llcm => "idx/train_vis.txt",
            Self::MarketSketch1k => "sketch",
            Self::OrBench => "test_gallery_and_queries.json",
        }
    }

    /// Reads the data set below the data root `root`.
    ///
    /// # Errors
    /// [`DataError`] naming the folder, file, row or key that is wrong.
    pub fn open(self, root: &Path) -> Result<Dataset> {
        let directory = self.locate(root)?;
        let mut dataset = match self {
            Self::Market1501 => market1501::read(&directory),
            Self::SysuMm01 => sysu_mm01::read(&directory),
            Self::PkuSketch => pku_sketch::read(&directory),
            Self::CuhkPedes => cuhk_pedes::read(&directory, false),
            Self::TriCuhkPedes => cuhk_pedes::read(&directory, true),
            Self::SynthPedes => synth_pedes::read(&directory),
            Self::Llcm => llcm::read(&directory),
            Self::MarketSketch1k => market_sketch_1k::read(&directory),
            Self::OrBench => orbench::read(&directory),
        }?;
        dataset.name = self.name().to_owned();
        Ok(dataset)
    }
}

impl fmt::Display for DatasetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Image files of a folder in the order of their names.
fn images(dataset: DatasetName, directory: &Path) -> Result<Vec<PathBuf>> {
    if !directory.is_dir() {
        return Err(DataError::Missing { dataset: dataset.name(), path: directory.to_path_buf(), layout: dataset.layout() });
    }
    let is_image = |path: &PathBuf| path.extension().is_some_and(|e| ["jpg", "jpeg", "png", "bmp"].iter().any(|known| e.eq_ignore_ascii_case(known)));
    let found: Vec<PathBuf> = fs::sorted_entries(directory)?.into_iter().filter(is_image).collect();
    if found.is_empty() {
        return Err(DataError::Empty { dataset: dataset.name(), what: "images (*.jpg, *.png, *.bmp)", path: directory.to_path_buf() });
    }
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A path from a list file, checked to stay below `root` and to exist.
fn listed(list: &Path, row: usize, root: &Path, relative: &str) -> Result<PathBuf> {
    let problem = |problem: String| DataError::Row { path: list.to_path_buf(), row, problem };
    let plain = Path::new(relative).components().all(|c| matches!(c, std::path::Component::Normal(_)));
    if relative.is_empty() || !plain {
        return Err(problem(format!("`{relative}` is not a plain relative path")));
    }
    let path = root.join(relative);
    if !path.is_file() {
        return Err(problem(format!("the image {} does not exist", path.display())));
    }
    Ok(path)
}

/// Parses a JSON array of annotations one element at a time, so that an error names the element.
fn annotations<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = fs::read_to_string(path)?;
    let values: Vec<serde_json::Value> =
        serde_json::from_str(&text).map_err(|e| DataError::Parse { path: path.to_path_buf(), problem: e.to_string() })?;
    values
        .into_iter()
        .enumerate()
        .map(|(i, value)| serde_json::from_value(value).map_err(|e| DataError::Row { path: path.to_path_buf(), row: i + 1, problem: e.to_string() }))
        .collect()
}

/// The integers of a file with one comma-separated line.
fn comma_separated(path: &Path) -> Result<Vec<i64>> {
    let text = fs::read_to_string(path)?;
    text.trim()
        .split(',')
        .map(|field| {
            field.trim().parse().map_err(|_| DataError::Row {
                path: path.to_path_buf(),
                row: 1,
                problem: format!("`{field}` is not an identity number; one comma-separated line of integers is expected"),
            })
        })
        .collect()
}
