//! What is added to a gallery, one item after the other, so that memory does not grow with their number.

use super::item::{Item, Origin};
use super::list::{self, List};
use crate::embed::{each_picture, sentences};
use crate::error::{Error, Result};
use aio_data::DataError;
use aio_data::folder::{self, Entry};
use aio_gallery::{Detected, Detection, Record, Source, coco, mot};
use aio_types::Modality;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is added to a gallery.
#[derive(Debug, Clone)]
pub struct InputRequest {
    /// Pictures, and folders of pictures.
    pub inputs: Vec<PathBuf>,
    /// Modality of these pictures, of the column `path` of the list, and of the frames.
    pub modality: Modality,
    /// A text file with one sentence per line.
    pub captions: Option<PathBuf>,
    /// A CSV file; each line becomes one row of the gallery.
    pub list: Option<PathBuf>,
    /// Rows with the columns of such a file, as names and values. Paths are relative to the working directory.
    pub rows: Vec<Vec<(String, String)>>,
    /// Boxes in frames.
    pub detections: Option<Detections>,
    /// Columns and values for every row that has none.
    pub labels: Vec<(String, String)>,
    /// The part that this call takes.
    pub shard: Shard,
}

/// Boxes in the frames of a video.
#[derive(Debug, Clone)]
pub struct Detections {
    /// MOTChallenge's text or COCO's JSON.
    pub file: PathBuf,
    /// Whether it is COCO's JSON, and which category is wanted.
    pub coco: Option<String>,
    /// Folder of the frames.
    pub frames: PathBuf,
    /// Detections with a lower confidence are left out.
    pub least_confidence: Option<f64>,
    /// What becomes a row.
    pub pool: Pool,
}

/// What of a tracker's boxes becomes a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Every box.
    None,
    /// Every track, by the mean of its boxes' features.
    Track,
}

/// A part of the inputs: those whose number leaves this remainder. Of pooled tracks all boxes go to one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 0.
    pub index: usize,
    /// Number of parts.
    pub count: usize,
}

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { index: 0, count: 1 };
}

type Items<'a> = Box<dyn Iterator<Item = Result<Item>> + 'a>;

impl InputRequest {
    /// Whether nothing is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
            && self.captions.is_none()
            && self.list.is_none()
            && self.rows.is_empty()
            && self.detections.is_none()
    }

    /// Whether the boxes of a track become one row.
    pub(super) fn pools(&self) -> bool {
        self.detections.as_ref().is_some_and(|detections| detections.pool == Pool::Track)
    }

    /// Number of items, and what is passed over on the way, which is reported.
    pub(super) fn count(&self) -> Result<usize> {
        self.check_labels()?;
        self.warn_of_lookalikes()?;
        for input in &self.inputs {
            // For its refusals and its warnings: the pictures themselves are counted below.
            each_picture(input, |_| {})?;
        }
        let boxes = self.boxes()?;
        if let (Some(Detected { left_out: left_out @ 1.., .. }), Some(of)) =
            (&boxes, &self.detections)
        {
            log::info!("{}: {left_out} boxes left out", of.file.display());
        }
        let mut count = 0;
        for item in self.items_with(boxes)? {
            item?;
            count += 1;
        }
        Ok(count)
    }

    /// All items of the shard, in order.
    pub(super) fn items(&self) -> Result<Items<'_>> {
        self.items_with(self.boxes()?)
    }

    fn boxes(&self) -> Result<Option<Detected>> {
        self.detections.as_ref().map(Detections::read).transpose()
    }

    fn items_with(&self, boxes: Option<Detected>) -> Result<Items<'_>> {
        let mut all: Items =
            Box::new(self.inputs.iter().flat_map(|input| pictures(input, self.modality)));
        if let Some(path) = &self.captions {
            let sentence = |(row, line): (usize, String)| match Record::check_text(&line) {
                Ok(()) => {
                    let origin = Some(Origin { path: path.clone(), row });
                    Ok(Item { origin, ..Item::sentence(&line) })
                }
                Err(problem) => Err(DataError::Row { path: path.clone(), row, problem }.into()),
            };
            let sentences: Vec<Result<Item>> = (1..).zip(sentences(path)?).map(sentence).collect();
            all = Box::new(all.chain(sentences));
        }
        if let Some(path) = &self.list {
            all = Box::new(all.chain(List::open(path, self.modality)?));
        }
        let rows = self.rows.iter().enumerate();
        all = Box::new(all.chain(rows.map(|(row, fields)| list::item(row, fields, self.modality))));
        if let (Some(boxes), Some(detections)) = (boxes, &self.detections) {
            let found = boxes.wanted.into_iter();
            let found = found.map(|found| Ok(self.detected(found, &detections.file)));
            all = Box::new(all.chain(found));
        }
        let Shard { index, count } = self.shard;
        let is_mine = move |(number, item): &(usize, Result<Item>)| {
            let track = item.as_ref().ok().and_then(|item| item.track).filter(|_| self.pools());
            let number = track.map_or(*number, |track| track.unsigned_abs() as usize);
            number % count == index
        };
        Ok(Box::new(all.enumerate().filter(is_mine).map(|(_, item)| self.labelled(item?))))
    }

    /// Refuses two values for one column, of which a row can have one alone, and a text where rows have pictures: it would stand for the picture that was
    /// embedded.
    fn check_labels(&self) -> Result<()> {
        let is_picture = |name: &str| name.parse::<Modality>().is_ok_and(Modality::is_visual);
        if let Some((column, value)) = self.labels.iter().find(|(column, _)| is_picture(column)) {
            return Err(Error::user(
                format!("--label {column}={value}: a label is text, and `{column}` is a picture"),
                "name pictures as inputs or in --list, or call the column otherwise",
            ));
        }
        let columns = self.labels.iter().map(|(column, _)| column.as_str());
        let Some(twice) = aio_data::repeated(columns) else { return Ok(()) };
        Err(Error::user(
            format!("--label gives two values for the column `{twice}`"),
            "give each column one value; rows with values of their own get them from --list",
        ))
    }

    /// Says which columns of the user's own differ from a known one in case alone: filters and groups look in the known one.
    fn warn_of_lookalikes(&self) -> Result<()> {
        let list = self.list.as_deref().map(|path| List::open(path, self.modality)).transpose()?;
        let pairs = self.labels.iter().chain(self.rows.iter().flatten());
        let names = pairs.map(|(column, _)| column.as_str());
        let names: BTreeSet<&str> = names.chain(list.iter().flat_map(List::values)).collect();
        for (name, known) in names.into_iter().filter_map(|n| Some((n, list::lookalike(n)?))) {
            log::warn!(
                "the column `{name}` is one of your own, beside the column `{known}`, which it leaves empty: rename it if it should be that one"
            );
        }
        Ok(())
    }

    fn labelled(&self, mut item: Item) -> Result<Item> {
        for (column, value) in &self.labels {
            item.set(column, value).map_err(|problem| {
                Error::user(
                    format!("--label {column}={value}: {problem}"),
                    "name identity, camera, time, caption or a column of your own",
                )
            })?;
        }
        Ok(item)
    }

    fn detected(&self, detection: Detection, file: &Path) -> Item {
        let Detection { frame, crop, track, confidence, number, row } = detection;
        let origin = Some(Origin { path: file.to_path_buf(), row });
        let picture = Item::picture(self.modality, frame);
        let mut item = Item { crop: Some(crop), track, origin, ..picture };
        let own = &mut item.known.extra;
        own.insert("frame".into(), number.to_string());
        own.extend(track.map(|track| ("track".into(), track.to_string())));
        own.extend(confidence.map(|sure| ("confidence".into(), sure.to_string())));
        item
    }
}

