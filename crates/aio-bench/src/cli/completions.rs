//! `aio completions`.

use super::Cli;
use super::output::Output;
use crate::error::{Error, Result};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  aio completions bash > ~/.local/share/bash-completion/completions/aio
  aio completions zsh > ~/.zfunc/_aio
  aio completions fish > ~/.config/fish/completions/aio.fish";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shell.
    shell: Shell,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "aio", &mut script);
        let script = String::from_utf8(script)
            .map_err(|e| Error::Failure(format!("the completion script: {e}")))?;
        Ok(Output::text(script))
    }
}
