//! The databases that the tests need, and what they do there beside the store.

use postgres::{Client, NoTls};

/// A server: `just test-stores` starts them and names them in environment variables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Postgres,
    #[cfg(feature = "qdrant")]
    Qdrant,
}

/// A variable with the address of a server.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is the address of a server: just test-stores"))
}

impl Server {
    /// The address of a gallery.
    pub(crate) fn address(self, name: &str) -> String {
        match self {
            Self::Postgres => format!("{}#{name}", variable("AIO_TEST_POSTGRES")),
            #[cfg(feature = "qdrant")]
            Self::Qdrant => {
                let url = variable("AIO_TEST_QDRANT");
                let (_, server) = url.split_once("://").expect("qdrant://host:port");
                format!("qdrant://{}/{name}", server.trim_end_matches('/'))
            }
        }
    }

    /// Changes row 5 of a copy, as somebody else could.
    pub(crate) fn disturb(self, name: &str) {
        match self {
            Self::Postgres => {
                let sql = format!(
                    "UPDATE aio_gallery_{name} SET identity = 'x', fingerprint = '' WHERE number = 5"
                );
                client().batch_execute(&sql).expect("changed");
            }
            #[cfg(feature = "qdrant")]
            Self::Qdrant => crate::qdrant::remove_row(name, 5),
        }
    }

    /// Removes a copy.
    pub(crate) fn remove(self, name: &str) {
        match self {
            Self::Postgres => {
                let sql = format!(
                    "DROP TABLE IF EXISTS aio_gallery_{name}; DELETE FROM aio_galleries WHERE name = '{name}'"
                );
                let _ = client().batch_execute(&sql);
            }
            #[cfg(feature = "qdrant")]
            Self::Qdrant => crate::qdrant::remove_collection(name),
        }
    }
}

/// A connection to PostgreSQL.
pub(crate) fn client() -> Client {
    Client::connect(&variable("AIO_TEST_POSTGRES"), NoTls).expect("connected")
}
