//! `aio gallery create`.

use super::GalleryArgument;
use super::add::{FillArguments, print};
use crate::cli::arguments::{JsonArgument, choice};
use crate::cli::output::Output;
use crate::error::Result;
use crate::gallery::create;
use aio_gallery::Storage;
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  aio gallery create people photos
  aio gallery create people --list people.csv --storage int8 --model runs/zero-shot/0123456789ab/seed-0/model
  aio gallery create people --json

Without inputs the gallery is empty. A call that was stopped continues when it is repeated.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    /// How features are stored: f32; f16 (half the bytes, similarities differ by about 0.0005); int8 (a quarter of the bytes to search, and
    /// the full values in a second file that is read for candidates alone: the same results as f32).
    #[arg(long, value_name = "f32|f16|int8", default_value = "f32", value_parser = choice(&STORAGES))]
    storage: Storage,
    #[command(flatten)]
    fill: FillArguments,
    #[command(flatten)]
    form: JsonArgument,
}

const STORAGES: [(&str, Storage); 3] =
    [("f32", Storage::F32), ("f16", Storage::F16), ("int8", Storage::Int8)];

impl Arguments {
    pub(in crate::cli) fn run(self) -> Result<Output> {
        let request = self.fill.request(self.gallery.directory()?)?;
        print(&create(&request, self.storage)?, self.form)
    }
}
