//! What requests and answers hold. The answer to a search is that of `aio search --json`.

use crate::error::{Error, Result};
use crate::gallery::{NamedQuery, Terms, check, condition};
use crate::novelty::GalleryNovelty;
use aio_gallery::{
    Calibration, Filter, Question, Record, Relation, Replied, TIME_FORMS, Time, parse_time,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Longest list of a search.
pub(super) const LONGEST_LIST: usize = 1000;
/// Length of a list that names no other.
const USUAL_LIST: usize = 10;
/// Longest sentence, in characters. A model reads 77 tokens of it.
const LONGEST_TEXT: usize = 2000;
/// Longest name of a picture, in bytes.
pub(super) const LONGEST_NAME: usize = 200;
/// Longest words of an answer, in characters.
const LONGEST_WORDS: usize = 200;
/// Most rows, answers, cameras and conditions that a search may name, each.
const MOST_NAMED: usize = 100;

/// A search: pictures, a sentence, rows of the gallery, and what the list may hold.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SearchBody {
    /// A sentence, of at most 2000 characters.
    #[schemars(length(max = LONGEST_TEXT))]
    pub(super) text: Option<String>,
    /// Pictures by modality: rgb, infrared, sketch, colour-pencil.
    pub(super) pictures: BTreeMap<String, UploadedPicture>,
    /// Numbers of rows that the results should resemble. They are no results.
    #[schemars(length(max = MOST_NAMED))]
    like: Vec<u64>,
    /// Numbers of rows that the results should not resemble. They are no results.
    #[schemars(length(max = MOST_NAMED))]
    unlike: Vec<u64>,
    /// Answers to questions about captions, which move the rows whose captions speak of the words.
    #[schemars(schema_with = "answers")]
    answers: Vec<Replied>,
    /// Which rows may be found.
    filter: FilterBody,
    /// A column: of rows with the same value only the nearest is a result.
    group_by: Option<String>,
    /// Least probability of showing the same person, by the gallery's calibration.
    #[schemars(range(min = 0.0, max = 1.0))]
    threshold: Option<f64>,
    /// Length of the list; 10 if it is not given.
    #[schemars(range(min = 1, max = LONGEST_LIST))]
    top: Option<usize>,
}

/// What `answers` holds; openapi.json describes an answer, whose type is that of the gallery.
fn answers(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": {"$ref": "#/components/schemas/Answer"}, "maxItems": MOST_NAMED})
}

/// The question whose answer would tell the best results apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct QuestionBody {
    /// None if no caption of the results tells them apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) question: Option<Question>,
}

/// A picture that came with a request.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadedPicture {
    /// A name for it, which the answer repeats. No file of this name is opened.
    #[serde(default)]
    #[schemars(length(max = LONGEST_NAME))]
    pub(super) name: Option<String>,
    /// The file (JPEG, PNG, BMP, WebP or TIFF) in base64.
    #[schemars(extend("contentEncoding" = "base64"))]
    pub(super) data: String,
}

/// Which rows a search may find; all conditions must hold.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct FilterBody {
    /// Only rows of one of these cameras, unless the list is empty.
    #[schemars(length(max = MOST_NAMED))]
    cameras: Vec<String>,
    /// No rows of these cameras.
    #[schemars(length(max = MOST_NAMED))]
    not_cameras: Vec<String>,
    /// Only rows from this time on: RFC 3339, a date, a year of four digits, or seconds since 1970 (whole seconds have 9 digits or more).
    after: Option<String>,
    /// Only rows before this time.
    before: Option<String>,
    /// Conditions on any column.
    #[serde(rename = "where")]
    #[schemars(length(max = MOST_NAMED))]
    conditions: Vec<ConditionBody>,
}

/// A condition on the value of a column.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ConditionBody {
    /// The column.
    column: String,
    /// How the value is compared.
    relation: RelationBody,
    /// With what. In the column `time`, a date stands for its whole day and a year of four digits for the whole year, in UTC.
    value: String,
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum RelationBody {
    /// The row has this value.
    Equal,
    /// The row has another value or none.
    NotEqual,
}

/// What the gallery holds.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct About {
    /// Its name.
    pub(super) name: String,
    /// Rows that are not removed.
    pub(super) rows: usize,
    /// How often it was changed.
    pub(super) generation: u64,
    /// The model that reads queries.
    pub(super) model: AboutModel,
    /// Columns in which some row has a value.
    pub(super) columns: Vec<AboutColumn>,
    /// Queries whose results have a probability, unless they have likes or unlikes.
    pub(super) calibrations: Vec<AboutCalibration>,
    /// Least and largest time of a row, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<[String; 2]>,
    /// How many of its pictures are unlike those that the model was trained on; null if that is not known.
    pub(super) novelty: Option<GalleryNovelty>,
    /// What a request may hold.
    pub(super) limits: Limits,
}

/// A calibration of the gallery.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct AboutCalibration {
    /// The modalities of the queries that it is for, such as `rgb` or `rgb+text`; `any` stands for all that have none of their own.
    pub(super) modalities: String,
    /// Mean distance between stated probability and observed share, on labelled pairs of people whom the curve was not fitted on.
    pub(super) expected_calibration_error: f64,
    /// Number of these pairs.
    pub(super) test_pairs: usize,
}

