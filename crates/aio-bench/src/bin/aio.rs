//! The command line: parses what was typed, calls the library, prints results and errors.

use aio_bench::cli::data::{self, DataCommand};
use aio_bench::error::{Error, Result};
use aio_bench::experiment::{self, Request};
use aio_bench::report::{self, Format};
use aio_bench::sweep::{Choose, Sweep};
use aio_bench::{embed, foundation, pretrain, score, search};
use aio_tokenize::bpe::{Bpe, Encoded};
use aio_train::{Progress, StopFlag, pretrain};
use clap::{Parser, Subcommand};
use rayon::prelude::*;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Training allocates and frees the same large tensors in every step; the system allocator returns them to the
/// kernel each time, and a fifth of the run went to page faults.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One frozen encoder for RGB, infrared, sketch and text: multimodal person re-identification.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one experiment to its end: data, training, evaluation, report. A second call continues or reprints.
    Experiment {
        /// Name below experiments/, or the path of a TOML file.
        name: String,
        /// Override a value, as in --set losses.binding=0.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        settings: Vec<String>,
        /// Where to compute: cpu, wgpu, wgpu:N, cuda, cuda:N or auto.
        #[arg(long, default_value = "cpu")]
        device: String,
        /// Directory of runs.
        #[arg(long, default_value = "runs")]
        runs: PathBuf,
        /// Print result.json instead of the table.
        #[arg(long)]
        json: bool,
    },
    /// Tables from the finished runs of experiments, one row per task, mean ± standard deviation over seeds.
    Report {
        /// Names of experiments below the directory of runs, or sweep files.
        #[arg(required = true)]
        names: Vec<String>,
        /// Form of the table.
        #[arg(long, value_enum, default_value = "md")]
        format: Format,
        /// Also draw sweeps as bars with error bars (SVG and PNG) into this directory.
        #[arg(long)]
        plots: Option<PathBuf>,
        /// Directory of runs.
        #[arg(long, default_value = "runs")]
        runs: PathBuf,
    },
    /// Many cells of one experiment, from a TOML file.
    Sweep {
        #[command(subcommand)]
        command: SweepCommand,
    },
    /// Data sets: what is known and found, and the synthetic benchmark.
    Data {
        #[command(subcommand)]
        command: DataCommand,
    },
    /// Metrics, exact to a protocol, for features made by any tool.
    Score(Box<score::Request>),
    /// Features of one's own pictures and sentences, any modality or combination.
    Embed(embed::Request),
    /// Search a gallery with a photograph, an infrared picture, a sketch, a drawing, a sentence, or any of them together.
    Search(search::Request),
    /// Run the frozen blocks alone over a token tensor.
    Encode(foundation::EncodeRequest),
    /// Foundation weights of other projects: what is known, what a file holds, conversion.
    Weights {
        #[command(subcommand)]
        command: foundation::WeightsCommand,
    },
    /// CLIP token ids of the captions on standard input, one per line.
    Tokenize {
        /// Print one JSON array of 77 ids per line.
        #[arg(long)]
        json: bool,
    },
    /// Train the embedded encoder by image–text contrastive learning on rendered pictures.
    Pretrain {
        #[command(flatten)]
        recipe: RecipeArguments,
        /// Directory of the weights, the loss curve and the checkpoints.
        #[arg(long, default_value = "runs/pretrain")]
        out: PathBuf,
        /// Where to compute: cpu, wgpu, wgpu:N, cuda, cuda:N or auto.
        #[arg(long, default_value = "cpu")]
        device: String,
    },
}

