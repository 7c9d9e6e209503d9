//! `aio gallery`.

mod add;
mod calibrate;
mod compact;
mod create;
mod export;
mod index;
mod info;
mod merge;
mod push;
mod remove;
mod verify;

use super::arguments::GalleryArgument;
use super::output::Output;
use crate::error::Result;
use aio_gallery::Recall;
use clap::Subcommand;

/// What can be done with galleries.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a gallery, and add the pictures, sentences or boxes that are named.
    Create(create::Arguments),
    /// Add pictures, sentences and detections. What the gallery has already is not embedded again.
    Add(add::Arguments),
    /// Remove rows, by their numbers or by a filter.
    Remove(remove::Arguments),
    /// What a gallery holds: model, rows, columns, calibrations.
    Info(info::Arguments),
    /// Compare every byte with its checksums and name what is damaged.
    Verify(verify::Arguments),
    /// Drop removed rows from the disk and join small segments.
    Compact(compact::Arguments),
    /// Write features for `aio score` and other tools, or the table of the rows.
    Export(export::Arguments),
    /// Make an index for approximate searches of many rows, and measure what it finds.
    Index(index::Arguments),
    /// Add the rows of other galleries, which were filled on other machines.
    Merge(merge::Arguments),
    /// Copy a gallery into PostgreSQL or Qdrant, or bring the copy up to date.
    Push(push::Arguments),
    /// Fit the probability that two rows show the same person, for `aio search --threshold`.
    Calibrate(calibrate::Arguments),
}

impl Command {
    pub(super) fn run(self) -> Result<Output> {
        match self {
            Self::Create(arguments) => arguments.run(),
            Self::Add(arguments) => arguments.run(),
            Self::Remove(arguments) => arguments.run(),
            Self::Info(arguments) => arguments.run(),
            Self::Verify(arguments) => arguments.run(),
            Self::Compact(arguments) => arguments.run(),
            Self::Export(arguments) => arguments.run(),
            Self::Index(arguments) => arguments.run(),
            Self::Merge(arguments) => arguments.run(),
            Self::Push(arguments) => arguments.run(),
            Self::Calibrate(arguments) => arguments.run(),
        }
    }
}

/// What an index finds, in one line.
fn of_recall(recall: &Recall) -> String {
    let shares = recall.at.iter().map(|(top, share)| format!("{share:.3} of {top}"));
    let shares: Vec<String> = shares.collect();
    format!(
        "recall of the index against exact search, {} rows as queries: {}\n",
        recall.queries,
        shares.join(", ")
    )
}
