//! `aio_reid.Gallery`.

use crate::arguments::{fields, filter, pairs, paths_and_rows};
use crate::array;
use crate::changes;
use crate::errors::{raised, wrong};
use crate::extractor::Extractor;
use crate::json::{self, named};
use crate::person::Person;
use crate::rows::{Known, What, nothing, of_row, record, what};
use aio_bench::embed::OnError;
use aio_bench::error::{Error, Result};
use aio_bench::gallery::{
    AddRequest, InputRequest, add_with, check_model, create_with, with_writer,
};
use aio_gallery::{Added, Content, Entry, Query, Writer};
use aio_types::Modality;
use pyo3::prelude::*;
use pyo3::types::PyList;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A gallery on disk, as it was when it was opened or last changed through this object.
#[pyclass(frozen, module = "aio_reid")]
pub(crate) struct Gallery {
    directory: PathBuf,
    extractor: Option<Py<Extractor>>,
    snapshot: Mutex<Arc<aio_gallery::Gallery>>,
}

impl Gallery {
    fn new(directory: PathBuf, extractor: Option<Py<Extractor>>) -> Result<Self> {
        let snapshot = Mutex::new(Arc::new(aio_gallery::Gallery::open(&directory)?));
        Ok(Self { directory, extractor, snapshot })
    }

    fn snapshot(&self) -> Arc<aio_gallery::Gallery> {
        Arc::clone(&self.snapshot.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn reopen(&self) -> Result<()> {
        let opened = Arc::new(aio_gallery::Gallery::open(&self.directory)?);
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = opened;
        Ok(())
    }

    /// Changes it when no other thread does, and shows it as it is then. What was done before an error is kept.
    fn change<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        changes::alone(&self.directory, || {
            let done = work();
            self.reopen().and(done)
        })
    }

    fn extractor<'py>(&'py self, py: Python<'py>, what: &str) -> PyResult<&'py Extractor> {
        let found = self.extractor.as_ref().map(|extractor| extractor.bind(py).get());
        found.ok_or_else(|| {
            let problem = format!("{}: {what} needs the model", self.directory.display());
            wrong(problem, "open the gallery with one: Gallery.open(path, extractor)")
        })
    }

    /// What is to be added with the model of the extractor.
    fn request(directory: &Path, extractor: &Extractor, inputs: InputRequest) -> AddRequest {
        AddRequest {
            gallery: directory.to_path_buf(),
            inputs,
            model: extractor.source.clone(),
            on_error: OnError::Fail,
            thumbnail: 0,
        }
    }
}

#[pymethods]
impl Gallery {
    /// Makes an empty gallery for the features of a model.
    #[staticmethod]
    #[pyo3(signature = (path, extractor, *, storage = "f32"))]
    fn create(
        py: Python<'_>,
        path: PathBuf,
        extractor: Py<Extractor>,
        storage: &str,
    ) -> PyResult<Self> {
        let storage = named("storage", storage)?;
        let of = extractor.get();
        let made = py.detach(|| {
            let request = Self::request(&path, of, nothing(Modality::Rgb));
            changes::alone(&path, || create_with(&request, &of.model, storage))
        });
        made.map_err(raised)?;
        Self::new(path, Some(extractor)).map_err(raised)
    }

    /// Opens a gallery. Whatever embeds needs the extractor that made it.
    #[staticmethod]
    #[pyo3(signature = (path, extractor = None))]
    fn open(path: PathBuf, extractor: Option<Py<Extractor>>) -> PyResult<Self> {
        let gallery = Self::new(path, extractor).map_err(raised)?;
        if let Some(extractor) = &gallery.extractor {
            check_model(&gallery.snapshot(), "the extractor", &extractor.get().tag)
                .map_err(raised)?;
        }
        Ok(gallery)
    }

