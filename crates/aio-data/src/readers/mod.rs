//! Readers: one file per data set, each documenting the published tree that it expects.
//!
//! A reader checks file names and rows, reports the first thing that is wrong by name, and opens no picture. What is
//! known of a data set beside its samples is its [`Card`].

mod cuhk03;
mod cuhk_pedes;
mod icfg_pedes;
pub(crate) mod list;
mod llcm;
mod market;
mod market_sketch_1k;
pub mod matlab;
mod msmt17;
mod omni_reid;
mod orbench;
mod pku_sketch;
mod regdb;
mod rstp_reid;
pub mod synth_pedes;
pub mod sysu_mm01;
pub mod table;

use crate::{DataError, Dataset, Result, Split};
use aio_types::Modality;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{LazyLock, Mutex};

/// What is known of a data set beside its samples.
#[derive(Debug)]
pub struct Card {
    /// The name used in configuration files and task names.
    pub name: &'static str,
    /// What it holds.
    pub modalities: &'static [Modality],
    /// The published tree, as the hint of an error shows it.
    pub layout: &'static str,
    /// Folders under the data root in which it is looked for, in this order.
    pub folders: &'static [&'static str],
    /// Files or folders one of which every copy has.
    pub markers: &'static [&'static str],
    /// Published counts; empty where none are.
    pub counts: &'static [Count],
    /// Terms of use, and where it comes from.
    pub terms: &'static str,
    /// Collections of people that it shows: data sets that share one show some of the same people.
    pub people: &'static [&'static str],
    /// Data sets of one family share their people and their division into training and test.
    pub family: &'static str,
    read: fn(&Path) -> Result<Dataset>,
}

/// A published count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The part.
    pub split: Split,
    /// The modality.
    pub modality: Modality,
    /// Samples of it.
    pub samples: usize,
    /// Their identities, where published.
    pub identities: Option<usize>,
}

const fn count(split: Split, modality: Modality, samples: usize, identities: usize) -> Count {
    Count { split, modality, samples, identities: Some(identities) }
}

/// The data sets that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DatasetName {
    /// Market-1501: RGB.
    Market1501,
    /// Market-1501 with 500,000 distractors in the gallery.
    Market1501Plus500k,
    /// DukeMTMC-reID: RGB. Withdrawn by its authors; the format lives on.
    DukeMtmcReId,
    /// MSMT17, first version: RGB.
    Msmt17,
    /// MSMT17, second version, with masked faces.
    Msmt17V2,
    /// CUHK03, new protocol, detected boxes.
    Cuhk03NpDetected,
    /// CUHK03, new protocol, hand-drawn boxes.
    Cuhk03NpLabeled,
    /// CUHK03, 20 classic splits, detected boxes.
    Cuhk03ClassicDetected,
    /// CUHK03, 20 classic splits, hand-drawn boxes.
    Cuhk03ClassicLabeled,
    /// SYSU-MM01: RGB and infrared.
    SysuMm01,
    /// RegDB: RGB and thermal; a split from 1 to 10, or 0 for all ten test splits without training.
    RegDb(u8),
    /// LLCM: RGB and near infrared.
    Llcm,
    /// PKU-Sketch: RGB and sketch; a split from 1 to 10, or 0 for all ten test splits without training.
    PkuSketch(u8),
    /// Market-Sketch-1K: RGB and sketch in six styles.
    MarketSketch1k,
    /// CUHK-PEDES: RGB and text.
    CuhkPedes,
    /// ICFG-PEDES: RGB and text.
    IcfgPedes,
    /// RSTPReid: RGB and text.
    RstpReid,
    /// CUHK-PEDES with one sketch per photograph.
    TriCuhkPedes,
    /// ICFG-PEDES with one sketch per photograph.
    TriIcfgPedes,
    /// RSTPReid with one sketch per photograph.
    TriRstpReid,
    /// SYNTH-PEDES: RGB, text and attributes, for training.
    SynthPedes,
    /// ORBench: five modalities.
    OrBench,
    /// Lists in the form of Instruct-ReID's OmniReID.
    OmniReId,
    /// One CSV or Parquet file with the user's own data, `table:NAME`.
    Table(&'static str),
}

