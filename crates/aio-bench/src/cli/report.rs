//! `aio report`.

use super::arguments::{JsonArgument, RunsArgument};
use super::output::Output;
use crate::error::{Error, Result};
use crate::finished::{self, Finished, Table};
use crate::report::{self, ChosenTasks, Format, PairedDifferences, order_agreement};
use crate::sweep;
use aio_types::Measure;
use clap::Args;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  aio report zero-shot
  aio report zero-shot --format csv
  aio report zero-shot --format latex --tasks orbench,tri-cuhk-pedes.sketch --columns rank1,rank10,map
  aio report experiments/sweeps/heads.toml --format latex --plots figures
  aio report experiments/sweeps/heads.toml --metric rank1
  aio report experiments/sweeps/heads.toml --against identity
  aio report zero-shot --added
  aio report zero-shot --redraw
  aio report experiments/sweeps/transfer.toml --agreement table:dev- market1501,sysu-mm01,pku-sketch,cuhk-pedes
  aio report zero-shot --runs results --json";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Names of experiments below the directory of runs, or their directories; experiment files, or sweep files.
    #[arg(required = true)]
    names: Vec<String>,
    /// Form of the table.
    #[arg(long, value_enum, default_value = "md", conflicts_with = "json")]
    format: Format,
    /// Only tasks whose names begin with one of these words, separated by commas. A sweep then also shows tasks that its file does not name. A
    /// table without such tasks is left out.
    #[arg(long, value_name = "TASKS", conflicts_with = "agreement")]
    tasks: Option<String>,
    /// The columns of an experiment's table and their order, by the names that CSV files have, such as rank1,rank10,map,map_baseline. Others are
    /// sizes, and intervals over people: rank1_interval, map_interval, map_gain and map_gain_late_fusion.
    #[arg(long, value_name = "COLUMNS", conflicts_with_all = ["json", "agreement", "against", "added"])]
    columns: Option<String>,
    /// The score that the table of a sweep shows, instead of the one that its file names: rank1, rank5, rank10, rank20, map or minp.
    #[arg(long, value_name = "METRIC", conflicts_with_all = ["agreement", "added"])]
    metric: Option<Measure>,
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
        let mut finished = finished::collect(&self.names, &self.runs.runs)?;
        if let Some(tasks) = self.tasks.as_deref().map(ChosenTasks::new) {
            finished = with_tasks(finished, &tasks)?;
        }
        if let Some(metric) = self.metric {
            finished =
                finished.into_iter().map(|of| of.with_metric(metric)).collect::<Result<_>>()?;
        }
        if self.plots.is_some() {
            check_figures(&finished)?;
        }
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
            return self.form.output(&agreement, || agreement.text());
        }
        if let Some(label) = &self.against {
            let compared: Vec<_> =
                finished.iter().map(|of_table| of_table.against(label)).collect::<Result<_>>()?;
            return self.form.output(&compared, || {
                let texts: Vec<String> = compared.iter().map(PairedDifferences::text).collect();
                texts.join("\n")
            });
        }
        if self.form.json {
            let tables: Vec<_> = finished.iter().map(|of_table| &of_table.table).collect();
            return Output::json(&tables);
        }
        let mut tables = Vec::new();
        for of_table in &finished {
            if self.added {
                tables.extend(of_table.additions(self.format)?);
            } else {
                tables.push(of_table.table(self.format, self.columns.as_deref())?);
            }
        }
        if tables.is_empty() {
            return Err(match &self.tasks {
                Some(tasks) => Error::user(
                    format!(
                        "{}: no finished run says what a modality adds to the queries of --tasks {tasks}",
                        self.names.join(", ")
                    ),
                    "choose tasks whose queries have several modalities, such as tri-cuhk-pedes.rgb+text, or leave out --tasks",
                ),
                None => report::nothing_added(&self.names),
            });
        }
        Ok(Output::text(joined(&tables, self.format)))
    }
}

/// The tables with these tasks alone. Runs of one experiment may be of different tasks, so that a table without any is left out.
fn with_tasks(finished: Vec<Finished>, tasks: &ChosenTasks) -> Result<Vec<Finished>> {
    let rows: Vec<_> = finished.iter().flat_map(Finished::methods).collect();
    let kept: Vec<_> = finished.into_iter().filter_map(|of| of.with_tasks(tasks)).collect();
    if kept.is_empty() {
        return Err(tasks.unknown(&rows));
    }
    Ok(kept)
}

/// Refuses sweeps of one name, of whose figures the last would replace the others.
fn check_figures(finished: &[Finished]) -> Result<()> {
    let name = |of: &Finished| match &of.table {
        Table::Sweep(results) => Some(sweep::name(Path::new(&results.title))),
        Table::Cell(_) => None,
    };
    let names: Vec<String> = finished.iter().filter_map(name).collect();
    match aio_data::repeated(names.iter().map(String::as_str)) {
        None => Ok(()),
        Some(twice) => Err(Error::user(
            format!("--plots: two sweeps are called `{twice}`, and so would their figures be"),
            "draw them by one call each, into different directories",
        )),
    }
}

/// Tables one after another. CSV tables of the same columns become one.
fn joined(tables: &[String], format: Format) -> String {
    let mut text = String::new();
    let mut head = "";
    for table in tables {
        match table.split_once('\n') {
            Some((names, rows)) if format == Format::Csv => {
                text += if names == head { rows } else { table };
                head = names;
            }
            _ => {
                // What stands directly below a table of Markdown would be a row of it.
                if !text.is_empty() && !text.ends_with("\n\n") {
                    text.push('\n');
                }
                text += table;
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_tables_of_the_same_columns_are_one() {
        let tables = ["a,b\n1,2\n", "a,b\n3,4\n", "a,c\n5,6\n"].map(str::to_owned);
        assert_eq!(joined(&tables, Format::Csv), "a,b\n1,2\n3,4\na,c\n5,6\n");
        assert_eq!(joined(&tables, Format::Html), "a,b\n1,2\n\na,b\n3,4\n\na,c\n5,6\n");
    }

    #[test]
    fn an_empty_line_stands_between_tables_of_markdown() {
        let tables = ["a · map\n\n|a|\n|---|\n|1|\n", "b\n\n|b|\n\n", "c\n"].map(str::to_owned);
        let expected = "a · map\n\n|a|\n|---|\n|1|\n\nb\n\n|b|\n\nc\n";
        assert_eq!(joined(&tables, Format::Markdown), expected);
    }
}
