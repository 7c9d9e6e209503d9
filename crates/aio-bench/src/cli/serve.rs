//! `aio serve`.

use super::arguments::{GalleryArgument, ModelArguments};
use super::browser;
use super::output::Output;
use crate::error::{Error, Result};
use crate::serve::{ServeRequest, serve};
use clap::Args;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  aio serve people
  aio serve people --address 127.0.0.1:0 --open
  aio serve people --address 0.0.0.0:8080 --expose --token-file token.txt

The address of the page is printed on standard output. Ctrl-C or SIGTERM finishes running requests and ends with exit code 0. docs/serve.md
describes the page and the API.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    /// Address and port to listen on; port 0 is any free port. By default only this machine can reach it.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080")]
    address: SocketAddr,
    /// Allow an address that other machines can reach. Requests for data then need a token, on every address.
    #[arg(long)]
    expose: bool,
    /// A file with the token; without it a random one is made where one is needed, and printed with the address.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    model: ModelArguments,
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let request = ServeRequest {
            gallery: self.gallery.directory()?.to_path_buf(),
            address: self.address,
            expose: self.expose,
            token_file: self.token_file,
            model: self.model.into(),
        };
        // The file that leads the browser to the page is kept until the server ends.
        let mut opened = None;
        serve(&request, |address| {
            // At once: whoever started the server waits for this line.
            let mut out = std::io::stdout().lock();
            writeln!(out, "{address}").and_then(|()| out.flush()).map_err(Error::Output)?;
            if self.open {
                opened = browser::open(address)?;
            }
            Ok(())
        })?;
        drop(opened);
        Ok(Output::none())
    }
}
