//! Searching a gallery for any combination of pictures, sentences, and rows of its own.

use super::contact_sheet;
use super::export::described;
use super::in_vain::in_vain;
use super::open::model_of;
use super::prepare::content_of;
use super::queries::{NamedQuery, title};
use super::searched::{Answered, Searched, Terms};
use crate::embed::{self, BLOCK, Model, ModelSource, Row};
use crate::error::{Error, Result};
use crate::novelty::{Novelties, novelties};
use crate::overwrite;
use aio_data::fs;
use aio_gallery::{
    Answer, Calibration, Collection, Content, Gallery, GalleryError, Group, Query, Scan,
};
use aio_stores::{Address, Store};
use aio_types::Modality;
use std::path::{Path, PathBuf};

/// Where a gallery is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A directory.
    Directory(PathBuf),
    /// A database.
    Database(Address),
}

/// What is searched for in which gallery.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// The gallery.
    pub gallery: Place,
    /// The rows of it that queries are compared with.
    pub scan: Scan,
    /// The queries.
    pub queries: Vec<NamedQuery>,
    /// What their lists may hold.
    pub terms: Terms,
    /// A PNG file for a drawing of the queries and their lists.
    pub picture: Option<PathBuf>,
    /// The model; it must be the gallery's.
    pub model: ModelSource,
}

/// A query that is embedded.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    pub(crate) query: &'a NamedQuery,
    pub(crate) embedded: Embedded,
    pub(crate) terms: &'a Terms,
}

/// What a model says of a query; nothing of one that only names rows of the gallery.
#[derive(Debug, Clone, Default)]
pub(crate) struct Embedded {
    pub(crate) features: Option<Vec<f32>>,
    /// How unlike the model's training its pictures are; none if nothing is known of the model.
    pub(crate) novelty: Option<Novelties>,
}

/// Refuses a query that holds nothing; `hint` says how to give it something.
pub(crate) fn check(query: &NamedQuery, hint: &str) -> Result<()> {
    if !query.is_embedded() && query.like.is_empty() {
        return Err(Error::user("nothing to look for", hint));
    }
    Ok(())
}

/// Searches a gallery, and draws the lists if the request names a file for them.
///
/// # Errors
/// [`Error`] naming the picture that cannot be read, both models if they differ, or what a query asks in vain.
pub fn search(request: &SearchRequest) -> Result<Searched> {
    let hint = "give --text, --rgb, --infrared, --sketch, --colour-pencil, --like or --queries";
    request.queries.iter().try_for_each(|query| check(query, hint))?;
    if let Some(path) = &request.picture {
        if let Place::Directory(directory) = &request.gallery {
            overwrite::check_outside("--picture", path, directory)?;
        }
        let pictures = request.queries.iter().flat_map(|query| query.row.pictures.values());
        let model = request.model.file();
        overwrite::check("--picture", path, pictures.chain([&model]).map(PathBuf::as_path))?;
        overwrite::check_ending("--picture", path, "png")?;
    }
    let gallery = Opened::new(request)?;
    if let (Some(path), Opened::Directory(gallery)) = (&request.picture, &gallery) {
        check_rows(path, gallery)?;
    }
    let model = request.model.open()?;
    let tag = model_of(&request.model, &model)?;
    gallery.check(&tag, request)?;
    let embedded = embedded(&request.queries, &model)?;
    let terms = &request.terms;
    let asked = request.queries.iter().zip(embedded);
    let asked: Vec<Asked> =
        asked.map(|(query, embedded)| Asked { query, embedded, terms }).collect();
    let searched = gallery.answered(&tag, &asked, request.scan)?;
    if let Opened::Directory(gallery) = &gallery {
        let warnings = in_vain(gallery, terms, &request.queries)?;
        warnings.iter().for_each(|warning| log::warn!("{warning}"));
    }
    if let (Some(path), Opened::Directory(gallery)) = (&request.picture, &gallery) {
        contact_sheet::draw(path, gallery, &searched.answers)?;
    }
    Ok(searched)
}

