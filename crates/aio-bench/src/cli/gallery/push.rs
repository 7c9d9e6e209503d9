//! `aio gallery push`.

use super::GalleryArgument;
use crate::cli::arguments::JsonArgument;
use crate::cli::output::Output;
use crate::error::Result;
use crate::gallery::{PushedGallery, push};
use aio_stores::{Address, Index, Layout, Partition, Pushed};
use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  aio gallery push people postgres://me@db.example/reid#people
  aio gallery push people postgres://me@db.example/reid#people --index --partition camera
  aio gallery push people qdrant://db.example:6334/people --index

`aio search ADDRESS` searches it. Rows that are there already are not sent again; rows that GALLERY does not have are removed. Readers see the old rows until everything has arrived; a push
that was stopped is run again. PostgreSQL needs the extension pgvector; a password may stand in PGPASSWORD. Qdrant needs version 1.16 and a program that was built with the
feature `qdrant`; a key may stand in QDRANT_API_KEY.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    /// The gallery's place in a database: postgres://user@host:5432/database#name, or qdrant://host:6334/name.
    // The parser of arguments repeats what it refuses, which may hold a password.
    #[arg(value_name = "ADDRESS")]
    address: String,
    /// Make an index for approximate searches (HNSW; `aio search --approximate`), and print its recall against exact search. It takes long for many rows.
    #[arg(long)]
    index: bool,
    /// Split the rows of a new table in PostgreSQL, so that a search among those of one camera or time reads no others.
    #[arg(long, value_name = "BY")]
    partition: Option<By>,
    #[command(flatten)]
    form: JsonArgument,
}

/// By what the rows of a table are split.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    /// One part for every camera
    Camera,
    /// One part for every day (UTC)
    Day,
    /// One part for every month (UTC)
    Month,
}

impl From<By> for Partition {
    fn from(by: By) -> Self {
        match by {
            By::Camera => Self::Camera,
            By::Day => Self::Day,
            By::Month => Self::Month,
        }
    }
}

impl Arguments {
    pub(in crate::cli) fn run(self) -> Result<Output> {
        let index = if self.index { Index::Hnsw } else { Index::Keep };
        let layout = Layout { index, partition: self.partition.map(Partition::from) };
        let address: Address = self.address.parse()?;
        let pushed = push(self.gallery.directory()?, &address, layout)?;
        self.form.output(&pushed, || text(&pushed))
    }
}

fn text(pushed: &PushedGallery) -> String {
    let PushedGallery { pushed: Pushed { store, rows, added, removed }, recall } = pushed;
    let mut text =
        format!("{store}: {rows} rows, {added} of them sent, {removed} others removed\n");
    text += &recall.as_ref().map(super::of_recall).unwrap_or_default();
    text
}
