//! Queries and the gallery entries that they retrieved.

use super::{Label, jpeg, with_labels, wrap, wrong_size};
use crate::error::Result;
use crate::report::{RankedList, RankedLists, Retrieved, ShownPicture};
use aio_data::picture;
use aio_eval::Relevance;
use aio_types::{Picture, PictureSize, TaskId};
use image::{Rgb, RgbImage, imageops};
use plotters::prelude::BLACK;
use std::path::Path;

const CELL: PictureSize = PictureSize { height: 128, width: 64 };
const GAP: u32 = 8;
const BORDER: u32 = 4;
/// Width of the column with captions.
const CAPTION_WIDTH: u32 = 224;
/// Characters in a line of a caption, and lines of one.
const CAPTION_LINE: usize = 34;
const CAPTION_LINES: usize = 9;
/// Height of the title.
const HEAD: u32 = 30;
/// Most pixels of a picture: 768 MiB.
const MOST_PIXELS: u64 = 1 << 28;

/// Okabe–Ito bluish green and vermilion: the field's green and red, which colour-blind readers can tell apart, too.
const MATCH: Rgb<u8> = Rgb([0, 158, 115]);
const NON_MATCH: Rgb<u8> = Rgb([213, 94, 0]);
const JUNK: Rgb<u8> = Rgb([190, 190, 190]);

/// Opens the file of this name.
pub(in crate::report) fn from_file(path: &impl AsRef<Path>, size: PictureSize) -> Result<Picture> {
    Ok(picture::open(path.as_ref(), size)?)
}

/// How the queries of a picture were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum ListKind {
    Chosen,
    Best,
    Worst,
}

impl ListKind {
    /// The name on the page.
    pub(in crate::report) fn name(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::Best => "best",
            Self::Worst => "worst",
        }
    }
}

/// Ranked lists of one task and kind, drawn.
pub(in crate::report) struct DrawnLists {
    pub(in crate::report) task: TaskId,
    pub(in crate::report) kind: ListKind,
    pub(in crate::report) picture: RgbImage,
    /// The picture as JPEG.
    pub(in crate::report) jpeg: Vec<u8>,
}

/// Draws the ranked lists of a task, one picture for each kind that has any.
///
/// # Errors
/// [`Error`](crate::error::Error) naming the picture that cannot be read.
pub(in crate::report) fn ranked_lists_of_task(
    task: &TaskId,
    lists: &RankedLists,
) -> Result<Vec<DrawnLists>> {
    let kinds = [
        (ListKind::Chosen, &lists.chosen),
        (ListKind::Best, &lists.best),
        (ListKind::Worst, &lists.worst),
    ];
    let mut drawn = Vec::new();
    for (kind, lists) in kinds {
        if !lists.is_empty() {
            let picture = ranked_lists(task.as_str(), lists, from_file)?;
            let jpeg = jpeg(&picture)?;
            drawn.push(DrawnLists { task: task.clone(), kind, picture, jpeg });
        }
    }
    Ok(drawn)
}

/// Columns of a picture of ranked lists, in pixels.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// Where captions begin, behind the pictures of the queries.
    captions: u32,
    /// Where retrieved entries begin.
    retrieved: u32,
    /// Width of a retrieved entry: wider where sentences are retrieved.
    cell: u32,
    width: u32,
    height: u32,
}

const COLUMN: u32 = CELL.width as u32 + GAP + 2 * BORDER;
const ROW: u32 = CELL.height as u32 + GAP + 2 * BORDER;

