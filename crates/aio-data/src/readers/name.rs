//! Names of data sets: parsing, printing, finding and opening.

use super::{Count, DatasetName, LeftOut, Splits, market_sketch_1k, table};
use crate::{Dataset, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{LazyLock, Mutex};

impl DatasetName {
    /// The name used in configuration files and task names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MarketSketch1k(left_out) => left_out.name(),
            Self::Table(name) => name,
            other => match other.split() {
                Some((number, splits)) => splits.names[usize::from(number)],
                None => other.info().name,
            },
        }
    }

    /// The splits of the data set, and the number of the one that the name stands for; 0 for all of them.
    fn split(self) -> Option<(u8, &'static Splits)> {
        self.split_number().zip(self.info().splits)
    }

    /// The data set with all splits together and with each; itself if it has none.
    fn of_every_split(self) -> impl Iterator<Item = Self> {
        let count = self.info().splits.map_or(1, |splits| splits.names.len() as u8);
        (0..count).map(move |number| self.with_split(number))
    }

    /// The data set's folder under `root`, or `root` itself where its files lie there directly; of a table, its file.
    ///
    /// # Errors
    /// [`crate::DataError::Missing`] naming what was expected; [`crate::DataError::Request`] naming two files of one table.
    pub fn locate(self, root: &Path) -> Result<PathBuf> {
        match self {
            Self::Table(name) => table::locate(name, root),
            published => published.info().locate(published.name(), root),
        }
    }

    /// Whether nothing of the data set is below `root`: it cannot be located, and none of the folders in which it is looked for is there.
    #[must_use]
    pub fn is_gone(self, root: &Path) -> bool {
        let is_there = match self {
            Self::Table(name) => table::is_there(name, root),
            published => published.info().folders.iter().any(|folder| root.join(folder).exists()),
        };
        !is_there && self.locate(root).is_err()
    }

    /// Reads the data set below the data root `root`.
    ///
    /// # Errors
    /// [`crate::DataError`] naming the folder, file, row or key that is wrong.
    pub fn open(self, root: &Path) -> Result<Dataset> {
        let directory = self.locate(root)?;
        let mut dataset = match self {
            Self::MarketSketch1k(
                left_out @ (LeftOut::MarketTests | LeftOut::MarketAndCuhkTests),
            ) => market_sketch_1k::read_variant(&directory, left_out, root)?,
            _ => match self.split() {
                Some((number @ 1.., splits)) => (splits.read)(&directory, number)?,
                _ => (self.info().read)(&directory)?,
            },
        };
        dataset.name = self.name().to_owned();
        Ok(dataset)
    }

    /// Published counts of the data set, or of the one split of it that the name stands for; empty where none are.
    #[must_use]
    pub fn counts(self) -> &'static [Count] {
        match self.split() {
            Some((1.., splits)) => splits.counts,
            _ => self.info().counts,
        }
    }

    /// Whether training on `self` and testing on `tested` shows the model some of the same people.
    #[must_use]
    pub fn leaks_into(self, tested: Self) -> bool {
        let (a, b) = (self.info(), tested.info());
        let left_out = self.leaves_out().iter().any(|other| other.info().family == b.family);
        let shared = a.family != b.family && a.people.iter().any(|p| b.people.contains(p));
        self.divides_otherwise(tested) || (shared && !left_out)
    }

    /// The data sets whose test people this one leaves out of every part. They have to lie below the same data root.
    #[must_use]
    pub fn leaves_out(self) -> &'static [Self] {
        match self {
            Self::MarketSketch1k(left_out) => left_out.tested(),
            _ => &[],
        }
    }

    /// Name of the people whom its identities number: data sets of one family share it, and every table has its own.
    #[must_use]
    pub fn population(self) -> &'static str {
        match self {
            // What tables have in common is their form.
            Self::Table(name) => name,
            published => published.info().family,
        }
    }

    /// The other splits of a data set that has several, and the name of all of them: each tests people whom this one shows.
    #[must_use]
    pub fn other_splits(self) -> Vec<Self> {
        self.of_every_split().filter(|other| *other != self).collect()
    }

    /// Whether both are splits of one data set that divide its people otherwise: whom one trains on, another tests.
    #[must_use]
    pub fn divides_otherwise(self, other: Self) -> bool {
        self != other && self.of_every_split().any(|split| split == other)
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

impl UnknownDataset {
    /// What was probably meant: a data set with a similar name, or a table of one's own.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let named = table::plain(&self.0);
        // Behind a point is the ending of its file, or what is searched in a task.
        let own = table::name_of(named.split('.').next().unwrap_or(named));
        let own = Some(own).filter(|name| table::is_name(name));
        if named.len() < self.0.len() {
            return Some(match own {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the table is called `table:NAME`, and {}", table::NAME_RULE),
            });
        }
        let near = aio_types::nearest(&self.0, DatasetName::ALL.map(DatasetName::name));
        match (near, own) {
            (Some(near), Some(own)) => {
                Some(format!("did you mean `{near}`? A table of your own is called `{own}`"))
            }
            (Some(near), None) => Some(format!("did you mean `{near}`?")),
            (None, Some(own)) => Some(format!(
                "a table of your own is called `{own}`; `aio data list` lists the data sets"
            )),
            (None, None) => None,
        }
    }
}