/// The recipe.
#[derive(clap::Args)]
struct RecipeArguments {
    /// Optimiser steps.
    #[arg(long, default_value_t = pretrain::Recipe::default().steps)]
    steps: usize,
    /// Pairs of picture and caption in a step.
    #[arg(long, default_value_t = pretrain::Recipe::default().batch)]
    batch: usize,
    /// Pictures in the corpus.
    #[arg(long, default_value_t = pretrain::Recipe::default().corpus)]
    corpus: usize,
    /// Peak learning rate.
    #[arg(long, alias = "rate", default_value_t = pretrain::Recipe::default().learning_rate)]
    learning_rate: f64,
    /// Temperature of the contrastive loss.
    #[arg(long, default_value_t = pretrain::Recipe::default().temperature)]
    temperature: f64,
    /// Weight of the contrastive loss; that of the tags is 1.
    #[arg(long, default_value_t = pretrain::Recipe::default().contrastive)]
    contrastive: f64,
    /// Optimiser steps at the beginning that read no captions.
    #[arg(long, default_value_t = pretrain::Recipe::default().pictures_first)]
    pictures_first: usize,
    /// Optimiser steps after these, in which some sequences hold two pictures of a person, or pictures and a caption.
    #[arg(long, default_value_t = pretrain::Recipe::default().company_steps)]
    company_steps: usize,
    /// Peak learning rate of these later steps, which have their own warm-up and cosine schedule.
    #[arg(long, alias = "company-rate", default_value_t = pretrain::Recipe::default().company_learning_rate)]
    company_learning_rate: f64,
    /// Optimiser steps of the linear warm-up.
    #[arg(long, alias = "warmup", default_value_t = pretrain::Recipe::default().warmup_steps)]
    warmup_steps: usize,
    /// Weights to start from instead of random ones.
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// Fraction of people that are drawn.
    #[arg(long, default_value_t = pretrain::Recipe::default().drawn)]
    drawn: f32,
    /// Fraction of people that are photographed in infrared.
    #[arg(long, default_value_t = pretrain::Recipe::default().infrared)]
    infrared: f32,
    /// Seed of the corpus, the weights and the order.
    #[arg(long, default_value_t = pretrain::Recipe::default().seed)]
    seed: u64,
    /// What turns pictures into tokens: a pyramid of convolutions with IBN (ibn), the same with batch normalisation
    /// (batch), or one convolution per patch (patch).
    #[arg(long, default_value = "ibn", value_parser = stem)]
    stem: pretrain::Stem,
    /// Blocks of the encoder.
    #[arg(long, default_value_t = pretrain::Recipe::default().depth)]
    depth: usize,
    /// Width of the encoder, a multiple of 32: attention heads have 32 channels.
    #[arg(long, default_value_t = pretrain::Recipe::default().embed_dim)]
    width: usize,
}

impl From<RecipeArguments> for pretrain::Recipe {
    fn from(typed: RecipeArguments) -> Self {
        Self {
            steps: typed.steps,
            batch: typed.batch,
            corpus: typed.corpus,
            learning_rate: typed.learning_rate,
            temperature: typed.temperature,
            contrastive: typed.contrastive,
            pictures_first: typed.pictures_first,
            company_steps: typed.company_steps,
            company_learning_rate: typed.company_learning_rate,
            warmup_steps: typed.warmup_steps,
            init: typed.init,
            drawn: typed.drawn,
            infrared: typed.infrared,
            seed: typed.seed,
            stem: typed.stem,
            depth: typed.depth,
            embed_dim: typed.width,
        }
    }
}

fn stem(typed: &str) -> std::result::Result<pretrain::Stem, String> {
    match typed {
        "ibn" => Ok(pretrain::Stem::Ibn),
        "batch" => Ok(pretrain::Stem::Batch),
        "patch" => Ok(pretrain::Stem::Patch),
        _ => Err("expected ibn, batch or patch".to_owned()),
    }
}