impl Detections {
    fn read(&self) -> Result<Detected> {
        let source = Source {
            file: &self.file,
            frames: &self.frames,
            least_confidence: self.least_confidence,
        };
        Ok(match &self.coco {
            Some(category) => coco(&source, category)?,
            None => mot(&source)?,
        })
    }
}

/// The picture itself, or every picture of a folder and of the folders in it, in the order of their names.
fn pictures(input: &Path, modality: Modality) -> Items<'_> {
    if !input.is_dir() {
        return Box::new(std::iter::once(Ok(Item::picture(modality, input.to_path_buf()))));
    }
    Box::new(folder::walk(input).filter_map(move |entry| match entry {
        Ok(Entry::Picture(path)) => Some(Ok(Item::picture(modality, path))),
        Ok(Entry::Skipped(..)) => None,
        Err(error) => Some(Err(error.into())),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> InputRequest {
        InputRequest {
            inputs: Vec::new(),
            modality: Modality::Rgb,
            captions: None,
            list: None,
            rows: Vec::new(),
            detections: None,
            labels: Vec::new(),
            shard: Shard::WHOLE,
        }
    }

    #[test]
    fn a_folder_without_pictures_says_what_it_holds() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let request = InputRequest { inputs: vec![folder.path().to_path_buf()], ..nothing() };
        let refusal = || request.count().expect_err("no picture").to_string();
        assert!(refusal().ends_with(": it is empty"), "{}", refusal());
        std::fs::write(folder.path().join("a.heic"), []).expect("write");
        assert!(refusal().ends_with(": 1 picture in a format that is not read"), "{}", refusal());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_neither_a_file_nor_a_folder_is_refused() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let socket = folder.path().join("a.jpg");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
        let request = InputRequest { inputs: vec![socket], ..nothing() };
        let error = request.count().expect_err("a socket").to_string();
        assert!(error.ends_with("a.jpg is neither a file nor a folder"), "{error}");
    }

    #[test]
    fn a_blank_line_among_sentences_is_refused() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let captions = folder.path().join("captions.txt");
        let request = InputRequest { captions: Some(captions.clone()), ..nothing() };
        std::fs::write(&captions, "a man\na woman\n").expect("write");
        assert_eq!(request.count().expect("two sentences"), 2);
        let second = request.items().expect("two sentences").nth(1).expect("one").expect("read");
        assert!(second.name().ends_with("captions.txt, row 2"), "{}", second.name());
        std::fs::write(&captions, "a man\n\na woman\n").expect("write");
        let error = request.count().expect_err("a blank line").to_string();
        assert!(error.contains("captions.txt, row 2: the line is blank"), "{error}");
    }
}
