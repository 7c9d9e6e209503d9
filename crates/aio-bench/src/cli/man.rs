//! `aio man`.

use super::Cli;
use super::output::Output;
use crate::error::Result;
use aio_data::{DataError, fs};
use clap::{Args, CommandFactory};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  aio man ~/.local/share/man/man1

Then `man aio` and `man aio-search` show the pages.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder to write the pages to, one per command.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let directory = self.directory;
        fs::create_dir_all(&directory)?;
        clap_mangen::generate_to(Cli::command(), &directory).map_err(|source| DataError::Io {
            action: "write manual pages to",
            path: directory.clone(),
            source,
        })?;
        Ok(Output::text(format!("{}\n", directory.join("aio.1").display())))
    }
}
