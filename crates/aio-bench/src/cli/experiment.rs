//! `aio experiment`.

use super::arguments::{DeviceArgument, JsonArgument, RunsArgument};
use super::output::Output;
use crate::error::Result;
use crate::experiment::{self, Request, WhenTaken};
use crate::report::{self, Format};
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  aio experiment smoke
  aio experiment zero-shot --set seed=1 --device cuda
  aio experiment experiments/zero-shot.toml --set losses.binding=0 --json";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Name below experiments/, or the path of a TOML file.
    name: String,
    /// Override a value, as in --set losses.binding=0.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    #[command(flatten)]
    device: DeviceArgument,
    #[command(flatten)]
    runs: RunsArgument,
    #[command(flatten)]
    form: JsonArgument,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let request = Request {
            name: self.name,
            settings: self.settings,
            device: self.device.device,
            runs: self.runs.runs,
            config_id: None,
            when_taken: WhenTaken::Refuse,
        };
        let (run, result) = experiment::run(&request)?;
        log::info!("report: {}", run.report().join("index.html").display());
        if self.form.json {
            return Output::json(&result);
        }
        Ok(Output::text(report::results(&[result], None, Format::Markdown)?))
    }
}