/// Refuses to draw the lists over a picture that a row was made from, whether the lists show it or not.
fn check_rows(picture: &Path, gallery: &Gallery) -> Result<()> {
    // Nothing can be lost, and the tables need not be read.
    if !picture.is_file() {
        return Ok(());
    }
    let hash = blake3::hash(&fs::read(picture)?);
    for found in gallery.records_of(|_: &Content| true) {
        let (content, record) = found?;
        let crop = record.crop;
        let row = described(record);
        overwrite::check("--picture", picture, row.pictures.values().map(PathBuf::as_path))?;
        // A path may be relative to another folder than this one, and pictures may have been moved.
        let mut pictures = row.pictures.iter();
        if let (Some((name, path)), None) = (pictures.next(), pictures.next())
            && let Ok(modality) = name.parse::<Modality>()
            && content == content_of(&[(modality, hash)], crop, row.text.as_deref())
        {
            return Err(Error::user(
                format!(
                    "--picture {}: it would be written over the picture of a row, which {} knows as {}",
                    picture.display(),
                    gallery.directory().display(),
                    path.display()
                ),
                "name another file with --picture",
            ));
        }
    }
    Ok(())
}

/// A gallery that is opened.
enum Opened {
    Directory(Box<Gallery>),
    Database(Box<Store>),
}

impl Opened {
    fn new(request: &SearchRequest) -> Result<Self> {
        Ok(match &request.gallery {
            Place::Directory(directory) => Self::Directory(Box::new(Gallery::open(directory)?)),
            Place::Database(address) if request.picture.is_some() => {
                return Err(Error::user(
                    format!("{address}: a database has no thumbnails to draw a list with"),
                    "search the gallery on disk with --picture",
                ));
            }
            Place::Database(address) => Self::Database(Box::new(Store::open(address)?)),
        })
    }

    /// Refuses queries that the gallery cannot answer, before any is embedded. Of several, the wrong one is named.
    fn check(&self, tag: &aio_gallery::Model, request: &SearchRequest) -> Result<()> {
        let check = |query: &NamedQuery, terms: &Terms| {
            let asked = Asked { query, embedded: Embedded::default(), terms };
            match self {
                Self::Directory(gallery) => check_asked(&**gallery, tag, &asked),
                Self::Database(store) => check_asked(&**store, tag, &asked),
            }
        };
        // What all of them share is no fault of the first one.
        check(&NamedQuery::default(), &Terms { threshold: None, ..request.terms.clone() })?;
        let queries = &request.queries;
        for (place, query) in queries.iter().enumerate() {
            check(query, &request.terms).map_err(|error| match error {
                Error::Gallery(GalleryError::Request { .. } | GalleryError::NoRow { .. })
                    if queries.len() > 1 =>
                {
                    let title = title(query.name.as_deref(), place);
                    Error::User { message: format!("query {title}: {error}"), hint: error.hint() }
                }
                other => other,
            })?;
        }
        Ok(())
    }

    fn answered(&self, tag: &aio_gallery::Model, asked: &[Asked], scan: Scan) -> Result<Searched> {
        match self {
            Self::Directory(gallery) => answered(gallery, tag, asked, scan),
            Self::Database(store) => {
                let queries = queries(tag, asked)?;
                let answers = store.answers(&queries, scan)?;
                let calibrations = calibrations(&queries, store.as_ref());
                Ok(with_answers(store.rows(), None, asked, answers.into_iter().zip(calibrations)))
            }
        }
    }
}

/// The answers to queries with features of the model `tag`, in their order.
///
/// # Errors
/// [`Error`] naming both models if they differ, or what a query asks in vain.
pub(crate) fn answered(
    gallery: &Gallery,
    tag: &aio_gallery::Model,
    asked: &[Asked],
    scan: Scan,
) -> Result<Searched> {
    let queries = queries(tag, asked)?;
    let answers = match scan {
        Scan::Exact => gallery.answers(&queries)?,
        Scan::Approximate => gallery.approximate_answers(&queries)?,
    };
    let answers = answers.into_iter().zip(calibrations(&queries, gallery));
    Ok(with_answers(gallery.len(), Some(gallery.generation()), asked, answers))
}