/// Names of the splits of RegDB and PKU-Sketch.
const REGDB: [&str; 11] = [
    "regdb", "regdb-1", "regdb-2", "regdb-3", "regdb-4", "regdb-5", "regdb-6", "regdb-7",
    "regdb-8", "regdb-9", "regdb-10",
];
const PKU: [&str; 11] = [
    "pku-sketch",
    "pku-sketch-1",
    "pku-sketch-2",
    "pku-sketch-3",
    "pku-sketch-4",
    "pku-sketch-5",
    "pku-sketch-6",
    "pku-sketch-7",
    "pku-sketch-8",
    "pku-sketch-9",
    "pku-sketch-10",
];

impl DatasetName {
    /// Every published data set, those with ten splits once.
    pub const ALL: [Self; 23] = [
        Self::Market1501,
        Self::Market1501Plus500k,
        Self::DukeMtmcReId,
        Self::Msmt17,
        Self::Msmt17V2,
        Self::Cuhk03NpDetected,
        Self::Cuhk03NpLabeled,
        Self::Cuhk03ClassicDetected,
        Self::Cuhk03ClassicLabeled,
        Self::SysuMm01,
        Self::RegDb(0),
        Self::Llcm,
        Self::PkuSketch(0),
        Self::MarketSketch1k,
        Self::CuhkPedes,
        Self::IcfgPedes,
        Self::RstpReid,
        Self::TriCuhkPedes,
        Self::TriIcfgPedes,
        Self::TriRstpReid,
        Self::SynthPedes,
        Self::OrBench,
        Self::OmniReId,
    ];

    /// What is known of the data set.
    #[must_use]
    pub fn card(self) -> &'static Card {
        match self {
            Self::Market1501 => &market::MARKET1501,
            Self::Market1501Plus500k => &market::MARKET1501_500K,
            Self::DukeMtmcReId => &market::DUKE,
            Self::Msmt17 => &msmt17::V1,
            Self::Msmt17V2 => &msmt17::V2,
            Self::Cuhk03NpDetected => &cuhk03::NP_DETECTED,
            Self::Cuhk03NpLabeled => &cuhk03::NP_LABELED,
            Self::Cuhk03ClassicDetected => &cuhk03::CLASSIC_DETECTED,
            Self::Cuhk03ClassicLabeled => &cuhk03::CLASSIC_LABELED,
            Self::SysuMm01 => &sysu_mm01::CARD,
            Self::RegDb(_) => &regdb::CARD,
            Self::Llcm => &llcm::CARD,
            Self::PkuSketch(_) => &pku_sketch::CARD,
            Self::MarketSketch1k => &market_sketch_1k::CARD,
            Self::CuhkPedes => &cuhk_pedes::CARD,
            Self::IcfgPedes => &icfg_pedes::CARD,
            Self::RstpReid => &rstp_reid::CARD,
            Self::TriCuhkPedes => &cuhk_pedes::TRI,
            Self::TriIcfgPedes => &icfg_pedes::TRI,
            Self::TriRstpReid => &rstp_reid::TRI,
            Self::SynthPedes => &synth_pedes::CARD,
            Self::OrBench => &orbench::CARD,
            Self::OmniReId => &omni_reid::CARD,
            Self::Table(_) => &table::CARD,
        }
    }

    /// The name used in configuration files and task names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RegDb(split) => REGDB[usize::from(split)],
            Self::PkuSketch(split) => PKU[usize::from(split)],
            Self::Table(name) => name,
            other => other.card().name,
        }
    }

    /// The data set's folder under `root`, or `root` itself where its files lie there directly; of a table, its file.
    ///
    /// # Errors
    /// [`DataError::Missing`] naming what was expected.
    pub fn locate(self, root: &Path) -> Result<PathBuf> {
        if let Self::Table(name) = self {
            return table::locate(name, root);
        }
        let card = self.card();
        let complete =
            |directory: &PathBuf| card.markers.iter().any(|marker| directory.join(marker).exists());
        let found =
            card.folders.iter().map(|f| root.join(f)).chain([root.to_path_buf()]).find(complete);
        found.ok_or_else(|| {
            let folder =
                card.folders.iter().map(|f| root.join(f)).find(|directory| directory.is_dir());
            let path = folder.map_or_else(
                || root.join(card.folders[0]),
                |directory| directory.join(card.markers[0]),
            );
            DataError::Missing { dataset: self.name(), path, layout: card.layout }
        })
    }

    /// Reads the data set below the data root `root`.
    ///
    /// # Errors
    /// [`DataError`] naming the folder, file, row or key that is wrong.
    pub fn open(self, root: &Path) -> Result<Dataset> {
        let directory = self.locate(root)?;
        let mut dataset = match self {
            Self::RegDb(split @ 1..) => regdb::read_split(&directory, split)?,
            Self::PkuSketch(split @ 1..) => pku_sketch::read_split(&directory, split)?,
            _ => (self.card().read)(&directory)?,
        };
        dataset.name = self.name().to_owned();
        Ok(dataset)
    }

    /// Whether training on `self` and testing on `tested` shows the model some of the same people.
    #[must_use]
    pub fn leaks_into(self, tested: Self) -> bool {
        let (a, b) = (self.card(), tested.card());
        a.family != b.family && a.people.iter().any(|p| b.people.contains(p))
    }
}

