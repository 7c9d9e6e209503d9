//! `aio embed`.

use super::arguments::{JsonArgument, ModelArguments, ON_ERROR, OutputArgument, choice, visual};
use super::output::Output;
use crate::embed::{self, OnError, Request};
use crate::error::Result;
use aio_types::Modality;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  aio embed photos --output gallery.safetensors
  aio embed sketches --modality sketch --output queries.safetensors
  aio embed --captions captions.txt --output queries.safetensors --model runs/zero-shot/0123456789ab/seed-0/model
  aio embed --list people.csv --output people.safetensors --json

A call that was stopped continues when it is repeated. The manifest beside the features says what each row is.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Pictures, and folders of pictures.
    inputs: Vec<PathBuf>,
    /// What the pictures are.
    #[arg(long, default_value = "rgb", value_parser = visual())]
    modality: Modality,
    /// A text file with one sentence per line.
    #[arg(long, value_name = "FILE")]
    captions: Option<PathBuf>,
    /// A CSV file with one person per row. Columns: rgb, infrared, sketch, colour-pencil (paths relative to the file),
    /// text, identity, camera, clothes (integers or names), and image (an integer); all are optional.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// What to do about a picture that cannot be read: fail and name it, or skip its row, list it in the manifest and count it.
    #[arg(long, value_name = "fail|skip", default_value = "fail", value_parser = choice(&ON_ERROR))]
    on_error: OnError,
    #[command(flatten)]
    output: OutputArgument,
    #[command(flatten)]
    form: JsonArgument,
    #[command(flatten)]
    model: ModelArguments,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let embedded = embed::run(&Request {
            inputs: self.inputs,
            modality: self.modality,
            captions: self.captions,
            list: self.list,
            output: self.output.output,
            model: self.model.into(),
            on_error: self.on_error,
        })?;
        self.form.output(&embedded, || {
            let (rows, width) = (embedded.rows, embedded.width);
            let skipped = match embedded.skipped {
                0 => String::new(),
                1 => ", 1 row skipped".to_owned(),
                skipped => format!(", {skipped} rows skipped"),
            };
            format!("{} [{rows}, {width}]{skipped}\n", embedded.output.display())
        })
    }
}
