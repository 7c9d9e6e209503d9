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

    /// A table with some of its rows. `which` has no `_`, so that no two galleries have parts of one name; and no gallery's table begins as parts do.
    pub(super) fn part(&self, which: &str) -> String {
        format!("aio_part_{}_{which}", self.name)
    }

    /// An index of its table; of `what` holds the same as of the name of a part.
    pub(super) fn index(&self, what: &str) -> String {
        format!("aio_index_{}_{what}", self.name)
    }

    /// What removes the gallery from its database.
    pub(super) fn drop_statements(&self) -> String {
        let (table, name) = (self.table(), self.name());
        format!("DROP TABLE {table}; DELETE FROM aio_galleries WHERE name = '{name}'")
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
        // A password may hold # as well.
        let (url, name) = text.rsplit_once('#').unwrap_or((text, name::USUAL));
        if !has_one_meaning(url) {
            return Err(StoreError::request(
                "this database address has more than one @, or one behind / or ?",
                format!("write @, / and ? in a password as %40, %2F and %3F; {}", name::FORMS),
            ));
        }
        name::check(name, "postgres://user@host/database#people")?;
        // The parser's messages do not repeat the address, which may hold a password.
        let mut config: Config = url.parse().map_err(|e: postgres::Error| {
            StoreError::request(format!("this is not a database address: {e}"), name::FORMS)
        })?;
        let is_named = |host: &Host| !matches!(host, Host::Tcp(name) if name.is_empty());
        if config.get_hostaddrs().is_empty() && !config.get_hosts().iter().any(is_named) {
            return Err(StoreError::request("this database address names no host", name::FORMS));
        }
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

/// Whether the only `@` of a URL, if it has one, ends what stands before the host. The parser takes the first `@` for that one, so that a part of a password
/// behind it would become the name of the host or the database, which messages show.
fn has_one_meaning(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('@')
        .is_none_or(|(before, behind)| !before.contains(['/', '?']) && !behind.contains('@'))
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
        let address: Address =
            "postgres://me:sec#ret@db.example/people#gate".parse().expect("an address");
        assert_eq!(address.to_string(), "postgres://db.example/people#gate");
        assert_eq!(address.config.get_password(), Some(&b"sec#ret"[..]));
    }

    #[test]
    fn an_address_without_a_host_is_refused() {
        for text in [
            "postgres://",
            "postgres:///people#gate",
            "postgres://:5432/people",
            "postgresql://me:secret@/people",
        ] {
            let error = text.parse::<Address>().err().expect(text);
            assert_eq!(error.to_string(), "this database address names no host", "{text}");
            assert!(error.is_user() && error.hint().is_some(), "{text}");
        }
        assert!("postgres:///people?hostaddr=127.0.0.1".parse::<Address>().is_ok());
    }

    #[test]
    fn an_address_whose_password_could_end_at_two_places_is_refused_without_it() {
        for text in [
            "postgres://me:my@secret@127.0.0.1:1/db#x",
            "postgres://me:sec@secret/x@host/db#x",
            "postgres://me:a@secret#b@host/db#x",
            "postgres://me:a/secret@host/db",
            "postgres://host/db?user=me&password=a@secret#x",
            "postgresql://host?user=me&password=a@secret",
        ] {
            let error = text.parse::<Address>().err().expect(text);
            let said = format!("{error} {:?}", error.hint());
            let is_plain = error.is_user() && !said.contains("secret");
            assert!(is_plain && said.contains("%40") && said.contains("%2F"), "{text}: {said}");
        }
        let escaped = "postgres://me:my%40sec%2Fret%3F@db.example/people#x";
        let address: Address = escaped.parse().expect("an address");
        assert_eq!(address.to_string(), "postgres://db.example/people#x");
        assert_eq!(address.config.get_password(), Some(&b"my@sec/ret?"[..]));
        let option = "postgres://host/people?user=me&password=my%40secret#x";
        let address: Address = option.parse().expect("an address");
        assert_eq!(address.to_string(), "postgres://host/people#x");
        assert_eq!(address.config.get_password(), Some(&b"my@secret"[..]));
    }

    #[test]
    fn no_gallery_has_the_name_of_a_part_or_an_index_of_another() {
        let of = |name: &str| -> Address {
            format!("postgres://host/db#{name}").parse().expect("an address")
        };
        // What is behind the name of a gallery is cut off at the last _.
        let (a, b) = (of("x"), of("x_none"));
        assert_eq!(
            (a.part("none").as_str(), b.part("none").as_str()),
            ("aio_part_x_none", "aio_part_x_none_none")
        );
        assert_eq!(a.index("camera"), "aio_index_x_camera");
        for name in [a.part("none"), a.index("camera")] {
            assert!(!name.starts_with("aio_gallery_"), "{name}");
        }
        let longest = of(&"x".repeat(name::LONGEST));
        for name in [longest.table(), longest.part("0123456789"), longest.index("features")] {
            // PostgreSQL would cut a longer one.
            assert!(name.len() <= 63, "{name}");
        }
    }

    #[test]
    fn what_could_be_sql_is_no_name_and_no_error_shows_a_password() {
        for name in ["", "Gate", "a b", "a;drop table x", "a\"b", &"a".repeat(41)] {
            let text = format!("postgres://me:secret@host/db#{name}");
            let error = text.parse::<Address>().err().expect(name);
            assert!(error.is_user() && !error.to_string().contains("secret"), "{error}");
        }
        // A # in the password, and no name of a gallery.
        let error = "postgres://me:pa#secret@host/db".parse::<Address>().err().expect("no name");
        let said = format!("{error} {:?}", error.hint());
        assert!(error.is_user() && !said.contains("secret") && said.contains("%23"), "{said}");
        let error = "postgres://me:secret@host:port/db".parse::<Address>().err().expect("no port");
        assert!(!format!("{error} {:?}", error.hint()).contains("secret"), "{error}");
    }
}
