use crate::python;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an evaluation knows of a sample: labels, never pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who it shows; distractors keep labels that no query has.
    pub identity: i64,
    /// Which camera took it; −1 where there is none.
    pub camera: i64,
    /// The photograph it is or was made from; −1 where that is not known.
    pub image: i64,
}

/// Which gallery entries a query may see, and how CMC counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Drop entries with the query's identity and camera (Market-1501, MSMT17, CUHK03-NP).
    Market1501,
    /// Drop entries at the query's place, whoever they show; CMC counts identities (SYSU-MM01).
    #[serde(rename = "sysu-mm01")]
    SysuMm01,
    /// Drop entries with the query's identity and camera; CMC counts identities (LLCM).
    Llcm,
    /// Drop nothing (RegDB).
    Regdb,
    /// Drop nothing (text to image).
    Text,
    /// Drop entries with the query's identity and source photograph (Tri-CUHK-PEDES).
    Tri,
    /// Drop entries with the query's identity and camera; CMC is that of galleries of one random entry per identity, in
    /// expectation (CUHK03's classic splits).
    #[serde(rename = "cuhk03-classic")]
    Cuhk03Classic,
    /// Drop nothing.
    None,
}

/// Places of the SYSU-MM01 cameras 1..6: cameras 2 and 3 look into the same room.
const SYSU_PLACES: [i64; 6] = [1, 2, 2, 4, 5, 6];

fn sysu_place(camera: i64) -> i64 {
    usize::try_from(camera - 1).ok().and_then(|i| SYSU_PLACES.get(i)).copied().unwrap_or(camera)
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 8] = [
        Self::Market1501,
        Self::SysuMm01,
        Self::Llcm,
        Self::Regdb,
        Self::Text,
        Self::Tri,
        Self::Cuhk03Classic,
        Self::None,
    ];

    /// The protocol of that [`Self::name`].
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }

    /// The name used on the command line and in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Market1501 => "market1501",
            Self::SysuMm01 => "sysu-mm01",
            Self::Llcm => "llcm",
            Self::Regdb => "regdb",
            Self::Text => "text",
            Self::Tri => "tri",
            Self::Cuhk03Classic => "cuhk03-classic",
            Self::None => "none",
        }
    }

    /// Whether `query` may see `entry`.
    #[must_use]
    pub fn sees(self, query: &Entry, entry: &Entry) -> bool {
        match self {
            Self::Market1501 | Self::Llcm | Self::Cuhk03Classic => {
                query.identity != entry.identity || query.camera != entry.camera
            }
            Self::SysuMm01 => sysu_place(query.camera) != sysu_place(entry.camera),
            Self::Tri => query.identity != entry.identity || query.image != entry.image,
            Self::Regdb | Self::Text | Self::None => true,
        }
    }

    /// What the rule hides, in words.
    #[must_use]
    pub fn hides(self) -> &'static str {
        match self {
            Self::Market1501 | Self::Llcm | Self::Cuhk03Classic => {
                "entries of the same identity and camera"
            }
            Self::SysuMm01 => "entries at the same place",
            Self::Tri => "the photograph that the query is or was made from",
            Self::Regdb | Self::Text | Self::None => "nothing",
        }
    }

    /// Whether the rule compares cameras.
    #[must_use]
    pub fn needs_cameras(self) -> bool {
        matches!(self, Self::Market1501 | Self::SysuMm01 | Self::Llcm | Self::Cuhk03Classic)
    }

    /// Whether the rule compares source photographs.
    #[must_use]
    pub fn needs_images(self) -> bool {
        self == Self::Tri
    }

    /// Whether CMC is the expectation over galleries of one random entry per identity.
    #[must_use]
    pub fn samples_identities(self) -> bool {
        self == Self::Cuhk03Classic
    }

    /// Whether CMC is taken over the first occurrences of identities instead of over entries.
    #[must_use]
    pub fn counts_identities(self) -> bool {
        matches!(self, Self::SysuMm01 | Self::Llcm)
    }
}

/// Queries that have nothing to find, by the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Unmatched {
    /// The gallery does not show their identity.
    pub absent: usize,
    /// The gallery shows their identity, but the protocol hides every such entry from them.
    pub hidden: usize,
}

/// Counts the queries without a match. It needs labels alone, so it can be known before anything is embedded.
#[must_use]
pub fn unmatched(queries: &[Entry], gallery: &[Entry], protocol: Protocol) -> Unmatched {
    let mut by_identity: BTreeMap<i64, Vec<&Entry>> = BTreeMap::new();
    for entry in gallery {
        by_identity.entry(entry.identity).or_default().push(entry);
    }
    let mut found = Unmatched::default();
    for query in queries {
        match by_identity.get(&query.identity) {
            None => found.absent += 1,
            Some(entries) => {
                found.hidden +=
                    usize::from(!entries.iter().any(|entry| protocol.sees(query, entry)))
            }
        }
    }
    found
}

/// The single-shot gallery of a trial: one random entry per identity and camera.
///
/// Follows the de-facto Python draws of `mangye16/Cross-Modal-Re-ID-baseline` (`random.seed(trial)`, then
/// `random.choice` over the sorted files of every identity and, within it, of every camera of `cameras`). The entries
/// of one identity and camera must stand in the order of their file names. Returns indices into `gallery`.
#[must_use]
pub fn single_shot(gallery: &[Entry], cameras: &[i64], trial: u32) -> Vec<usize> {
    let mut groups: BTreeMap<(i64, usize), Vec<usize>> = BTreeMap::new();
    for (i, entry) in gallery.iter().enumerate() {
        if let Some(camera) = cameras.iter().position(|c| *c == entry.camera) {
            groups.entry((entry.identity, camera)).or_default().push(i);
        }
    }
    let mut random = python::Random::new(trial);
    groups.values().map(|members| members[random.below(members.len() as u32) as usize]).collect()
}
