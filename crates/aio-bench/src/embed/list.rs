//! Lists of people: a CSV file with one person per row.

use super::Row;
use crate::error::{Error, Result};
use aio_data::{CsvRecords, DataError, Label, fs};
use aio_types::Modality;
use std::path::Path;

/// What a column of a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// Paths of pictures, relative to the list.
    Picture(Modality),
    /// A sentence.
    Text,
    Identity,
    Camera,
    Image,
    Clothes,
}

impl Column {
    fn named(name: &str) -> Option<Self> {
        match name {
            "identity" => Some(Self::Identity),
            "camera" => Some(Self::Camera),
            "image" => Some(Self::Image),
            "clothes" => Some(Self::Clothes),
            _ => match name.parse().ok()? {
                Modality::Text => Some(Self::Text),
                visual => Some(Self::Picture(visual)),
            },
        }
    }
}

/// The rows of a list of people (`aio embed --list`).
///
/// # Errors
/// [`Error`] naming the file, and the row and column that cannot be used.
pub fn read(path: &Path) -> Result<Vec<Row>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let wrong = |row: usize, problem: String| {
        Error::Data(DataError::Row { path: path.to_path_buf(), row, problem })
    };
    let mut records = CsvRecords::new(path, fs::open(path)?)?;
    let (first, names) = records.distinct_names()?;
    let mut columns = Vec::new();
    for name in names {
        let column = Column::named(name).ok_or_else(|| {
            let known =
                "rgb, infrared, sketch, colour-pencil, text, identity, camera, image, clothes";
            wrong(first, format!("unknown column `{name}`; the columns are {known}"))
        })?;
        columns.push((name.to_owned(), column));
    }
    let mut rows = Vec::new();
    while let Some((line, record)) = records.next_record()? {
        let mut row = Row::default();
        for ((name, column), field) in columns.iter().zip(record) {
            if field.is_empty() {
                continue;
            }
            let number = || match Label::parse(field) {
                Label::Number(number) => Ok(number),
                Label::Name(_) => {
                    Err(wrong(line, format!("`{name}` is `{field}`; expected an integer")))
                }
            };
            match column {
                Column::Identity => row.identity = Some(Label::parse(field)),
                Column::Camera => row.camera = Some(Label::parse(field)),
                Column::Clothes => row.clothes = Some(Label::parse(field)),
                Column::Image => row.image = Some(number()?),
                Column::Text => row.text = Some(field.to_owned()),
                Column::Picture(_) => _ = row.pictures.insert(name.clone(), folder.join(field)),
            }
        }
        if row.pictures.is_empty() && row.text.is_none() {
            return Err(wrong(line, "holds neither a picture nor a text".into()));
        }
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_person_in_every_list_and_stays_in_the_manifest() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let rows = |text: &str| {
            let path = folder.path().join("people.csv");
            std::fs::write(&path, text).expect("write");
            read(&path).expect("rows")
        };
        let query = rows("text,identity,camera,clothes\nA man.,anna,gate,1\n");
        let gallery = rows("text,identity,camera\nA woman.,bert,7\nA man.,anna,gate\n");
        let number = |row: &Row| row.identity.as_ref().map(Label::number);
        assert_eq!(number(&query[0]), number(&gallery[1]));
        assert_ne!(number(&query[0]), number(&gallery[0]));
        assert_eq!(query[0].clothes, Some(Label::Number(1)));
        let text = serde_json::to_string(&gallery[0]).expect("JSON");
        assert_eq!(text, r#"{"text":"A woman.","identity":"bert","camera":7}"#);
        assert_eq!(serde_json::from_str::<Row>(&text).expect("a row"), gallery[0]);
    }

    #[test]
    fn a_photograph_is_numbered_as_in_a_table() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let path = folder.path().join("people.csv");
        // What pandas makes of a column of integers with a gap.
        std::fs::write(&path, "text,image\nA man.,10.0\nA woman.,\nA boy.,-1\n").expect("write");
        let images: Vec<_> = read(&path).expect("rows").iter().map(|row| row.image).collect();
        assert_eq!(images, [Some(10), None, Some(-1)]);
        for wrong in ["10.5", "first"] {
            std::fs::write(&path, format!("text,image\nA man.,{wrong}\n")).expect("write");
            let error = read(&path).expect_err(wrong).to_string();
            let said = format!("row 2: `image` is `{wrong}`; expected an integer");
            assert!(error.contains(&said), "{error}");
        }
    }

    #[test]
    fn the_line_that_is_wrong_is_named_whatever_ends_the_lines() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let path = folder.path().join("people.csv");
        let list = "text,identity\nA man.,1\n\n\n,2\n";
        for text in [list.to_owned(), list.replace('\n', "\r\n")] {
            std::fs::write(&path, &text).expect("write");
            let error = read(&path).expect_err("nothing in the second row").to_string();
            assert!(error.contains("people.csv, row 5: holds neither"), "{text:?}: {error}");
        }
    }
}
