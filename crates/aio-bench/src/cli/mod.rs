//! The command line: one module per command with its arguments. A command calls the library and prints what it returns.

mod arguments;
mod browser;
mod check_real;
mod completions;
mod data;
mod embed;
mod encode;
mod experiment;
mod filter;
mod gallery;
mod man;
mod messages;
mod output;
mod pretrain;
mod refine;
mod report;
mod score;
mod search;
mod serve;
mod sweep;
mod tokenize;
mod weights;

use crate::error::Result;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use messages::Verbosity;
use output::Output;
use std::ffi::OsStr;
use std::process::ExitCode;
use std::sync::LazyLock;

const AFTER_HELP: &str = "\
Exit codes:
  0   done; also when the reader of standard output closes it, as in `aio … | head`
  1   something failed that the user did not cause
  2   the input is wrong, or a check found a problem
  75  stopped by a signal: run the same command again; the message says whether it continues or begins anew

Results go to standard output, messages and progress to standard error.

Examples:
  aio experiment smoke
  aio search photos --text \"a man in a red jacket\"
  aio gallery create people photos
  aio serve people
  aio completions bash > ~/.local/share/bash-completion/completions/aio
  aio man ~/.local/share/man/man1

`aio help COMMAND` shows the arguments of a command and examples.";

/// One frozen encoder for RGB, infrared, sketch and text: multimodal person re-identification.
#[derive(Debug, Parser)]
#[command(name = "aio", version = VERSION.as_str(), after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    verbosity: Verbosity,
}

/// With the commit, if the build was given it: `AIO_COMMIT=$(git rev-parse HEAD) cargo build`.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let version = env!("CARGO_PKG_VERSION");
    option_env!("AIO_COMMIT").map_or(version.to_owned(), |commit| format!("{version} ({commit})"))
});

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one experiment to its end: data, training, evaluation, report. A second call continues or reprints.
    #[command(alias = "train")]
    Experiment(experiment::Arguments),
    /// Tables from the finished runs of experiments, one row per task, mean ± standard deviation over seeds.
    Report(report::Arguments),
    /// Many configurations of one experiment, from a TOML file.
    #[command(subcommand)]
    Sweep(sweep::Command),
    /// List, check, render and index data sets.
    #[command(subcommand)]
    Data(data::Command),
    /// Measure a model on a data set of real people, beside the program's own encoder before training, hand-made descriptors and chance.
    #[command(alias = "evaluate")]
    CheckReal(check_real::Arguments),
    /// Measure how much questions and judgements improve a search, with simulated answers, round by round.
    Refine(refine::Arguments),
    /// Compute the metrics of a protocol for features made by any tool.
    Score(Box<score::Arguments>),
    /// Compute the features of your own pictures and sentences, any modality or combination.
    Embed(embed::Arguments),
    /// Search a gallery with a photograph, an infrared picture, a sketch, a drawing, a sentence, or several of them.
    Search(Box<search::Arguments>),
    /// Persistent galleries: fill, change, check and calibrate them; `aio search` searches them.
    #[command(subcommand)]
    Gallery(Box<gallery::Command>),
    /// Serve a gallery: one page to type, draw and drop a photograph, and an HTTP API.
    Serve(serve::Arguments),
    /// Run the frozen blocks alone over a token tensor.
    Encode(encode::Arguments),
    /// Weights of this and other projects: list, inspect, convert, pack, average, adapt and widen them, and fit statistics that tell which pictures are unlike their training.
    #[command(subcommand)]
    Weights(weights::Command),
    /// Token ids of the captions on standard input, one per line: CLIP's, or those of a model.
    Tokenize(tokenize::Arguments),
    /// Pre-train an encoder on rendered pictures and their captions (words of captions, image–text and two-view contrastive losses).
    Pretrain(pretrain::Arguments),
    /// Print a completion script for a shell.
    Completions(completions::Arguments),
    /// Write the manual pages.
    Man(man::Arguments),
}

impl Command {
    fn run(self) -> Result<Output> {
        match self {
            Self::Experiment(arguments) => arguments.run(),
            Self::Report(arguments) => arguments.run(),
            Self::Sweep(command) => command.run(),
            Self::Data(command) => command.run(),
            Self::CheckReal(arguments) => arguments.run(),
            Self::Refine(arguments) => arguments.run(),
            Self::Score(arguments) => arguments.run(),
            Self::Embed(arguments) => arguments.run(),
            Self::Search(arguments) => arguments.run(),
            Self::Gallery(command) => command.run(),
            Self::Serve(arguments) => arguments.run(),
            Self::Encode(arguments) => arguments.run(),
            Self::Weights(command) => command.run(),
            Self::Tokenize(arguments) => arguments.run(),
            Self::Pretrain(arguments) => arguments.run(),
            Self::Completions(arguments) => arguments.run(),
            Self::Man(arguments) => arguments.run(),
        }
    }
}

