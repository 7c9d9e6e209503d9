//! Token ids of captions, line by line.

use crate::error::{Error, Result};
use aio_tokenize::SentenceTokenizer;
use rayon::prelude::*;
use std::fmt::Write as _;
use std::io::{BufRead, Write};
use std::time::Instant;

/// Lines that are encoded at once, in parallel.
const LINES: usize = 8192;

/// How the ids of a caption are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A JSON array on a line.
    JsonLines,
    /// Numbers between spaces.
    Text,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Captions.
    pub captions: usize,
    /// Captions with more tokens than fit.
    pub truncated: usize,
    /// Seconds that it took.
    pub seconds: f64,
}

/// Writes the ids of every line of `input` while lines are read: 77 of CLIP's, or as many as a text tower has positions.
///
/// # Errors
/// [`Error::User`] naming the line that cannot be read; [`Error::Output`] if `output` cannot be
/// written.
pub fn run(
    sentences: &SentenceTokenizer,
    input: impl BufRead,
    output: impl Write,
    form: Form,
) -> Result<Summary> {
    let begun = Instant::now();
    let mut summary = Summary { captions: 0, truncated: 0, seconds: 0.0 };
    let mut lines = input.lines();
    let mut output = std::io::BufWriter::new(output);
    loop {
        let mut block: Vec<String> = Vec::new();
        for line in lines.by_ref().take(LINES) {
            let number = summary.captions + block.len() + 1;
            let line = line.map_err(|e| {
                Error::user(
                    format!("standard input, line {number}: {e}"),
                    "captions must be UTF-8, one per line",
                )
            })?;
            block.push(line);
        }
        if block.is_empty() {
            break;
        }
        let written: Vec<(String, bool)> =
            block.par_iter().map(|line| written(sentences, line, form)).collect();
        summary.captions += written.len();
        summary.truncated += written.iter().filter(|(_, truncated)| *truncated).count();
        for (line, _) in written {
            output.write_all(line.as_bytes()).map_err(Error::Output)?;
        }
    }
    output.flush().map_err(Error::Output)?;
    summary.seconds = begun.elapsed().as_secs_f64();
    Ok(summary)
}

/// The line of a caption, with CLIP's ids padded to 77, and whether pieces were cut off.
fn written(sentences: &SentenceTokenizer, caption: &str, form: Form) -> (String, bool) {
    let (mut ids, truncated) = sentences.ids(caption);
    ids.resize(sentences.context(), 0);
    let (begin, between, end) = match form {
        Form::JsonLines => ("[", ",", "]\n"),
        Form::Text => ("", " ", "\n"),
    };
    // An id has at most six digits.
    let mut line = String::with_capacity(7 * ids.len() + 2);
    line.push_str(begin);
    for (i, id) in ids.iter().enumerate() {
        line.push_str(if i == 0 { "" } else { between });
        // Writing to a text cannot fail.
        let _ = write!(line, "{id}");
    }
    line.push_str(end);
    (line, truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_hold_the_same_ids() {
        let of = |form| {
            let mut output = Vec::new();
            let summary = run(&SentenceTokenizer::default(), &b"a man\n\n"[..], &mut output, form)
                .expect("encoded");
            assert_eq!((summary.captions, summary.truncated), (2, 0));
            String::from_utf8(output).expect("UTF-8")
        };
        let (json, text) = (of(Form::JsonLines), of(Form::Text));
        assert!(json.starts_with("[49406,320,786,49407,0,"), "{json}");
        assert_eq!(json.replace(['[', ']'], "").replace(',', " "), text);
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_named() {
        for before in [0, 1, LINES - 1, LINES, LINES + 1] {
            let input = [&b"a\n".repeat(before)[..], b"\xff\nb\n"].concat();
            let error = run(&SentenceTokenizer::default(), &input[..], Vec::new(), Form::Text)
                .expect_err("no UTF-8");
            assert_eq!(error.exit_code(), 2);
            let place = format!("standard input, line {}: ", before + 1);
            assert!(error.to_string().starts_with(&place), "{error}");
        }
    }
}
