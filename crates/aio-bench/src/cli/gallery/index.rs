//! `aio gallery index`.

use super::{GalleryArgument, of_recall};
use crate::cli::arguments::JsonArgument;
use crate::cli::output::Output;
use crate::error::{Error, Result};
use crate::gallery::{IndexedGallery, index};
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  aio gallery index people
  aio gallery index people --links 64 --json

`aio search GALLERY --approximate` follows the index. Exact search is fast up to some million rows; see docs/scale.md. Rows that are added later are compared one by one beside the index; run this again when they are many.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    /// Near rows that each row is linked with. More links find more of the nearest rows, and take more time and disk.
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = clap::value_parser!(u16).range(4..=256))]
    links: u16,
    #[command(flatten)]
    form: JsonArgument,
}

impl Arguments {
    pub(in crate::cli) fn run(self) -> Result<Output> {
        let directory = self.gallery.directory()?;
        let made = index(directory, usize::from(self.links)).map_err(Error::with_nothing_kept)?;
        self.form.output(&made, || {
            let IndexedGallery { indexed, recall, followed } = &made;
            let mut text = format!(
                "{}: an index of {} rows with {} links each, {} bytes\n",
                directory.display(),
                indexed.rows,
                indexed.links,
                indexed.bytes
            );
            text += &recall.as_ref().map(of_recall).unwrap_or_default();
            let compared = followed.iter().filter(|(_, count)| **count == 0);
            let compared: Vec<String> = compared.map(|(top, _)| top.to_string()).collect();
            if !compared.is_empty() {
                text += &format!(
                    "With so few rows, --approximate compares all of them for lists of {}, which takes less time.\n",
                    compared.join(", ")
                );
            }
            text
        })
    }
}
