//! The rows that are embedded: pictures, sentences and people of a list.

use crate::error::{Error, Result};
use crate::report::ShownPicture;
use aio_data::folder::{self, Reason};
use aio_data::picture::{self, FORMATS};
use aio_data::task::QueryPicture;
use aio_data::{DataError, Label, fs};
use aio_model::Extractor;
use aio_types::{Modality, ModalitySet, Observation, Picture};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    pub identity: Option<Label>,
    /// The camera, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<Label>,
    /// The photograph that it is or was made from, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<i64>,
    /// The clothes, if they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clothes: Option<Label>,
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

    /// A row without pictures of a text that somebody may have left blank: then it has none.
    #[must_use]
    pub(crate) fn of_text(text: Option<String>) -> Self {
        Self { text: text.filter(|text| !text.trim().is_empty()), ..Self::default() }
    }

    /// The row as the extractor takes it.
    ///
    /// # Errors
    /// [`Error`] naming the picture that cannot be read.
    pub fn input(&self, extractor: &Extractor) -> Result<Observation<Picture>> {
        let size = extractor.preprocessing().size();
        let mut pictures = Vec::with_capacity(self.pictures.len());
        for picture in self.pictures_by_modality() {
            let (modality, path) = picture?;
            pictures.push((modality, picture::open(path, size)?));
        }
        Ok(Observation { pictures, caption: self.text.clone() })
    }

    /// The pictures as drawings of ranked lists show them.
    ///
    /// # Errors
    /// [`Error`] for a name that is no modality.
    pub(crate) fn shown_pictures(&self) -> Result<Vec<ShownPicture>> {
        let shown = |(modality, path): (Modality, &Path)| ShownPicture {
            modality,
            picture: QueryPicture::real(path.to_path_buf()),
        };
        self.pictures_by_modality().map(|picture| picture.map(shown)).collect()
    }

    /// The modalities of the pictures and the sentence.
    ///
    /// # Errors
    /// [`Error`] for a name that is no modality.
    pub(crate) fn modalities(&self) -> Result<ModalitySet> {
        let pictures =
            self.pictures_by_modality().map(|picture| picture.map(|(modality, _)| modality));
        pictures.chain(self.text.as_ref().map(|_| Ok(Modality::Text))).collect()
    }

    /// The pictures with their modalities. A manifest that was changed by hand can name a modality that does not exist.
    fn pictures_by_modality(&self) -> impl Iterator<Item = Result<(Modality, &Path)>> {
        self.pictures.iter().map(|(name, path)| {
            let modality = name.parse::<Modality>();
            let modality =
                modality.map_err(|e| Error::user(e.to_string(), "see `aio embed --help`"))?;
            Ok((modality, path.as_path()))
        })
    }

    /// The row in a message: its pictures and its sentence.
    pub(crate) fn name(&self) -> String {
        let pictures = self.pictures.values().map(|path| path.display().to_string());
        let sentence = self.text.iter().map(|text| format!("`{text}`"));
        pictures.chain(sentence).collect::<Vec<_>>().join(" and ")
    }

    /// As [`Row::input`], of a row that a manifest can name.
    ///
    /// # Errors
    /// Also an [`Error`] naming the picture whose name is not UTF-8: JSON cannot hold it.
    pub(super) fn named_input(&self, extractor: &Extractor) -> Result<Observation<Picture>> {
        self.pictures.values().try_for_each(|path| check_utf8(path, "the manifest"))?;
        self.input(extractor)
    }
}

/// Refuses a picture whose name is not UTF-8; `holder` is what cannot hold such a name.
///
/// # Errors
/// [`Error`] naming the picture.
pub(crate) fn check_utf8(path: &Path, holder: &str) -> Result<()> {
    if path.to_str().is_some() {
        return Ok(());
    }
    Err(Error::Data(DataError::Request {
        problem: format!("the name of {path:?} is not UTF-8, and {holder} cannot hold it"),
        hint: "rename the file or its folder".into(),
    }))
}

/// The sentences of a text file, one per line, so that the number of a sentence is that of its line. A blank line at the very end is none.
///
/// # Errors
/// [`DataError::Row`] naming a blank line: to pass it over would move all rows behind it.
pub(crate) fn sentences(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_text(path)?;
    let mut sentences: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    sentences.pop_if(|last| last.is_empty());
    match sentences.iter().position(String::is_empty) {
        Some(blank) => Err(Error::Data(DataError::Row {
            path: path.to_path_buf(),
            row: blank + 1,
            problem: "the line is blank; every line is one sentence and becomes one row: remove it"
                .into(),
        })),
        None => Ok(sentences),
    }
}

