//! Queries from a file: a CSV file, or one JSON object per line.

use crate::embed::{Row, people};
use crate::error::{Error, Result};
use aio_data::{DataError, fs};
use aio_gallery::Replied;
use aio_types::Modality;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A query of a batch.
#[derive(Debug, Clone, Default)]
pub struct NamedQuery {
    /// The name that it was given.
    pub name: Option<String>,
    /// Pictures and a sentence.
    pub row: Row,
    /// Rows of the gallery that the results should resemble.
    pub like: Vec<u64>,
    /// Rows that they should not resemble.
    pub unlike: Vec<u64>,
    /// Answers to questions about captions.
    pub replies: Vec<Replied>,
}

impl NamedQuery {
    /// Whether it holds anything but numbers of rows.
    pub(crate) fn is_embedded(&self) -> bool {
        !self.row.pictures.is_empty() || self.row.text.is_some()
    }
}

/// How a query is called: by its name, or else by its place among all of them, from 1.
pub(super) fn title(name: Option<&str>, place: usize) -> String {
    name.map_or_else(|| (place + 1).to_string(), str::to_owned)
}

/// A line of a JSON file, for messages.
const EXAMPLE: &str = r#"{"rgb": "a.jpg", "text": "a red coat"}"#;

/// A line of a JSON file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Line {
    name: Option<String>,
    rgb: Option<PathBuf>,
    infrared: Option<PathBuf>,
    sketch: Option<PathBuf>,
    colour_pencil: Option<PathBuf>,
    text: Option<String>,
    #[serde(default)]
    like: Vec<u64>,
    #[serde(default)]
    unlike: Vec<u64>,
    #[serde(default)]
    answers: Vec<Replied>,
}

/// Reads queries. The columns of a CSV file are those of `aio embed --list`; lines of JSON have the keys `rgb`, `infrared`, `sketch`,
/// `colour-pencil` and `text`, and optionally `name`, `like`, `unlike` and `answers`. Paths are relative to the file.
///
/// # Errors
/// [`Error`] naming the file, and the row that cannot be used.
pub fn read(path: &Path) -> Result<Vec<NamedQuery>> {
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let queries = if is_csv {
        let rows = people(path)?.into_iter();
        rows.map(|row| NamedQuery { row, ..NamedQuery::default() }).collect()
    } else {
        lines(path)?
    };
    if queries.is_empty() {
        let hint = "write one query per row, with pictures or a text";
        return Err(Error::user(format!("{} holds no query", path.display()), hint));
    }
    Ok(queries)
}

fn lines(path: &Path) -> Result<Vec<NamedQuery>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut queries = Vec::new();
    for (row, text) in (1..).zip(fs::read_text(path)?.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let wrong = |problem| DataError::Row { path: path.to_path_buf(), row, problem };
        if !text.trim_start().starts_with('{') {
            return Err(
                wrong(format!("expected one JSON object per line, such as {EXAMPLE}")).into()
            );
        }
        let line: Line = serde_json::from_str(text).map_err(|e| {
            let is_cut = e.is_eof();
            let whole = if is_cut { "; expected a whole JSON object on one line" } else { "" };
            wrong(format!("{e}{whole}"))
        })?;
        let mut query = Row::of_text(line.text);
        for (modality, picture) in [
            (Modality::Rgb, line.rgb),
            (Modality::Infrared, line.infrared),
            (Modality::Sketch, line.sketch),
            (Modality::ColourPencil, line.colour_pencil),
        ] {
            // A blank path is none, as in a CSV file.
            let picture = picture.filter(|picture| !picture.as_os_str().is_empty());
            let picture = picture.map(|picture| (modality.name().to_owned(), folder.join(picture)));
            query.pictures.extend(picture);
        }
        if query.pictures.is_empty() && query.text.is_none() && line.like.is_empty() {
            return Err(wrong("holds neither a picture nor a text nor a liked row".into()).into());
        }
        let (like, unlike, replies) = (line.like, line.unlike, line.answers);
        queries.push(NamedQuery { name: line.name, row: query, like, unlike, replies });
    }
    Ok(queries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_gallery::Reply;

    #[test]
    fn queries_are_read_from_lines_of_json_and_from_csv() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let (json, csv) = (directory.path().join("q.jsonl"), directory.path().join("q.csv"));
        let text = "{\"name\": \"a\", \"colour-pencil\": \"x.png\", \"text\": \"red\"}\n\n{\"like\": [3], \"unlike\": [4, 5], \"answers\": [{\"words\": \"red coat\", \"reply\": \"no\"}]}\n";
        std::fs::write(&json, text).expect("written");
        std::fs::write(&csv, "sketch,text\ns.png,\n,blue\n").expect("written");
        let queries = read(&json).expect("read");
        assert_eq!((queries.len(), queries[0].name.as_deref()), (2, Some("a")));
        assert_eq!(queries[0].row.pictures["colour-pencil"], directory.path().join("x.png"));
        assert_eq!((&queries[1].like[..], &queries[1].unlike[..]), (&[3][..], &[4, 5][..]));
        let expected = Replied { words: "red coat".into(), reply: Reply::No };
        assert_eq!(queries[1].replies, [expected]);
        let queries = read(&csv).expect("read");
        assert_eq!((queries.len(), queries[1].row.text.as_deref()), (2, Some("blue")));
        // A byte order mark, and a text that is none.
        let text =
            "\u{feff}{\"like\": [3], \"text\": \"\"}\n{\"rgb\": \"x.png\", \"text\": \" \"}\n";
        std::fs::write(&json, text).expect("written");
        let queries = read(&json).expect("read");
        assert!(queries.len() == 2 && queries.iter().all(|query| query.row.text.is_none()));
        std::fs::write(&json, "{\"rgb\": \"\", \"text\": \"red\"}").expect("written");
        assert!(read(&json).expect("read")[0].row.pictures.is_empty(), "a blank path is none");
        for (text, problem) in [
            ("{\"txt\": 1}", "txt"),
            ("{}", "neither"),
            ("{\"text\": \" \\t\"}", "neither"),
            ("{\"sketch\": \"\"}", "neither"),
            ("", "no query"),
            // A list of JSON, and an object of several lines.
            ("[{\"text\": \"red\"}]", "row 1: expected one JSON object per line"),
            ("\n[\"a\", null, null, null, null, \"red\", [], [], []]", "row 2: expected one JSON"),
            ("{\n\"text\": \"red\"\n}", "expected a whole JSON object on one line"),
        ] {
            std::fs::write(&json, text).expect("written");
            let error = read(&json).expect_err(problem);
            assert!(error.to_string().contains(problem) && error.exit_code() == 2, "{error}");
        }
    }
}
