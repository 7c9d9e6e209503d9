//! Messages on standard error: warnings, errors, and what a command is doing.

use clap::Args;
use log::{Level, LevelFilter};
use std::io::Write;

/// `--quiet` and `--verbose`.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Verbosity {
    /// Only warnings and errors on standard error, no progress.
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Messages")]
    quiet: bool,
    /// More on standard error; -vv also shows messages of libraries.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Messages")]
    verbose: u8,
}

impl Verbosity {
    /// The levels of this project's messages and of those of libraries.
    fn levels(self) -> (LevelFilter, LevelFilter) {
        match (self.quiet, self.verbose) {
            (true, _) => (LevelFilter::Warn, LevelFilter::Off),
            (false, 0) => (LevelFilter::Info, LevelFilter::Off),
            (false, 1) => (LevelFilter::Debug, LevelFilter::Off),
            (false, _) => (LevelFilter::Trace, LevelFilter::Info),
        }
    }

    /// Sends the messages of this process to standard error.
    pub(super) fn start(self) {
        let (own, others) = self.levels();
        env_logger::Builder::new()
            .filter_level(others)
            .filter_module("aio", own)
            .format(|buffer, record| {
                let prefix = match record.level() {
                    Level::Error => "error: ",
                    Level::Warn => "warning: ",
                    Level::Info => "",
                    Level::Debug => "debug: ",
                    Level::Trace => "trace: ",
                };
                writeln!(buffer, "{prefix}{}", harmless(&record.args().to_string()))
            })
            .init();
    }
}

/// A message that a terminal shows as it is: names of files and columns come from anywhere, and may hold what a terminal obeys.
fn harmless(message: &str) -> String {
    message.chars().map(|c| if c.is_control() && !"\n\t".contains(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_moves_no_cursor() {
        assert_eq!(harmless("a\u{1b}[2J\u{9b}b\r\n\tç"), "a [2J b \n\tç");
    }
}
