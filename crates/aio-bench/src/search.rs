//! Search: the ranked list of a gallery for any combination of a photograph, an infrared picture, a sketch, a drawing
//! and a sentence.

use crate::embed::{self, BLOCK, Manifest, Model, ModelSource, Row};
use crate::error::{Error, Result};
use crate::features::{self, StoredFeatures};
use crate::markdown::{self, Align};
use crate::novelty::{Novelties, novelties, warnings};
use crate::overwrite;
use crate::report::{self, RankedList, Retrieved};
use aio_data::Label;
use aio_encoder::weights::Preprocessing;
use aio_eval::{Entry, Features, Metric, Protocol, Ranking, Ties, distances};
use aio_train::{Progress, StopFlag};
use aio_types::{Identity, Modality};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What is searched for, and where.
#[derive(Debug, Clone)]
pub struct Request {
    /// A folder of photographs, or a feature file with its manifest.
    pub gallery: PathBuf,
    /// The query: any combination of pictures and a sentence.
    pub query: Row,
    /// Length of the list.
    pub top: usize,
    /// A PNG file for a drawing of the query and its list.
    pub picture: Option<PathBuf>,
    /// The model; for a feature file, the one that made it.
    pub model: ModelSource,
}

/// A query and the gallery entries that are nearest to it.
#[derive(Debug, Clone, Serialize)]
pub struct Ranked {
    query: Row,
    /// How unlike the model's training each picture of the query is; null if nothing is known of the model.
    novelty: Option<Novelties>,
    /// Entries of the gallery.
    gallery: usize,
    /// Nearest first.
    results: Vec<Found>,
}

#[derive(Debug, Clone, Serialize)]
struct Found {
    rank: usize,
    /// Cosine of query and entry.
    similarity: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Label>,
}

/// A gallery and what its rows are.
struct Gallery {
    rows: Vec<Row>,
    /// `[rows, width]`.
    features: Features,
}

/// What a signal stops.
const SEARCHING: &str = "searching";

/// Ranks the gallery for the query, and draws the list if the request names a file for it.
///
/// # Errors
/// [`Error`] naming the file that cannot be used, or a gallery that another model embedded; [`Error::Cancelled`] after a signal.
pub fn run(request: &Request) -> Result<Ranked> {
    ranked(request).map_err(Error::with_nothing_kept)
}

fn ranked(request: &Request) -> Result<Ranked> {
    let Request { gallery: place, query, .. } = request;
    if query.pictures.is_empty() && query.text.is_none() {
        return Err(Error::user(
            "nothing to look for",
            "give --text, --rgb, --infrared, --sketch or --colour-pencil, or several of them",
        ));
    }
    if !place.exists() {
        return Err(Error::user(
            format!("the gallery {} does not exist", place.display()),
            "name a folder of photographs, a feature file that `aio embed` wrote, a gallery, or a postgres:// address",
        ));
    }
    let stop = StopFlag::on_signals()?;
    let model = request.model.open()?;
    let photographs = if place.is_dir() { embed::pictures(place, Modality::Rgb)? } else { vec![] };
    check_picture(request, &photographs)?;
    let gallery = if place.is_dir() {
        folder(photographs, &model, &stop)?
    } else {
        let gallery = stored(place, &model, request)?;
        check_picture(request, &gallery.rows)?;
        gallery
    };
    stop.check(SEARCHING)?;
    let input = embed::inputs(&[query], &model.extractor)?;
    let embedded = embed::of_inputs(&input, &model.extractor, |_| query.name())?.remove(0);
    let judged = [(&input[0], Some(&embedded[..]))];
    let novelty = novelties(&model.sha256, &model.extractor, &judged)?.remove(0);
    let results = rank(&gallery, embedded, request.top)?;
    if let Some(path) = &request.picture {
        draw(path, query, &results)?;
    }
    Ok(Ranked { query: query.clone(), novelty, gallery: gallery.rows.len(), results })
}

/// Refuses to draw the list over the gallery that is searched or a picture of one of its rows, shown or not, into a folder that is searched, and under a
/// name that is none of a PNG file.
fn check_picture(request: &Request, rows: &[Row]) -> Result<()> {
    let Request { gallery, query, picture: Some(path), .. } = request else { return Ok(()) };
    let (manifest, model) = (Manifest::path(gallery), request.model.file());
    let pictures = rows.iter().chain([query]).flat_map(|row| row.pictures.values());
    let inputs = pictures.chain([gallery, &manifest, &model]).map(PathBuf::as_path);
    overwrite::check("--picture", path, inputs)?;
    if gallery.is_dir() && overwrite::is_inside(path, gallery) {
        let (list, folder) = (path.display(), gallery.display());
        return Err(Error::user(
            format!(
                "--picture {list}: it would be written into the folder {folder}, and the next search would find it as a photograph"
            ),
            "name a file outside of the folder with --picture",
        ));
    }
    overwrite::check_ending("--picture", path, "png")
}

