//! What a command prints on standard output, and with which code it exits.

use crate::error::{Error, Result};
use serde::Serialize;
use std::io::Write;

/// Exit code of a check that found a problem, as of a user's mistake.
const PROBLEM: u8 = 2;

/// What a command prints, and its exit code.
#[derive(Debug)]
pub(super) struct Output {
    text: String,
    code: u8,
}

impl Output {
    /// Text of a command that succeeded.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 0 }
    }

    /// Nothing; the command has printed already, or there is nothing to print.
    pub(super) fn none() -> Self {
        Self::text("")
    }

    /// One JSON document.
    pub(super) fn json<T: Serialize>(value: &T) -> Result<Self> {
        Self::serialised(serde_json::to_string_pretty(value))
    }

    /// One JSON document on one line.
    pub(super) fn json_line<T: Serialize>(value: &T) -> Result<Self> {
        Self::serialised(serde_json::to_string(value))
    }

    fn serialised(text: serde_json::Result<String>) -> Result<Self> {
        let text = text.map_err(|e| Error::Failure(format!("cannot serialise the output: {e}")))?;
        Ok(Self::text(text + "\n"))
    }

    /// The same with the exit code of a check that found a problem.
    pub(super) fn with_problem(self) -> Self {
        Self { code: PROBLEM, ..self }
    }

    /// Writes the text and returns the exit code.
    pub(super) fn print(self) -> Result<u8> {
        let mut out = std::io::stdout().lock();
        out.write_all(self.text.as_bytes()).and_then(|()| out.flush()).map_err(Error::Output)?;
        Ok(self.code)
    }
}
