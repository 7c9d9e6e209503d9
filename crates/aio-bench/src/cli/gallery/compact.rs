//! `aio gallery compact`.

use super::GalleryArgument;
use crate::cli::arguments::JsonArgument;
use crate::cli::output::Output;
use crate::error::{Error, Result};
use crate::gallery::with_writer;
use aio_gallery::Compacted;
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  aio gallery compact people
  aio gallery compact people --json

Searches that run meanwhile are not disturbed. Numbers of rows stay as they are.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    #[command(flatten)]
    form: JsonArgument,
}

impl Arguments {
    pub(in crate::cli) fn run(self) -> Result<Output> {
        let directory = self.gallery.directory()?;
        let compacted =
            with_writer(directory, |writer, stop| Ok(writer.compact(&|| stop.is_raised())?))
                .map_err(Error::with_nothing_kept)?;
        self.form.output(&compacted, || {
            let Compacted { segments_before, segments_after, dropped, bytes_before, bytes_after } =
                &compacted;
            format!(
                "{}: {dropped} rows dropped, {segments_before} segments became {segments_after}, {bytes_before} bytes became {bytes_after}\n",
                directory.display()
            )
        })
    }
}
