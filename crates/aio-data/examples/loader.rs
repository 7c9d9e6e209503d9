//! Times JPEG files to augmented batches on the CPU. `scripts/bench/loader.py` times torchvision's data loader beside this.
//!
//! Usage: `loader DIRECTORY` with JPEG files. Pictures are decoded, resized to 256 × 128, flipped, shifted, jittered, erased, and laid out
//! as batches of 64 in `u8`, as training does. Prints one JSON line: pictures, seconds, and the sum of all values.

use aio_data::augment::{Augmentation, Kind};
use aio_data::picture;
use aio_types::{PictureSize, rng};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::time::Instant;

const SIZE: PictureSize = PictureSize { height: 256, width: 128 };
const BATCH: usize = 64;

/// An augmented photograph.
fn row(path: &Path, number: usize) -> aio_data::Result<Vec<u8>> {
    let mut picture = picture::open(path, SIZE)?;
    let stream = &mut rng(0, "loader", number as u64);
    Augmentation::default().apply(&mut picture, Kind::Photograph, stream);
    Ok(picture.pixels)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args().nth(1).ok_or("usage: loader DIRECTORY")?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        files.push(entry?.path());
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jpg"));
    files.sort();
    let begun = Instant::now();
    let (mut pictures, mut sum) = (0, 0_u64);
    for chunk in files.chunks(BATCH) {
        let rows: Vec<Vec<u8>> = chunk
            .par_iter()
            .enumerate()
            .map(|(number, path)| row(path, pictures + number))
            .collect::<Result<_, _>>()?;
        let batch = rows.concat();
        sum += batch.iter().map(|value| u64::from(*value)).sum::<u64>();
        pictures += chunk.len();
    }
    let seconds = begun.elapsed().as_secs_f64();
    // An example is a program for a terminal.
    #[allow(clippy::print_stdout)]
    {
        println!(r#"{{"pictures": {pictures}, "seconds": {seconds:.4}, "sum": {sum}}}"#);
    }
    Ok(())
}
