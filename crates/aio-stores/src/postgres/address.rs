//! Where a gallery is in PostgreSQL.

use super::failed::said;
use crate::error::{Result, StoreError};
use crate::name;
use postgres::config::Host;
use postgres::{Client, Config, NoTls};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A database and the name of a gallery in it: `postgres://user@host/database#gallery`. Its `Display` has no password.
#[derive(Clone)]
pub(crate) struct Address {
    config: Box<Config>,
    name: String,
}

/// Environment variable with the password of addresses that have none, as in PostgreSQL's own programs.
const PASSWORD: &str = "PGPASSWORD";

impl Address {
    /// The name of the gallery.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The gallery's table.
    pub(super) fn table(&self) -> String {
        format!("aio_gallery_{}", self.name)
    }

    /// A connection.
    ///
    /// # Errors
    /// [`StoreError::Database`] naming the address.
    pub(super) fn connect(&self) -> Result<Client> {
        self.config.connect(NoTls).map_err(|e| StoreError::Database {
            place: self.to_string(),
            action: "connect to",
            problem: said(&e),
            hint: Some(
                "the address is postgres://user@host:5432/database#gallery; a password may stand in PGPASSWORD; the connection has no TLS, so that a server elsewhere is reached through a tunnel (docs/scale.md)"
                    .into(),
            ),
        })
    }
}

impl FromStr for Address {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        let (url, name) = text.split_once('#').unwrap_or((text, name::USUAL));
        name::check(name, "postgres://user@host/database#people")?;
        // The parser's messages do not repeat the address, which may hold a password.
        let mut config: Config = url.parse().map_err(|e: postgres::Error| {
            StoreError::request(format!("this is not a database address: {e}"), name::FORMS)
        })?;
        if config.get_password().is_none()
            && let Ok(password) = std::env::var(PASSWORD)
        {
            config.password(password);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        config.application_name("aio");
        Ok(Self { config: Box::new(config), name: name.to_owned() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        };
        let hosts: Vec<String> = self.config.get_hosts().iter().map(host).collect();
        let database = self.config.get_dbname().unwrap_or_default();
        write!(f, "postgres://{}/{database}#{}", hosts.join(","), self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_gallery_and_shows_no_password() {
        let address: Address =
            "postgres://me:secret@db.example:5433/people?connect_timeout=3#gate_2"
                .parse()
                .expect("an address");
        assert_eq!(address.to_string(), "postgres://db.example/people#gate_2");
        assert_eq!(address.table(), "aio_gallery_gate_2");
        let socket: Address =
            "postgresql://me@/people?host=/run/postgresql".parse().expect("an address");
        assert_eq!(socket.to_string(), "postgres:///run/postgresql/people#gallery");
    }

    #[test]
    fn what_could_be_sql_is_no_name_and_no_error_shows_a_password() {
        for name in ["", "Gate", "a b", "a;drop table x", "a\"b", &"a".repeat(41)] {
            let text = format!("postgres://me:secret@host/db#{name}");
            let error = text.parse::<Address>().err().expect(name);
            assert!(error.is_user() && !error.to_string().contains("secret"), "{error}");
        }
        let error = "postgres://me:secret@host:port/db".parse::<Address>().err().expect("no port");
        assert!(!format!("{error} {:?}", error.hint()).contains("secret"), "{error}");
    }
}
