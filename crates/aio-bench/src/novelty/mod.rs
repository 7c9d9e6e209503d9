//! Whether a picture looks like nothing that a model was trained on.
//!
//! Rendered pictures of people give statistics, per modality: how far the directions of features lie from their mean, as Mahalanobis distances (Lee et
//! al., "A simple unified framework for detecting out-of-distribution samples and adversarial attacks", NeurIPS 2018, who use several layers) with the
//! covariance of Ledoit and Wolf (2004); the same for the responses of the first convolution of the stem, which see edges and colours; and how long
//! features are before they are scaled to length 1: those of unknown pictures are shorter (Park et al., "Understanding the feature norm for
//! out-of-distribution detection", ICCV 2023). The sum of the three is a choice of this project: neither paper combines them. docs/serve.md states what is
//! detected and what is not.

mod cloud;
mod evidence;
mod fit;
mod linear;
mod lists;
mod measure;
#[cfg(test)]
mod tests;

pub use measure::{Measured, NoveltyRequest, measure};

use crate::embed::Row;
use crate::error::Result;
use aio_data::picture;
use aio_gallery::Gallery;
use aio_model::Extractor;
use aio_types::{Modality, Observation, Picture, PictureSize};
use cloud::Cloud;
use evidence::{Evidence, Judged, evidence};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// How unlike the training a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Novelty {
    /// Relative to the threshold: the stated share of rendered pictures has 1 or more.
    pub value: f64,
    /// Whether the value is 1 or more.
    pub is_unlike: bool,
}

/// The judged parts of a query, by modality.
pub type Novelties = BTreeMap<String, Novelty>;

/// A sentence for every picture of a query that is unlike the model's training.
pub(crate) fn warnings(novelties: Option<&Novelties>, query: &Row) -> Vec<String> {
    let unlike = novelties.into_iter().flatten().filter(|(_, novelty)| novelty.is_unlike);
    let sentence = |(modality, novelty): (&String, &Novelty)| {
        let path = query.pictures.get(modality);
        let name = path.map_or(String::new(), |path| format!(" {}", path.display()));
        format!(
            "the {modality} picture{name} is unlike the rendered pictures that the model was trained on ({:.1}, where 1 is unusual): do not rely on its list",
            novelty.value
        )
    };
    unlike.map(sentence).collect()
}

/// The version of the file; a program refuses others.
const VERSION: u32 = 2;

/// What is known of the pictures of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    version: u32,
    /// SHA-256 of the model's weights.
    model: String,
    /// The pictures, in words.
    data: String,
    /// Share of rendered pictures of an unseen style whose value is 1 or more.
    share: f64,
    modalities: BTreeMap<Modality, OfModality>,
}

/// What is known of the pictures of one modality.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfModality {
    /// Pictures that it was fitted on.
    pictures: usize,
    /// The directions of features.
    directions: Cloud,
    /// Mean and standard deviation of the lengths of features.
    length: [f32; 2],
    /// The responses of the first convolution.
    responses: Cloud,
    /// The score whose value is 1.
    threshold: f32,
}

/// How much a short feature counts beside the distance, both in standard deviations. Chosen by hand among 0.5, 1 and 2.
const WEIGHT_OF_LENGTH: f64 = 2.0;

/// With 64 bits per value.
fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// A direction of length 1 and the length that the feature had.
fn polar(features: &[f32]) -> (Vec<f64>, f64) {
    let features = wide(features);
    let length = features.iter().map(|v| v * v).sum::<f64>().sqrt();
    let scale = 1.0 / length.max(f64::MIN_POSITIVE);
    (features.iter().map(|v| v * scale).collect(), length)
}

/// Mean and standard deviation of a number.
#[derive(Debug, Clone, Copy)]
struct Moments {
    mean: f64,
    deviation: f64,
}

impl Moments {
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        Self { mean, deviation: variance.sqrt() }
    }

    /// As a file holds them.
    fn stored(self) -> [f32; 2] {
        [self.mean as f32, self.deviation as f32]
    }

    fn read([mean, deviation]: [f32; 2]) -> Self {
        Self { mean: f64::from(mean), deviation: f64::from(deviation) }
    }

    /// How many standard deviations a value is above the mean.
    fn standard(self, value: f64) -> f64 {
        (value - self.mean) / self.deviation
    }
}

/// The score of a picture: the standard distances of its direction and of its responses, and its length among the lengths of others.
fn score(direction: f64, length: f64, lengths: Moments, responses: f64) -> f64 {
    let short = -lengths.standard(length);
    direction + responses + WEIGHT_OF_LENGTH * short.max(0.0)
}

impl OfModality {
    fn novelty(&self, evidence: &Evidence) -> Novelty {
        let (direction, length) = polar(&evidence.features);
        let direction = self.directions.standard_distance(&direction);
        let responses = self.responses.standard_distance(&wide(&evidence.responses));
        let score = score(direction, length, Moments::read(self.length), responses);
        let value = score / f64::from(self.threshold);
        Novelty { value, is_unlike: value >= 1.0 }
    }
}

/// The statistics of the program's trained model. `aio weights novelty` wrote them.
const SHIPPED: &str = include_str!("../../assets/novelty-default.json");

