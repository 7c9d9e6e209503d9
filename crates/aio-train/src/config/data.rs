use aio_data::synthesis::MadeInfrared;
use aio_synth::benchmark::Size;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Where data come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// Directory of the data sets. Relative paths start at the working directory.
    pub root: PathBuf,
    /// Whether the synthetic benchmark is rendered into `root` if it is not there.
    pub synthetic: bool,
    /// Seed of the synthetic benchmark.
    pub seed: u64,
    /// Identities in the synthetic benchmark.
    pub size: Size,
    /// Fraction of the training identities held out for validation. With train.select = "last", the last identities of the
    /// first data set, whose score is only logged. With "best", at least one person of every data set without `validation`
    /// rows, drawn with the seed, so that every modality that is trained from real samples is searched for.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 0.9))]
    pub validation_fraction: f64,
    /// Fraction of every data set's training identities that is used, drawn with the seed.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub identity_fraction: f64,
    /// What draws missing sketches: `line-filter` (XDoG), or the path of weights of the informative-drawings generator
    /// (docs/weights.md).
    pub sketch_generator: SketchSource,
    /// How missing infrared pictures are made from photographs.
    pub made_infrared: MadeInfrared,
    /// Whether real data sets may be tested although a training set shows some of the same people. Without it such an
    /// experiment is refused.
    pub allow_leakage: bool,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            root: "datasets/synthetic".into(),
            synthetic: true,
            seed: 0,
            size: Size::default(),
            validation_fraction: 0.1,
            identity_fraction: 1.0,
            sketch_generator: SketchSource::LineFilter,
            made_infrared: MadeInfrared::ChannelExchange,
            allow_leakage: false,
        }
    }
}

/// What draws missing sketches from photographs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String", inline)]
pub enum SketchSource {
    /// An XDoG line filter, written `line-filter`.
    #[default]
    LineFilter,
    /// The line generator of informative-drawings with the weights of this file.
    Network(PathBuf),
}

impl SketchSource {
    const LINE_FILTER: &str = "line-filter";

    /// The file that holds the generator's weights, if it has any.
    #[must_use]
    pub fn weights(&self) -> Option<&Path> {
        match self {
            Self::LineFilter => None,
            Self::Network(path) => Some(path),
        }
    }
}

impl From<String> for SketchSource {
    fn from(text: String) -> Self {
        if text == Self::LINE_FILTER { Self::LineFilter } else { Self::Network(text.into()) }
    }
}

impl From<SketchSource> for String {
    fn from(generator: SketchSource) -> Self {
        match generator {
            SketchSource::LineFilter => SketchSource::LINE_FILTER.to_owned(),
            SketchSource::Network(path) => path.display().to_string(),
        }
    }
}
