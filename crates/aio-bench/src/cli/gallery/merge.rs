//! `aio gallery merge`.

use super::GalleryArgument;
use crate::cli::arguments::{JsonArgument, directory};
use crate::cli::output::Output;
use crate::error::Result;
use crate::gallery::{MergedGallery, merge};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  aio gallery merge people people-1 people-2 people-3 people-4
  aio gallery merge people elsewhere/people --json

GALLERY is made if it does not exist. Files are shared with the other galleries by hard links where the file system can do that, and copied
elsewhere; the other galleries may be deleted afterwards. Rows get new numbers. Rows that were removed from GALLERY stay away; `aio gallery add`
alone brings them back.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    /// The galleries whose rows are added.
    #[arg(value_name = "OTHER", required = true)]
    others: Vec<PathBuf>,
    #[command(flatten)]
    form: JsonArgument,
}

impl Arguments {
    pub(in crate::cli) fn run(self) -> Result<Output> {
        for other in &self.others {
            directory(other)?;
        }
        let merged = merge(self.gallery.directory()?, &self.others)?;
        self.form.output(&merged, || {
            let MergedGallery { gallery, total, merged } = &merged;
            format!(
                "{}: {} rows added, {total} in all; {} were there already; {} were removed from it before and stay away; {} files linked, {} copied\n",
                gallery.display(),
                merged.rows,
                merged.known,
                merged.removed,
                merged.linked,
                merged.copied
            )
        })
    }
}
