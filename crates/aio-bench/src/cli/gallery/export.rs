//! `aio gallery export`.

use super::GalleryArgument;
use crate::cli::arguments::{JsonArgument, OutputArgument};
use crate::cli::filter::FilterArguments;
use crate::cli::output::Output;
use crate::error::Result;
use crate::gallery::export;
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  aio gallery export people --output people.safetensors
  aio gallery export people --output rows.csv --camera gate-2
  aio gallery export people --output rows.jsonl --where identity!=42 --json

A feature file (.safetensors) comes with a second file, its manifest: people.safetensors has people.json beside it. Nothing is written over a file that holds something else; what an earlier call exported is replaced.
It holds numbers: identities and cameras that are no numbers become numbers made from the name, the same in every file.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    #[command(flatten)]
    output: OutputArgument,
    #[command(flatten)]
    filter: FilterArguments,
    #[command(flatten)]
    form: JsonArgument,
}

impl Arguments {
    pub(in crate::cli) fn run(self) -> Result<Output> {
        let filter = self.filter.into();
        let exported = export(self.gallery.directory()?, &self.output.output, &filter)?;
        self.form.output(&exported, || {
            format!("{}: {} rows\n", exported.output.display(), exported.rows)
        })
    }
}
