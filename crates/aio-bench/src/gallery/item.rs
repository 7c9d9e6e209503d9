//! What becomes a row of a gallery.

use aio_gallery::{BoundingBox, Record};
use aio_types::{Modality, ModalitySet};
use std::path::{Path, PathBuf};

/// What becomes a row of a gallery: pictures, a sentence, or both, which are embedded together.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    pub(super) pictures: Vec<(Modality, PathBuf)>,
    /// The part of each picture.
    pub(super) crop: Option<BoundingBox>,
    /// A sentence that is embedded.
    pub(super) text: Option<String>,
    /// What is known of it, without what follows from the fields above.
    pub(super) known: Record,
    /// The track of a detection.
    pub(super) track: Option<i64>,
    /// What named it, unless it was a path.
    pub(super) origin: Option<Origin>,
}

/// A line of a list, of sentences or of a file of boxes, from 1, or a position in a list of JSON.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) path: PathBuf,
    pub(super) row: usize,
}

impl Item {
    pub(super) fn picture(modality: Modality, path: PathBuf) -> Self {
        Self { pictures: vec![(modality, path)], ..Self::default() }
    }

    pub(super) fn sentence(text: &str) -> Self {
        Self { text: Some(text.to_owned()), ..Self::default() }
    }

    /// Whether there is nothing to embed.
    pub(super) fn is_empty(&self) -> bool {
        self.pictures.is_empty() && self.text.is_none()
    }

    pub(super) fn modalities(&self) -> ModalitySet {
        let text = self.text.as_ref().map(|_| Modality::Text);
        self.pictures.iter().map(|(modality, _)| *modality).chain(text).collect()
    }

    /// The item in a message: the line that named it, or what is embedded.
    pub(super) fn name(&self) -> String {
        match (&self.origin, self.shown(), &self.text) {
            (Some(Origin { path, row }), ..) => format!("{}, row {row}", path.display()),
            (None, Some(picture), _) => picture.display().to_string(),
            (None, None, text) => format!("`{}`", text.as_deref().unwrap_or_default()),
        }
    }

    /// The picture that stands for the row: the photograph, if there is one.
    pub(super) fn shown(&self) -> Option<&Path> {
        let photograph = self.pictures.iter().find(|(modality, _)| *modality == Modality::Rgb);
        photograph.or(self.pictures.first()).map(|(_, path)| path.as_path())
    }

    /// Everything that is known of the row. The paths of further pictures are in columns of their modalities' names, and so is a sentence that was embedded
    /// beside another caption.
    pub(super) fn record(&self) -> Record {
        let mut record = self.known.clone();
        record.modality = self.modalities().to_string();
        record.crop = self.crop;
        if record.caption.is_none() {
            record.caption.clone_from(&self.text);
        }
        let column = Modality::Text.name();
        if let Some(text) = &self.text
            && (record.caption.as_ref() != Some(text) || record.extra.contains_key(column))
        {
            record.extra.insert(column.to_owned(), text.clone());
        }
        let shown = self.shown();
        record.path = shown.map(|path| path.display().to_string());
        for (modality, path) in self.pictures.iter().filter(|(_, path)| shown != Some(path)) {
            record.extra.insert(modality.name().to_owned(), path.display().to_string());
        }
        record
    }

    /// Sets a column that has no value yet. An empty text is no value.
    pub(super) fn set(&mut self, column: &str, value: &str) -> Result<(), String> {
        match column {
            "crop" if value.trim().is_empty() => {}
            "crop" if self.crop.is_none() => self.crop = Some(value.parse()?),
            "crop" => {}
            other => self.known.set(other, value)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedded_sentence_is_kept_beside_another_caption() {
        let record = |caption: &str, label: &str| {
            let mut item = Item::sentence("a red coat");
            item.set("caption", caption).expect("a caption");
            item.set("text", label).expect("a column");
            let record = item.record();
            (record.caption.clone(), record.get("text"))
        };
        let is =
            |caption: &str, text: Option<&str>| (Some(caption.to_owned()), text.map(str::to_owned));
        assert_eq!(record("", ""), is("a red coat", None));
        assert_eq!(record("a red coat", ""), is("a red coat", None));
        assert_eq!(record("not this", ""), is("not this", Some("a red coat")));
        assert_eq!(record("", "nor this"), is("a red coat", Some("a red coat")));
        // A column of one's own of a row without a sentence is what it was.
        let mut picture = Item::picture(Modality::Rgb, "a.jpg".into());
        picture.set("text", "mine").expect("a column");
        assert_eq!(picture.record().get("text").as_deref(), Some("mine"));
    }
}