/// Embeds the photographs of a folder.
fn folder(rows: Vec<Row>, model: &Model, stop: &StopFlag) -> Result<Gallery> {
    let width = model.extractor.width();
    let progress = Progress::new("embedding gallery", rows.len(), "pictures");
    let mut values = Vec::with_capacity(rows.len() * width);
    for block in rows.chunks(BLOCK) {
        stop.check(SEARCHING)?;
        values.extend(embed::embed(block, &model.extractor)?.into_iter().flatten());
        progress.inc(block.len());
    }
    progress.finish();
    let features = Features::new("the gallery", rows.len(), width, values)?;
    Ok(Gallery { rows, features })
}

/// A gallery that `aio embed` wrote, with its manifest.
fn stored(path: &Path, model: &Model, request: &Request) -> Result<Gallery> {
    let StoredFeatures { features, manifest } = features::read(path)?;
    let manifest = Manifest::read(path, features.rows(), manifest.as_deref())?;
    if manifest.weights != model.sha256 {
        let Manifest { model: name, weights, .. } = &manifest;
        return Err(embed::unusable(
            path,
            &format!(
                "the gallery was embedded with `{name}` (sha256 {weights}), the query would be with weights of sha256 {}",
                model.sha256
            ),
        ));
    }
    if manifest.import != request.model.import {
        return Err(Error::user(
            format!(
                "{}: the gallery's model was read with other settings",
                Manifest::path(path).display()
            ),
            "give the --layout, --heads, --quick-gelu, --text-encoder and --normalisation of `aio embed` again",
        ));
    }
    let prepared = model.extractor.preprocessing();
    if manifest.preprocessing != *prepared {
        let Preprocessing { mean, std, .. } = &manifest.preprocessing;
        return Err(Error::user(
            format!(
                "{}: the gallery's pictures were prepared with mean {mean:?} and standard deviation {std:?}, the query's would be with {:?} and {:?}",
                Manifest::path(path).display(),
                prepared.mean,
                prepared.std
            ),
            format!(
                "the name of a file of weights can decide this: name it `{}` again",
                manifest.model
            ),
        ));
    }
    Ok(Gallery { rows: manifest.rows, features })
}

/// The entries nearest to the query by cosine, at most `top`; equal ones in the order of the gallery.
fn rank(gallery: &Gallery, query: Vec<f32>, top: usize) -> Result<Vec<Found>> {
    let Gallery { rows, features } = gallery;
    let query = Features::new("the query", 1, query.len(), query)?;
    let distances = distances(&query, features, Metric::Cosine)?;
    // Without a protocol labels do not matter.
    let unlabelled = Entry::of(Identity(0));
    let entries = vec![unlabelled; rows.len()];
    let ranking =
        Ranking::new(&unlabelled, &entries, &distances, Protocol::None, Ties::Stable, top);
    let mut results = Vec::with_capacity(ranking.nearest.len());
    for (index, (row, _)) in ranking.nearest.iter().enumerate() {
        results.push(found(index + 1, 1.0 - distances[*row], &rows[*row]));
    }
    Ok(results)
}

fn found(rank: usize, similarity: f32, row: &Row) -> Found {
    let path =
        row.pictures.get(Modality::Rgb.name()).or_else(|| row.pictures.values().next()).cloned();
    Found { rank, similarity, path, text: row.text.clone(), identity: row.identity.clone() }
}

impl Ranked {
    /// A sentence for every picture of the query that is unlike the model's training.
    pub(crate) fn warnings(&self) -> Vec<String> {
        warnings(self.novelty.as_ref(), &self.query)
    }

    /// The list as a Markdown table.
    #[must_use]
    pub fn text(&self) -> String {
        let columns =
            [("rank", Align::Right), ("similarity", Align::Right), ("entry", Align::Left)];
        let row = |found: &Found| {
            let path = found.path.as_ref().map(|path| path.display().to_string());
            let entry = path.or_else(|| found.text.clone()).unwrap_or_default();
            let identity = found.identity.as_ref();
            let identity = identity.map_or(String::new(), |id| format!(" (identity {id})"));
            let entry = format!("{entry}{identity}");
            vec![found.rank.to_string(), format!("{:.4}", found.similarity), entry]
        };
        markdown::table(&columns, &self.results.iter().map(row).collect::<Vec<_>>())
    }
}

fn draw(path: &Path, query: &Row, found: &[Found]) -> Result<()> {
    let list = RankedList {
        pictures: query.shown_pictures()?,
        caption: query.text.clone(),
        retrieved: found
            .iter()
            .filter_map(|f| Some((Retrieved::Picture(f.path.clone()?), None)))
            .collect(),
        average_precision: 0.0,
    };
    report::picture(path, "search", &[list])
}
