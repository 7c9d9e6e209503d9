//! Where a gallery is in Qdrant.

use crate::error::{Result, StoreError};
use crate::name;
use std::fmt;
use std::str::FromStr;

/// A server and the name of a collection: `qdrant://host:port/people`.
#[derive(Clone)]
pub(crate) struct Address {
    /// Host and port.
    server: String,
    name: String,
}

/// The port of Qdrant's gRPC interface.
const USUAL_PORT: u16 = 6334;

/// How an address looks.
const EXAMPLE: &str = "qdrant://host:6334/people";

impl Address {
    /// The name of the gallery, which is that of the collection.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What removes the gallery from its server.
    pub(super) fn drop_command(&self) -> String {
        format!("curl -X DELETE http://HOST:6333/collections/{}", self.name)
    }

    /// What the client connects to.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.server)
    }
}

impl FromStr for Address {
    type Err = StoreError;

    /// Reads what follows `qdrant://`.
    fn from_str(text: &str) -> Result<Self> {
        // No message repeats a text that may hold a key.
        if text.contains(['@', '?']) {
            return Err(StoreError::request(
                "an address of Qdrant has no user, no key and no options",
                format!("write {EXAMPLE}, and the key in the environment variable QDRANT_API_KEY"),
            ));
        }
        let (server, name) = text.trim_end_matches('/').split_once('/').unwrap_or((text, ""));
        let server = server.trim_end_matches('/');
        let name = if name.is_empty() { name::USUAL } else { name };
        name::check(name, EXAMPLE)?;
        let end_of_host = server.rfind(']').map_or(0, |bracket| bracket + 1);
        let (host, port) = match server[end_of_host..].rfind(':') {
            Some(colon) => {
                (&server[..end_of_host + colon], server[end_of_host + colon + 1..].parse().ok())
            }
            None => (server, Some(USUAL_PORT)),
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        match port {
            Some(port) if !host.is_empty() && host.chars().all(is_plain) => {
                Ok(Self { server: format!("{host}:{port}"), name: name.to_owned() })
            }
            _ => Err(StoreError::request(
                format!("`{server}` is no host and port"),
                format!("write {EXAMPLE}"),
            )),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "qdrant://{}/{}", self.server, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_server_and_a_collection() {
        for (text, expected) in [
            ("db.example:7000/gate_2", "qdrant://db.example:7000/gate_2"),
            ("127.0.0.1/people/", "qdrant://127.0.0.1:6334/people"),
            ("localhost", "qdrant://localhost:6334/gallery"),
            ("[::1]:6334/a", "qdrant://[::1]:6334/a"),
            ("[::1]/a", "qdrant://[::1]:6334/a"),
        ] {
            let address: Address = text.parse().expect("an address");
            assert_eq!(address.to_string(), expected);
            assert_eq!(address.url(), format!("http://{}", address.server));
        }
    }

    #[test]
    fn wrong_addresses_are_refused_and_no_error_shows_a_key() {
        for text in
            ["", "/people", "host:port/a", "host:99999/a", "ho st/a", "host/Gate", "host/a/b"]
        {
            let error = text.parse::<Address>().err().expect(text);
            assert!(error.is_user() && error.hint().is_some(), "{error}");
        }
        for text in [
            "secret@host/a",
            "me:secret@host:6334/a",
            "me:my@secret@host/a",
            "me:a@secret/b@host:6334/a",
            "host/a@secret",
            "host/a?api_key=secret",
        ] {
            let error = text.parse::<Address>().err().expect(text);
            let said = format!("{error} {:?}", error.hint());
            assert!(!said.contains("secret") && said.contains("QDRANT_API_KEY"), "{said}");
        }
    }
}
