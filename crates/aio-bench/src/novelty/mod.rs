//! Whether a picture looks like nothing that a model was trained on.
//!
//! Rendered pictures of people give statistics of their features, per modality: how far the directions of features lie from their mean, as
//! Mahalanobis distances (Lee et al., "A simple unified framework for detecting out-of-distribution samples and adversarial attacks", NeurIPS
//! 2018) with the covariance of Ledoit and Wolf (2004), and how long features are before they are scaled to length 1: those of unknown pictures
//! are shorter (Park et al., "Understanding the feature norm for out-of-distribution detection", ICCV 2023). The sum of both is a *reconstruction*:
//! neither paper combines them. docs/serve.md states what is detected and what is not.

mod fit;
mod linear;
mod measure;
#[cfg(test)]
mod tests;

pub use measure::{Measured, NoveltyRequest, measure};

use crate::embed::{self, Row};
use crate::error::Result;
use aio_gallery::Gallery;
use aio_model::Extractor;
use aio_types::{Modality, Observation, Picture};
use linear::Triangle;
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
const VERSION: u32 = 1;

/// What is known of the features of a model.
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

/// What is known of the features of one modality.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfModality {
    /// Pictures that it was fitted on.
    pictures: usize,
    /// How much of the covariance is that of a sphere, by Ledoit and Wolf.
    shrinkage: f32,
    /// Mean and standard deviation of the distances of pictures of another style.
    distance: [f32; 2],
    /// Mean and standard deviation of the lengths of features.
    length: [f32; 2],
    /// The score whose value is 1.
    threshold: f32,
    /// The mean direction.
    mean: Vec<f32>,
    /// The inverse of the Cholesky factor of the covariance: it turns a difference from the mean into one whose length is the Mahalanobis distance.
    whitening: Triangle,
}

/// How much a short feature counts beside the distance, both in standard deviations. Chosen by hand among 0.5, 1 and 2.
const WEIGHT_OF_LENGTH: f64 = 2.0;

/// A direction of length 1 and the length that the feature had.
fn polar(features: &[f32]) -> (Vec<f64>, f64) {
    let length = features.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
    let scale = 1.0 / length.max(f64::MIN_POSITIVE);
    (features.iter().map(|v| f64::from(*v) * scale).collect(), length)
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

/// The score of a distance and a length.
fn score(distance: f64, length: f64, distances: Moments, lengths: Moments) -> f64 {
    let short = -lengths.standard(length);
    distances.standard(distance) + WEIGHT_OF_LENGTH * short.max(0.0)
}

impl OfModality {
    /// The value of features, as the model gives them, before they are scaled to length 1.
    fn novelty(&self, features: &[f32]) -> Novelty {
        let (direction, length) = polar(features);
        let mean = self.mean.iter().map(|v| f64::from(*v));
        let difference: Vec<f64> = direction.iter().zip(mean).map(|(v, mean)| v - mean).collect();
        let distance = self.whitening.length_of(&difference);
        let (distances, lengths) = (Moments::read(self.distance), Moments::read(self.length));
        let score = score(distance, length, distances, lengths);
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
            let rows = of.whitening.rows();
            if of.mean.len() != rows {
                return Err(format!("{modality}: a mean of {} values, {rows} rows", of.mean.len()));
            }
        }
        Ok(read)
    }

    /// Share of rendered pictures of an unseen style whose value is 1 or more.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.share
    }

    /// The value of features of a picture of a modality; none if nothing is known of the modality.
    #[must_use]
    pub fn novelty(&self, modality: Modality, features: &[f32]) -> Option<Novelty> {
        let of = self.modalities.get(&modality)?;
        (of.mean.len() == features.len()).then(|| of.novelty(features))
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
    let mut found: Vec<Option<Novelties>> = vec![Some(Novelties::new()); queries.len()];
    let mut set = |index: usize, modality: Modality, features: &[f32]| {
        let novelty = statistics.novelty(modality, features);
        if let (Some(of), Some(novelty)) = (&mut found[index], novelty) {
            of.insert(modality.name().to_owned(), novelty);
        }
    };
    let (mut places, mut alone) = (Vec::new(), Vec::new());
    for (index, (query, features)) in queries.iter().enumerate() {
        // The features of a picture alone are those of the query.
        if let ([(modality, _)], None, Some(features)) =
            (&query.pictures[..], &query.caption, features)
        {
            set(index, *modality, features);
            continue;
        }
        for (modality, picture) in query.pictures.iter().filter(|(m, _)| statistics.knows(*m)) {
            places.push((index, *modality));
            alone.push(Observation { pictures: vec![(*modality, picture.clone())], caption: None });
        }
    }
    let features = embed::of_inputs(&alone, extractor)?;
    for ((index, modality), features) in places.into_iter().zip(&features) {
        set(index, modality, features);
    }
    Ok(found)
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

/// Judges rows of a gallery that lie evenly among all, from their thumbnails; none if nothing is known of the model, or too few rows have one.
///
/// # Errors
/// [`Error`](crate::error::Error) if the gallery's table is damaged.
pub(crate) fn of_gallery(
    model: &str,
    extractor: &Extractor,
    gallery: &Gallery,
) -> Result<Option<GalleryNovelty>> {
    let Some(statistics) = Statistics::of(model) else { return Ok(None) };
    let every = gallery.len().div_ceil(SAMPLED).max(1);
    let size = extractor.preprocessing().size();
    let (mut modalities, mut inputs) = (Vec::new(), Vec::new());
    for found in gallery.records().step_by(every) {
        let (row, record) = found?;
        let Ok(modality) = record.modality.parse::<Modality>() else { continue };
        if !statistics.knows(modality) {
            continue;
        }
        let picture = aio_data::picture::decode(gallery.thumbnail(row));
        let picture = picture.and_then(|picture| aio_data::picture::resized(&picture, size));
        let Ok(picture) = picture else { continue };
        modalities.push(modality);
        inputs.push(Observation { pictures: vec![(modality, picture)], caption: None });
    }
    if inputs.len() < FEWEST_SAMPLED {
        return Ok(None);
    }
    let features = embed::of_inputs(&inputs, extractor)?;
    let judged = modalities.into_iter().zip(&features);
    let unlike = judged.filter_map(|(modality, f)| statistics.novelty(modality, f));
    let count = unlike.filter(|novelty| novelty.is_unlike).count();
    let value = count as f64 / inputs.len() as f64;
    let (expected, sampled) = (statistics.share, inputs.len());
    Ok(Some(GalleryNovelty { sampled, value, expected, is_unlike: value >= TIMES * expected }))
}
