//! The token of a server that others can reach.

use super::guard::SHORTEST_TOKEN;
use crate::error::{Error, Result};
use std::path::Path;

/// Reads a token from a file.
///
/// # Errors
/// [`Error`] naming the file that cannot be read or holds no token.
pub(super) fn read(path: &Path) -> Result<String> {
    let text = aio_data::fs::read_text(path)?;
    let token = text.trim();
    if token.len() < SHORTEST_TOKEN || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Error::user(
            format!(
                "{}: expected one line of at least {SHORTEST_TOKEN} letters, digits and signs without spaces, found {} characters",
                path.display(),
                token.chars().count()
            ),
            "make one with `openssl rand -hex 16`",
        ));
    }
    Ok(token.to_owned())
}

/// Makes a token of 128 random bits from the operating system.
///
/// # Errors
/// [`Error::Failure`] if the system gives no random bits.
pub(super) fn random() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|e| Error::Failure(format!("the system gives no random token: {e}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_long_word() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("token");
        std::fs::write(&path, "0123456789abcdef\n").expect("written");
        assert_eq!(read(&path).expect("a token"), "0123456789abcdef");
        for text in ["", "short", "0123456789 abcdef0123", "0123456789abcde\n"] {
            std::fs::write(&path, text).expect("written");
            let error = read(&path).expect_err(text);
            assert!(error.exit_code() == 2 && error.to_string().contains("token"), "{error}");
        }
        let (a, b) = (random().expect("random"), random().expect("random"));
        assert!(a.len() == 32 && a != b);
    }
}