/// A row for the picture itself, or for every picture of a folder and of the folders in it, in the order of their
/// names. What lies in a folder and is passed over although it looks like a picture is reported.
///
/// # Errors
/// [`Error`] naming the path that does not exist or is neither a file nor a folder, or the folder that holds no picture.
pub fn pictures(input: &Path, modality: Modality) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    each_picture(input, |path| rows.push(Row::picture(modality, path)))?;
    Ok(rows)
}

/// Calls `found` with every picture of an input, in the order of [`pictures`], and logs what is passed over.
///
/// # Errors
/// As [`pictures`].
pub(crate) fn each_picture(input: &Path, mut found: impl FnMut(PathBuf)) -> Result<()> {
    if !input.is_dir() {
        // Whether it can be read is found when it is opened: it may be one of many.
        let metadata = std::fs::metadata(input).map_err(|source| DataError::Io {
            action: "read",
            path: input.to_path_buf(),
            source,
        })?;
        if !metadata.is_file() {
            return Err(Error::user(
                format!("{} is neither a file nor a folder", input.display()),
                "name a picture or a folder of pictures",
            ));
        }
        found(input.to_path_buf());
        return Ok(());
    }
    let (mut is_empty, mut skipped) = (true, BTreeMap::<Reason, usize>::new());
    for entry in folder::walk(input) {
        match entry? {
            folder::Entry::Picture(path) => {
                is_empty = false;
                found(path);
            }
            folder::Entry::Skipped(path, reason) => {
                if reason.is_notable() {
                    log::warn!("skipped: {}: {reason}", path.display());
                }
                *skipped.entry(reason).or_default() += 1;
            }
        }
    }
    let counts: Vec<String> =
        skipped.iter().map(|(reason, count)| reason.counted(*count)).collect();
    if is_empty {
        let why = if counts.is_empty() { "it is empty".into() } else { counts.join(", ") };
        return Err(Error::user(
            format!("no pictures in {}: {why}", input.display()),
            format!("looked for {FORMATS}"),
        ));
    }
    if !counts.is_empty() {
        log::info!("{}: skipped {}", input.display(), counts.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found_by_name_at_any_depth_and_hidden_ones_are_not() {
        let folder = tempfile::tempdir().expect("temporary directory");
        for name in [
            "b/2.png",
            "b/10.png",
            "a.jpg",
            "c.txt",
            ".hidden/x.png",
            "b/.y.png",
            "d.JPG",
            "e.heic",
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("create");
            std::fs::write(path, []).expect("write");
        }
        let found = pictures(folder.path(), Modality::Rgb).expect("walked");
        let names: Vec<_> = found
            .iter()
            .flat_map(|row| row.pictures.values())
            .map(|path| path.strip_prefix(folder.path()).expect("below").display().to_string())
            .collect();
        assert_eq!(names, ["a.jpg", "b/10.png", "b/2.png", "d.JPG"]);
        std::fs::remove_dir_all(folder.path().join("b")).expect("removed");
        for name in ["a.jpg", "d.JPG"] {
            std::fs::remove_file(folder.path().join(name)).expect("removed");
        }
        let error = pictures(folder.path(), Modality::Rgb).expect_err("none is left").to_string();
        assert!(error.contains("1 picture in a format that is not read"), "{error}");
    }

    #[test]
    fn the_number_of_a_sentence_is_that_of_its_line() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let path = folder.path().join("captions.txt");
        let of = |text: &str| {
            std::fs::write(&path, text).expect("write");
            sentences(&path).map_err(|error| error.to_string())
        };
        for text in ["a man\n a woman \n", "\u{feff}a man\na woman", "a man\r\na woman\n\n"] {
            assert_eq!(of(text).expect("two"), ["a man", "a woman"]);
        }
        assert!(of("").expect("none").is_empty());
        for text in ["a man\n\na woman\n", "a man\n \t\n\n"] {
            let error = of(text).expect_err("blank");
            assert!(error.contains("captions.txt, row 2: the line is blank"), "{error}");
        }
    }

    #[test]
    fn a_row_is_named_by_what_it_holds() {
        let picture = Row::picture(Modality::Sketch, "a/b.png".into());
        assert_eq!(picture.name(), "a/b.png");
        assert_eq!(Row::sentence("a red coat").name(), "`a red coat`");
        let both = Row { text: Some("a red coat".into()), ..picture };
        assert_eq!(both.name(), "a/b.png and `a red coat`");
    }

    #[test]
    fn what_does_not_exist_is_named() {
        let error = pictures(Path::new("/no/such/folder"), Modality::Rgb).expect_err("missing");
        assert!(error.to_string().contains("/no/such/folder") && error.exit_code() == 2);
    }
}
