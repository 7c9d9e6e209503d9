//! `aio weights`.

use super::arguments::{
    HintArguments, JsonArgument, ModelArguments, NormalisationArgument, OutputArgument,
    ProvenanceArguments, named, visual,
};
use super::output::Output;
use crate::adapt;
use crate::average;
use crate::error::Result;
use crate::novelty::{NoveltyRequest, measure};
use crate::pack;
use crate::weights;
use crate::widen;
use aio_model::import::{ImportOptions, Normalisation, Stems};
use aio_types::{Modality, PictureSize};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What can be done with weights.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Published weights that can be imported: authors, licence, source, and where to put the file.
    List(List),
    /// Layout, sizes and key map of a file: which tensors would be loaded, start from random weights, are lacking, are not used, are unknown, or have a wrong
    /// shape.
    Inspect(Inspect),
    /// Turn a checkpoint into a weights file of this project (safetensors under PyTorch key names).
    Convert(Convert),
    /// Write a trained model as a small file: 16 bits per value, without what it shares with the embedded encoder.
    Pack(Pack),
    /// Write the mean of the weights of several models: a model and what a further training made of it.
    Average(Average),
    /// Adapt a model to the statistics of pictures without labels: other cameras, another light.
    Adapt(Adapt),
    /// Give the picture stems of a model more channels without changing what it computes, to train a larger model from it.
    Widen(Widen),
    /// Fit when a picture counts as unlike the rendered pictures that a model was trained on.
    Novelty(Novelty),
}

