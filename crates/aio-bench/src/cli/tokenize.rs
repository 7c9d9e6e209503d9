//! `aio tokenize`.

use super::output::Output;
use crate::embed::{ImportSettings, ModelSource};
use crate::error::Result;
use crate::tokenize::{self, Form};
use aio_tokenize::SentenceTokenizer;
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  aio tokenize --json < captions.txt
  aio tokenize --json --model siglip.safetensors < captions.txt";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Print one JSON array of ids per line, one line per caption.
    #[arg(long)]
    json: bool,
    /// Use the tokenizer of this model. Weights with SigLIP's text tower have another one than CLIP's.
    #[arg(long, env = "AIO_MODEL", value_name = "MODEL")]
    model: Option<String>,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let form = if self.json { Form::JsonLines } else { Form::Text };
        let sentences = match self.model {
            Some(name) => {
                let (device, import) = ("cpu".to_owned(), ImportSettings::default());
                ModelSource { name, device, import }.open()?.extractor.sentences().clone()
            }
            None => SentenceTokenizer::default(),
        };
        let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
        let summary = tokenize::run(&sentences, input, output, form)?;
        log::info!(
            "{} captions, {} cut off at {} ids, {:.0} captions/s",
            summary.captions,
            summary.truncated,
            sentences.context(),
            summary.captions as f64 / summary.seconds.max(1e-9)
        );
        Ok(Output::none())
    }
}