impl fmt::Display for DatasetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no data set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown data set `{0}`")]
pub struct UnknownDataset(pub String);

impl FromStr for DatasetName {
    type Err = UnknownDataset;

    fn from_str(text: &str) -> std::result::Result<Self, UnknownDataset> {
        let split = |names: &[&str]| names.iter().position(|n| *n == text).map(|i| i as u8);
        let known = Self::ALL.into_iter().find(|d| d.name() == text);
        let known = known
            .or_else(|| split(&REGDB).map(Self::RegDb))
            .or_else(|| split(&PKU).map(Self::PkuSketch));
        known
            .or_else(|| table::is_name(text).then(|| Self::Table(interned(text))))
            .ok_or_else(|| UnknownDataset(text.to_owned()))
    }
}

/// The same text for as long as the program runs: names of tables are few, and a data set's name is copied everywhere.
fn interned(text: &str) -> &'static str {
    static NAMES: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut names = NAMES.lock().expect("no thread panics while it interns");
    if let Some(known) = names.get(text) {
        return known;
    }
    let leaked: &'static str = Box::leak(text.to_owned().into_boxed_str());
    names.insert(leaked);
    leaked
}

impl Serialize for DatasetName {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for DatasetName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|e: UnknownDataset| {
            let known = Self::ALL.map(Self::name).join(", ");
            serde::de::Error::custom(format!("{e}; known are {known}, and table:NAME"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_back_and_cards_are_complete() {
        for name in
            DatasetName::ALL.into_iter().chain([DatasetName::RegDb(10), DatasetName::PkuSketch(3)])
        {
            assert_eq!(name.name().parse(), Ok(name));
            let card = name.card();
            assert!(
                !card.folders.is_empty()
                    && !card.markers.is_empty()
                    && !card.terms.is_empty()
                    && !card.layout.is_empty(),
                "{name}"
            );
        }
        let table: DatasetName = "table:my-shop".parse().expect("a table");
        assert_eq!(table, "table:my-shop".parse().expect("the same table"));
        assert_eq!(table.name(), "table:my-shop");
        for wrong in ["market1502", "regdb-11", "table:", "table:../x"] {
            assert!(wrong.parse::<DatasetName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn leaks_are_known_and_symmetric() {
        use DatasetName::*;
        for (trained, tested, leaks) in [
            (MarketSketch1k, Market1501, true),
            (CuhkPedes, Market1501, true),
            (CuhkPedes, Cuhk03NpDetected, true),
            (IcfgPedes, Msmt17, true),
            (RstpReid, IcfgPedes, true),
            (OrBench, SysuMm01, true),
            (OrBench, Llcm, true),
            (Market1501, Market1501Plus500k, false),
            (TriCuhkPedes, CuhkPedes, false),
            (Llcm, SysuMm01, false),
            (SynthPedes, Market1501, false),
        ] {
            assert_eq!(trained.leaks_into(tested), leaks, "{trained} {tested}");
            assert_eq!(tested.leaks_into(trained), leaks, "{tested} {trained}");
        }
    }
}