#[derive(Subcommand)]
enum SweepCommand {
    /// Print the runs, the time and memory that each takes, and the time that is left.
    Plan {
        /// The sweep file.
        file: PathBuf,
        /// Directory of runs.
        #[arg(long, default_value = "runs")]
        runs: PathBuf,
    },
    /// Try a step forward and backward of every cell, and predict its time and memory.
    Check {
        /// The sweep file.
        file: PathBuf,
        /// Where to compute: cpu, wgpu, wgpu:N, cuda, cuda:N or auto.
        #[arg(long, default_value = "cpu")]
        device: String,
        /// Directory of runs.
        #[arg(long, default_value = "runs")]
        runs: PathBuf,
    },
    /// Run what is not done; several terminals and hosts may run one sweep at once.
    Run {
        /// The sweep file.
        file: PathBuf,
        /// Every n-th run from the i-th on, as in --shard 0/4.
        #[arg(long, value_name = "i/n", default_value = "0/1")]
        shard: Shard,
        /// The cell with this id alone.
        #[arg(long, value_name = "ID")]
        only: Option<String>,
        /// Runs with this seed alone.
        #[arg(long)]
        seed: Option<u64>,
        /// Wait for runs that other processes work on, and take them over if those die.
        #[arg(long)]
        wait: bool,
        /// Go on with the next run when one fails.
        #[arg(long)]
        continue_on_error: bool,
        /// Where to compute: cpu, wgpu, wgpu:N, cuda, cuda:N or auto.
        #[arg(long, default_value = "cpu")]
        device: String,
        /// Directory of runs.
        #[arg(long, default_value = "runs")]
        runs: PathBuf,
    },
    /// Submit what is not done as a Slurm job array.
    Slurm {
        /// The sweep file; its `slurm` table says partition, gres, time, and how to set the environment up.
        file: PathBuf,
        /// Print the batch script and submit nothing.
        #[arg(long)]
        dry_run: bool,
        /// Directory of runs.
        #[arg(long, default_value = "runs")]
        runs: PathBuf,
    },
    /// Print how far every run has come, why runs failed, and what Slurm says of submitted runs.
    Status {
        /// The sweep file.
        file: PathBuf,
        /// Directory of runs.
        #[arg(long, default_value = "runs")]
        runs: PathBuf,
    },
}

fn shard(typed: &str) -> std::result::Result<(usize, usize), String> {
    let parsed = typed.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parsed
        .filter(|(i, n)| i < n)
        .ok_or_else(|| "expected i/n with i from 0 to n − 1, such as 0/4".to_owned())
}

/// Lets the allocator keep freed memory for ten seconds instead of ten milliseconds, which is longer than a training step.
fn keep_freed_memory() {
    // Numbers of `mi_option_t` in mimalloc.h; the crate names only a few of them.
    const ARENA_EAGER_COMMIT: i32 = 4;
    const PURGE_DELAY: i32 = 15;
    // SAFETY: setting an option has no precondition; it is done before any other thread exists.
    #[allow(unsafe_code)]
    unsafe {
        libmimalloc_sys::mi_option_set(ARENA_EAGER_COMMIT, 1);
        libmimalloc_sys::mi_option_set(PURGE_DELAY, 10_000);
    }
}

