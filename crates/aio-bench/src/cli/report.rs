//! `aio report`.

use super::arguments::{JsonArgument, RunsArgument};
use super::output::Output;
use crate::error::Result;
use crate::finished::{self, Finished};
use crate::report::{Format, PairedDifferences, order_agreement};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  aio report zero-shot
  aio report zero-shot --format csv
  aio report experiments/sweeps/heads.toml --format latex --plots figures
  aio report experiments/sweeps/heads.toml --against identity
  aio report zero-shot --added
  aio report zero-shot --redraw
  aio report experiments/sweeps/transfer.toml --agreement table:dev- market1501,sysu-mm01,pku-sketch,cuhk-pedes
  aio report zero-shot --runs results --json";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Names of experiments below the directory of runs, or sweep files.
    #[arg(required = true)]
    names: Vec<String>,
    /// Form of the table.
    #[arg(long, value_enum, default_value = "md", conflicts_with = "json")]
    format: Format,
    /// Also draw sweeps as bars with error bars (SVG and PNG) into this directory.
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Instead of the usual tables: what every modality adds to queries of several, against the same queries without it. --json always prints it, as
    /// `without`.
    #[arg(long, conflicts_with = "json")]
    added: bool,
    /// Instead of tables: whether two sets of tasks order the methods alike (the cells of sweeps, the configurations of experiments). A set is a
    /// list of beginnings of task names, such as market1501,pku-sketch.
    #[arg(long, num_args = 2, value_names = ["TASKS", "TASKS"], conflicts_with_all = ["format", "plots", "added"])]
    agreement: Option<Vec<String>>,
    /// Instead of tables: how the cells of a sweep differ from the one with this label, with intervals: people are drawn again, the same for both.
    #[arg(long, value_name = "LABEL", conflicts_with_all = ["format", "plots", "added", "agreement"])]
    against: Option<String>,
    /// Also draw the report directory of every finished run again.
    #[arg(long)]
    redraw: bool,
    #[command(flatten)]
    runs: RunsArgument,
    #[command(flatten)]
    form: JsonArgument,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let finished = finished::collect(&self.names, &self.runs.runs)?;
        for of_table in &finished {
            if self.redraw {
                of_table.redraw()?;
            }
            if let Some(directory) = &self.plots {
                of_table.draw(directory)?;
            }
        }
        if let Some([first, second]) = self.agreement.as_deref() {
            let methods: Vec<_> = finished.iter().flat_map(Finished::methods).collect();
            let agreement = order_agreement(&methods, [first, second])?;
            return if self.form.json {
                Output::json(&agreement)
            } else {
                Ok(Output::text(agreement.text()))
            };
        }
        if let Some(label) = &self.against {
            let compared: Vec<_> =
                finished.iter().map(|of_table| of_table.against(label)).collect::<Result<_>>()?;
            if self.form.json {
                return Output::json(&compared);
            }
            let texts: Vec<String> = compared.iter().map(PairedDifferences::text).collect();
            return Ok(Output::text(texts.join("\n")));
        }
        if self.form.json {
            let tables: Vec<_> = finished.iter().map(|of_table| &of_table.table).collect();
            return Output::json(&tables);
        }
        let mut text = String::new();
        for of_table in &finished {
            text += &if self.added {
                of_table.additions(self.format)?
            } else {
                of_table.table(self.format)?
            };
        }
        Ok(Output::text(text))
    }
}
