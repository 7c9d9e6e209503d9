//! Calibration of a gallery with labelled feature files of its model.

use super::open::{check_model, model, with_writer};
use crate::embed::{Manifest, Row, unusable};
use crate::error::{Error, Result};
use crate::features::{self, FeatureFile};
use aio_data::checksum::Checksum;
use aio_eval::Protocol;
use aio_gallery::{Calibration, Gallery, Labelled, Method};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a gallery is calibrated with.
#[derive(Debug, Clone)]
pub struct CalibrationRequest {
    /// The gallery.
    pub gallery: PathBuf,
    /// Labelled features of queries, from `aio embed` with the gallery's model.
    pub queries: PathBuf,
    /// The other side of the pairs; the queries themselves if it is not given, or is the same file.
    pub against: Option<PathBuf>,
    /// The modalities of the queries that the curve is for, or [`Calibration::ANY`]; those that the feature file's manifest names if they are not given.
    pub modalities: Option<String>,
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
    let (queries, mut data, rows) = labelled(&request.queries, &gallery)?;
    let modalities = match &request.modalities {
        Some(any) if any == Calibration::ANY => any.clone(),
        named => modalities(&request.queries, &rows, named.as_deref())?,
    };
    let mut other = None;
    if let Some(path) = &request.against
        // A file against itself: its rows are compared with each other, and none with itself.
        && Checksum::of_file(path)? != Checksum::of_file(&request.queries)?
    {
        let (labelled, name, _) = labelled(path, &gallery)?;
        other = Some(labelled);
        data += &format!(" against {name}");
    }
    let calibration = aio_gallery::calibrate(&queries, other.as_ref(), request.method, data)?;
    with_writer(&request.gallery, |writer, _| {
        Ok(writer.set_calibration(&modalities, calibration.clone())?)
    })?;
    Ok(Fitted { gallery: request.gallery.clone(), modalities, calibration })
}

/// The modalities that all rows of a feature file were made from. A curve that was fitted on photographs is wrong for sentences and sketches, so that no
/// curve is for all queries unless somebody says so. `named` stands for those of rows that do not say what they are.
///
/// # Errors
/// [`Error`] naming the file, if its rows are of several kinds, are not what is named, or nothing says what they are.
fn modalities(path: &Path, rows: &[Row], named: Option<&str>) -> Result<String> {
    let mut found = BTreeSet::new();
    for (number, row) in rows.iter().enumerate() {
        let wrong = |e: Error| unusable(path, &format!("row {number}: {e}"));
        let modalities = row.modalities().map_err(wrong)?;
        if modalities.is_empty() {
            if let Some(named) = named {
                found.insert(named.to_owned());
                continue;
            }
            let manifest = Manifest::path(path);
            return Err(Error::user(
                format!("{}: row {number} does not say what it was made from", manifest.display()),
                "name the modalities of the queries, such as --modalities rgb or --modalities sketch+text",
            ));
        }
        found.insert(modalities.to_string());
    }
    let kinds: Vec<String> = found.into_iter().collect();
    match (&kinds[..], named) {
        ([kind], Some(named)) if kind != named => Err(Error::user(
            format!("{} holds queries of {kind}, and --modalities names {named}", path.display()),
            "a curve of one kind of query is wrong for another: leave out --modalities, or embed labelled queries of the kind that it names; --modalities any stands for all queries that have no curve of their own",
        )),
        ([kind], _) => Ok(kind.clone()),
        _ => Err(Error::user(
            format!("{} holds queries of several kinds: {}", path.display(), kinds.join(", ")),
            "embed each kind on its own, or name what the curve is for: --modalities any stands for all queries that have no curve of their own",
        )),
    }
}

/// Labelled features of the gallery's model, the file in words, and what its rows are.
fn labelled(path: &Path, gallery: &Gallery) -> Result<(Labelled, String, Vec<Row>)> {
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
    Ok((labelled, format!("{name} ({})", Checksum::of_file(path)?), manifest.rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::Modality;

    #[test]
    fn a_curve_is_for_what_all_rows_are() {
        let (photograph, sentence) =
            (Row::picture(Modality::Rgb, "a.jpg".into()), Row::sentence("a red coat"));
        let both = Row { text: Some("a red coat".into()), ..photograph.clone() };
        let of = |rows: &[&Row], named: Option<&str>| {
            let rows: Vec<Row> = rows.iter().map(|row| (*row).clone()).collect();
            modalities(Path::new("q.safetensors"), &rows, named)
        };
        assert_eq!(of(&[&photograph, &photograph], None).expect("photographs"), "rgb");
        assert_eq!(of(&[&both], None).expect("one kind"), "rgb+text");
        assert_eq!(of(&[&sentence], None).expect("sentences"), "text");
        // What is named agrees with the rows, or says what they do not say.
        let unknown = Row::default();
        for rows in [&[&photograph][..], &[&unknown], &[&unknown, &photograph]] {
            assert_eq!(of(rows, Some("rgb")).expect("photographs"), "rgb");
        }
        let several = "of several kinds: rgb, rgb+text, text";
        for (rows, named, problem) in [
            (&[&photograph, &sentence, &both][..], None, several),
            (&[&photograph, &sentence, &both], Some("text"), several),
            (&[&photograph, &unknown], None, "q.json: row 1 does not say what it was made from"),
            (&[&photograph], Some("text"), "holds queries of rgb, and --modalities names text"),
            (&[&photograph, &unknown], Some("text"), "of several kinds: rgb, text"),
        ] {
            let error = of(rows, named).expect_err(problem);
            assert!(error.to_string().contains(problem) && error.exit_code() == 2, "{error}");
            assert!(error.hint().is_some_and(|hint| hint.contains("--modalities")));
        }
    }
}
