//! `aio refine`.

use super::arguments::{DataRootArgument, JsonArgument, ModelArguments};
use super::output::Output;
use crate::error::Result;
use crate::experiment::{RefineRequest, refine};
use aio_gallery::{CANDIDATES, REPLY_WEIGHT};
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  aio refine cuhk-pedes.text-rgb --data-root datasets/synthetic
  aio refine table:dev-ordinary.sketch-rgb table:dev-steep.sketch-rgb --data-root datasets/synthetic
  aio refine table:shop.rgb-rgb --rounds 3 --json

The captions of every person are dealt to the gallery and to the simulated user, who answers from theirs: yes, no, or that it is not known.
Rank-1 and mAP with 95 % bootstrap intervals over people. Nothing is trained and nothing is written.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Tasks of data sets with captions, as in cuhk-pedes.text-rgb, orbench.sketch-rgb or table:NAME.rgb-rgb.
    #[arg(required = true, value_name = "TASK")]
    tasks: Vec<String>,
    /// Questions, or judgements, one after the other.
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Best results that a question tells apart.
    #[arg(long, value_name = "N", default_value_t = CANDIDATES)]
    candidates: usize,
    /// Score added for a confirmed answer or subtracted for a contradicted one (cosine units).
    #[arg(long, value_name = "W", default_value_t = REPLY_WEIGHT)]
    weight: f32,
    #[command(flatten)]
    root: DataRootArgument,
    #[command(flatten)]
    form: JsonArgument,
    #[command(flatten)]
    model: ModelArguments,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let Self { tasks, rounds, candidates, weight, root, form, model } = self;
        let (root, model) = (root.data_root, model.into());
        let refined = refine(&RefineRequest { tasks, root, rounds, candidates, weight, model })?;
        form.output(&refined, || refined.text())
    }
}