impl AboutCalibration {
    pub(super) fn of((modalities, calibration): (&String, &Calibration)) -> Self {
        Self {
            modalities: modalities.clone(),
            expected_calibration_error: calibration.expected_calibration_error,
            test_pairs: calibration.test_pairs,
        }
    }
}

/// The model that reads queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct AboutModel {
    /// The name that its user gave it.
    pub(super) name: String,
    /// SHA-256 of its weights.
    pub(super) sha256: String,
    /// What it was trained on, in a sentence.
    pub(super) trained_on: String,
}

/// A column of the gallery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct AboutColumn {
    /// Its name.
    pub(super) name: String,
    /// Rows with a value.
    pub(super) rows: usize,
    /// Its values with their numbers of rows, unless there are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) values: Option<BTreeMap<String, usize>>,
    /// Its values in order, if there are too many to count them, and not too many to list them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) names: Option<Vec<String>>,
}

/// What a request may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Limits {
    /// Bytes of the body of a request.
    pub(super) body_bytes: usize,
    /// Pixels of a picture.
    pub(super) picture_pixels: u64,
    /// Length of a list.
    pub(super) top: usize,
}

/// A row of the gallery.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct RowBody {
    /// Its number.
    pub(super) row: u64,
    /// What is known of it.
    #[serde(flatten)]
    pub(super) record: Record,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// What is wrong.
    pub(super) error: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
}

impl SearchBody {
    /// The query without its pictures' pixels, and what the list may hold.
    ///
    /// # Errors
    /// [`Error`] naming the key whose value is out of range, or if there is nothing to look for.
    pub(super) fn read(&self) -> Result<(NamedQuery, Terms)> {
        let out_of_range = |key: &str, problem: String| {
            Error::user(format!("`{key}`: {problem}"), "/api/openapi.json lists the limits")
        };
        let text = self.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let length = text.map_or(0, |text| text.chars().count());
        if length > LONGEST_TEXT {
            let problem = format!("{length} characters, expected at most {LONGEST_TEXT}");
            return Err(out_of_range("text", problem));
        }
        for (key, count) in [
            ("like", self.like.len()),
            ("unlike", self.unlike.len()),
            ("answers", self.answers.len()),
            ("filter.cameras", self.filter.cameras.len()),
            ("filter.not_cameras", self.filter.not_cameras.len()),
            ("filter.where", self.filter.conditions.len()),
        ] {
            if count > MOST_NAMED {
                return Err(out_of_range(
                    key,
                    format!("{count} values, expected at most {MOST_NAMED}"),
                ));
            }
        }
        let top = self.top.unwrap_or(USUAL_LIST);
        if !(1..=LONGEST_LIST).contains(&top) {
            return Err(out_of_range("top", format!("{top}, expected 1 to {LONGEST_LIST}")));
        }
        if let Some(threshold) = self.threshold.filter(|t| !(0.0..=1.0).contains(t)) {
            return Err(out_of_range("threshold", format!("{threshold}, expected 0 to 1")));
        }
        let longest = self.answers.iter().map(|answer| answer.words.chars().count()).max();
        if let Some(length) = longest.filter(|length| *length > LONGEST_WORDS) {
            let problem = format!("{length} characters, expected at most {LONGEST_WORDS}");
            return Err(out_of_range("answers.words", problem));
        }
        let mut query = NamedQuery {
            like: self.like.clone(),
            unlike: self.unlike.clone(),
            replies: self.answers.clone(),
            ..NamedQuery::default()
        };
        query.row.text = text.map(str::to_owned);
        for (modality, picture) in &self.pictures {
            let name = picture.name.clone().unwrap_or_else(|| "upload".to_owned());
            query.row.pictures.insert(modality.clone(), PathBuf::from(name));
        }
        check(&query, "give `text`, `pictures` or `like`")?;
        let (filter, group_by) = (self.filter.read()?, self.group_by.clone());
        Ok((query, Terms { filter, group_by, threshold: self.threshold, top }))
    }
}

impl FilterBody {
    fn read(&self) -> Result<Filter> {
        let conditions = self.conditions.iter().map(|ConditionBody { column, relation, value }| {
            let relation = match relation {
                RelationBody::Equal => Relation::Equal,
                RelationBody::NotEqual => Relation::NotEqual,
            };
            condition(column.clone(), relation, value.clone())
        });
        Ok(Filter {
            cameras: self.cameras.clone(),
            not_cameras: self.not_cameras.clone(),
            after: time("after", self.after.as_deref())?,
            before: time("before", self.before.as_deref())?,
            conditions: conditions.collect::<Result<_>>()?,
        })
    }
}

fn time(key: &str, text: Option<&str>) -> Result<Option<Time>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let time = parse_time(text).ok_or_else(|| {
        Error::user(
            format!("`filter.{key}`: `{text}` is not a time"),
            format!("write {TIME_FORMS}"),
        )
    })?;
    Ok(Some(time))
}