    /// Embeds and adds pictures, folders and rows. What the gallery has already is not added again.
    #[pyo3(signature = (inputs, *, modality = "rgb", labels = None, skip_unreadable = false, thumbnail = 128))]
    fn add<'py>(
        &self,
        py: Python<'py>,
        inputs: &Bound<'py, PyAny>,
        modality: &str,
        labels: Option<&Bound<'py, PyAny>>,
        skip_unreadable: bool,
        thumbnail: u16,
    ) -> PyResult<Bound<'py, PyAny>> {
        let extractor = self.extractor(py, "adding pictures")?;
        let (inputs, rows) = paths_and_rows(inputs)?;
        let labels = labels.map(|labels| pairs("labels", labels)).transpose()?.unwrap_or_default();
        let modality: Modality = named("modality", modality)?;
        if !modality.is_visual() {
            return Err(wrong("modality: text is no kind of picture", "add sentences as rows"));
        }
        let inputs = InputRequest { inputs, rows, labels, ..nothing(modality) };
        let request = AddRequest {
            on_error: if skip_unreadable { OnError::Skip } else { OnError::Fail },
            thumbnail: thumbnail.into(),
            ..Self::request(&self.directory, extractor, inputs)
        };
        let added = py.detach(|| self.change(|| add_with(&request, &extractor.model)));
        json::python(py, &added.map_err(raised)?)
    }

    /// Adds features `[rows, width]` of this gallery's model, with what is known of each row.
    fn add_features<'py>(
        &self,
        py: Python<'py>,
        features: &Bound<'py, PyAny>,
        rows: &Bound<'py, PyAny>,
    ) -> PyResult<usize> {
        let features = array::features("features", features)?;
        let mut records = Vec::new();
        for (number, row) in rows.try_iter()?.enumerate() {
            records.push(record(number, &fields(number, &row?)?)?);
        }
        if records.len() != features.nrows() {
            let problem = format!("{} rows for {} features", records.len(), features.nrows());
            return Err(wrong(problem, "give one dictionary per row of features"));
        }
        let add = |writer: &mut Writer| -> Result<usize> {
            let mut added = 0;
            for (number, (features, record)) in features.rows().into_iter().zip(records).enumerate()
            {
                let features = features.to_vec();
                let bytes: Vec<u8> = features.iter().flat_map(|v| v.to_le_bytes()).collect();
                let content = Content::of([("features", &bytes[..])]);
                let entry = Entry { content, features: &features, record, thumbnail: &[] };
                let outcome = writer.add(entry).map_err(|error| of_row(number, error))?;
                added += usize::from(matches!(outcome, Added::Row(_)));
            }
            writer.commit()?;
            Ok(added)
        };
        let added =
            py.detach(|| self.change(|| with_writer(&self.directory, |writer, _| add(writer))));
        added.map_err(raised)
    }

    /// Removes rows by their numbers.
    fn remove(&self, py: Python<'_>, rows: Vec<u64>) -> PyResult<usize> {
        let removed = py.detach(|| {
            self.change(|| with_writer(&self.directory, |writer, _| Ok(writer.remove(&rows)?)))
        });
        removed.map_err(raised)
    }

    /// The rows nearest to a query, nearest first.
    #[pyo3(signature = (
        *, rgb = None, infrared = None, sketch = None, colour_pencil = None, text = None, features = None, like = vec![], unlike = vec![],
        top = 10, camera = None, not_camera = None, after = None, before = None, r#where = None, where_not = None, group_by = None,
        threshold = None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn search<'py>(
        &self,
        py: Python<'py>,
        rgb: Option<&Bound<'py, PyAny>>,
        infrared: Option<&Bound<'py, PyAny>>,
        sketch: Option<&Bound<'py, PyAny>>,
        colour_pencil: Option<&Bound<'py, PyAny>>,
        text: Option<&Bound<'py, PyAny>>,
        features: Option<&Bound<'py, PyAny>>,
        like: Vec<u64>,
        unlike: Vec<u64>,
        top: usize,
        camera: Option<&Bound<'py, PyAny>>,
        not_camera: Option<&Bound<'py, PyAny>>,
        after: Option<&Bound<'py, PyAny>>,
        before: Option<&Bound<'py, PyAny>>,
        r#where: Option<&Bound<'py, PyAny>>,
        where_not: Option<&Bound<'py, PyAny>>,
        group_by: Option<String>,
        threshold: Option<f64>,
    ) -> PyResult<Bound<'py, PyList>> {
        let person = Person::of_arguments([rgb, infrared, sketch, colour_pencil, text])?;
        let parts = person.modalities();
        let snapshot = self.snapshot();
        // Features alone do not say what made them.
        let mut model = snapshot.model().clone();
        let features = features.map(|found| array::feature("features", found)).transpose()?;
        let what = what(&person, features.is_some(), !like.is_empty())?;
        let features = match what {
            What::Person => {
                let extractor = self.extractor(py, "a query to be embedded")?;
                model = extractor.tag.clone();
                Some(extractor.feature(py, person)?)
            }
            What::Features | What::Rows => features,
        };
        if top == 0 {
            return Err(wrong("top: 0", "a list has at least one row"));
        }
        if let Some(least) = threshold.filter(|least| !(0.0..=1.0).contains(least)) {
            return Err(wrong(format!("threshold: {least}"), "expected a number from 0 to 1"));
        }
        let query = Query {
            model,
            features,
            modalities: parts.to_string(),
            like,
            unlike,
            replies: Vec::new(),
            filter: filter([camera, not_camera], [after, before], [r#where, where_not])?,
            top,
            group_by,
            threshold,
        };
        let hits = py.detach(|| snapshot.search(&query)).map_err(raised)?;
        let list = PyList::empty(py);
        for (rank, hit) in (1..).zip(&hits) {
            let found = json::python(py, hit)?;
            found.set_item("rank", rank)?;
            list.append(found)?;
        }
        Ok(list)
    }

    /// What is known of every row, in the order of their numbers.
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let snapshot = self.snapshot();
        let known: Result<Vec<Known>> = py.detach(|| {
            let all = snapshot.records();
            all.map(|found| found.map(|(row, record)| Known { row, record }).map_err(Error::from))
                .collect()
        });
        json::python(py, &known.map_err(raised)?)
    }

    /// The features of every row, of length 1, float32 `[rows, width]`, in the order of `rows()`.
    fn features<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let snapshot = self.snapshot();
        let features: Result<Vec<Vec<f32>>> = py
            .detach(|| snapshot.rows().map(|row| Ok(row.map_err(Error::from)?.features)).collect());
        array::rows(py, features.map_err(raised)?, snapshot.width())
    }

    /// Its directory.
    #[getter]
    fn path(&self) -> PathBuf {
        self.directory.clone()
    }

    /// The name that its model was given.
    #[getter]
    fn model(&self) -> String {
        self.snapshot().model().name.clone()
    }

    /// SHA-256 of the weights of its model.
    #[getter]
    fn sha256(&self) -> String {
        self.snapshot().model().sha256.clone()
    }

    /// Values per row.
    #[getter]
    fn width(&self) -> usize {
        self.snapshot().width()
    }

    /// Names of the columns of its rows.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.snapshot().columns().into_iter().map(str::to_owned).collect()
    }

    fn __len__(&self) -> usize {
        self.snapshot().len()
    }

    fn __repr__(&self) -> String {
        format!("Gallery({:?}, rows={})", self.directory.display().to_string(), self.__len__())
    }
}