impl Command {
    pub(super) fn run(self) -> Result<Output> {
        match self {
            Self::List(arguments) => arguments.run(),
            Self::Inspect(arguments) => arguments.run(),
            Self::Convert(arguments) => arguments.run(),
            Self::Pack(arguments) => arguments.run(),
            Self::Average(arguments) => arguments.run(),
            Self::Adapt(arguments) => arguments.run(),
            Self::Widen(arguments) => arguments.run(),
            Self::Novelty(arguments) => arguments.run(),
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio weights list
  aio weights list --json")]
pub(super) struct List {
    #[command(flatten)]
    form: JsonArgument,
}

impl List {
    fn run(self) -> Result<Output> {
        let list = weights::list();
        self.form.output(&list, || list.text())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio weights inspect weights/open_clip_model.safetensors
  aio weights inspect weights/dino_vitbase16_pretrain.pth --heads 12 --json")]
pub(super) struct Inspect {
    /// The checkpoint (.safetensors, .pth, .pt, .bin or .bpk).
    file: PathBuf,
    #[command(flatten)]
    form: JsonArgument,
    #[command(flatten)]
    hints: HintArguments,
}

impl Inspect {
    fn run(self) -> Result<Output> {
        let hints = self.hints.with(Normalisation::Auto).hints();
        let inspection = weights::inspect(&self.file, hints)?;
        if self.form.json {
            return Output::json(&inspection);
        }
        Ok(Output::text(inspection.text()?))
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio weights convert weights/open_clip_model.safetensors --output weights/clip.safetensors
  aio weights convert weights/mae_pretrain_vit_base.pth --output mae.safetensors --height 384 --width 128 --stems fresh-ibn")]
pub(super) struct Convert {
    /// The checkpoint.
    file: PathBuf,
    #[command(flatten)]
    output: OutputArgument,
    /// Rows of input pictures, in pixels; at most 2048.
    #[arg(long, value_name = "PIXELS", default_value_t = ImportOptions::default().size.height)]
    height: usize,
    /// Columns of input pictures, in pixels; at most 2048.
    #[arg(long, value_name = "PIXELS", default_value_t = ImportOptions::default().size.width)]
    width: usize,
    /// Where image stems and text table start from, as `model.stems`: from-checkpoint, fresh, fresh-ibn, fresh-batch
    /// or fresh-patch.
    #[arg(long, default_value = "from-checkpoint", value_parser = named::<Stems>)]
    stems: Stems,
    /// Seed of what starts fresh.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    form: JsonArgument,
    #[command(flatten)]
    hints: HintArguments,
    #[command(flatten)]
    normalisation: NormalisationArgument,
}

impl Convert {
    fn run(self) -> Result<Output> {
        let import = self.hints.with(self.normalisation.normalisation);
        let options = ImportOptions {
            size: PictureSize { height: self.height, width: self.width },
            stems: self.stems,
            hints: import.hints(),
            normalisation: import.normalisation,
            seed: self.seed,
        };
        let conversion = weights::convert_file(&self.file, &self.output.output, &options)?;
        self.form.output(&conversion, || conversion.text())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio weights pack runs/zero-shot/0123456789ab/seed-0/model --output small.safetensors
  aio weights pack runs/zero-shot/0123456789ab/seed-0/model --licence \"CC BY 4.0\" --output small.safetensors

Every command that takes --model reads the file, as long as the embedded encoder of the program is the same.")]
pub(super) struct Pack {
    /// A run's model directory, or a weights file of this project.
    model: PathBuf,
    #[command(flatten)]
    provenance: ProvenanceArguments,
    #[command(flatten)]
    output: OutputArgument,
    #[command(flatten)]
    form: JsonArgument,
}

impl Pack {
    fn run(self) -> Result<Output> {
        let Self { model, provenance, output, form } = self;
        let packed = pack::run(&model, &output.output, &provenance.into())?;
        form.output(&packed, || packed.text())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio weights average runs/first/0123456789ab/seed-0/model runs/second/ba9876543210/seed-0/model --output mean.safetensors

The models have to come from the same weights, as a model and what a further training made of it: the mean of others is useless. Running statistics are
averaged, too.")]
pub(super) struct Average {
    /// Two or more: a run's model directory, or a weights file of this project.
    #[arg(required = true, num_args = 2..)]
    models: Vec<PathBuf>,
    #[command(flatten)]
    provenance: ProvenanceArguments,
    #[command(flatten)]
    output: OutputArgument,
    #[command(flatten)]
    form: JsonArgument,
}

impl Average {
    fn run(self) -> Result<Output> {
        let Self { models, provenance, output, form } = self;
        let averaged = average::run(&models, &output.output, &provenance.into())?;
        form.output(&averaged, || averaged.text())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio weights adapt photos --output adapted.safetensors
  aio weights adapt night-camera --modality infrared --model adapted.safetensors --output both.safetensors

Only the means and variances of batch normalisation change (AdaBN). Use the file as --model of queries and gallery alike.")]
pub(super) struct Adapt {
    /// Pictures, and folders of pictures: 64 or more of the place where the model is to be used.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// What the pictures are.
    #[arg(long, default_value = "rgb", value_parser = visual())]
    modality: Modality,
    #[command(flatten)]
    output: OutputArgument,
    #[command(flatten)]
    form: JsonArgument,
    #[command(flatten)]
    model: ModelArguments,
}

impl Adapt {
    fn run(self) -> Result<Output> {
        let adapted = adapt::run(&adapt::Request {
            inputs: self.inputs,
            modality: self.modality,
            model: self.model.into(),
            output: self.output.output,
        })?;
        self.form.output(&adapted, || adapted.text())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio weights widen --channels 32 --output wide.safetensors
  aio weights widen --model runs/zero-shot/0123456789ab/seed-0/model --channels 24 --noise 0 --output wide.safetensors

Channels are copied, and the weights that read them are shared out among the copies (Net2WiderNet). `model.weights` of an experiment reads the file.")]
pub(super) struct Widen {
    /// Channels of the first layer of every stem; the later layers grow with it.
    #[arg(long)]
    channels: usize,
    /// Deviation of the noise on copied channels, as a share of the root mean square of their weights. Without noise, copies hardly part in
    /// training.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = noise)]
    noise: f64,
    /// Seed of what is copied and of the noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    output: OutputArgument,
    #[command(flatten)]
    form: JsonArgument,
    #[command(flatten)]
    model: ModelArguments,
}

fn noise(typed: &str) -> std::result::Result<f64, String> {
    let number = typed.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

impl Widen {
    fn run(self) -> Result<Output> {
        let Self { channels, noise, seed, output, form, model } = self;
        let (model, output) = (model.into(), output.output);
        let widened = widen::run(&widen::Request { model, channels, noise, seed, output })?;
        form.output(&widened, || widened.text())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio weights novelty --list world/dev-ordinary/dev-ordinary.csv --list world/dev-steep/dev-steep.csv --output novelty.json
  aio weights novelty --list a.csv --list b.csv --compare scans --compare noise --output novelty.json --json

The program has the file of its trained model in it (crates/aio-bench/assets/novelty-default.json); searches warn by it.")]
pub(super) struct Novelty {
    /// CSV files with the columns path and modality, one per style: rendered people whom the model was not trained on. Two or more, without a picture in common.
    #[arg(long = "list", value_name = "FILE", required = true)]
    lists: Vec<PathBuf>,
    /// Share of the pictures of an unseen style that is flagged: the threshold is set by it.
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = share)]
    share: f64,
    /// A folder of other pictures, of which the flagged share is printed; may be given several times.
    #[arg(long, value_name = "FOLDER")]
    compare: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgument,
    #[command(flatten)]
    form: JsonArgument,
    #[command(flatten)]
    model: ModelArguments,
}

fn share(typed: &str) -> std::result::Result<f64, String> {
    let number = typed.parse().ok().filter(|number| *number > 0.0 && *number <= 0.2);
    number.ok_or_else(|| "expected a number above 0 and up to 0.2".to_owned())
}

impl Novelty {
    fn run(self) -> Result<Output> {
        let Self { lists, share, compare, output, form, model } = self;
        let (model, output) = (model.into(), output.output);
        let measured = measure(&NoveltyRequest { model, lists, share, compare, output })?;
        form.output(&measured, || measured.text())
    }
}
