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
  aio check-real 'tri-cuhk-pedes.*-rgb' --data-root datasets/synthetic
  aio check-real table:shop --json

Rank-1 and mAP with 95 % bootstrap intervals over people. A query of several modalities stands beside late fusion (the mean of its parts) and
beside the same query without each of its modalities. Nothing is trained and nothing is written.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The data set, as in market1501, pku-sketch, cuhk-pedes, sysu-mm01 or table:NAME, or its tasks, as in 'table:NAME.*-rgb' or
    /// cuhk-pedes.text-rgb. Of a data set, the tasks of `aio data check` whose queries are of one modality.
    #[arg(value_name = "DATASET|TASKS")]
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
        self.form.output(&check, || check.text())
    }
}