fn main() -> ExitCode {
    keep_freed_memory();
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(output) => match std::io::stdout().write_all(output.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            // A closed pipe, as in `aio … | head`, is not worth a word.
            Err(_) => ExitCode::from(1),
        },
        // What a check found is its result, whatever it says.
        Err(Error::Found { report }) => {
            let printed = std::io::stdout().write_all(report.as_bytes());
            ExitCode::from(if printed.is_ok() { 2 } else { 1 })
        }
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(hint) = error.hint() {
                eprintln!("hint: {hint}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// Runs a command and returns what belongs on standard output.
fn run(command: Command) -> Result<String> {
    match command {
        Command::Experiment { name, settings, device, runs, json } => {
            let (run, result) = experiment::run(&Request { name, settings, device, runs })?;
            eprintln!("report: {}", run.report().join("index.html").display());
            if json {
                return self::json(&result);
            }
            report::results(&[result], Format::Markdown)
        }
        Command::Sweep { command } => match command {
            SweepCommand::Plan { file, runs } => Ok(Sweep::load(&file)?.plan(&runs).to_string()),
            SweepCommand::Status { file, runs } => {
                Ok(Sweep::load(&file)?.status(&runs)?.to_string())
            }
            SweepCommand::Slurm { file, dry_run, runs } => {
                Ok(Sweep::load(&file)?.submit(&runs, dry_run)?.to_string())
            }
            SweepCommand::Check { file, device, runs } => {
                Ok(Sweep::load(&file)?.check(&runs, &device)?.to_string())
            }
            SweepCommand::Run {
                file,
                shard,
                only,
                seed,
                wait,
                continue_on_error,
                device,
                runs,
            } => {
                let options = RunOptions { shard, only, seed, wait, continue_on_error };
                Ok(Sweep::load(&file)?.run(&runs, &device, &options)?.to_string())
            }
        },
        Command::Report { names, format, plots, runs } => {
            report_all(&names, format, plots.as_deref(), &runs)
        }
        Command::Data { command } => data::run(command),
        Command::Score(request) => score::run(&request),
        Command::Embed(request) => embed::run(&request),
        Command::Search(request) => search::run(&request),
        Command::Encode(request) => foundation::encode(&request),
        Command::Weights { command } => foundation::run(&command),
        Command::Tokenize { json } => tokenize(json),
        Command::Pretrain { recipe, out, device } => {
            let (device, stop) = (device::open(&device)?, StopFlag::on_signals()?);
            let weights = pretrain::run(&recipe.into(), &out, &device, &stop)?;
            Ok(format!("{}\n", weights.display()))
        }
    }
}

fn report_all(
    names: &[String],
    format: Format,
    plots: Option<&Path>,
    runs: &Path,
) -> Result<String> {
    let mut text = String::new();
    for name in names {
        if name.ends_with(".toml") {
            text += &sweep_table(Path::new(name), format, plots, runs)?;
            continue;
        }
        let cells = aio_data::fs::sorted_entries(&runs.join(name)).map_err(|_| {
            Error::user(
                format!("no runs of `{name}` below {}", runs.display()),
                "run the experiment first: just experiment NAME",
            )
        })?;
        let mut found = false;
        for cell in cells {
            let mut results = Vec::new();
            for seed in aio_data::fs::sorted_entries(&cell).unwrap_or_default() {
                let path = seed.join("result.json");
                if path.is_file() {
                    let parsed = serde_json::from_str(&aio_data::fs::read_to_string(&path)?);
                    results.push(parsed.map_err(|e| {
                        Error::user(
                            format!("{}: {e}", path.display()),
                            "the file is damaged; remove it and run again",
                        )
                    })?);
                }
            }
            if !results.is_empty() {
                text += &report::results(&results, format)?;
                text.push('\n');
                found = true;
            }
        }
        if !found {
            return Err(Error::user(
                format!("no finished run of `{name}` below {}", runs.display()),
                "a run is finished when its result.json is there",
            ));
        }
    }
    Ok(text)
}

fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|e| Error::Failure(e.to_string()))
}

/// The table of a sweep, as its `[report]` asks for it.
fn sweep_table(path: &Path, format: Format, plots: Option<&Path>, runs: &Path) -> Result<String> {
    let FinishedSweep { report: section, cells } = FinishedSweep::load(path, runs)?;
    let first = cells.iter().flat_map(|cell| &cell.results).next();
    let tasks = if section.tasks.is_empty() {
        first.map(|result| result.order.clone()).unwrap_or_default()
    } else {
        section.tasks
    };
    let rows: Vec<_> = cells.into_iter().map(|cell| (cell.label, cell.results)).collect();
    let metric = section.metric.as_deref().unwrap_or("map");
    if let Some(directory) = plots {
        report::bars(directory, &sweep::name(path), &rows, &tasks, metric)?;
    }
    report::sweep(&path.display().to_string(), &rows, &section.quoted, &tasks, metric, format)
}

/// Lines that are encoded at once, in parallel.
const LINES: usize = 8192;

/// Prints ids as lines come in; how many captions were cut off goes to standard error.
fn tokenize(json: bool) -> Result<String> {
    let (begun, mut count, mut truncated) = (Instant::now(), 0, 0);
    let mut lines = std::io::stdin().lines();
    let mut out = std::io::BufWriter::new(std::io::stdout());
    loop {
        let block: Vec<String> =
            lines.by_ref().take(LINES).collect::<std::io::Result<_>>().map_err(|e| {
                Error::user(
                    format!("standard input, after line {count}: {e}"),
                    "captions must be UTF-8, one per line",
                )
            })?;
        if block.is_empty() {
            break;
        }
        let encoded: Vec<Encoded> = block.par_iter().map(|line| Bpe::clip().encode(line)).collect();
        count += encoded.len();
        truncated += encoded.iter().filter(|e| e.truncated).count();
        for ids in encoded.iter().map(Encoded::padded) {
            let words: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let line =
                if json { format!("[{}]\n", words.join(",")) } else { words.join(" ") + "\n" };
            if out.write_all(line.as_bytes()).is_err() {
                // A closed pipe, as in `aio tokenize | head`, is not worth a word.
                return Ok(String::new());
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64().max(1e-9);
    eprintln!(
        "{count} captions, {truncated} cut off at 77 ids, {:.0} captions/s",
        count as f64 / seconds
    );
    out.flush().map_err(|e| Error::Failure(format!("standard output: {e}")))?;
    Ok(String::new())
}
