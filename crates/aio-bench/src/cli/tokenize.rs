//! `aio tokenize`.

use super::output::Output;
use crate::error::Result;
use crate::tokenize::{self, Form};
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  aio tokenize --json < captions.txt";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Print one JSON array of 77 ids per line, one line per caption.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let form = if self.json { Form::JsonLines } else { Form::Text };
        let summary = tokenize::run(std::io::stdin().lock(), std::io::stdout().lock(), form)?;
        log::info!(
            "{} captions, {} cut off at 77 ids, {:.0} captions/s",
            summary.captions,
            summary.truncated,
            summary.captions as f64 / summary.seconds.max(1e-9)
        );
        Ok(Output::none())
    }
}
