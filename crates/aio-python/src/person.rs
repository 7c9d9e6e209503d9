//! One person as Python describes it: pictures, by path or as arrays, and a sentence.

use crate::array;
use crate::errors::wrong;
use aio_bench::error::{Error, Result};
use aio_data::picture;
use aio_types::{Modality, ModalitySet, Observation, Picture, PictureSize};
use image::RgbImage;
use pyo3::prelude::*;
use pyo3::types::PyMapping;
use std::path::PathBuf;

/// The keys of a person, in the order of the arguments.
const KEYS: [(&str, Modality); 5] = [
    ("rgb", Modality::Rgb),
    ("infrared", Modality::Infrared),
    ("sketch", Modality::Sketch),
    ("colour_pencil", Modality::ColourPencil),
    ("text", Modality::Text),
];

const PARTS: &str = "give rgb, infrared, sketch, colour_pencil or text";

/// A picture that is not yet of the model's size.
enum Source {
    File(PathBuf),
    Pixels(String, RgbImage),
}

/// Pictures and a sentence of one person.
#[derive(Default)]
pub(crate) struct Person {
    pictures: Vec<(Modality, Source)>,
    text: Option<String>,
}

/// The arguments of a call that describe one person.
pub(crate) type Arguments<'a, 'py> = [Option<&'a Bound<'py, PyAny>>; 5];

impl Person {
    /// From the values of [`KEYS`]. It may be empty.
    pub(crate) fn of_arguments(values: Arguments) -> PyResult<Self> {
        let mut person = Self::default();
        for ((key, modality), value) in KEYS.iter().zip(values) {
            if let Some(value) = value {
                person.take("", key, *modality, value)?;
            }
        }
        Ok(person)
    }

    /// From a dictionary with some of [`KEYS`]; `number` names it in errors.
    pub(crate) fn of_mapping(number: usize, object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let who = format!("person {number}: ");
        let Ok(mapping) = object.cast::<PyMapping>() else {
            let found = object.get_type().name()?;
            return Err(wrong(format!("{who}found {found}, expected a dictionary"), PARTS));
        };
        let mut person = Self::default();
        for entry in mapping.items()?.iter() {
            let (key, value): (String, Bound<PyAny>) = entry.extract()?;
            let Some((_, modality)) = KEYS.iter().find(|(name, _)| *name == key) else {
                return Err(wrong(format!("{who}unknown key `{key}`"), PARTS));
            };
            person.take(&who, &key, *modality, &value)?;
        }
        person.check(&who)?;
        Ok(person)
    }

    fn take(
        &mut self,
        who: &str,
        key: &str,
        modality: Modality,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if value.is_none() {
            return Ok(());
        }
        if modality == Modality::Text {
            let Ok(text) = value.extract::<String>() else {
                let found = value.get_type().name()?;
                return Err(wrong(format!("{who}text: found {found}"), "expected a sentence"));
            };
            self.text = (!text.trim().is_empty()).then_some(text);
            return Ok(());
        }
        let source = match value.extract::<PathBuf>() {
            Ok(path) => Source::File(path),
            Err(_) => {
                let what = format!("{who}{key}");
                let pixels = array::picture(&what, value)?;
                Source::Pixels(what, pixels)
            }
        };
        self.pictures.push((modality, source));
        Ok(())
    }

    /// Whether there is nothing to embed.
    pub(crate) fn is_empty(&self) -> bool {
        self.pictures.is_empty() && self.text.is_none()
    }

    /// The kinds of its parts; those of somebody without any are `rgb`, as in a search by rows alone.
    pub(crate) fn modalities(&self) -> ModalitySet {
        let text = self.text.as_ref().map(|_| Modality::Text);
        let parts = self.pictures.iter().map(|(modality, _)| *modality).chain(text);
        let set: ModalitySet = parts.collect();
        if set.is_empty() { [Modality::Rgb].into_iter().collect() } else { set }
    }

    /// Refuses one who has nothing to embed.
    pub(crate) fn check(&self, who: &str) -> PyResult<()> {
        if self.is_empty() {
            return Err(wrong(format!("{who}nothing to embed"), PARTS));
        }
        Ok(())
    }

    /// Opens and resizes the pictures, as `aio embed` does.
    ///
    /// # Errors
    /// [`Error`] naming the picture that cannot be read.
    pub(crate) fn observation(self, size: PictureSize) -> Result<Observation<Picture>> {
        let mut pictures = Vec::with_capacity(self.pictures.len());
        for (modality, source) in self.pictures {
            let picture = match source {
                Source::File(path) => picture::open(&path, size)?,
                Source::Pixels(what, pixels) => picture::resized(&pixels, size)
                    .map_err(|e| Error::user(format!("{what}: {e}"), "give a whole picture"))?,
            };
            pictures.push((modality, picture));
        }
        Ok(Observation { pictures, caption: self.text })
    }
}
