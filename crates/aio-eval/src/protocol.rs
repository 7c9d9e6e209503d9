use crate::python;
use aio_types::{Camera, Clothes, Identity, SourcePhoto};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The labels of a sample that an evaluation compares.
///
/// A camera, source or clothes that are not known are equal to nothing, and not to others that are not known either. An identity
/// below 0 is not known either: Market-1501 numbers junk −1, and no query has that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Who is shown; distractors keep labels that no query has.
    pub identity: Identity,
    /// Which camera took it, where known.
    pub camera: Option<Camera>,
    /// The photograph that it is or was made from, where known.
    pub source: Option<SourcePhoto>,
    /// A second photograph that a query was made from, where its parts were made from two.
    pub second_source: Option<SourcePhoto>,
    /// What the person wears, where known.
    pub clothes: Option<Clothes>,
}

impl Entry {
    /// A sample of which nothing but the identity is known.
    #[must_use]
    pub const fn of(identity: Identity) -> Self {
        Self { identity, camera: None, source: None, second_source: None, clothes: None }
    }

    /// Whether both show one person, who is known.
    #[must_use]
    pub fn shows_the_person_of(&self, other: &Self) -> bool {
        self.identity.is_known() && self.identity == other.identity
    }
}

/// Which gallery entries are junk for a query, and how CMC counts.
///
/// Junk is left out of the ranking: it is neither a match nor a non-match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Junk: the query's identity and camera (Market-1501, MSMT17, CUHK03-NP).
    Market1501,
    /// Junk: the query's place, whoever is shown; CMC counts identities (SYSU-MM01).
    #[serde(rename = "sysu-mm01")]
    SysuMm01,
    /// Junk: the query's identity and camera; CMC counts identities (LLCM).
    Llcm,
    /// No junk (RegDB).
    Regdb,
    /// No junk (text to image).
    Text,
    /// Junk: the query's identity and source photograph (Tri-CUHK-PEDES).
    Tri,
    /// Junk: the query's identity and camera; CMC is the expectation over galleries of one random entry per identity
    /// (CUHK03's classic splits).
    #[serde(rename = "cuhk03-classic")]
    Cuhk03Classic,
    /// Junk: the query's identity with the query's camera or the query's clothes (LTCC, PRCC).
    ClothesChanging,
    /// No junk.
    None,
}

/// Market-1501's junk rule (Zheng et al., ICCV 2015): the query's identity, photographed by the query's camera.
///
/// Such an entry is too easy, often the next frame of the same video. Other people at the same camera stay in the
/// ranking.
fn same_identity_and_camera(query: &Entry, entry: &Entry) -> bool {
    query.shows_the_person_of(entry) && are_the_same(query.camera, entry.camera)
}

/// SYSU-MM01's junk rule (Wu et al., ICCV 2017): entries at the query's place, whoever they show.
fn same_place(query: &Entry, entry: &Entry) -> bool {
    are_the_same(query.camera.map(sysu_place), entry.camera.map(sysu_place))
}

/// The Tri- data sets' junk rule (Chen et al., CVPR 2023): the photograph that the query was made from, and the second one if there
/// are two.
fn same_source(query: &Entry, entry: &Entry) -> bool {
    let is_source = |source| are_the_same(source, entry.source);
    query.shows_the_person_of(entry) && (is_source(query.source) || is_source(query.second_source))
}

/// The clothes-changing rule of LTCC (Qian et al., ACCV 2020), as `evaluate_with_clothes` of Gu et al. (CVPR 2022) has it: the query's
/// identity at the query's camera, and the query's identity in the query's clothes.
fn same_camera_or_clothes(query: &Entry, entry: &Entry) -> bool {
    same_identity_and_camera(query, entry)
        || query.shows_the_person_of(entry) && are_the_same(query.clothes, entry.clothes)
}

/// Whether two labels are known and equal.
fn are_the_same<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
    a.is_some() && a == b
}

