//! `aio gallery calibrate`.

use super::GalleryArgument;
use super::info::describe;
use crate::cli::arguments::{JsonArgument, choice};
use crate::cli::output::Output;
use crate::error::Result;
use crate::gallery::{CalibrationRequest, calibrate};
use aio_gallery::{Calibration, Method};
use aio_types::{ModalitySet, ParseModalityError};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  aio gallery calibrate people --queries held-out.safetensors
  aio gallery calibrate people --queries sketches.safetensors --against photos.safetensors --modalities sketch
  aio gallery calibrate people --queries held-out.safetensors --method isotonic --json

The feature files come from `aio embed` with the gallery's model, of people with known identities whom the model was not trained on. The curve
is fitted on half of the people and its error is measured on the others. It is used for queries of the same modalities: a curve of photographs is
wrong for sentences and sketches. The probability holds where the share of pairs of one person is the same as among the labelled pairs.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    /// Feature file of labelled queries.
    #[arg(long, value_name = "FILE")]
    queries: PathBuf,
    /// Feature file to pair the queries with; if absent, queries are paired with each other.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Modalities of the queries that this calibration applies to, such as sketch or infrared+text; any stands for all queries that have no calibration of
    /// their own. If absent, they are those of the feature file; others than those are refused.
    #[arg(long, value_name = "MODALITIES", value_parser = modalities)]
    modalities: Option<String>,
    /// How the curve is fitted: a logistic function (Platt), or any rising function (isotonic), which needs thousands of pairs.
    #[arg(long, value_name = "platt|isotonic", default_value = "platt", value_parser = choice(&METHODS))]
    method: Method,
    #[command(flatten)]
    form: JsonArgument,
}

const METHODS: [(&str, Method); 2] = [("platt", Method::Platt), ("isotonic", Method::Isotonic)];

fn modalities(typed: &str) -> std::result::Result<String, ParseModalityError> {
    if typed == Calibration::ANY {
        return Ok(typed.to_owned());
    }
    typed.parse().map(|set: ModalitySet| set.to_string())
}

impl Arguments {
    pub(in crate::cli) fn run(self) -> Result<Output> {
        let fitted = calibrate(&CalibrationRequest {
            gallery: self.gallery.directory()?.to_path_buf(),
            queries: self.queries,
            against: self.against,
            modalities: self.modalities,
            method: self.method,
        })?;
        self.form.output(&fitted, || {
            format!(
                "{}: calibrated for {}: {}\n",
                fitted.gallery.display(),
                fitted.modalities,
                describe(&fitted.calibration)
            )
        })
    }
}
