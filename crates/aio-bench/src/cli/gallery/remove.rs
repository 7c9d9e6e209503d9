//! `aio gallery remove`.

use super::GalleryArgument;
use crate::cli::arguments::JsonArgument;
use crate::cli::filter::FilterArguments;
use crate::cli::output::Output;
use crate::error::{Error, Result};
use crate::gallery::with_writer;
use aio_gallery::{Filter, Gallery};
use clap::Args;
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  aio gallery remove people --row 17 --row 20
  aio gallery remove people --camera gate-2 --before 2026-01-01
  aio gallery remove people --where identity=42 --json

Removed rows no longer appear in searches. Their bytes stay on the disk until `aio gallery compact`.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    /// Number of a row, as `aio search` and `aio gallery export` print it; may be given several times.
    #[arg(long = "row", value_name = "NUMBER", value_delimiter = ',')]
    rows: Vec<u64>,
    #[command(flatten)]
    filter: FilterArguments,
    #[command(flatten)]
    form: JsonArgument,
}

#[derive(Serialize)]
struct Removed {
    removed: usize,
    total: usize,
}

impl Arguments {
    pub(in crate::cli) fn run(self) -> Result<Output> {
        let filter = Filter::from(self.filter);
        if self.rows.is_empty() == filter.is_empty() {
            let hint = "give --row NUMBER, or a filter such as --camera or --where";
            let problem =
                if filter.is_empty() { "no rows are named" } else { "rows are named in two ways" };
            return Err(Error::user(problem, hint));
        }
        let directory = self.gallery.directory()?;
        let removed = with_writer(directory, |writer, _| {
            let removed = if filter.is_empty() {
                writer.remove(&self.rows)?
            } else {
                writer.remove_selected(|gallery: &Gallery| gallery.select(&filter))?
            };
            Ok(Removed { removed, total: writer.gallery()?.len() })
        })?;
        self.form.output(&removed, || {
            let Removed { removed, total } = &removed;
            format!("{}: {removed} rows removed, {total} are left\n", directory.display())
        })
    }
}