impl Layout {
    fn new<P>(lists: &[RankedList<P>]) -> Self {
        let longest = |length: fn(&RankedList<P>) -> usize| {
            lists.iter().map(length).max().unwrap_or(0) as u32
        };
        let captions = GAP + longest(|list| list.pictures.len()) * COLUMN;
        let has_captions = lists.iter().any(|list| list.caption.is_some());
        let retrieved = captions + if has_captions { CAPTION_WIDTH } else { 0 } + 2 * GAP;
        let mut entries = lists.iter().flat_map(|list| &list.retrieved);
        let has_sentences = entries.any(|(entry, _)| matches!(entry, Retrieved::Sentence { .. }));
        let cell = if has_sentences { CAPTION_WIDTH } else { CELL.width as u32 };
        let column = cell + GAP + 2 * BORDER;
        let width = retrieved + longest(|list| list.retrieved.len()) * column + GAP;
        let rows = u32::try_from(lists.len()).unwrap_or(u32::MAX);
        let height = rows.saturating_mul(ROW).saturating_add(HEAD + GAP);
        Self { captions, retrieved, cell, width, height }
    }

    /// Refuses a picture that no memory may hold.
    fn check(self, lists: usize) -> Result<()> {
        let Self { width, height, .. } = self;
        if u64::from(width) * u64::from(height) <= MOST_PIXELS {
            return Ok(());
        }
        Err(crate::error::Error::user(
            format!(
                "a picture of {lists} lists would have {height} × {width} pixels, expected {MOST_PIXELS} in all at most"
            ),
            "draw fewer lists or shorter ones",
        ))
    }

    /// Where the retrieved entry of a column begins.
    fn entry(self, column: u32) -> u32 {
        self.retrieved + column * (self.cell + GAP + 2 * BORDER) + BORDER
    }
}

/// Draws ranked lists, one per row: the query (pictures as the model sees them, then its caption), then the entries that it retrieved, with a
/// green border around matches and a red one around other people. Junk, which the protocol ignores, is grey.
/// `open` gives the picture that a `P` stands for.
///
/// # Errors
/// [`Error`](crate::error::Error) naming the picture that cannot be read, or the size of a drawing that is too large.
pub(in crate::report) fn ranked_lists<P>(
    title: &str,
    lists: &[RankedList<P>],
    open: impl Fn(&P, PictureSize) -> Result<Picture>,
) -> Result<RgbImage> {
    let layout = Layout::new(lists);
    layout.check(lists.len())?;
    let mut canvas = RgbImage::from_pixel(layout.width, layout.height, Rgb([255; 3]));
    let title = format!("{title}: query, then the nearest gallery entries");
    let mut labels = vec![Label { text: title, at: (GAP as i32, 7), size: 15, colour: BLACK }];
    for (row, list) in (0..).zip(lists) {
        let y = HEAD + row * ROW + BORDER;
        for (column, ShownPicture { picture, .. }) in (0..).zip(&list.pictures) {
            let shown = rgb(picture.prepared(picture::open(&picture.path, CELL)?))?;
            paste(&mut canvas, &shown, (GAP + column * COLUMN + BORDER, y), None);
        }
        if let Some(caption) = &list.caption {
            labels.extend(caption_labels(caption, layout.captions, y));
        }
        for (column, (entry, relevance)) in (0..).zip(&list.retrieved) {
            let x = layout.entry(column);
            let picture = match entry {
                Retrieved::Picture(name) => rgb(open(name, CELL)?)?,
                Retrieved::Sentence { caption } => {
                    labels.extend(caption_labels(caption, x + GAP, y));
                    RgbImage::from_pixel(layout.cell, CELL.height as u32, Rgb([255; 3]))
                }
            };
            let (picture, border) = marked(picture, *relevance);
            paste(&mut canvas, &picture, (x, y), border);
        }
    }
    with_labels(canvas, labels)
}

fn caption_labels(caption: &str, x: u32, y: u32) -> Vec<Label> {
    let lines = wrap(caption, CAPTION_LINE).into_iter().take(CAPTION_LINES);
    let label = |(line, text)| {
        let at = (x as i32, (y + 4) as i32 + 13 * line);
        Label { text, at, size: 11, colour: BLACK }
    };
    (0..).zip(lines).map(label).collect()
}

