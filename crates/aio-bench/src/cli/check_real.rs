//! `aio check-real`.

use super::arguments::{DataRootArgument, JsonArgument, ModelArguments};
use super::output::Output;
use crate::error::Result;
use crate::experiment::{CheckRequest, check_real};
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  aio check-real market1501 --data-root /data/reid
  aio check-real pku-sketch --model runs/zero-shot/0123456789ab/seed-0/model
  aio check-real table:shop --json

Rank-1 and mAP with 95 % bootstrap intervals over people. Nothing is trained and nothing is written.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The data set, as in market1501, pku-sketch, cuhk-pedes, sysu-mm01 or table:NAME.
    dataset: String,
    #[command(flatten)]
    root: DataRootArgument,
    #[command(flatten)]
    form: JsonArgument,
    #[command(flatten)]
    model: ModelArguments,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let check = check_real(&CheckRequest {
            dataset: self.dataset,
            root: self.root.data_root,
            model: self.model.into(),
        })?;
        if self.form.json { Output::json(&check) } else { Ok(Output::text(check.text())) }
    }
}
