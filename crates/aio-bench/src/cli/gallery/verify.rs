//! `aio gallery verify`.

use super::GalleryArgument;
use crate::cli::arguments::JsonArgument;
use crate::cli::output::Output;
use crate::error::{Error, Result};
use aio_gallery::{Damage, Gallery};
use aio_train::{Progress, StopFlag};
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  aio gallery verify people
  aio gallery verify people --json

The exit code is 2 if anything is damaged.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    gallery: GalleryArgument,
    #[command(flatten)]
    form: JsonArgument,
}

/// Unit of the progress.
const MIB: u64 = 1 << 20;

impl Arguments {
    pub(in crate::cli) fn run(self) -> Result<Output> {
        let directory = self.gallery.directory()?;
        let stop = StopFlag::on_signals()?;
        // A gallery that cannot be opened is what this is for.
        let total = Gallery::open(directory).map_or(0, |gallery| gallery.bytes());
        let bar = Progress::new("comparing checksums", (total / MIB) as usize, "MiB");
        let tick = |bytes: u64| {
            bar.inc((bytes / MIB) as usize);
            stop.poll()
        };
        let verified = Gallery::verify(directory, &tick)
            .map_err(|error| Error::from(error).with_nothing_kept())?;
        bar.finish();
        let output = self.form.output(&verified, || {
            if verified.damages.is_empty() {
                let (files, bytes) = (verified.files, verified.bytes);
                return format!(
                    "{}: {files} files, {bytes} bytes, as written\n",
                    directory.display()
                );
            }
            let line = |damage: &Damage| format!("{}: {}\n", damage.file.display(), damage.problem);
            verified.damages.iter().map(line).collect()
        })?;
        Ok(if verified.damages.is_empty() { output } else { output.with_problem() })
    }
}
