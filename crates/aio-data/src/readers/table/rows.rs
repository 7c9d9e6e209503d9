//! The rows of a table: what each says of a sample, and what contradicts itself.

use super::Row;
use crate::label::{Label, LabelNames, integer};
use crate::list::listed;
use crate::sample::Content;
use crate::{DataError, Dataset, Result, Sample, Split};
use aio_types::Modality;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The rows that are read so far.
pub(super) struct Rows<'a> {
    file: &'a Path,
    dataset: Dataset,
    names: LabelNames,
    /// The row in which a split has a picture.
    pictures: BTreeMap<(PathBuf, Split), usize>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(file: &'a Path) -> Self {
        Self {
            file,
            dataset: Dataset::default(),
            names: LabelNames::default(),
            pictures: BTreeMap::new(),
        }
    }

    pub(super) fn finish(self) -> Dataset {
        Dataset { names: Arc::new(self.names), ..self.dataset }
    }

    /// Takes the sample of a row.
    ///
    /// # Errors
    /// [`DataError::Row`] naming the column that is wrong.
    pub(super) fn add(&mut self, row: usize, fields: Row) -> Result<()> {
        let file = self.file;
        let problem = |problem: String| DataError::Row { path: file.to_path_buf(), row, problem };
        let [path, identity, camera, modality, split, caption, source, clothes] = fields;
        let modality: Modality =
            modality.parse().map_err(|e| problem(format!("`modality`: {e}")))?;
        if identity.trim().is_empty() {
            return Err(problem("`identity` is empty; expected an integer or a name".into()));
        }
        let identity = self.names.add_person(Label::parse(&identity));
        let identity = identity.map_err(|e| problem(e.to_string()))?.0;
        let mut sample =
            Sample::new(identity, modality, self.content(row, modality, &path, caption)?);
        if let Some(camera) = known(&camera) {
            let camera = self.names.add_camera(camera).map_err(|e| problem(e.to_string()))?;
            sample = sample.taken_by(camera.0);
        }
        let source = source.trim();
        if !source.is_empty() {
            let expected = || problem(format!("`source` is `{source}`; expected an integer"));
            let number = integer(source).ok_or_else(expected)?;
            if number >= 0 {
                sample = sample.made_from(number);
            }
        }
        if let Some(clothes) = known(&clothes) {
            sample = sample.wearing(clothes.number());
        }
        let split = Split::named(&split).ok_or_else(|| {
            problem(format!("`split` is `{split}`; expected train, validation, query or gallery"))
        })?;
        if let Some(picture) = sample.path()
            && let Some(first) = self.pictures.insert((picture.to_path_buf(), split), row)
        {
            return Err(problem(format!("`{path}` is in the split {split} already (row {first})")));
        }
        if split == Split::Train && !sample.identity.is_known() {
            return Err(problem(format!(
                "`identity` is {}: below 0 it is not known who is shown, and training would make one person of all such rows; leave the row out",
                sample.identity.0
            )));
        }
        self.dataset.split_mut(split).push(sample);
        Ok(())
    }

    /// The picture or the sentence of a row, of which it may name one alone.
    fn content(
        &self,
        row: usize,
        modality: Modality,
        path: &str,
        caption: String,
    ) -> Result<Content> {
        let problem = match (modality, path.is_empty(), caption.is_empty()) {
            (Modality::Text, true, false) => return Ok(Content::Caption(caption)),
            (Modality::Text, _, true) => "a text has no `caption`".to_owned(),
            (Modality::Text, false, _) => {
                format!("a text has the path `{path}`; name its photograph in `source`")
            }
            (_, false, true) => {
                let folder = self.file.parent().unwrap_or(Path::new("."));
                return Ok(Content::Image(listed(self.file, row, folder, path)?));
            }
            (_, true, _) => format!("`path` of a picture ({modality}) is empty"),
            (_, false, false) => format!(
                "a picture ({modality}) has a `caption`, which nothing would read; write the sentence as a row of modality text with an empty path, and give both rows one number in `source`"
            ),
        };
        Err(DataError::Row { path: self.file.to_path_buf(), row, problem })
    }
}

/// A label that is known.
fn known(field: &str) -> Option<Label> {
    let label = Label::parse(field);
    (!field.trim().is_empty() && !label.is_unknown()).then_some(label)
}
