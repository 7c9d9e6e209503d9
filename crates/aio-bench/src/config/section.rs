//! The tables of the text that a `config_id` is the hash of.

use serde::Serialize;
use toml::{Table, Value};

/// One table of the hashed text.
#[derive(Default)]
pub(super) struct Section(pub(super) Table);

impl Section {
    /// Adds a key, unless it has the value that is left out.
    pub(super) fn put(&mut self, key: &str, value: impl Into<Value>, left_out: impl Into<Value>) {
        let value = value.into();
        if value != left_out.into() {
            self.0.insert(key.to_owned(), value);
        }
    }

    /// Adds a table, unless it is empty.
    pub(super) fn table(&mut self, key: &str, table: Self) {
        if !table.0.is_empty() {
            self.0.insert(key.to_owned(), Value::Table(table.0));
        }
    }

    /// Adds a key.
    pub(super) fn always(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }
}

/// A number.
pub(super) fn integer(number: usize) -> Value {
    Value::Integer(number as i64)
}

/// The word or list of words under which a value is written.
pub(super) fn words(value: &impl Serialize) -> Value {
    Value::try_from(value).unwrap_or_else(|_| Value::String(String::new()))
}

/// A list of words.
pub(super) fn list<const N: usize>(words: [&str; N]) -> Value {
    Value::Array(words.into_iter().map(Value::from).collect())
}
