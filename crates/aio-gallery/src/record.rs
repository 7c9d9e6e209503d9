//! What is known of a row, and the columns that hold it.

use crate::error::{GalleryError, Result};
use crate::time::{TIME_FORMS, Time, format_time, parse_time};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// The part of a picture that a row shows, in pixels from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BoundingBox {
    /// Column of the left edge.
    pub left: f64,
    /// Row of the upper edge.
    pub top: f64,
    /// Pixels from top to bottom.
    pub height: f64,
    /// Pixels from left to right.
    pub width: f64,
}

impl fmt::Display for BoundingBox {
    /// As the column `crop` holds it: left, top, width, height, as MOT and COCO order them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.left, self.top, self.width, self.height)
    }
}

impl FromStr for BoundingBox {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let numbers: Option<Vec<f64>> =
            text.split(',').map(|number| number.trim().parse().ok()).collect();
        match numbers.as_deref() {
            Some([left, top, width, height])
                if [left, top, width, height].iter().all(|n| n.is_finite())
                    && *width > 0.0
                    && *height > 0.0 =>
            {
                Ok(Self { left: *left, top: *top, height: *height, width: *width })
            }
            _ => Err(format!("`{text}` is no box; expected left,top,width,height in pixels")),
        }
    }
}

/// What is known of a row.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Record {
    /// The picture; of several, the photograph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Who it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// What took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
    /// When it was taken.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_time")]
    pub time: Option<Time>,
    /// The part of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<BoundingBox>,
    /// What the features were made from, such as `rgb` or `infrared+text`.
    pub modality: String,
    /// A sentence that describes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// The user's own columns.
    #[serde(flatten)]
    pub extra: BTreeMap<String, String>,
}

fn write_time<S: Serializer>(time: &Option<Time>, to: S) -> std::result::Result<S::Ok, S::Error> {
    time.map(format_time).serialize(to)
}

/// Columns that every gallery has, in order.
pub(crate) const COLUMNS: [&str; 8] =
    ["path", "identity", "camera", "time", "crop", "modality", "caption", "content"];

/// Names in the output of a search that no column may have.
const RESERVED: [&str; 5] = ["row", "rank", "query", "similarity", "probability"];

impl Record {
    /// Whether every gallery has this column for what is known of its rows.
    #[must_use]
    pub fn is_column(name: &str) -> bool {
        // The last one is for the program.
        COLUMNS[..COLUMNS.len() - 1].contains(&name)
    }

    /// Refuses a name that a column of the user's own cannot have.
    ///
    /// # Errors
    /// [`GalleryError::Request`] naming a column whose name is taken or empty, or that a filter such as `column=value` or `column!=value` cannot name.
    pub fn check_column(name: &str) -> Result<()> {
        if name.trim().is_empty() || COLUMNS.contains(&name) || RESERVED.contains(&name) {
            let taken = [&COLUMNS[..], &RESERVED].concat().join(", ");
            return Err(GalleryError::request(
                format!("a column of one's own cannot be called `{name}`"),
                format!("these names are taken: {taken}"),
            ));
        }
        if let Err(problem) = Self::check_text(name) {
            return Err(GalleryError::request(
                format!("the name of a column: {problem}"),
                "rename the column",
            ));
        }
        if name.contains('=') || name.ends_with('!') {
            return Err(GalleryError::request(
                format!("a column of one's own cannot be called `{name}`"),
                "leave out `=`, and `!` at the end: filters are written COLUMN=VALUE and COLUMN!=VALUE",
            ));
        }
        Ok(())
    }

