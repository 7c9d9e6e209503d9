//! Names of tables of the user's own.

/// What stands before the name of a table.
const PREFIX: &str = "table:";

/// What the name of a table consists of, in a message.
pub(crate) const NAME_RULE: &str = "NAME has letters, digits, - and _ alone";

/// The table of the plain name `plain`.
pub(crate) fn name_of(plain: &str) -> String {
    format!("{PREFIX}{plain}")
}

/// Whether `text` is `table:` and a plain name.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    text.strip_prefix(PREFIX).is_some_and(plain)
}

/// The name behind `table:`.
pub(crate) fn plain(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}
