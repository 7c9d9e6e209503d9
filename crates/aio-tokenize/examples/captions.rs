//! Times the CLIP token ids of the lines of a file: `just bench captions FILE`. `scripts/bench/captions.py` writes such a file and times Hugging Face's
//! `tokenizers` beside this.
//!
//! Prints one JSON line: seconds and processor seconds without reading the file, the number of ids and their sum.

use aio_tokenize::bpe::Bpe;
use rayon::prelude::*;
use std::time::Instant;

/// Seconds of processor time, as Linux counts them: hundredths, in fields 14 and 15.
fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    fields.take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("expected a file of captions, one on a line")?;
    let text = std::fs::read_to_string(file)?;
    let lines: Vec<&str> = text.lines().collect();
    let bpe = Bpe::clip();
    let (begun, used) = (Instant::now(), processor_time());
    let encoded: Vec<Vec<u32>> = lines.par_iter().map(|line| bpe.ids(line).0).collect();
    let (seconds, processor) = (begun.elapsed().as_secs_f64(), processor_time() - used);
    let ids: usize = encoded.iter().map(Vec::len).sum();
    let sum: u64 = encoded.iter().flatten().map(|id| u64::from(*id)).sum();
    let captions = lines.len();
    // An example is a program for a terminal.
    #[allow(clippy::print_stdout)]
    {
        println!(
            r#"{{"captions": {captions}, "seconds": {seconds:.4}, "processor_seconds": {processor:.2}, "ids": {ids}, "sum": {sum}}}"#
        );
    }
    Ok(())
}
