//! Lists for a gallery: a CSV file with one row per row.

use super::item::{Item, Origin};
use crate::error::{Error, Result};
use aio_data::{CsvRecords, DataError, fs};
use aio_gallery::Record;
use aio_types::Modality;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What a column of a list holds.
#[derive(Debug, Clone)]
enum Column {
    /// Paths of pictures, relative to the list.
    Picture(Modality),
    /// A sentence to be embedded.
    Text,
    /// A value of the column of this name.
    Value(String),
}

impl Column {
    fn named(name: &str, modality: Modality) -> Result<Self> {
        Ok(match name {
            "path" => Self::Picture(modality),
            "text" => Self::Text,
            "identity" | "camera" | "time" | "crop" | "caption" => Self::Value(name.to_owned()),
            own => match own.parse::<Modality>() {
                Ok(modality) => Self::Picture(modality),
                Err(_) => {
                    Record::check_column(own)?;
                    Self::Value(own.to_owned())
                }
            },
        })
    }
}

/// The column that a name differs from in case alone. It becomes another column, in which nothing looks.
pub(super) fn lookalike(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let is_known = Record::is_column(&lower) || lower.parse::<Modality>().is_ok();
    (is_known && lower != name).then_some(lower)
}

/// The item of a row with its columns and their values; blank values count as none. Paths are relative to `folder`.
fn of<'a>(
    fields: impl Iterator<Item = (&'a Column, &'a str)>,
    folder: &Path,
) -> std::result::Result<Item, String> {
    let mut item = Item::default();
    for (column, field) in fields.filter(|(_, field)| !field.trim().is_empty()) {
        Record::check_text(field)?;
        match column {
            Column::Picture(modality) => item.pictures.push((*modality, folder.join(field))),
            // As in a file, where blanks around a value are no part of it.
            Column::Text => item.text = Some(field.trim().to_owned()),
            Column::Value(name) => item.set(name, field.trim())?,
        }
    }
    if item.is_empty() {
        return Err("holds neither a picture nor a text".into());
    }
    if item.modalities().iter().count() < item.pictures.len() + usize::from(item.text.is_some()) {
        return Err("holds two pictures of one modality".into());
    }
    Ok(item)
}

/// The item of a row that is in memory; its columns are those of a list.
///
/// # Errors
/// [`Error::User`] naming the row, counted from 0, or a column whose name is taken or stands twice.
pub(super) fn item(row: usize, fields: &[(String, String)], modality: Modality) -> Result<Item> {
    let wrong = |problem: String| {
        let hint = "a row has a path or text, and what is known of the person";
        Error::user(format!("row {row}: {problem}"), hint)
    };
    if let Some(name) = aio_data::repeated(fields.iter().map(|(name, _)| name.as_str())) {
        return Err(wrong(format!("has two columns `{name}`")));
    }
    let columns: Vec<Column> =
        fields.iter().map(|(name, _)| Column::named(name, modality)).collect::<Result<_>>()?;
    let fields = columns.iter().zip(fields.iter().map(|(_, value)| value.as_str()));
    of(fields, Path::new("")).map_err(wrong)
}

/// A list that is read row by row.
pub(super) struct List {
    path: PathBuf,
    columns: Vec<Column>,
    records: CsvRecords<File>,
}

impl List {
    /// Opens a list and reads its header. `path` is the column of pictures of `modality`; other names of modalities are columns of pictures,
    /// too. `text` is embedded. Every other column is kept with the row.
    ///
    /// # Errors
    /// [`Error`] naming the file or a column whose name is taken.
    pub(super) fn open(path: &Path, modality: Modality) -> Result<Self> {
        let records = CsvRecords::new(path, fs::open(path)?)?;
        let (row, names) = records.distinct_names()?;
        let columns: Vec<Column> =
            names.iter().map(|name| Column::named(name, modality)).collect::<Result<_>>()?;
        let is_embedded = |column: &Column| matches!(column, Column::Picture(_) | Column::Text);
        if !columns.iter().any(is_embedded) {
            let found: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let problem = format!(
                "no column holds pictures or sentences: found {}, expected path, rgb, infrared, sketch, colour-pencil or text, with commas between columns",
                found.join(", ")
            );
            return Err(Error::Data(DataError::Row { path: path.to_path_buf(), row, problem }));
        }
        Ok(Self { path: path.to_path_buf(), columns, records })
    }

    /// Names of the columns that are not embedded.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter_map(|column| match column {
            Column::Value(name) => Some(name.as_str()),
            Column::Picture(_) | Column::Text => None,
        })
    }

    /// The item of the next row; `None` behind the last one.
    fn next_item(&mut self) -> Result<Option<Item>> {
        let Some((row, record)) = self.records.next_record()? else { return Ok(None) };
        let wrong = |problem| Error::Data(DataError::Row { path: self.path.clone(), row, problem });
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let item = of(self.columns.iter().zip(record), folder).map_err(wrong)?;
        Ok(Some(Item { origin: Some(Origin { path: self.path.clone(), row }), ..item }))
    }
}

impl Iterator for List {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Result<Item>> {
        self.next_item().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_value_of_a_row_in_memory_is_none() {
        let row = |text: &str| {
            let fields = [("path", "a.png"), ("text", text), ("floor", " ")];
            item(3, &fields.map(|(name, value)| (name.into(), value.into())), Modality::Rgb)
        };
        for blank in ["", " ", "\t\n"] {
            let item = row(blank).expect("a picture");
            assert_eq!((item.text.as_deref(), item.record().caption), (None, None), "{blank:?}");
            assert_eq!(item.record().get("floor"), None);
        }
        for text in ["a red coat", " a red coat\n"] {
            assert_eq!(row(text).expect("both").text.as_deref(), Some("a red coat"));
        }
        let spaced = [("text", "a man"), ("camera", " gate "), ("floor", "2 ")];
        let spaced = spaced.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let record = item(3, &spaced, Modality::Rgb).expect("a sentence").record();
        assert_eq!(record.get("camera").as_deref(), Some("gate"));
        assert_eq!(record.get("floor").as_deref(), Some("2"));
        let error = item(3, &[("text".into(), " ".into())], Modality::Rgb).expect_err("nothing");
        assert!(error.to_string().contains("row 3: holds neither"), "{error}");
        let twice = ["a man", "a woman"].map(|text| ("text".to_owned(), text.to_owned()));
        let error = item(3, &twice, Modality::Rgb).expect_err("two sentences").to_string();
        assert_eq!(error, "row 3: has two columns `text`");
    }

    #[test]
    fn an_item_knows_its_line_whatever_ends_the_lines() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let path = folder.path().join("people.csv");
        let list = "path,identity\na.png,1\n\n\n,2\nb.png\nc.png,3\n";
        for text in [list.to_owned(), list.replace('\n', "\r\n")] {
            std::fs::write(&path, &text).expect("write");
            let items: Vec<Result<Item>> =
                List::open(&path, Modality::Rgb).expect("read").collect();
            let told: Vec<String> = items
                .into_iter()
                .map(|item| match item {
                    Ok(item) => item.origin.map_or_else(String::new, |o| o.row.to_string()),
                    Err(error) => error.to_string(),
                })
                .collect();
            let [first, empty, short, last] = told.as_slice() else { panic!("{told:?}") };
            assert_eq!((first.as_str(), last.as_str()), ("2", "7"), "{text:?}");
            assert!(empty.contains("people.csv, row 5: holds neither"), "{text:?}: {empty}");
            assert!(short.contains("people.csv, row 6: found 1 fields"), "{text:?}: {short}");
        }
    }
}
