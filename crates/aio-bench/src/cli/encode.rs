//! `aio encode`.

use super::arguments::{DeviceArgument, HintArguments, JsonArgument, OutputArgument};
use super::output::Output;
use crate::encode::{self, Request};
use crate::error::Result;
use aio_model::import::Normalisation;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  aio encode --weights weights/Meta-Transformer_base_patch16_encoder.pth --input tokens.safetensors --output features.safetensors
  aio encode --weights embedded --input tokens.safetensors --output features.safetensors";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A checkpoint, a weights file of this project, or `embedded`.
    #[arg(long, value_name = "WEIGHTS")]
    weights: String,
    /// Safetensors file with `tokens` F32 [batch, tokens, width].
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    #[command(flatten)]
    output: OutputArgument,
    /// Normalise tokens before the first block with CLIP's ln_pre.
    #[arg(long)]
    pre_norm: bool,
    #[command(flatten)]
    device: DeviceArgument,
    #[command(flatten)]
    form: JsonArgument,
    #[command(flatten)]
    hints: HintArguments,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let encoded = encode::run(&Request {
            weights: self.weights,
            input: self.input,
            output: self.output.output,
            pre_norm: self.pre_norm,
            device: self.device.device,
            // Tokens are given, so that pictures and their normalisation play no part.
            hints: self.hints.with(Normalisation::Auto).hints(),
        })?;
        let [batch, tokens, width] = encoded.shape;
        self.form.output(&encoded, || {
            let (path, blocks) = (encoded.output.display(), encoded.blocks);
            format!("{path} [{batch}, {tokens}, {width}], {blocks} blocks\n")
        })
    }
}
