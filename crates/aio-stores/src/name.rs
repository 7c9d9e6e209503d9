//! Names of galleries in databases.

use crate::error::{Result, StoreError};

/// The gallery of an address that names none.
pub(crate) const USUAL: &str = "gallery";

/// How addresses look, for messages.
pub(crate) const FORMS: &str =
    "write postgres://user@host:5432/database#gallery or qdrant://host:6334/gallery";

/// Longest name of a gallery. PostgreSQL cuts names of tables and their indexes off after 63 bytes.
pub(crate) const LONGEST: usize = 40;

/// Refuses a name that could mean something in a statement or a path; `example` is an address with a name.
///
/// # Errors
/// [`StoreError::Request`] naming it, unless it looks like the rest of an address, which may hold a part of a password.
pub(crate) fn check(name: &str, example: &str) -> Result<()> {
    let may_be_in_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(may_be_in_name) {
        let is_shown = !name.contains(['@', ':', '/']);
        let shown = if is_shown { format!("`{name}`") } else { "what stands there".into() };
        return Err(StoreError::request(
            format!("a gallery in a database cannot be called {shown}"),
            format!(
                "a name has up to {LONGEST} of the characters a to z, 0 to 9 and _: {example}; # and / in a password are written %23 and %2F"
            ),
        ));
    }
    Ok(())
}