    /// Refuses text that not every database can store: PostgreSQL has no form for the character NUL.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check_text(text: &str) -> std::result::Result<(), String> {
        if text.contains('\0') {
            return Err(format!("`{}` holds the character NUL", text.replace('\0', "\u{fffd}")));
        }
        Ok(())
    }

    /// The value of a column as text; times in RFC 3339.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<String> {
        match column {
            "path" => self.path.clone(),
            "identity" => self.identity.clone(),
            "camera" => self.camera.clone(),
            "time" => self.time.map(format_time),
            "crop" => self.crop.map(|crop| crop.to_string()),
            "modality" => Some(self.modality.clone()),
            "caption" => self.caption.clone(),
            own => self.extra.get(own).cloned(),
        }
    }

    /// Sets a column that has no value yet, from text: times as [`parse_time`] reads them, boxes as `left,top,width,height`. An empty text is no value.
    ///
    /// # Errors
    /// What is wrong with the value or with the name of the column, in words.
    pub fn set(&mut self, column: &str, value: &str) -> std::result::Result<(), String> {
        Self::check_text(value)?;
        let fill = |field: &mut Option<String>| _ = field.get_or_insert_with(|| value.to_owned());
        let is_none = value.trim().is_empty();
        match column {
            "identity" | "camera" | "caption" | "time" | "crop" if is_none => {}
            "identity" => fill(&mut self.identity),
            "camera" => fill(&mut self.camera),
            "caption" => fill(&mut self.caption),
            "time" if self.time.is_none() => {
                let time = parse_time(value)
                    .ok_or_else(|| format!("`{value}` is not a time; write {TIME_FORMS}"))?;
                self.time = Some(time);
            }
            "time" => {}
            "crop" if self.crop.is_none() => self.crop = Some(value.parse()?),
            "crop" => {}
            own => {
                Self::check_column(own).map_err(|e| e.to_string())?;
                if !is_none {
                    self.extra.entry(own.to_owned()).or_insert_with(|| value.to_owned());
                }
            }
        }
        Ok(())
    }

    /// The user's columns of these records, in the order of their names.
    pub(crate) fn own_columns<'a>(records: impl Iterator<Item = &'a Self>) -> BTreeSet<String> {
        records.flat_map(|record| record.extra.keys().cloned()).collect()
    }
}

/// Names what a row was embedded from: two rows with the same content have the same features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Content([u8; Self::BYTES]);

impl Content {
    /// Of named parts, such as the bytes of a picture under the name of its modality.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for (name, bytes) in parts {
            for part in [name.as_bytes(), bytes] {
                // With lengths no two lists of parts run together to the same bytes.
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        let mut first = [0; Self::BYTES];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..Self::BYTES]);
        Self(first)
    }

    /// Bytes of a content in a list.
    pub(crate) const BYTES: usize = 16;

    pub(crate) fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The contents of a list.
    pub(crate) fn list(bytes: &[u8]) -> impl Iterator<Item = Self> + '_ {
        bytes.as_chunks::<{ Self::BYTES }>().0.iter().map(|bytes| Self(*bytes))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        u128::from_str_radix(text, 16).ok().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_read_as_they_are_written() {
        let crop = BoundingBox { left: -1.5, top: 2.0, height: 40.25, width: 20.0 };
        assert_eq!(crop.to_string(), "-1.5,2,20,40.25");
        assert_eq!(crop.to_string().parse(), Ok(crop));
        for text in ["", "1,2,3", "1,2,0,4", "1,2,3,-4", "1,2,inf,4", "a,b,c,d"] {
            assert!(text.parse::<BoundingBox>().is_err(), "{text}");
        }
    }

    #[test]
    fn contents_differ_where_their_parts_differ() {
        let of =
            |parts: &[(&str, &str)]| Content::of(parts.iter().map(|(n, b)| (*n, b.as_bytes())));
        let contents = [
            of(&[("rgb", "ab")]),
            of(&[("infrared", "ab")]),
            of(&[("rgb", "a"), ("b", "")]),
            of(&[("rgba", "b")]),
            of(&[]),
        ];
        for (i, a) in contents.iter().enumerate() {
            assert_eq!(Content::parse(&a.to_string()), Some(*a));
            assert!(contents[i + 1..].iter().all(|b| b != a), "{i}");
        }
    }

    #[test]
    fn a_column_is_set_once_and_from_text() {
        let mut record = Record::default();
        for (column, value) in
            [("camera", "2"), ("camera", "3"), ("time", "1970-01-01"), ("floor", "1")]
        {
            record.set(column, value).expect("free");
        }
        assert_eq!(
            (record.camera.as_deref(), record.get("floor").as_deref()),
            (Some("2"), Some("1"))
        );
        assert_eq!(record.get("time").as_deref(), Some("1970-01-01T00:00:00Z"));
        for (column, value) in [("row", "1"), ("crop", "1,2"), ("", "1"), ("camera", "a\0b")] {
            assert!(record.set(column, value).is_err(), "{column}");
        }
        let mut empty = Record::default();
        for column in ["identity", "camera", "caption", "time", "crop", "floor"] {
            empty.set(column, "").and_then(|()| empty.set(column, " ")).expect("no value");
        }
        assert_eq!(empty, Record::default(), "an empty text is no value");
        assert!(empty.set("row", "").is_err(), "the name is wrong all the same");
        assert!(Record::default().set("time", "noon").expect_err("no time").contains("noon"));
    }

    #[test]
    fn own_columns_do_not_hide_others() {
        for name in ["path", "row", "similarity", " ", "", "=floor", "a=b", "floor!", "a\0b"] {
            assert!(Record::check_column(name).is_err(), "{name}");
        }
        for name in ["floor", "!floor", "what?!?"] {
            Record::check_column(name).expect("free");
        }
    }
}
