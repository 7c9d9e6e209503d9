//! `aio gallery info`.

use super::GalleryArgument;
use crate::cli::arguments::JsonArgument;
use crate::cli::output::Output;
use crate::error::Result;
use crate::markdown::escaped;
use aio_gallery::{Calibration, Gallery, Model};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

const EXAMPLES: &str = "\
Examples:
  aio gallery info people
  aio gallery info people --json";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    #[command(flatten)]
    form: JsonArgument,
}

#[derive(Serialize)]
struct Covered {
    rows: usize,
    bytes: u64,
}

#[derive(Serialize)]
struct Info<'a> {
    model: &'a Model,
    width: usize,
    storage: &'static str,
    rows: usize,
    removed: usize,
    segments: usize,
    bytes: u64,
    generation: u64,
    columns: Vec<&'a str>,
    /// Rows that the index covers; nothing without an index.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<Covered>,
    calibrations: &'a BTreeMap<String, Calibration>,
}

impl Arguments {
    pub(in crate::cli) fn run(self) -> Result<Output> {
        let gallery = Gallery::open(self.gallery.directory()?)?;
        let info = Info {
            model: gallery.model(),
            width: gallery.width(),
            storage: gallery.storage().name(),
            rows: gallery.len(),
            removed: gallery.removed(),
            segments: gallery.segments(),
            bytes: gallery.bytes(),
            generation: gallery.generation(),
            columns: gallery.columns(),
            index: gallery.indexed().map(|(rows, bytes)| Covered { rows, bytes }),
            calibrations: gallery.calibrations(),
        };
        self.form.output(&info, || info.text())
    }
}

impl Info<'_> {
    fn text(&self) -> String {
        let mut text = format!("model        {}\n", self.model);
        let mut line = |name: &str, value: String| _ = writeln!(text, "{name:<12} {value}");
        line("features", format!("{} values, {}", self.width, self.storage));
        line("rows", format!("{}, and {} removed ones on the disk", self.rows, self.removed));
        line("segments", format!("{}, {} bytes", self.segments, self.bytes));
        line("changes", self.generation.to_string());
        let columns: Vec<String> = self.columns.iter().map(|name| escaped(name)).collect();
        line("columns", columns.join(", "));
        if let Some(Covered { rows, bytes }) = self.index {
            line("index", format!("of the first {rows} rows, {bytes} bytes"));
        }
        if self.calibrations.is_empty() {
            line("calibration", "none; `aio gallery calibrate` makes one".into());
        }
        for (modalities, calibration) in self.calibrations {
            line("calibration", format!("{}: {}", escaped(modalities), describe(calibration)));
        }
        text
    }
}

/// A calibration in one line.
pub(super) fn describe(calibration: &Calibration) -> String {
    let Calibration { data, pairs, same_person, test_pairs, expected_calibration_error, .. } =
        calibration;
    format!(
        "expected calibration error {expected_calibration_error:.4} on {test_pairs} pairs of other people; fitted on {pairs} pairs, {same_person} of one person, of {}",
        escaped(data)
    )
}
