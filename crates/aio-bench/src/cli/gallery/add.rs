//! `aio gallery add`.

use super::GalleryArgument;
use crate::cli::arguments::{JsonArgument, ModelArguments, ON_ERROR, choice, visual};
use crate::cli::output::Output;
use crate::embed::OnError;
use crate::error::{Error, Result};
use crate::gallery::{AddRequest, AddedRows, Detections, InputRequest, Pool, Shard, add};
use aio_types::Modality;
use clap::Args;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  aio gallery add people more-photos --label camera=gate-2
  aio gallery add people --list people.csv --on-error skip
  aio gallery add people --mot gt.txt --frames img1 --pool track
  aio gallery add people-1 photos --shard 1/4

A call that was stopped continues when it is repeated. The same picture is added once, under the first path.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    #[command(flatten)]
    fill: FillArguments,
    #[command(flatten)]
    form: JsonArgument,
}

/// What a gallery is filled with.
#[derive(Debug, Args)]
pub(super) struct FillArguments {
    /// Pictures, and folders of pictures.
    inputs: Vec<PathBuf>,
    /// What the pictures are.
    #[arg(long, default_value = "rgb", value_parser = visual())]
    modality: Modality,
    /// A text file with one sentence per line.
    #[arg(long, value_name = "FILE")]
    captions: Option<PathBuf>,
    /// A CSV file; each line becomes one row of the gallery. Columns: path, rgb, infrared, sketch, colour-pencil (relative to the file), text (embedded), identity,
    /// camera, time, crop (left,top,width,height), caption (not embedded), and any others, which are kept.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Boxes of a tracker or detector in MOTChallenge's format: frame,track,left,top,width,height,confidence.
    #[arg(long, value_name = "FILE", requires = "frames")]
    mot: Option<PathBuf>,
    /// Boxes in COCO's format (JSON).
    #[arg(long, value_name = "FILE", requires = "frames", conflicts_with = "mot")]
    coco: Option<PathBuf>,
    /// Folder of the frames that the boxes are in.
    #[arg(long, value_name = "DIR")]
    frames: Option<PathBuf>,
    /// Category of the boxes that are wanted, where the COCO file names categories. If absent, person.
    #[arg(long)]
    category: Option<String>,
    /// Leave out boxes with a lower confidence; boxes without one stay. If absent, no box is left out for its confidence.
    #[arg(long, value_name = "X", requires = "frames", allow_negative_numbers = true, value_parser = confidence)]
    least_confidence: Option<f64>,
    /// One row per box, or one per track: the mean of its features of length 1.
    #[arg(long, value_name = "none|track", default_value = "none", requires = "frames", value_parser = choice(&POOLS))]
    pool: Pool,
    /// A value for every row that has none in this column, such as camera=gate-2. May be given several times.
    #[arg(long = "label", value_name = "COLUMN=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Take part I of N, counted from 1 (`aio sweep run --shard` counts from 0): for N calls on N machines, each with a gallery of its own, that are merged later.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Shard>,
    /// What to do about a picture that cannot be read: fail and name it, or skip its row, list it and count it.
    #[arg(long, value_name = "fail|skip", default_value = "fail", value_parser = choice(&ON_ERROR))]
    on_error: OnError,
    /// Longer side of thumbnails in pixels; 0 for none.
    #[arg(long, value_name = "PIXELS", default_value_t = 128, value_parser = clap::value_parser!(u16).range(0..=1024))]
    thumbnail: u16,
    #[command(flatten)]
    model: ModelArguments,
}

const POOLS: [(&str, Pool); 2] = [("none", Pool::None), ("track", Pool::Track)];

/// The category that is wanted if none is named.
const PERSON: &str = "person";

fn confidence(typed: &str) -> std::result::Result<f64, String> {
    // Every comparison with NaN fails, so that no box would be left.
    let number = typed.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| "expected a number".to_owned())
}

fn label(typed: &str) -> std::result::Result<(String, String), String> {
    let (column, value) = typed.split_once('=').ok_or("expected COLUMN=VALUE")?;
    Ok((column.to_owned(), value.to_owned()))
}

fn shard(typed: &str) -> std::result::Result<Shard, String> {
    let numbers = typed.split_once('/').and_then(|(index, count)| {
        Some((index.parse::<usize>().ok()?, count.parse::<usize>().ok()?))
    });
    match numbers {
        Some((index, count)) if (1..=count).contains(&index) => {
            Ok(Shard { index: index - 1, count })
        }
        _ => Err("expected a part of a number of parts, from 1/4 to 4/4".to_owned()),
    }
}

impl FillArguments {
    pub(super) fn request(self, gallery: &Path) -> Result<AddRequest> {
        // The parser of arguments requires nothing beside an option that is in conflict, as --mot is with --coco.
        if self.category.is_some() && self.coco.is_none() {
            return Err(Error::user(
                "--category without --coco",
                "leave out --category, or name the file of the boxes with --coco; only such a file names categories",
            ));
        }
        let mut detections = None;
        if let Some(frames) = self.frames {
            let is_coco = self.coco.is_some();
            let file = self.mot.or(self.coco).ok_or_else(|| {
                Error::user("--frames without boxes", "name their file with --mot or --coco")
            })?;
            detections = Some(Detections {
                file,
                coco: is_coco.then(|| self.category.unwrap_or_else(|| PERSON.to_owned())),
                frames,
                least_confidence: self.least_confidence,
                pool: self.pool,
            });
        }
        Ok(AddRequest {
            gallery: gallery.to_path_buf(),
            inputs: InputRequest {
                inputs: self.inputs,
                modality: self.modality,
                captions: self.captions,
                list: self.list,
                rows: Vec::new(),
                detections,
                labels: self.labels,
                shard: self.shard.unwrap_or(Shard::WHOLE),
            },
            model: self.model.into(),
            on_error: self.on_error,
            thumbnail: self.thumbnail.into(),
        })
    }
}

impl Arguments {
    pub(in crate::cli) fn run(self) -> Result<Output> {
        let added = add(&self.fill.request(self.gallery.directory()?)?)?;
        print(&added, self.form)
    }
}

pub(super) fn print(added: &AddedRows, form: JsonArgument) -> Result<Output> {
    form.output(added, || {
        let AddedRows { gallery, added, known, skipped, total, .. } = added;
        let mut text = format!("{}: {added} rows added, {total} in all", gallery.display());
        if *known > 0 {
            text += &format!("; {known} inputs were there already");
        }
        if !skipped.is_empty() {
            text += &format!("; {} passed over", skipped.len());
        }
        text + "\n"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidence_is_a_number_that_others_can_be_compared_with() {
        assert_eq!(confidence("-0.5"), Ok(-0.5));
        for typed in ["nan", "NaN", "inf", "-inf", "high", ""] {
            assert!(confidence(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn shards_are_counted_from_one() {
        assert_eq!(shard("1/4"), Ok(Shard { index: 0, count: 4 }));
        assert_eq!(shard("4/4"), Ok(Shard { index: 3, count: 4 }));
        for typed in ["0/4", "5/4", "4", "a/b", "1/0", "-1/4"] {
            assert!(shard(typed).is_err(), "{typed}");
        }
    }
}
