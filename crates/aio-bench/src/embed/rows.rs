//! The rows that are embedded: pictures, sentences and people of a list.

use super::{Request, list};
use crate::error::{Error, Result};
use aio_data::picture::{self, is_picture};
use aio_data::{DataError, fs};
use aio_model::Extractor;
use aio_types::{Modality, Observation, ParseModalityError, Picture};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// One person to be embedded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Pictures by modality.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pictures: BTreeMap<String, PathBuf>,
    /// A sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The identity, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<i64>,
    /// The camera, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<i64>,
    /// The photograph that it is or was made from, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<i64>,
}

impl Row {
    /// A picture alone.
    #[must_use]
    pub fn picture(modality: Modality, path: PathBuf) -> Self {
        Self { pictures: [(modality.name().to_owned(), path)].into(), ..Self::default() }
    }

    /// A sentence alone.
    #[must_use]
    pub fn sentence(text: &str) -> Self {
        Self { text: Some(text.to_owned()), ..Self::default() }
    }

    /// The row as the extractor takes it.
    ///
    /// # Errors
    /// [`Error`] naming the picture that cannot be read.
    pub fn input(&self, extractor: &Extractor) -> Result<Observation<Picture>> {
        let size = extractor.preprocessing().size();
        let mut pictures = Vec::with_capacity(self.pictures.len());
        for (name, path) in &self.pictures {
            let modality: Modality = name.parse().map_err(|e: ParseModalityError| {
                Error::user(e.to_string(), "see `aio embed --help`")
            })?;
            pictures.push((modality, picture::open(path, size)?));
        }
        Ok(Observation { pictures, caption: self.text.clone() })
    }
}

/// Everything that the request names, in its order.
pub(super) fn collect(request: &Request) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for input in &request.inputs {
        rows.extend(pictures(input, request.modality)?);
    }
    if let Some(path) = &request.captions {
        let text = fs::read_to_string(path)?;
        let sentences = text.lines().map(str::trim).filter(|line| !line.is_empty());
        rows.extend(sentences.map(Row::sentence));
    }
    if let Some(path) = &request.list {
        rows.extend(list::read(path)?);
    }
    Ok(rows)
}

/// A row for the picture itself, or for every picture of a folder and of the folders in it, in the order of their
/// names.
///
/// # Errors
/// [`Error`] naming the path that does not exist, or the folder that holds no picture or contains itself.
pub fn pictures(input: &Path, modality: Modality) -> Result<Vec<Row>> {
    if input.is_dir() {
        let found = picture_files(input)?;
        if found.is_empty() {
            return Err(Error::user(
                format!("no pictures in {}", input.display()),
                "looked for *.jpg, *.jpeg, *.png and *.bmp",
            ));
        }
        return Ok(found.into_iter().map(|path| Row::picture(modality, path)).collect());
    }
    let found = std::fs::metadata(input).map_err(|source| DataError::Io {
        action: "read",
        path: input.to_path_buf(),
        source,
    })?;
    if !found.is_file() {
        return Err(Error::user(
            format!("{} is neither a file nor a folder", input.display()),
            "name a picture or a folder of pictures",
        ));
    }
    Ok(vec![Row::picture(modality, input.to_path_buf())])
}

/// Pictures below a folder, without hidden files and folders. Links are followed.
fn picture_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_shown = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    let mut found = Vec::new();
    for entry in entries.filter_entry(is_shown) {
        let entry = match entry {
            Ok(entry) => entry,
            // A link that leads nowhere matters only if its name is that of a picture.
            Err(error) if leads_nowhere(&error) && !error.path().is_some_and(is_picture) => {
                continue;
            }
            Err(error) => return Err(walking(folder, &error)),
        };
        if entry.file_type().is_file() && is_picture(entry.path()) {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

fn leads_nowhere(error: &walkdir::Error) -> bool {
    error.io_error().is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound)
}

/// The error of a folder that cannot be walked.
fn walking(folder: &Path, error: &walkdir::Error) -> Error {
    let path = error.path().unwrap_or(folder).display();
    if let Some(ancestor) = error.loop_ancestor() {
        return Error::user(
            format!("{path} is a link to {}, which contains it", ancestor.display()),
            "remove the link, or name the folders one by one",
        );
    }
    Error::user(format!("cannot read {path}: {error}"), "check that it exists and may be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found_by_name_at_any_depth_and_hidden_ones_are_not() {
        let folder = tempfile::tempdir().expect("temporary directory");
        for name in ["b/2.png", "b/10.png", "a.jpg", "c.txt", ".hidden/x.png", "b/.y.png", "d.JPG"]
        {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("create");
            std::fs::write(path, []).expect("write");
        }
        let found = picture_files(folder.path()).expect("walked");
        let names: Vec<_> = found
            .iter()
            .map(|path| path.strip_prefix(folder.path()).expect("below").display().to_string())
            .collect();
        assert_eq!(names[..3], ["a.jpg", "b/10.png", "b/2.png"]);
        assert!(names.iter().all(|name| !name.contains("/.") && !name.starts_with('.')));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_contains_itself_is_refused() {
        let folder = tempfile::tempdir().expect("temporary directory");
        std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).expect("link");
        let error = picture_files(folder.path()).expect_err("a loop");
        assert!(error.to_string().contains("again is a link to"), "{error}");
    }

    #[test]
    fn what_does_not_exist_is_named() {
        let error = pictures(Path::new("/no/such/folder"), Modality::Rgb).expect_err("missing");
        assert!(error.to_string().contains("/no/such/folder") && error.exit_code() == 2);
    }
}
