//! `aio_reid.Extractor`.

use crate::array;
use crate::errors::{raised, wrong};
use crate::person::Person;
use aio_bench::embed::{Model, ModelSource};
use aio_bench::error::{Error, Result};
use aio_bench::gallery;
use aio_encoder::weights::Preprocessing;
use aio_model::ExtractError;
use aio_types::Modality;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rayon::prelude::*;
use serde_json::json;
use std::path::PathBuf;

/// People that are read, decoded and embedded at once; Ctrl-C is looked at in between.
const BLOCK: usize = 256;

/// A model that embeds people: any mix of a photograph, an infrared picture, a sketch, a drawing in colour pencil and a sentence.
#[pyclass(frozen, module = "aio_reid")]
pub(crate) struct Extractor {
    pub(crate) source: ModelSource,
    pub(crate) model: Model,
    /// The model as galleries name it.
    pub(crate) tag: aio_gallery::Model,
}

impl Extractor {
    /// Decodes and embeds people; `first` is the number of the first of them, for errors.
    pub(crate) fn features(&self, people: Vec<Person>, first: usize) -> Result<Vec<Vec<f32>>> {
        let size = self.model.extractor.preprocessing().size();
        let inputs: Vec<_> =
            people.into_par_iter().map(|person| person.observation(size)).collect::<Result<_>>()?;
        self.model.extractor.embed(&inputs).map_err(|error| {
            let error = match error {
                ExtractError::Empty(index) => ExtractError::Empty(first + index),
                ExtractError::Unknown { index, modality, known } => {
                    ExtractError::Unknown { index: first + index, modality, known }
                }
                other => other,
            };
            Error::user(error.to_string(), "leave the part out that the model does not know")
        })
    }

    /// The features of one person, who has something to embed.
    pub(crate) fn feature(&self, py: Python<'_>, person: Person) -> PyResult<Vec<f32>> {
        let features = py.detach(|| self.features(vec![person], 0)).map_err(raised)?;
        features.into_iter().next().ok_or_else(|| raised(Error::Failure("no features".into())))
    }
}

#[pymethods]
impl Extractor {
    #[new]
    #[pyo3(signature = (model = PathBuf::from("default"), *, device = "cpu", layout = None, heads = None, quick_gelu = false, normalisation = "auto", text_encoder = None))]
    fn new(
        py: Python<'_>,
        model: PathBuf,
        device: &str,
        layout: Option<&str>,
        heads: Option<usize>,
        quick_gelu: bool,
        normalisation: &str,
        text_encoder: Option<&str>,
    ) -> PyResult<Self> {
        let activation = quick_gelu.then_some("quick-gelu");
        let settings = json!({
            "layout": layout, "heads": heads, "activation": activation, "normalisation": normalisation,
            "text": text_encoder
        });
        let import = serde_json::from_value(settings)
            .map_err(|e| wrong(e.to_string(), "docs/weights.md describes checkpoints"))?;
        let source =
            ModelSource { name: model.display().to_string(), device: device.to_owned(), import };
        py.detach(|| {
            let model = source.open()?;
            let tag = gallery::model_of(&source, &model)?;
            Ok(Self { source, model, tag })
        })
        .map_err(|error: Error| raised(error))
    }

    /// Values of an embedding.
    #[getter]
    fn width(&self) -> usize {
        self.model.extractor.width()
    }

    /// SHA-256 of the weights.
    #[getter]
    fn sha256(&self) -> &str {
        &self.model.sha256
    }

    /// What the model was trained on. Other pictures are read as photographs.
    #[getter]
    fn modalities<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let known: Vec<&str> = self.model.known.iter().map(Modality::name).collect();
        PyTuple::new(py, known)
    }

    /// How pictures are prepared.
    #[getter]
    fn preprocessing<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let Preprocessing { height, width, mean, std, interpolation } =
            self.model.extractor.preprocessing();
        let dict = PyDict::new(py);
        dict.set_item("height", height)?;
        dict.set_item("width", width)?;
        dict.set_item("mean", mean)?;
        dict.set_item("std", std)?;
        dict.set_item("interpolation", interpolation)?;
        Ok(dict)
    }

    /// The embedding of one person, float32 `[width]`.
    #[pyo3(signature = (*, rgb = None, infrared = None, sketch = None, colour_pencil = None, text = None))]
    fn embed<'py>(
        &self,
        py: Python<'py>,
        rgb: Option<&Bound<'py, PyAny>>,
        infrared: Option<&Bound<'py, PyAny>>,
        sketch: Option<&Bound<'py, PyAny>>,
        colour_pencil: Option<&Bound<'py, PyAny>>,
        text: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let person = Person::of_arguments([rgb, infrared, sketch, colour_pencil, text])?;
        person.check("")?;
        array::row(py, &self.feature(py, person)?)
    }

    /// The embeddings of many people, float32 `[people, width]`.
    fn embed_many<'py>(
        &self,
        py: Python<'py>,
        people: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut features = Vec::new();
        let mut block = Vec::with_capacity(BLOCK);
        for (number, person) in people.try_iter()?.enumerate() {
            block.push(Person::of_mapping(number, &person?)?);
            if block.len() == BLOCK {
                features.extend(self.block(py, &mut block, features.len())?);
            }
        }
        features.extend(self.block(py, &mut block, features.len())?);
        array::rows(py, features, self.width())
    }

    fn __repr__(&self) -> String {
        format!("Extractor({:?}, device={:?})", self.source.name, self.source.device)
    }
}

impl Extractor {
    fn block(
        &self,
        py: Python<'_>,
        people: &mut Vec<Person>,
        first: usize,
    ) -> PyResult<Vec<Vec<f32>>> {
        py.check_signals()?;
        let people = std::mem::take(people);
        py.detach(|| self.features(people, first)).map_err(raised)
    }
}
