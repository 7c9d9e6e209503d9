//! `aio data`.

use super::arguments::{DataRootArgument, JsonArgument, choice};
use super::output::Output;
use crate::error::{Error, Result};
use crate::overwrite;
use crate::render;
use aio_data::check;
use aio_data::readers::sysu_mm01::{self, Mode, TrialGallery};
use aio_data::readers::{synth_pedes, table};
use aio_synth::benchmark;
use aio_train::{Progress, StopFlag};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;

/// What can be done with data sets.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the data sets that can be read and which of them are below the root.
    List(List),
    /// Compare a data set with what its owners published: tree, counts, pictures, queries without a match.
    Check(Check),
    /// Write a table for a folder of pictures: the names of folders or files say who is shown.
    Table(Table),
    /// Render the synthetic benchmark.
    Synth(Synth),
    /// Build the index of a data set that is too large to be read whole at every start.
    Prepare(Prepare),
    /// Print the galleries over which a protocol averages.
    Trials(Trials),
}

impl Command {
    pub(super) fn run(self) -> Result<Output> {
        match self {
            Self::List(arguments) => arguments.run(),
            Self::Check(arguments) => arguments.run(),
            Self::Table(arguments) => arguments.run(),
            Self::Synth(arguments) => arguments.run(),
            Self::Prepare(arguments) => arguments.run(),
            Self::Trials(arguments) => arguments.run(),
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio data list
  aio data list --data-root /data/reid --json")]
pub(super) struct List {
    #[command(flatten)]
    root: DataRootArgument,
    #[command(flatten)]
    form: JsonArgument,
}

impl List {
    fn run(self) -> Result<Output> {
        let list = check::list(self.root.data_root);
        self.form.output(&list, || list.text())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exits with 2 if something is wrong.

Examples:
  aio data check market1501
  aio data check table:shop --data-root /data/reid --pictures 0 --json")]
pub(super) struct Check {
    /// The data set, as in market1501, or table:NAME.
    dataset: String,
    #[command(flatten)]
    root: DataRootArgument,
    /// Pictures to decode, spread evenly over all of them; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pictures: usize,
    #[command(flatten)]
    form: JsonArgument,
}

impl Check {
    fn run(self) -> Result<Output> {
        let stop = StopFlag::on_signals()?;
        let progress = Progress::new("decoding", 1, "pictures");
        let check = check::Check {
            dataset: check::named(&self.dataset)?,
            root: &self.root.data_root,
            pictures: self.pictures,
            is_rendered: &|directory| benchmark::manifest(directory).is_ok_and(|m| m.is_some()),
            progress: &|done, total| {
                progress.set_total(total);
                progress.set_position(done);
            },
            poll: &|| stop.poll(),
        };
        let report = check.run().map_err(|error| Error::from(error).with_nothing_kept())?;
        progress.finish();
        let output = self.form.output(&report, || report.text())?;
        Ok(if report.is_right() { output } else { output.with_problem() })
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
The pictures of a person lie in a folder of their own, or all files are called as in Market-1501 (0001_c1_….jpg: identity and camera). A folder
called infrared, sketch or colour-pencil, in capital or small letters, says the modality of what is in it.

Examples:
  aio data table my-data/shop
  aio data table my-data/shop --output my-data/night.csv --train 0.5")]
pub(super) struct Table {
    /// The folder of pictures.
    folder: PathBuf,
    /// The CSV file to write, in a folder above the pictures [default: FOLDER.csv].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Fraction of the people who are trained on: all their rows are of the split train. The others are tested: their sketches and infrared pictures and
    /// some of their photographs are queries, one of every camera that took several of the person; their other photographs are the gallery.
    #[arg(long, value_name = "FRACTION", default_value_t = 0.0)]
    train: f64,
    /// Seed by which they are drawn.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    form: JsonArgument,
}

impl Table {
    fn run(self) -> Result<Output> {
        let output = match self.output {
            Some(output) => output,
            None => {
                let Some(name) = self.folder.file_name() else {
                    return Err(Error::user(
                        format!("{} has no name", self.folder.display()),
                        "say where to write the table: --output FILE",
                    ));
                };
                let mut name = name.to_os_string();
                name.push(".csv");
                self.folder.with_file_name(name)
            }
        };
        let draft = table::Draft {
            folder: &self.folder,
            output: &output,
            train: self.train,
            seed: self.seed,
        };
        let drafted = draft.write()?;
        self.form.output(&drafted, || text_of_table(&drafted))
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio data synth
  aio data synth --output datasets/other --seed 1 --sheet sheet.png")]
pub(super) struct Synth {
    /// The folder to write.
    #[arg(long, alias = "out", value_name = "DIR", default_value = "datasets/synthetic")]
    output: PathBuf,
    /// Seed of everything in it.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Also draw a contact sheet of every domain and modality to this PNG file.
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    #[command(flatten)]
    form: JsonArgument,
}

impl Synth {
    fn run(self) -> Result<Output> {
        if let Some(path) = self.sheet {
            overwrite::check_ending("--sheet", &path, "png")?;
            benchmark::contact_sheet(&path, self.seed)?;
        }
        let stop = StopFlag::on_signals()?;
        let size = benchmark::Size::default();
        let manifest = render::benchmark(&self.output, self.seed, size, &stop)?;
        self.form.output(&manifest, || {
            format!("{} files, content {}\n", manifest.files, manifest.content)
        })
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio data prepare synth-pedes")]
pub(super) struct Prepare {
    /// The data set.
    #[arg(value_parser = ["synth-pedes"])]
    dataset: String,
    #[command(flatten)]
    root: DataRootArgument,
    #[command(flatten)]
    form: JsonArgument,
}

/// What `aio data prepare --json` prints.
#[derive(Debug, Serialize)]
struct Prepared {
    photographs: usize,
    index: PathBuf,
}

impl Prepare {
    fn run(self) -> Result<Output> {
        let directory = check::named(&self.dataset)?.locate(&self.root.data_root)?;
        let bytes = synth_pedes::annotation_bytes(&directory).unwrap_or(1);
        let progress = Progress::new("indexing", bytes as usize, "bytes");
        let photographs =
            synth_pedes::prepare(&directory, &|read| progress.set_position(read as usize))?;
        progress.finish();
        let prepared = Prepared { photographs, index: directory.join(synth_pedes::INDEX) };
        self.form.output(&prepared, || {
            format!("{photographs} photographs, {}\n", prepared.index.display())
        })
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aio data trials sysu-mm01 --mode indoor --json
  aio data trials sysu-mm01 --data-root /data/SYSU-MM01 --source official --shots 10")]
pub(super) struct Trials {
    /// The data set; only sysu-mm01 is supported.
    #[arg(value_parser = ["sysu-mm01"])]
    dataset: String,
    #[command(flatten)]
    root: DataRootArgument,
    /// Which cameras the gallery is drawn from: all (1, 2, 4 and 5) or indoor (1 and 2).
    #[arg(long, default_value = "all", value_parser = choice(&MODES))]
    mode: Mode,
    /// Who drew the galleries: the reference code in Python, which nearly all papers use (one shot only), or the data
    /// set's authors (rand_perm_cam.mat).
    #[arg(long, default_value = "python", value_parser = choice(&SOURCES))]
    source: Source,
    /// Images per identity and camera (official source: 1 or 10 in papers).
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    shots: u32,
    /// The authors' rand_perm_cam.mat for --source official, if it is not in the data set's folder.
    #[arg(long, value_name = "FILE")]
    permutations: Option<PathBuf>,
    #[command(flatten)]
    form: JsonArgument,
}

const MODES: [(&str, Mode); 2] = [("all", Mode::All), ("indoor", Mode::Indoor)];

const SOURCES: [(&str, Source); 2] = [("python", Source::Python), ("official", Source::Official)];

/// Who drew the galleries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Python,
    Official,
}

/// What `aio data trials --json` prints.
#[derive(Debug, Serialize)]
struct PrintedTrials {
    trials: Vec<TrialGallery>,
}

impl Trials {
    fn run(self) -> Result<Output> {
        let source = match (self.source, self.permutations) {
            (Source::Python, None) => sysu_mm01::Source::Python,
            (Source::Python, Some(path)) => {
                return Err(Error::user(
                    format!(
                        "--permutations {}: the draws of --source python read no file",
                        path.display()
                    ),
                    "add --source official, or leave --permutations out",
                ));
            }
            (Source::Official, path) => sysu_mm01::Source::Official(path),
        };
        let trials = sysu_mm01::galleries(&self.root.data_root, self.mode, &source, self.shots)?;
        if self.form.json {
            return Output::json_line(&PrintedTrials { trials });
        }
        let mut text = String::new();
        for TrialGallery { trial, gallery } in &trials {
            for path in gallery {
                text += &format!("{trial} {path}\n");
            }
        }
        Ok(Output::text(text))
    }
}

/// A table that was written, and what comes next.
fn text_of_table(drafted: &table::Drafted) -> String {
    let table::Drafted { output, naming, people, rows, passed_over } = drafted;
    let by = match naming {
        table::Naming::Files => "the names of their files",
        table::Naming::Folders => "their folders",
    };
    let mut text = format!("{}: {people} people, told apart by {by}\n", output.display());
    for (split, of_split) in rows {
        let counts: Vec<String> =
            of_split.iter().map(|(modality, count)| format!("{count} {modality}")).collect();
        text += &format!("{split}: {}\n", counts.join(", "));
    }
    if !passed_over.is_empty() {
        text += &format!("passed over: {}\n", passed_over.join(", "));
    }
    let root = output.parent().filter(|root| !root.as_os_str().is_empty());
    let root = root.map_or_else(|| ".".to_owned(), |root| root.display().to_string());
    let name = output.file_stem().unwrap_or_default().to_string_lossy();
    text + &format!("next: aio data check table:{name} --data-root {root}\n")
}
