//! Where a gallery is in a database.

use crate::error::{Result, StoreError};
use crate::name::FORMS;
use crate::postgres;
#[cfg(feature = "qdrant")]
use crate::qdrant;
use std::fmt;
use std::str::FromStr;

/// A database and the name of a gallery in it: `postgres://user@host/database#gallery` or `qdrant://host:port/gallery`. Its `Display` has no
/// password.
#[derive(Clone)]
pub struct Address(pub(crate) AnyAddress);

/// An address in a database of either kind.
#[derive(Clone)]
pub(crate) enum AnyAddress {
    Postgres(postgres::Address),
    #[cfg(feature = "qdrant")]
    Qdrant(qdrant::Address),
}

/// How addresses in PostgreSQL begin.
const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];

/// How addresses in Qdrant begin.
const QDRANT: &str = "qdrant://";

impl Address {
    /// Whether a text is meant as an address, and not as a path.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(QDRANT) || POSTGRES.iter().any(|scheme| text.starts_with(scheme))
    }

    /// The name of the gallery.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.0 {
            AnyAddress::Postgres(address) => address.name(),
            #[cfg(feature = "qdrant")]
            AnyAddress::Qdrant(address) => address.name(),
        }
    }
}

impl FromStr for Address {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        if !Self::is_meant(text) {
            // What stands before @ or behind = may be a password.
            let shown = if text.contains(['@', '=']) { "this".into() } else { format!("`{text}`") };
            return Err(StoreError::request(format!("{shown} is not a database address"), FORMS));
        }
        match text.strip_prefix(QDRANT) {
            #[cfg(feature = "qdrant")]
            Some(rest) => Ok(Self(AnyAddress::Qdrant(rest.parse()?))),
            #[cfg(not(feature = "qdrant"))]
            Some(_) => Err(StoreError::request(
                "this program was built without the client of Qdrant",
                "build it with `cargo build --locked --release --features aio-bench/qdrant --bin aio`; PostgreSQL works with this build",
            )),
            None => Ok(Self(AnyAddress::Postgres(text.parse()?))),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            AnyAddress::Postgres(address) => address.fmt(f),
            #[cfg(feature = "qdrant")]
            AnyAddress::Qdrant(address) => address.fmt(f),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        for text in ["postgres://x", "postgresql://x/y#z", "qdrant://x/y"] {
            assert!(Address::is_meant(text), "{text}");
        }
        for text in ["people", "./postgres", "http://x", "qdrant"] {
            assert!(!Address::is_meant(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_named_unless_it_may_hold_a_password() {
        let error = "foo".parse::<Address>().expect_err("no address");
        assert_eq!(error.to_string(), "`foo` is not a database address");
        let hint = error.hint().expect("a hint");
        assert!(hint.contains("postgres://") && hint.contains("qdrant://"), "{hint}");
        for text in ["me:secret@host/db", "host=db password=secret", "mysql://me:secret@host/x"] {
            let error = text.parse::<Address>().expect_err("no address");
            let said = format!("{error} {:?}", error.hint());
            assert!(error.is_user() && !said.contains("secret"), "{said}");
        }
    }

    #[cfg(not(feature = "qdrant"))]
    #[test]
    fn without_the_client_of_qdrant_the_error_says_how_to_get_it() {
        let error = "qdrant://host/people".parse::<Address>().expect_err("no client");
        let hint = error.hint().expect("a hint");
        assert!(error.is_user() && hint.contains("--features aio-bench/qdrant"), "{error}: {hint}");
    }
}
