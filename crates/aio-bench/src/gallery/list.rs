//! Lists for a gallery: a CSV file with one row per row.

use super::item::Item;
use crate::error::{Error, Result};
use aio_data::{DataError, fs};
use aio_types::Modality;
use csv::{Position, Reader, ReaderBuilder, StringRecord, Trim};
use std::fs::File;
use std::io::BufReader;
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

/// A list that is read row by row.
pub(super) struct List {
    path: PathBuf,
    columns: Vec<Column>,
    reader: Reader<BufReader<File>>,
    record: StringRecord,
}

impl List {
    /// Opens a list and reads its header. `path` is the column of pictures of `modality`; other names of modalities are columns of pictures,
    /// too. `text` is embedded. Every other column is kept with the row.
    ///
    /// # Errors
    /// [`Error`] naming the file or a column whose name is taken.
    pub(super) fn open(path: &Path, modality: Modality) -> Result<Self> {
        let file = BufReader::new(fs::open(path)?);
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(file);
        let header = reader.headers().map_err(|e| damaged(path, &e))?.clone();
        let mut columns = Vec::with_capacity(header.len());
        for name in &header {
            columns.push(match name {
                "path" => Column::Picture(modality),
                "text" => Column::Text,
                "identity" | "camera" | "time" | "crop" | "caption" => {
                    Column::Value(name.to_owned())
                }
                own => match own.parse::<Modality>() {
                    Ok(modality) => Column::Picture(modality),
                    Err(_) => {
                        aio_gallery::Record::check_column(own)?;
                        Column::Value(own.to_owned())
                    }
                },
            });
        }
        Ok(Self { path: path.to_path_buf(), columns, reader, record: StringRecord::new() })
    }

    fn item(&self) -> Result<Item> {
        let row = self.record.position().map_or(0, Position::line) as usize;
        let wrong = |problem| Error::Data(DataError::Row { path: self.path.clone(), row, problem });
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut item = Item::default();
        for (column, field) in self.columns.iter().zip(&self.record) {
            if field.is_empty() {
                continue;
            }
            match column {
                Column::Picture(modality) => item.pictures.push((*modality, folder.join(field))),
                Column::Text => item.text = Some(field.to_owned()),
                Column::Value(name) => item.set(name, field).map_err(wrong)?,
            }
        }
        if item.is_empty() {
            return Err(wrong("holds neither a picture nor a text".into()));
        }
        if item.modalities().iter().count() < item.pictures.len() + usize::from(item.text.is_some())
        {
            return Err(wrong("holds two pictures of one modality".into()));
        }
        Ok(item)
    }
}

impl Iterator for List {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Result<Item>> {
        match self.reader.read_record(&mut self.record) {
            Ok(true) => Some(self.item()),
            Ok(false) => None,
            Err(error) => Some(Err(damaged(&self.path, &error))),
        }
    }
}

fn damaged(path: &Path, error: &csv::Error) -> Error {
    let row = error.position().map_or(1, Position::line) as usize;
    Error::Data(DataError::Row { path: path.to_path_buf(), row, problem: error.to_string() })
}
