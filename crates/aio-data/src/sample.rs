use crate::index::Indexed;
use crate::label::LabelNames;
use aio_eval::Entry;
use aio_types::{Camera, Clothes, Identity, Modality, SourcePhoto};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a sample holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A picture on disk.
    Image(PathBuf),
    /// A sentence.
    Caption(String),
}

impl Content {
    /// The path of a picture, or `None` for a sentence.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Image(path) => Some(path),
            Self::Caption(_) => None,
        }
    }

    /// The words of a sentence, or `None` for a picture.
    #[must_use]
    pub fn caption(&self) -> Option<&str> {
        match self {
            Self::Image(_) => None,
            Self::Caption(text) => Some(text),
        }
    }
}

/// The path or the sentence, for messages.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(path) => path.display().fmt(f),
            Self::Caption(text) => f.write_str(text),
        }
    }
}

/// One observation of one person in one modality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Who is shown or described.
    pub identity: Identity,
    /// Which camera took it, where the data set says so.
    pub camera: Option<Camera>,
    /// How the person is described.
    pub modality: Modality,
    /// The picture or sentence.
    pub content: Content,
    /// The photograph it is, or was made from, where the data set says so.
    pub source: Option<SourcePhoto>,
    /// Attribute words that the data set lists for it (SYNTH-PEDES); empty elsewhere.
    pub attributes: Vec<String>,
    /// Who drew it, where the data set says so (A to F in Market-Sketch-1K, a to e in PKU-Sketch).
    pub artist: Option<char>,
    /// What the person wears, where the data set says so (OmniReID's lists).
    pub clothes: Option<Clothes>,
}

/// The part of a data set that a sample belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// For training.
    Train,
    /// For choosing between models, where the data set has such a part.
    Validation,
    /// Test queries.
    Query,
    /// Test gallery.
    Gallery,
}

impl Split {
    /// Every part, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Train, Self::Validation, Self::Query, Self::Gallery];

    /// The name used in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Query => "query",
            Self::Gallery => "gallery",
        }
    }

    /// The split of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|split| split.name() == name)
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One of several test splits: indices of its queries and of its gallery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Indices into the queries.
    pub query: Vec<usize>,
    /// Indices into the gallery.
    pub gallery: Vec<usize>,
}

impl Trial {
    /// The one trial of a test without splits: all queries against the whole gallery.
    #[must_use]
    pub fn of_all(queries: usize, gallery: usize) -> Self {
        Self { query: (0..queries).collect(), gallery: (0..gallery).collect() }
    }

    /// The same test with query and gallery exchanged.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { query: self.gallery.clone(), gallery: self.query.clone() }
    }
}

/// The samples of a data set by split, in a fixed order.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// Name, as in `market1501`.
    pub name: String,
    /// Training samples.
    pub train: Vec<Sample>,
    /// Training photographs that are too many to be held as samples (SYNTH-PEDES, prepared).
    pub indexed: Option<Arc<Indexed>>,
    /// Validation samples, empty where the data set has no such part.
    pub validation: Vec<Sample>,
    /// Test queries.
    pub query: Vec<Sample>,
    /// Test gallery.
    pub gallery: Vec<Sample>,
    /// Published test splits (PKU-Sketch has ten); empty where there is one test set.
    pub trials: Vec<Trial>,
    /// Published query combinations by key (ORBench); each is a list of indices into `query`.
    pub combinations: BTreeMap<String, Vec<Vec<usize>>>,
    /// Further pictures of the queries, for multi-query evaluation (Market-1501's `gt_bbox`).
    pub more: Vec<Sample>,
    /// The official galleries over which a protocol averages, where the data set brings them (SYSU-MM01's permutations).
    pub permutations: Option<PathBuf>,
    /// What people and cameras are called, where the data set does not number them (own tables).
    pub names: Arc<LabelNames>,
}

impl Dataset {
    /// The samples of one split.
    #[must_use]
    pub fn split(&self, split: Split) -> &[Sample] {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Query => &self.query,
            Split::Gallery => &self.gallery,
        }
    }

    /// The samples of one split, to change them.
    pub(crate) fn split_mut(&mut self, split: Split) -> &mut Vec<Sample> {
        match split {
            Split::Train => &mut self.train,
            Split::Validation => &mut self.validation,
            Split::Query => &mut self.query,
            Split::Gallery => &mut self.gallery,
        }
    }

    /// Number of distinct identities in a split.
    #[must_use]
    pub fn identities(&self, split: Split) -> usize {
        self.split(split).iter().map(|s| s.identity).collect::<BTreeSet<_>>().len()
    }
}

impl Sample {
    /// A sample of which nothing but its content and identity is known.
    #[must_use]
    pub fn new(identity: i64, modality: Modality, content: Content) -> Self {
        Self {
            identity: Identity(identity),
            camera: None,
            modality,
            content,
            source: None,
            attributes: Vec::new(),
            artist: None,
            clothes: None,
        }
    }

    /// A picture.
    #[must_use]
    pub fn picture(identity: i64, modality: Modality, path: PathBuf) -> Self {
        Self::new(identity, modality, Content::Image(path))
    }

    /// A sentence.
    #[must_use]
    pub fn sentence(identity: i64, text: impl Into<String>) -> Self {
        Self::new(identity, Modality::Text, Content::Caption(text.into()))
    }

    /// The same sample, taken by `camera`.
    #[must_use]
    pub fn taken_by(self, camera: i64) -> Self {
        Self { camera: Some(Camera(camera)), ..self }
    }

    /// The same sample, being or made from the photograph `source`.
    #[must_use]
    pub fn made_from(self, source: i64) -> Self {
        Self { source: Some(SourcePhoto(source)), ..self }
    }

    /// The same sample, of a person who wears `clothes`.
    #[must_use]
    pub fn wearing(self, clothes: i64) -> Self {
        Self { clothes: Some(Clothes(clothes)), ..self }
    }

    /// The labels that an evaluation compares.
    #[must_use]
    pub fn entry(&self) -> Entry {
        let Self { identity, camera, source, clothes, .. } = *self;
        Entry { camera, source, clothes, ..Entry::of(identity) }
    }

    /// The photograph that it is or was made from, where the data set says so. A number of [`Self::source`] is one photograph of one person: data
    /// sets count anew in every part, and tables for every person.
    #[must_use]
    pub fn photograph(&self) -> Option<(Identity, SourcePhoto)> {
        Some((self.identity, self.source?))
    }

    /// The path of a picture, or `None` for a caption.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.content.path()
    }

    /// The sentence of a caption, or `None` for a picture.
    #[must_use]
    pub fn caption(&self) -> Option<&str> {
        self.content.caption()
    }
}