impl Statistics {
    /// The statistics of the model with this SHA-256; none are known of most models.
    #[must_use]
    pub fn of(model: &str) -> Option<&'static Self> {
        static KNOWN: OnceLock<Option<Statistics>> = OnceLock::new();
        let known = KNOWN.get_or_init(|| Self::parsed(SHIPPED).ok());
        known.as_ref().filter(|known| known.model == model)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it.
    fn parsed(text: &str) -> std::result::Result<Self, String> {
        let read: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if read.version != VERSION {
            return Err(format!("version {}, expected {VERSION}", read.version));
        }
        for (modality, of) in &read.modalities {
            if !of.directions.is_consistent() || !of.responses.is_consistent() {
                return Err(format!("{modality}: a mean and a covariance of different sizes"));
            }
        }
        Ok(read)
    }

    /// Share of rendered pictures of an unseen style whose value is 1 or more.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.share
    }

    /// The value of a picture of a modality; none if nothing is known of the modality.
    fn novelty(&self, modality: Modality, evidence: &Evidence) -> Option<Novelty> {
        let of = self.modalities.get(&modality)?;
        let fits = of.directions.width() == evidence.features.len()
            && of.responses.width() == evidence.responses.len();
        fits.then(|| of.novelty(evidence))
    }

    /// How many pictures are unlike.
    fn count_unlike(&self, extractor: &Extractor, judged: &[Judged]) -> Result<usize> {
        let evidence = evidence(extractor, judged)?;
        let pairs = judged.iter().zip(&evidence);
        let novelties = pairs.filter_map(|(of, evidence)| self.novelty(of.modality, evidence));
        Ok(novelties.filter(|novelty| novelty.is_unlike).count())
    }

    /// Whether anything is known of a modality.
    fn knows(&self, modality: Modality) -> bool {
        self.modalities.contains_key(&modality)
    }
}

/// The values of every picture of every query, which may have its features already; none if nothing is known of the model.
///
/// # Errors
/// [`Error`](crate::error::Error) if a picture cannot be embedded.
pub(crate) fn novelties(
    model: &str,
    extractor: &Extractor,
    queries: &[(&Observation<Picture>, Option<&[f32]>)],
) -> Result<Vec<Option<Novelties>>> {
    let Some(statistics) = Statistics::of(model) else { return Ok(vec![None; queries.len()]) };
    let (mut places, mut judged) = (Vec::new(), Vec::new());
    for (index, (query, features)) in queries.iter().enumerate() {
        // The features of a picture alone are those of the query.
        let is_alone = query.pictures.len() == 1 && query.caption.is_none();
        let features = features.filter(|_| is_alone);
        for (modality, picture) in query.pictures.iter().filter(|(m, _)| statistics.knows(*m)) {
            places.push(index);
            judged.push(Judged { modality: *modality, picture, features });
        }
    }
    let mut found = vec![Novelties::new(); queries.len()];
    let evidence = evidence(extractor, &judged)?;
    for ((index, of), evidence) in places.into_iter().zip(judged).zip(&evidence) {
        if let Some(novelty) = statistics.novelty(of.modality, evidence) {
            found[index].insert(of.modality.name().to_owned(), novelty);
        }
    }
    Ok(found.into_iter().map(Some).collect())
}

/// What a sample of the pictures of a gallery says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct GalleryNovelty {
    /// Pictures that were judged.
    pub sampled: usize,
    /// Share of them that are unlike the training.
    pub value: f64,
    /// The share among rendered pictures.
    pub expected: f64,
    /// Whether the share is at least four times what is expected.
    pub is_unlike: bool,
}

/// Pictures of a gallery that are judged.
const SAMPLED: usize = 64;
/// Fewer say too little.
const FEWEST_SAMPLED: usize = 16;
/// How many times the expected share is unlike.
const TIMES: f64 = 4.0;

/// Pictures of a gallery that lie evenly among all.
pub(crate) struct Sample {
    statistics: &'static Statistics,
    pictures: Vec<(Modality, Picture)>,
}

impl Sample {
    /// Thumbnails of rows, resized for the model; none if nothing is known of the model, or too few rows have one. This walks through the whole table, and
    /// takes seconds in a gallery of a million rows.
    ///
    /// # Errors
    /// [`Error`](crate::error::Error) if the gallery's table is damaged.
    pub(crate) fn of(model: &str, size: PictureSize, gallery: &Gallery) -> Result<Option<Self>> {
        let Some(statistics) = Statistics::of(model) else { return Ok(None) };
        let every = gallery.len().div_ceil(SAMPLED).max(1);
        let mut pictures = Vec::new();
        for found in gallery.records().step_by(every) {
            let (row, record) = found?;
            let Ok(modality) = record.modality.parse::<Modality>() else { continue };
            if !statistics.knows(modality) {
                continue;
            }
            let decoded = picture::decode(gallery.thumbnail(row));
            let picture = decoded.ok().and_then(|image| picture::resized(&image, size).ok());
            let Some(picture) = picture else { continue };
            pictures.push((modality, picture));
        }
        Ok((pictures.len() >= FEWEST_SAMPLED).then_some(Self { statistics, pictures }))
    }

    /// Judges them.
    ///
    /// # Errors
    /// [`Error`](crate::error::Error) if a picture cannot be embedded.
    pub(crate) fn judge(&self, extractor: &Extractor) -> Result<GalleryNovelty> {
        let judged =
            self.pictures.iter().map(|(modality, picture)| Judged::new(*modality, picture));
        let judged: Vec<Judged> = judged.collect();
        let (sampled, unlike) = (judged.len(), self.statistics.count_unlike(extractor, &judged)?);
        let (value, expected) = (unlike as f64 / sampled as f64, self.statistics.share);
        Ok(GalleryNovelty { sampled, value, expected, is_unlike: value >= TIMES * expected })
    }
}
