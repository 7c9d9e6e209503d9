//! What goes into a gallery, what is known of its rows, and what they are searched for.

use crate::errors::wrong;
use crate::person::Person;
use aio_bench::error::Error;
use aio_bench::gallery::{InputRequest, Shard};
use aio_gallery::{GalleryError, Record};
use aio_types::{Modality, ModalitySet};
use pyo3::prelude::*;
use serde::Serialize;

/// A row and what is known of it.
#[derive(Serialize)]
pub(crate) struct Known {
    pub(crate) row: u64,
    #[serde(flatten)]
    pub(crate) record: Record,
}

/// Inputs of a kind, none yet.
pub(crate) fn nothing(modality: Modality) -> InputRequest {
    InputRequest {
        inputs: Vec::new(),
        modality,
        captions: None,
        list: None,
        rows: Vec::new(),
        detections: None,
        labels: Vec::new(),
        shard: Shard::WHOLE,
    }
}

/// What a gallery is searched for.
pub(crate) enum What {
    /// Pictures and a sentence.
    Person,
    /// Features.
    Features,
    /// Rows of the gallery alone.
    Rows,
}

/// Chooses between what a call gives; features stand alone.
pub(crate) fn what(person: &Person, features: bool, like: bool) -> PyResult<What> {
    match (person.is_empty(), features, like) {
        (false, false, _) => Ok(What::Person),
        (true, true, _) => Ok(What::Features),
        (true, false, true) => Ok(What::Rows),
        (true, false, false) => Err(wrong(
            "nothing to look for",
            "give rgb, infrared, sketch, colour_pencil, text, features or like",
        )),
        (false, true, _) => {
            Err(wrong("features beside pictures or a text", "features are a query of their own"))
        }
    }
}

/// What is known of a row of features.
pub(crate) fn record(number: usize, fields: &[(String, String)]) -> PyResult<Record> {
    let mut record = Record { modality: Modality::Rgb.to_string(), ..Record::default() };
    for (column, value) in fields {
        let set = match column.as_str() {
            "path" => Record::check_text(value).map(|()| record.path = Some(value.clone())),
            "modality" => value
                .parse()
                .map(|set: ModalitySet| record.modality = set.to_string())
                .map_err(|e| e.to_string()),
            other => record.set(other, value),
        };
        set.map_err(|problem| {
            let hint = "a row has path, modality, identity, camera, time, crop, caption, and columns of your own";
            wrong(format!("row {number}: {problem}"), hint)
        })?;
    }
    Ok(record)
}

/// An error about a row that is to be added, with its number.
pub(crate) fn of_row(number: usize, error: GalleryError) -> Error {
    match error {
        GalleryError::Request { problem, hint } => {
            Error::user(format!("row {number}: {problem}"), hint)
        }
        other => other.into(),
    }
}
