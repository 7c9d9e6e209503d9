//! The command line: parses what was typed, calls the library, prints results and errors.

use aio_bench::pretrain;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

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
    /// Train the embedded encoder by image–text contrastive learning on rendered pictures.
    Pretrain {
        #[command(flatten)]
        recipe: pretrain::Recipe,
        /// Directory of the weights, the loss curve and the checkpoints.
        #[arg(long, default_value = "runs/pretrain")]
        out: PathBuf,
    },
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
    let result = match cli.command {
        Command::Pretrain { recipe, out } => pretrain::run(&recipe, &out, &burn::tensor::Device::flex()).map(|p| eprintln!("{}", p.display())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