/// The command line to which an environment variable without a value is none. A script sets such a variable from one that is not set.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let argument = |argument: clap::Arg| {
        let is_unset = argument.get_env().is_some_and(is_empty);
        if is_unset { argument.env(None::<&'static str>) } else { argument }
    };
    command.mut_args(argument).mut_subcommands(without_empty_variables)
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let matches = without_empty_variables(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    cli.verbosity.start();
    match cli.command.run().and_then(Output::print) {
        Ok(code) => ExitCode::from(code),
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{}", error.with_hint());
            ExitCode::from(error.exit_code())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commands without subcommands, each with its words below `aio`.
    fn leaves(command: &clap::Command, words: &[String]) -> Vec<(Vec<String>, clap::Command)> {
        if !command.has_subcommands() {
            return vec![(words.to_vec(), command.clone())];
        }
        let below =
            |sub: &clap::Command| leaves(sub, &[words, &[sub.get_name().to_owned()]].concat());
        command.get_subcommands().flat_map(below).collect()
    }

    /// The words of a line of shell, without redirections. Double quotes group words.
    fn shell_words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                '<' | '>' if !quoted => break,
                ' ' if !quoted => words.push(String::new()),
                _ => words.last_mut().expect("never empty").push(c),
            }
        }
        assert!(!quoted, "{line}");
        words.retain(|word| !word.is_empty());
        words
    }

    fn examples(command: &clap::Command) -> Vec<String> {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let below = text.split_once("Examples:\n").map_or("", |(_, below)| below);
        below.lines().take_while(|l| l.starts_with("  aio ")).map(|l| l.trim().to_owned()).collect()
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples_of_itself_that_parse() {
        let mut seen = 0;
        for (words, command) in leaves(&Cli::command(), &["aio".to_owned()]) {
            let examples = examples(&command);
            assert!(!examples.is_empty(), "{words:?} has no examples");
            for example in examples {
                let typed = shell_words(&example);
                assert!(typed.starts_with(&words), "{example} is under {words:?}");
                // A program without the client of Qdrant may refuse its addresses.
                let needs_client = !cfg!(feature = "qdrant") && example.contains("qdrant://");
                match Cli::try_parse_from(&typed) {
                    Ok(_) => {}
                    Err(e) if needs_client => assert!(e.to_string().contains("Qdrant"), "{e}"),
                    Err(e) => panic!("{example}: {e}"),
                }
                seen += 1;
            }
        }
        assert!(seen >= 30, "{seen} examples");
        for example in examples(&Cli::command()) {
            Cli::try_parse_from(shell_words(&example)).unwrap_or_else(|e| panic!("{example}: {e}"));
        }
    }

    #[test]
    fn shared_flags_are_the_same_everywhere() {
        let mut seen = 0;
        for (words, command) in leaves(&Cli::command(), &["aio".to_owned()]) {
            for argument in command.get_arguments() {
                let variable = match argument.get_long() {
                    Some("runs") => "AIO_RUNS",
                    Some("device") => "AIO_DEVICE",
                    Some("data-root") => "AIO_DATA_ROOT",
                    Some("model") => "AIO_MODEL",
                    Some(name) => {
                        assert!(!["out", "root"].contains(&name), "{words:?}: --{name}");
                        continue;
                    }
                    None => continue,
                };
                let found = argument.get_env().and_then(|name| name.to_str());
                assert_eq!(found, Some(variable), "{words:?}");
                seen += 1;
            }
        }
        assert!(seen >= 30, "{seen} flags");
    }

    #[test]
    fn old_names_of_flags_are_accepted() {
        for line in [
            "aio pretrain --out x --rate 1e-3 --warmup 3 --company-rate 1e-4",
            "aio data synth --out x",
            "aio data list --root x",
            "aio data check market1501 --root x",
            "aio report x --format markdown",
        ] {
            Cli::try_parse_from(shell_words(line)).unwrap_or_else(|e| panic!("{line}: {e}"));
        }
    }
}