impl FromStr for DatasetName {
    type Err = UnknownDataset;

    fn from_str(text: &str) -> std::result::Result<Self, UnknownDataset> {
        let published = Self::ALL.into_iter().flat_map(Self::of_every_split);
        let mut known = published.chain(LeftOut::ALL.map(Self::MarketSketch1k));
        known
            .find(|dataset| dataset.name() == text)
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
    fn names_are_parsed_back_and_infos_are_complete() {
        let variants = [DatasetName::RegDb(10), DatasetName::PkuSketch(3)]
            .into_iter()
            .chain(LeftOut::ALL.map(DatasetName::MarketSketch1k));
        for name in DatasetName::ALL.into_iter().chain(variants) {
            assert_eq!(name.name().parse(), Ok(name));
            let info = name.info();
            assert!(
                !info.folders.is_empty()
                    && !info.markers.is_empty()
                    && !info.terms.is_empty()
                    && !info.layout.is_empty(),
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
    fn a_table_of_one_s_own_is_named_where_a_name_is_not_known() {
        let hint = |text: &str| text.parse::<DatasetName>().expect_err(text).hint();
        for (text, expected) in [
            ("people", "a table of your own is called `table:people`; `aio data list`"),
            ("people.csv", "a table of your own is called `table:people`; `aio data list`"),
            ("table:people.csv", "did you mean `table:people`?"),
            ("table:people.rgb-rgb", "did you mean `table:people`?"),
            ("table:my people", "NAME has letters, digits, - and _ alone"),
            ("market-1501", "did you mean `market1501`? A table of your own is called `table:m"),
        ] {
            let found = hint(text).expect(text);
            assert!(found.contains(expected), "{text}: {found}");
        }
        assert_eq!(hint("../x y"), None);
    }

    #[test]
    fn leaks_are_known_and_symmetric() {
        use DatasetName::*;
        for (trained, tested, leaks) in [
            (MarketSketch1k(LeftOut::Nobody), Market1501, true),
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
            (RegDb(3), RegDb(3), false),
            (RegDb(3), RegDb(4), true),
            (RegDb(3), RegDb(0), true),
            (PkuSketch(1), PkuSketch(2), true),
            (PkuSketch(1), RegDb(2), false),
        ] {
            assert_eq!(trained.leaks_into(tested), leaks, "{trained} {tested}");
            assert_eq!(tested.leaks_into(trained), leaks, "{tested} {trained}");
        }
    }
}
