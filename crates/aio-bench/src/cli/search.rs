//! `aio search`.

use super::arguments::{JsonArgument, ModelArguments, looks_like_address};
use super::filter::FilterArguments;
use super::output::Output;
use crate::embed::Row;
use crate::error::{Error, Result};
use crate::gallery::{self, NamedQuery, Place, SearchRequest, Terms};
use crate::overwrite;
use crate::search::{self, Request};
use aio_gallery::{Filter, Gallery, Scan};
use aio_stores::Address;
use aio_types::Modality;
use clap::Args;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  aio search photos --text \"a man in a red jacket\"
  aio search photos --sketch drawing.png --text \"a red jacket\" --picture list.png
  aio search gallery.safetensors --rgb photo.jpg --top 20 --json
  aio search people --rgb photo.jpg --not-camera gate-2 --after 2026-11-01 --group-by identity --threshold 0.9
  aio search people --text \"a red jacket\" --like 17,20 --unlike 4
  aio search people --queries queries.jsonl --csv
  aio search postgres://me@db.example/reid#people --text \"a red jacket\" --approximate
  aio search qdrant://db.example:6334/people --sketch drawing.png --not-camera gate-2

`aio gallery` makes galleries, and `aio gallery push` copies them into databases. A gallery or feature file must have been made with the same model.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A gallery, its copy in a database, a folder of photographs, or a feature file that `aio embed` wrote.
    gallery: PathBuf,
    /// A sentence.
    #[arg(long)]
    text: Option<String>,
    /// A photograph.
    #[arg(long, value_name = "FILE")]
    rgb: Option<PathBuf>,
    /// An infrared picture.
    #[arg(long, value_name = "FILE")]
    infrared: Option<PathBuf>,
    /// A sketch.
    #[arg(long, value_name = "FILE")]
    sketch: Option<PathBuf>,
    /// A drawing in colour pencil.
    #[arg(long, value_name = "FILE")]
    colour_pencil: Option<PathBuf>,
    /// Length of the list.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    top: u32,
    /// Also draw the query and its list to this PNG file.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    #[command(flatten)]
    form: JsonArgument,
    #[command(flatten)]
    of_gallery: OfGallery,
    #[command(flatten)]
    filter: FilterArguments,
    #[command(flatten)]
    model: ModelArguments,
}

/// What only a gallery can be asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Galleries")]
struct OfGallery {
    /// Many queries: a CSV file with the columns of `aio embed --list`, or one JSON object per line with the keys name, rgb, infrared, sketch,
    /// colour-pencil, text, like, unlike, answers.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "rgb", "infrared", "sketch", "colour_pencil", "like", "unlike"])]
    queries: Option<PathBuf>,
    /// Numbers of rows that the results should resemble. They are left out of the list.
    #[arg(long, value_name = "ROW,…", value_delimiter = ',')]
    like: Vec<u64>,
    /// Numbers of rows that the results should not resemble. They are left out of the list.
    #[arg(long, value_name = "ROW,…", value_delimiter = ',')]
    unlike: Vec<u64>,
    /// Of the rows with the same value in this column, show only the nearest one, as in --group-by identity.
    #[arg(long, value_name = "COLUMN")]
    group_by: Option<String>,
    /// Least probability of showing the same person, from 0 to 1, by the gallery's calibration (`aio gallery calibrate`).
    #[arg(long, value_name = "P", value_parser = probability)]
    threshold: Option<f64>,
    /// Follow the gallery's index instead of comparing every row: faster with many rows, and some of the nearest may be missing (`aio gallery index`).
    #[arg(long)]
    approximate: bool,
    /// Print CSV instead of a table.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

fn probability(typed: &str) -> std::result::Result<f64, String> {
    let number = typed.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

impl OfGallery {
    fn is_empty(&self) -> bool {
        self.queries.is_none()
            && self.like.is_empty()
            && self.unlike.is_empty()
            && self.group_by.is_none()
            && self.threshold.is_none()
            && !self.approximate
            && !self.csv
    }
}

/// The gallery that is meant, in a directory or a database; nothing for a folder of photographs and for a feature file.
fn place(gallery: &Path) -> Result<Option<Place>> {
    let typed = gallery.to_string_lossy();
    // What only looks like an address is refused as one: the messages about paths repeat it, and it may hold a password.
    if Address::is_meant(&typed) || looks_like_address(gallery) {
        let address = typed.parse::<Address>()?;
        return Ok(Some(Place::Database(address)));
    }
    if !Gallery::is_at(gallery) {
        return Ok(None);
    }
    Ok(Some(Place::Directory(gallery.to_path_buf())))
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let query = self.query();
        match place(&self.gallery)? {
            Some(place) => self.in_gallery(place, query),
            None => self.in_files(query),
        }
    }

    /// The pictures and the sentence that are given.
    fn query(&self) -> Row {
        let mut query = Row::of_text(self.text.clone());
        for (modality, path) in [
            (Modality::Rgb, &self.rgb),
            (Modality::Infrared, &self.infrared),
            (Modality::Sketch, &self.sketch),
            (Modality::ColourPencil, &self.colour_pencil),
        ] {
            query.pictures.extend(path.clone().map(|path| (modality.name().to_owned(), path)));
        }
        query
    }

    /// Searches a gallery, in a directory or a database.
    fn in_gallery(self, place: Place, query: Row) -> Result<Output> {
        let OfGallery { queries, like, unlike, group_by, threshold, approximate, csv } =
            self.of_gallery;
        let is_batch = queries.is_some();
        if let Some(picture) = &self.picture {
            overwrite::check("--picture", picture, queries.as_deref())?;
        }
        let queries = match queries {
            Some(path) => gallery::queries(&path)?,
            None => vec![NamedQuery { row: query, like, unlike, ..NamedQuery::default() }],
        };
        let (filter, top) = (self.filter.into(), self.top as usize);
        let searched = gallery::search(&SearchRequest {
            gallery: place,
            scan: if approximate { Scan::Approximate } else { Scan::Exact },
            queries,
            terms: Terms { filter, group_by, threshold, top },
            picture: self.picture,
            model: self.model.into(),
        })?;
        for answered in &searched.answers {
            answered.warnings().iter().for_each(|warning| log::warn!("{warning}"));
        }
        match (self.form.json, is_batch) {
            (true, true) => Output::json(&searched.listed()),
            (true, false) => Output::json(&searched.listed_single()),
            (false, _) => Ok(Output::text(if csv { searched.csv()? } else { searched.text() })),
        }
    }

    /// Searches a folder of photographs or a feature file.
    fn in_files(self, query: Row) -> Result<Output> {
        let filter = Filter::from(self.filter);
        if self.gallery.exists() && !(self.of_gallery.is_empty() && filter.is_empty()) {
            return Err(Error::user(
                format!(
                    "{} is not a gallery: --queries, --like, --unlike, --group-by, --threshold, --approximate, --csv and filters need one",
                    self.gallery.display()
                ),
                "make one with `aio gallery create`",
            ));
        }
        let ranked = search::run(&Request {
            gallery: self.gallery,
            query,
            top: self.top as usize,
            picture: self.picture,
            model: self.model.into(),
        })?;
        ranked.warnings().iter().for_each(|warning| log::warn!("{warning}"));
        self.form.output(&ranked, || ranked.text())
    }
}