/// The place of a SYSU-MM01 camera: cameras 2 and 3 look into the same room, every other camera has a place of its own.
fn sysu_place(camera: Camera) -> Camera {
    if camera == Camera(3) { Camera(2) } else { camera }
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 9] = [
        Self::Market1501,
        Self::SysuMm01,
        Self::Llcm,
        Self::Regdb,
        Self::Text,
        Self::Tri,
        Self::Cuhk03Classic,
        Self::ClothesChanging,
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
            Self::ClothesChanging => "clothes-changing",
            Self::None => "none",
        }
    }

    /// Whether `entry` is junk for `query`.
    #[must_use]
    pub fn is_junk(self, query: &Entry, entry: &Entry) -> bool {
        match self {
            Self::Market1501 | Self::Llcm | Self::Cuhk03Classic => {
                same_identity_and_camera(query, entry)
            }
            Self::SysuMm01 => same_place(query, entry),
            Self::Tri => same_source(query, entry),
            Self::ClothesChanging => same_camera_or_clothes(query, entry),
            Self::Regdb | Self::Text | Self::None => false,
        }
    }

    /// Whether junk may show other people than the query.
    pub(crate) fn hides_others(self) -> bool {
        self == Self::SysuMm01
    }

    /// What is junk, in words.
    #[must_use]
    pub fn junk(self) -> &'static str {
        match self {
            Self::Market1501 | Self::Llcm | Self::Cuhk03Classic => {
                "entries of the same identity and camera"
            }
            Self::SysuMm01 => "entries at the same place",
            Self::Tri => "the photographs that the query is or was made from",
            Self::ClothesChanging => {
                "entries of the same identity and camera or the same identity and clothes"
            }
            Self::Regdb | Self::Text | Self::None => "nothing",
        }
    }

    /// Whether the rule compares cameras.
    #[must_use]
    pub fn needs_cameras(self) -> bool {
        use Protocol::{ClothesChanging, Cuhk03Classic, Llcm, Market1501, SysuMm01};
        matches!(self, Market1501 | SysuMm01 | Llcm | Cuhk03Classic | ClothesChanging)
    }

    /// Whether the rule knows the camera by its number: SYSU-MM01's knows cameras 1 to 6, of which 2 and 3 are at one place; others know any.
    #[must_use]
    pub fn knows(self, camera: Camera) -> bool {
        self != Self::SysuMm01 || (1..=6).contains(&camera.0)
    }

    /// Whether the rule compares source photographs.
    #[must_use]
    pub fn needs_sources(self) -> bool {
        self == Self::Tri
    }

    /// Whether the rule compares clothes.
    #[must_use]
    pub fn needs_clothes(self) -> bool {
        self == Self::ClothesChanging
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

/// Numbers of queries without a match, by the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Unmatched {
    /// The gallery does not show their identity.
    pub absent: usize,
    /// The gallery shows their identity, but every such entry is junk.
    #[serde(rename = "hidden")]
    pub only_junk: usize,
}

impl Unmatched {
    /// Queries without a match.
    #[must_use]
    pub fn total(self) -> usize {
        self.absent + self.only_junk
    }

    /// Why these queries have no match under `protocol`, in words; `None` if every query has one.
    #[must_use]
    pub fn explain(self, protocol: Protocol) -> Option<String> {
        let Self { absent, only_junk } = self;
        let mut reasons = Vec::new();
        if absent > 0 {
            reasons.push(format!("{absent} show people whom the gallery does not show"));
        }
        if only_junk > 0 {
            let (name, junk) = (protocol.name(), protocol.junk());
            reasons
                .push(format!("of {only_junk} the protocol `{name}` hides every match ({junk})"));
        }
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

/// Counts the queries without a match. It needs labels alone, so it can be known before anything is embedded.
#[must_use]
pub fn unmatched(queries: &[Entry], gallery: &[Entry], protocol: Protocol) -> Unmatched {
    let mut by_identity: BTreeMap<Identity, Vec<&Entry>> = BTreeMap::new();
    for entry in gallery {
        by_identity.entry(entry.identity).or_default().push(entry);
    }
    let mut found = Unmatched::default();
    for query in queries {
        match by_identity.get(&query.identity).filter(|_| query.identity.is_known()) {
            None => found.absent += 1,
            Some(entries) if entries.iter().all(|entry| protocol.is_junk(query, entry)) => {
                found.only_junk += 1;
            }
            Some(_) => {}
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
pub fn single_shot(gallery: &[Entry], cameras: &[Camera], trial: u32) -> Vec<usize> {
    let mut groups: BTreeMap<(Identity, usize), Vec<usize>> = BTreeMap::new();
    for (i, entry) in gallery.iter().enumerate() {
        if let Some(camera) = cameras.iter().position(|c| Some(*c) == entry.camera) {
            groups.entry((entry.identity, camera)).or_default().push(i);
        }
    }
    let mut random = python::Random::new(trial);
    groups.values().map(|members| members[random.below(members.len() as u32) as usize]).collect()
}
