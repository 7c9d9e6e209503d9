use crate::Modality;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A person, unique within one data set. Junk and distractors keep the data set's own negative or zero labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub i64);

/// A camera, numbered as the data set numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Camera(pub i64);

/// The photograph that a sample is, or that a drawing or caption was made from, unique within one data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourcePhoto(pub i64);

/// What a sample holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A picture on disk.
    Image(PathBuf),
    /// A sentence.
    Caption(String),
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
}

/// The part of a data set that a sample belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// One of several test splits: indices of its queries and of its gallery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Indices into [`Dataset::query`].
    pub query: Vec<usize>,
    /// Indices into [`Dataset::gallery`].
    pub gallery: Vec<usize>,
}

/// The samples of a data set by split, in a fixed order.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// Name, as in `market1501`.
    pub name: String,
    /// Training samples.
    pub train: Vec<Sample>,
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

    /// Number of distinct identities in a split.
    #[must_use]
    pub fn identities(&self, split: Split) -> usize {
        self.split(split).iter().map(|s| s.identity).collect::<BTreeSet<_>>().len()
    }
}

impl Sample {
    /// The path of a picture, or `None` for a caption.
    #[must_use]
    pub fn path(&self) -> Option<&std::path::Path> {
        match &self.content {
            Content::Image(path) => Some(path),
            Content::Caption(_) => None,
        }
    }

    /// The sentence of a caption, or `None` for a picture.
    #[must_use]
    pub fn caption(&self) -> Option<&str> {
        match &self.content {
            Content::Image(_) => None,
            Content::Caption(text) => Some(text),
        }
    }
}
