//! `aio search`.

use super::arguments::{JsonArgument, ModelArguments};
use super::output::Output;
use crate::embed::Row;
use crate::error::Result;
use crate::search::{self, Request};
use aio_types::Modality;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  aio search photos --text \"a man in a red jacket\"
  aio search photos --sketch drawing.png --text \"a red jacket\" --picture list.png
  aio search gallery.safetensors --rgb photo.jpg --top 20 --json

A feature file must come from `aio embed` with the same model.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A folder of photographs, or a feature file that `aio embed` wrote.
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
    model: ModelArguments,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let mut query =
            Row { text: self.text.filter(|text| !text.trim().is_empty()), ..Row::default() };
        for (modality, path) in [
            (Modality::Rgb, self.rgb),
            (Modality::Infrared, self.infrared),
            (Modality::Sketch, self.sketch),
            (Modality::ColourPencil, self.colour_pencil),
        ] {
            query.pictures.extend(path.map(|path| (modality.name().to_owned(), path)));
        }
        let ranked = search::run(&Request {
            gallery: self.gallery,
            query,
            top: self.top as usize,
            picture: self.picture,
            model: self.model.into(),
        })?;
        if self.form.json {
            return Output::json(&ranked);
        }
        Ok(Output::text(ranked.text()))
    }
}
