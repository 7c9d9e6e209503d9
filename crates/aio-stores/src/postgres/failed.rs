//! What PostgreSQL says about an error.

use crate::error::StoreError;
use postgres::Error;
use std::fmt::Display;

/// An error about a place. `action` is what was tried, such as "read".
pub(super) fn failed(place: &impl Display, action: &'static str) -> impl Fn(Error) -> StoreError {
    let place = place.to_string();
    move |error| StoreError::Database {
        place: place.clone(),
        action,
        problem: said(&error),
        hint: None,
    }
}

/// What a database says about an error, with its causes.
pub(super) fn said(error: &Error) -> String {
    if let Some(of_server) = error.as_db_error() {
        return of_server.message().to_owned();
    }
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}