/// The groups that rows of the list of a grouped query stand for, each with its nearest rows, `most` at most.
///
/// # Errors
/// As [`answered`].
pub(crate) fn groups(
    gallery: &Gallery,
    tag: &aio_gallery::Model,
    asked: &Asked,
    rows: &[u64],
    most: usize,
) -> Result<Vec<Group>> {
    let queries = queries(tag, std::slice::from_ref(asked))?;
    let groups = queries.iter().map(|query| gallery.groups(query, rows, most));
    Ok(groups.collect::<aio_gallery::Result<Vec<_>>>()?.concat())
}

/// Refuses a query that the gallery cannot answer, before anything is embedded.
///
/// # Errors
/// As [`answered`].
pub(crate) fn check_asked(
    gallery: &impl Collection,
    tag: &aio_gallery::Model,
    asked: &Asked,
) -> Result<()> {
    for query in queries(tag, std::slice::from_ref(asked))? {
        query.check(gallery)?;
        query.filter.checks()?;
        for row in query.like.iter().chain(&query.unlike) {
            gallery.features_of(*row)?;
        }
    }
    Ok(())
}

fn queries(tag: &aio_gallery::Model, asked: &[Asked]) -> Result<Vec<Query>> {
    let query = |Asked { query, embedded, terms }: &Asked| {
        Ok(Query {
            model: tag.clone(),
            features: embedded.features.clone(),
            modalities: modalities(&query.row)?,
            like: query.like.clone(),
            unlike: query.unlike.clone(),
            replies: query.replies.clone(),
            filter: terms.filter.clone(),
            top: terms.top,
            group_by: terms.group_by.clone(),
            threshold: terms.threshold,
        })
    };
    asked.iter().map(query).collect()
}

/// The calibration of every query's probabilities.
fn calibrations(
    queries: &[Query],
    of: &impl Collection,
) -> impl Iterator<Item = Option<Calibration>> {
    queries.iter().map(|query| query.calibration(of).cloned())
}

fn with_answers(
    rows: usize,
    generation: Option<u64>,
    asked: &[Asked],
    answers: impl Iterator<Item = (Answer, Option<Calibration>)>,
) -> Searched {
    let answered = asked.iter().zip(answers);
    let answered =
        answered.map(|(Asked { query, embedded, .. }, (answer, calibration))| Answered {
            name: query.name.clone(),
            query: query.row.clone(),
            like: query.like.clone(),
            unlike: query.unlike.clone(),
            replies: query.replies.clone(),
            novelty: embedded.novelty.clone(),
            answer,
            calibration,
        });
    Searched { gallery: rows, generation, answers: answered.collect() }
}

fn embedded(queries: &[NamedQuery], model: &Model) -> Result<Vec<Embedded>> {
    let mut found = Vec::with_capacity(queries.len());
    for block in queries.chunks(BLOCK) {
        let rows: Vec<&Row> =
            block.iter().filter(|query| query.is_embedded()).map(|query| &query.row).collect();
        let inputs = embed::inputs(&rows, &model.extractor)?;
        let name = |place: usize| rows[place].name();
        let features = embed::of_inputs(&inputs, &model.extractor, name)?;
        let judged: Vec<_> =
            inputs.iter().zip(&features).map(|(input, f)| (input, Some(&f[..]))).collect();
        let novelties = novelties(&model.sha256, &model.extractor, &judged)?;
        let mut embedded = features.into_iter().zip(novelties);
        for query in block {
            let next = if query.is_embedded() { embedded.next() } else { None };
            found.push(next.map_or_else(Embedded::default, |(features, novelty)| Embedded {
                features: Some(features),
                novelty,
            }));
        }
    }
    Ok(found)
}

/// The modalities of a query, which choose the calibration; those of a query that only names rows are `rgb`.
fn modalities(row: &Row) -> Result<String> {
    let set = row.modalities()?;
    Ok(if set.is_empty() { Modality::Rgb.name().to_owned() } else { set.to_string() })
}