/// A retrieved entry as it is drawn, and the colour of its border.
fn marked(picture: RgbImage, relevance: Option<Relevance>) -> (RgbImage, Option<Rgb<u8>>) {
    match relevance {
        Some(Relevance::Match) => (picture, Some(MATCH)),
        Some(Relevance::NonMatch) => (picture, Some(NON_MATCH)),
        Some(Relevance::Junk) => (greyed(picture), Some(JUNK)),
        None => (picture, None),
    }
}

fn rgb(picture: Picture) -> Result<RgbImage> {
    let PictureSize { height, width } = picture.size;
    RgbImage::from_raw(width as u32, height as u32, picture.pixels).ok_or_else(wrong_size)
}

fn paste(canvas: &mut RgbImage, picture: &RgbImage, (x, y): (u32, u32), border: Option<Rgb<u8>>) {
    if let Some(colour) = border {
        let (width, height) = (picture.width() + 2 * BORDER, picture.height() + 2 * BORDER);
        let frame = RgbImage::from_pixel(width, height, colour);
        imageops::replace(canvas, &frame, i64::from(x - BORDER), i64::from(y - BORDER));
    }
    imageops::replace(canvas, picture, i64::from(x), i64::from(y));
}

/// A pale grey copy, for junk.
fn greyed(mut picture: RgbImage) -> RgbImage {
    for pixel in picture.pixels_mut() {
        let [r, g, b] = pixel.0.map(u16::from);
        let luminance = (77 * r + 150 * g + 29 * b) / 256;
        *pixel = Rgb([(150 + luminance / 3).min(255) as u8; 3]);
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retrieved_sentences_are_written_into_wider_cells() {
        crate::report::draw::register_font().expect("the font");
        let sentence = |text: &str, relevance| {
            (Retrieved::Sentence { caption: text.to_owned() }, Some(relevance))
        };
        let retrieved = vec![
            sentence("A man in red.", Relevance::NonMatch),
            sentence("A woman.", Relevance::Match),
        ];
        let list =
            RankedList { pictures: Vec::new(), caption: None, retrieved, average_precision: 0.5 };
        let stored = serde_json::to_string(&list).expect("JSON");
        assert_eq!(serde_json::from_str::<RankedList>(&stored).expect("a list"), list);
        let lists = [list];
        let drawn = ranked_lists("a task", &lists, from_file).expect("drawn");
        let layout = Layout::new(&lists);
        assert_eq!(drawn.dimensions(), (layout.width, layout.height));
        let (left, top) = ([layout.entry(0), layout.entry(1)], HEAD + BORDER);
        assert_eq!(left.map(|x| *drawn.get_pixel(x - 1, top + 20)), [NON_MATCH, MATCH]);
        let is_dark = |x, y| drawn.get_pixel(x, y).0.iter().all(|value| *value < 100);
        for x in left {
            let mut columns = x..x + layout.cell;
            assert!(columns.any(|x| (top..top + 30).any(|y| is_dark(x, y))), "no words at {x}");
        }
    }

    #[test]
    fn lists_that_no_memory_may_hold_are_refused_with_their_size() {
        crate::report::draw::register_font().expect("the font");
        let empty: RankedList = RankedList {
            pictures: Vec::new(),
            caption: None,
            retrieved: Vec::new(),
            average_precision: 0.0,
        };
        let error = ranked_lists("search", &vec![empty; 60_000], from_file);
        let error = error.expect_err("276 million pixels");
        let expected = "a picture of 60000 lists would have 8640038 × 32 pixels, expected 268435456 in all at most";
        assert_eq!((error.to_string().as_str(), error.exit_code()), (expected, 2));
        assert!(error.hint().is_some());
    }

    #[test]
    fn pictures_are_stored_as_paths_as_in_earlier_versions() {
        let stored = r#"[["gallery/1.jpg","right"],["gallery/2.jpg",null]]"#;
        let read: Vec<(Retrieved, Option<Relevance>)> =
            serde_json::from_str(stored).expect("entries");
        assert_eq!(read[0].0, Retrieved::Picture("gallery/1.jpg".into()));
        assert_eq!(serde_json::to_string(&read).expect("JSON"), stored);
    }
}
