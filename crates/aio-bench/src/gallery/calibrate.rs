//! Calibration of a gallery with labelled feature files of its model.

use super::open::{check_model, model, with_writer};
use crate::embed::Manifest;
use crate::error::Result;
use crate::features::{self, FeatureFile};
use aio_data::checksum::Checksum;
use aio_eval::Protocol;
use aio_gallery::{Calibration, Gallery, Labelled, Method};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a gallery is calibrated with.
#[derive(Debug, Clone)]
pub struct CalibrationRequest {
    /// The gallery.
    pub gallery: PathBuf,
    /// Labelled features of queries, from `aio embed` with the gallery's model.
    pub queries: PathBuf,
    /// The other side of the pairs; the queries themselves if it is not given.
    pub against: Option<PathBuf>,
    /// The modalities of the queries, or [`Calibration::ANY`].
    pub modalities: String,
    /// How the curve is fitted.
    pub method: Method,
}

/// A calibration that was stored in a gallery.
#[derive(Debug, Clone, Serialize)]
pub struct Fitted {
    /// The gallery.
    pub gallery: PathBuf,
    /// The modalities of the queries that it is for.
    pub modalities: String,
    /// The calibration.
    pub calibration: Calibration,
}

/// Fits the probability that two rows show the same person and stores it in the gallery.
///
/// # Errors
/// [`Error`](crate::error::Error) naming the file that is not of the gallery's model, has no identities, or has too few people; as [`with_writer`].
pub fn calibrate(request: &CalibrationRequest) -> Result<Fitted> {
    let gallery = Gallery::open(&request.gallery)?;
    let (queries, mut data) = labelled(&request.queries, &gallery)?;
    let mut other = None;
    if let Some(path) = &request.against {
        let (labelled, name) = labelled(path, &gallery)?;
        other = Some(labelled);
        data += &format!(" against {name}");
    }
    let calibration = aio_gallery::calibrate(&queries, other.as_ref(), request.method, data)?;
    with_writer(&request.gallery, |writer, _| {
        Ok(writer.set_calibration(&request.modalities, calibration.clone())?)
    })?;
    Ok(Fitted {
        gallery: request.gallery.clone(),
        modalities: request.modalities.clone(),
        calibration,
    })
}

/// Labelled features of the gallery's model, and the file in words.
fn labelled(path: &Path, gallery: &Gallery) -> Result<(Labelled, String)> {
    let stored = features::read(path)?;
    let manifest = Manifest::read(path, stored.features.rows(), stored.manifest.as_deref())?;
    let tag = model(&manifest.model, &manifest.weights, manifest.import, &manifest.preprocessing)?;
    check_model(gallery, "the calibration's feature file", &tag)?;
    let FeatureFile { features, entries } = FeatureFile::read(path, Protocol::None)?;
    let values: Vec<f32> = features.view().iter().copied().collect();
    let identities: Vec<i64> = entries.iter().map(|entry| entry.identity.0).collect();
    // A negative number stands for a camera that is not known.
    let cameras: Vec<i64> =
        entries.iter().map(|entry| entry.camera.map_or(-1, |camera| camera.0)).collect();
    let labelled = Labelled::new(&values, features.width(), &identities, Some(&cameras))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok((labelled, format!("{name} ({})", Checksum::of_file(path)?)))
}
