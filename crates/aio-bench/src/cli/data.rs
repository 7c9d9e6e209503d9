//! `aio data`: which data sets are known and found, whether a copy is complete, the synthetic benchmark, indices, galleries.

use crate::error::{Error, Result};
use aio_data::check::{self, Check};
use aio_data::readers::synth_pedes;
use aio_data::readers::sysu_mm01::{self, Mode, TrialGallery};
use aio_synth::benchmark;
use aio_train::Progress;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The commands below `aio data`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum DataCommand {
    /// List the data sets that can be read and whether they lie below the root.
    List {
        /// Directory of the data sets.
        #[arg(long, default_value = "datasets")]
        root: PathBuf,
    },
    /// Compare a data set with what its owners published: tree, counts, pictures, queries without a match.
    Check(CheckRequest),
    /// Render the synthetic benchmark.
    Synth {
        /// Where to write it.
        #[arg(long, default_value = "datasets/synthetic")]
        out: PathBuf,
        /// Seed of everything in it.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Also draw a contact sheet of every domain and modality to this PNG file.
        #[arg(long)]
        sheet: Option<PathBuf>,
    },
    /// Build the index of a data set that is too large to be read whole at every start.
    Prepare {
        /// The data set.
        #[arg(value_parser = ["synth-pedes"])]
        dataset: String,
        /// Directory of the data sets, or of this one.
        #[arg(long, default_value = "datasets")]
        root: PathBuf,
    },
    /// Print the galleries over which a protocol averages.
    Trials(TrialsRequest),
}

/// Arguments of `aio data check`.
#[derive(Debug, Clone, clap::Args)]
pub struct CheckRequest {
    /// The data set, as in market1501, or table:NAME.
    pub dataset: String,
    /// Directory of the data sets, or of this one.
    #[arg(long, default_value = "datasets")]
    pub root: PathBuf,
    /// Pictures to decode, spread evenly over all of them; 0 for none.
    #[arg(long, default_value_t = 20_000)]
    pub pictures: usize,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Who drew the galleries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Source {
    /// `random.seed(trial); random.choice(…)` of the reference code in Python, which nearly all papers use. One shot only.
    Python,
    /// `rand_perm_cam.mat` of the data set's authors.
    Official,
}

/// Arguments of `aio data trials`.
#[derive(Debug, Clone, clap::Args)]
pub struct TrialsRequest {
    /// The data set; only SYSU-MM01 has galleries of two sources.
    #[arg(value_parser = ["sysu-mm01"])]
    pub dataset: String,
    /// Directory of the data sets, or of SYSU-MM01 itself.
    #[arg(long, default_value = "datasets")]
    pub root: PathBuf,
    /// Which cameras the gallery is drawn from.
    #[arg(long, default_value = "all", value_parser = modes())]
    pub mode: Mode,
    /// Who drew the galleries.
    #[arg(long, value_enum, default_value = "python")]
    pub source: Source,
    /// Images per identity and camera (official source: 1 or 10 in papers).
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub shots: u32,
    /// The authors' rand_perm_cam.mat, where it does not lie below the root.
    #[arg(long, value_name = "FILE")]
    pub permutations: Option<PathBuf>,
    /// Print JSON instead of one path a line.
    #[arg(long)]
    pub json: bool,
}

fn modes() -> impl TypedValueParser<Value = Mode> {
    let named = |mode: Mode| {
        let cameras: Vec<String> = mode.cameras().iter().map(|c| c.0.to_string()).collect();
        PossibleValue::new(mode.name()).help(format!("Cameras {}", cameras.join(", ")))
    };
    PossibleValuesParser::new(Mode::ALL.map(named))
        .map(|typed| Mode::named(&typed).expect("clap accepts no other value"))
}

/// Runs the command and returns what belongs on standard output.
///
/// # Errors
/// [`Error`] naming the file that is missing or wrong; [`Error::Found`] if a checked copy is not what its owners published.
pub fn run(command: DataCommand) -> Result<String> {
    match command {
        DataCommand::List { root } => Ok(check::list(&root)),
        DataCommand::Check(request) => run_check(&request),
        DataCommand::Synth { out, seed, sheet } => synth(&out, seed, sheet.as_deref()),
        DataCommand::Prepare { dataset, root } => prepare(&dataset, &root),
        DataCommand::Trials(request) => trials(&request),
    }
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|e| Error::Failure(e.to_string()))
}

fn run_check(request: &CheckRequest) -> Result<String> {
    let bar = Progress::new("decoding", 1, "pictures");
    let check = Check {
        dataset: check::named(&request.dataset)?,
        root: &request.root,
        pictures: request.pictures,
        is_rendered: &|directory| benchmark::manifest(directory).is_ok_and(|m| m.is_some()),
        progress: &|done, total| {
            bar.set_total(total);
            bar.set_position(done);
        },
    };
    let report = check.run()?;
    bar.finish();
    let text = if request.json { json(&report)? } else { report.text() };
    if report.is_right() { Ok(text) } else { Err(Error::Found { report: text }) }
}

fn synth(out: &Path, seed: u64, sheet: Option<&Path>) -> Result<String> {
    if let Some(path) = sheet {
        benchmark::contact_sheet(path, seed)?;
    }
    let bar = Progress::new("rendering", 1, "pictures");
    let manifest = benchmark::write(out, seed, benchmark::Size::default(), &|done, total| {
        bar.set_total(total);
        bar.set_position(done);
    })?;
    bar.finish();
    Ok(format!("{} files, content {}\n", manifest.files, manifest.content))
}

fn prepare(dataset: &str, root: &Path) -> Result<String> {
    let directory = check::named(dataset)?.locate(root)?;
    let bytes = synth_pedes::annotation_bytes(&directory).unwrap_or(1);
    let bar = Progress::new("indexing", bytes as usize, "bytes");
    let photographs = synth_pedes::prepare(&directory, &|read| bar.set_position(read as usize))?;
    bar.finish();
    Ok(format!("{photographs} photographs, {}\n", directory.join(synth_pedes::INDEX).display()))
}

/// What `aio data trials --json` prints.
#[derive(Debug, Serialize)]
struct Printed {
    trials: Vec<TrialGallery>,
}

fn trials(request: &TrialsRequest) -> Result<String> {
    let source = match request.source {
        Source::Python => sysu_mm01::Source::Python,
        Source::Official => sysu_mm01::Source::Official(request.permutations.clone()),
    };
    let trials = sysu_mm01::galleries(&request.root, request.mode, &source, request.shots)?;
    if request.json {
        let text = serde_json::to_string(&Printed { trials });
        return text.map(|t| t + "\n").map_err(|e| Error::Failure(e.to_string()));
    }
    let mut text = String::new();
    for TrialGallery { trial, gallery } in trials {
        for path in gallery {
            text += &format!("{trial} {path}\n");
        }
    }
    Ok(text)
}
