//! The gallery on disk with its model.

use super::searcher::{Prepared, Searcher};
use super::summary::Summary;
use super::wire::{About, AboutCalibration, AboutModel, LONGEST_LIST, Limits, RowBody};
use super::{limits, pictures};
use crate::embed::{Model, ModelSource};
use crate::error::{Error, Result};
use crate::gallery::{self, Asked, Embedded, Searched, check_model, model_of};
use crate::novelty::{GalleryNovelty, Sample, novelties};
use aio_encoder::weights::Shipped;
use aio_gallery::{Gallery, GalleryError, Group, MANIFEST, Scan};
use aio_types::{Modality, ModalitySet, Observation, PictureSize};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::SystemTime;

/// A gallery that is opened again when somebody changed it, and its model.
pub(super) struct Engine {
    directory: PathBuf,
    model: Mutex<Model>,
    tag: aio_gallery::Model,
    /// The modalities that the model's weights have.
    known: ModalitySet,
    input_size: PictureSize,
    current: RwLock<Arc<Snapshot>>,
}

/// The gallery as it was at one time.
struct Snapshot {
    gallery: Gallery,
    /// What tells its manifest from others.
    written: Option<Written>,
    summary: OnceLock<Summary>,
    novelty: OnceLock<Option<GalleryNovelty>>,
}

impl Snapshot {
    fn open(directory: &Path) -> Result<Self> {
        // Before the gallery: a change in between is seen at the next look.
        let written = written(directory);
        let (summary, novelty) = (OnceLock::new(), OnceLock::new());
        Ok(Self { gallery: Gallery::open(directory)?, written, summary, novelty })
    }
}

/// When a file was written, its length, and its number in the file system: of two manifests of one length, written within the resolution of
/// the clock, the second is another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written(SystemTime, u64, u64);

fn written(directory: &Path) -> Option<Written> {
    let found = std::fs::metadata(directory.join(MANIFEST)).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&found);
    #[cfg(not(unix))]
    let number = 0;
    Some(Written(found.modified().ok()?, found.len(), number))
}

impl Engine {
    /// Opens a gallery and the model that made it.
    ///
    /// # Errors
    /// [`Error`] naming the file that cannot be used, or both models if they differ.
    pub(super) fn open(directory: &Path, source: &ModelSource) -> Result<Self> {
        let snapshot = Snapshot::open(directory)?;
        let model = source.open()?;
        let tag = model_of(source, &model)?;
        check_model(&snapshot.gallery, "the server's model", &tag)?;
        Ok(Self {
            directory: directory.to_path_buf(),
            input_size: model.extractor.preprocessing().size(),
            known: model.known,
            model: Mutex::new(model),
            tag,
            current: RwLock::new(Arc::new(snapshot)),
        })
    }

    /// The gallery as it is now. If the new one cannot be opened, or is of another model, the one before stays.
    fn snapshot(&self) -> Arc<Snapshot> {
        let current = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        if written(&self.directory) == current.written {
            return current;
        }
        let opened = Snapshot::open(&self.directory).and_then(|new| {
            check_model(&new.gallery, "the server's model", &self.tag)?;
            Ok(new)
        });
        match opened {
            Ok(new) => {
                let new = Arc::new(new);
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&new);
                new
            }
            Err(error) => {
                log::warn!("the changed gallery is not used: {error}");
                current
            }
        }
    }

    /// Refuses a query that cannot be answered, so that those beside it are embedded once.
    fn check(&self, snapshot: &Snapshot, prepared: &Prepared) -> Result<()> {
        if prepared.query.is_embedded() {
            let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
            model.extractor.check(&prepared.observation).map_err(unknown_part)?;
        }
        gallery::check_asked(&snapshot.gallery, &self.tag, &asked(prepared))
    }

    /// Embeds what has no features yet, all at once.
    fn embed(&self, queries: &[&Prepared]) -> Result<()> {
        let new = |prepared: &&&Prepared| {
            prepared.query.is_embedded() && prepared.embedded.get().is_none()
        };
        let new: Vec<&Prepared> = queries.iter().filter(new).copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        let inputs: Vec<_> = new.iter().map(|one| Observation::clone(&one.observation)).collect();
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let features = model.extractor.embed(&inputs).map_err(unknown_part)?;
        let judged: Vec<_> =
            inputs.iter().zip(&features).map(|(input, f)| (input, Some(&f[..]))).collect();
        let novelties = novelties(&self.tag.sha256, &model.extractor, &judged)?;
        for ((prepared, features), novelty) in new.into_iter().zip(features).zip(novelties) {
            // A copy of it in the same batch may have come first.
            let _ = prepared.embedded.set(Embedded { features: Some(features), novelty });
        }
        Ok(())
    }

    fn answered(&self, snapshot: &Snapshot, queries: &[&Prepared]) -> Result<Vec<Searched>> {
        self.embed(queries)?;
        let asked: Vec<Asked> = queries.iter().map(|prepared| asked(prepared)).collect();
        let Searched { gallery, generation, answers } =
            gallery::answered(&snapshot.gallery, &self.tag, &asked, Scan::Exact)?;
        let alone = |one| Searched { gallery, generation, answers: vec![one] };
        Ok(answers.into_iter().map(alone).collect())
    }

    fn alone(&self, snapshot: &Snapshot, query: &Prepared) -> Result<Searched> {
        let mut answers = self.answered(snapshot, &[query])?;
        answers.pop().ok_or_else(|| Error::Failure("the gallery gave no answer".into()))
    }

    /// What is known of the model's training.
    fn trained_on(&self) -> String {
        let mut text = if Shipped::ALL.iter().any(|shipped| self.tag.sha256 == shipped.sha256()) {
            "This model was trained on rendered people only. It has never seen a photograph of a real person, and its results for real people \
             are not to be relied on."
                .to_owned()
        } else {
            format!(
                "The program does not know what the model `{}` was trained on. Its model card should say so.",
                self.tag.name
            )
        };
        let unknown: ModalitySet = Modality::ALL
            .into_iter()
            .filter(|m| m.is_visual() && !self.known.contains(*m))
            .collect();
        if !unknown.is_empty() {
            let unknown = unknown.to_string().replace('+', ", ");
            text += &format!(
                " It was not trained on these kinds of pictures, and reads them as photographs: {unknown}."
            );
        }
        text
    }
}

fn asked(prepared: &Prepared) -> Asked<'_> {
    let Prepared { query, embedded, terms, .. } = prepared;
    Asked { query, embedded: embedded.get().cloned().unwrap_or_default(), terms }
}

fn unknown_part(error: aio_model::ExtractError) -> Error {
    Error::user(error.to_string(), "leave the part out that the model does not know")
}

/// Nothing, if a row is not there.
fn if_there<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(Error::Gallery(GalleryError::NoRow { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Searcher for Engine {
    fn about(&self) -> Result<About> {
        let snapshot = self.snapshot();
        let gallery = &snapshot.gallery;
        let summary = match snapshot.summary.get() {
            Some(summary) => summary.clone(),
            None => {
                let summary = Summary::of(gallery)?;
                snapshot.summary.get_or_init(|| summary).clone()
            }
        };
        let novelty = match snapshot.novelty.get() {
            Some(novelty) => *novelty,
            None => {
                // Searches wait for the model, and not for the table.
                let sample = Sample::of(&self.tag.sha256, self.input_size, gallery)?;
                let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
                let novelty = sample.map(|sample| sample.judge(&model.extractor)).transpose()?;
                *snapshot.novelty.get_or_init(|| novelty)
            }
        };
        let name = self.directory.file_name().unwrap_or(self.directory.as_os_str());
        Ok(About {
            name: name.to_string_lossy().into_owned(),
            rows: gallery.len(),
            generation: gallery.generation(),
            model: AboutModel {
                name: self.tag.name.clone(),
                sha256: self.tag.sha256.clone(),
                trained_on: self.trained_on(),
            },
            columns: summary.columns,
            calibrations: gallery.calibrations().iter().map(AboutCalibration::of).collect(),
            times: summary.times,
            novelty,
            limits: Limits {
                body_bytes: limits::BODY_BYTES,
                picture_pixels: pictures::MOST_PIXELS,
                top: LONGEST_LIST,
            },
        })
    }

    fn input_size(&self) -> PictureSize {
        self.input_size
    }

    fn search(&self, queries: &[Prepared]) -> Vec<Result<Searched>> {
        let snapshot = self.snapshot();
        let checked: Vec<Result<()>> =
            queries.iter().map(|query| self.check(&snapshot, query)).collect();
        let right = queries.iter().zip(&checked).filter(|(_, checked)| checked.is_ok());
        let right: Vec<&Prepared> = right.map(|(query, _)| query).collect();
        let answers: Vec<Result<Searched>> = match self.answered(&snapshot, &right) {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            // Such as a damaged row that one of them meets. The features are known by now.
            Err(_) => right.iter().map(|query| self.alone(&snapshot, query)).collect(),
        };
        let mut answers = answers.into_iter();
        let lost = || Error::Failure("the gallery gave too few answers".into());
        let answer = |checked: Result<()>| {
            checked.and_then(|()| answers.next().unwrap_or_else(|| Err(lost())))
        };
        checked.into_iter().map(answer).collect()
    }

    fn groups(&self, query: &Prepared, rows: &[u64], most: usize) -> Result<Vec<Group>> {
        gallery::groups(&self.snapshot().gallery, &self.tag, &asked(query), rows, most)
    }

    fn row(&self, number: u64) -> Result<Option<RowBody>> {
        let row = self.snapshot().gallery.row(number).map_err(Error::from);
        Ok(if_there(row)?.map(|row| RowBody { row: number, record: row.record }))
    }

    fn thumbnail(&self, number: u64) -> Result<Option<Vec<u8>>> {
        match if_there(gallery::thumbnail(&self.snapshot().gallery, number, pictures::MOST_PIXELS))
        {
            // The picture was moved, or is none: the row is there, and has nothing to show.
            Err(Error::Data(error)) => {
                log::debug!("row {number}: {error}");
                Ok(None)
            }
            found => Ok(found?.flatten()),
        }
    }
}
