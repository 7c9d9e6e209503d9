//! `aio serve`: a gallery as an HTTP API and one page.

mod assets;
mod body;
mod connection;
mod desk;
mod engine;
mod failure;
mod further;
mod guard;
mod limits;
mod pictures;
mod places;
mod question;
mod queue;
mod routes;
mod searcher;
mod sending;
mod summary;
#[cfg(test)]
mod tests;
mod token;
mod wire;

use crate::embed::ModelSource;
use crate::error::{Error, Result};
use aio_train::StopFlag;
use aio_types::{Observation, Picture, PictureSize};
use connection::Times;
use engine::Engine;
use guard::Guard;
use queue::Queue;
use searcher::{Prepared, Searcher};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// What is served, and to whom.
#[derive(Debug, Clone)]
pub struct ServeRequest {
    /// The gallery.
    pub gallery: PathBuf,
    /// Where the server listens; port 0 is any free port.
    pub address: SocketAddr,
    /// Whether others may reach it: other machines, or a proxy in front of an address of this machine. They need a token.
    pub expose: bool,
    /// A file with the token that requests must carry.
    pub token_file: Option<PathBuf>,
    /// The model; it must be the gallery's.
    pub model: ModelSource,
}

impl ServeRequest {
    /// The token that requests for data must carry: that of the file, or a random one if others may reach the server.
    fn token(&self) -> Result<Option<String>> {
        match &self.token_file {
            Some(path) => token::read(path).map(Some),
            None if self.expose => token::random().map(Some),
            None => Ok(None),
        }
    }

    /// Who may ask. A site may let its own name point to this machine, and its pages would then send that name; without others who may reach the server, no
    /// name but those of this machine is right. With --expose a proxy's name is, and the token keeps such pages out.
    fn guard(&self, token: Option<&str>) -> Guard {
        Guard::new(self.address.ip().is_loopback() && !self.expose, token)
    }
}

/// Reads the body of a search (JSON) as the routes do, up to what the model takes: pictures of `size` and a sentence. For tests and
/// fuzzing, which have no gallery and no model.
///
/// # Errors
/// What the server would answer: the key, value or picture that is wrong.
pub fn read_search(
    body: &[u8],
    size: PictureSize,
) -> std::result::Result<Observation<Picture>, String> {
    let body = body::parsed(body).map_err(|failure| failure.problem.error)?;
    let prepared = Prepared::of(&body, size).map_err(|error| error.to_string())?;
    Ok(Observation::clone(&prepared.observation))
}

/// What to do about an address at which the system does not let a program listen.
fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::AddrNotAvailable => {
            "this machine does not have this address: name one that it has, or 0.0.0.0 ([::] for IPv6) for all of them"
        }
        ErrorKind::PermissionDenied => {
            "ports below 1024 may need rights of an administrator: name another port, or 0 for any free one"
        }
        _ => "another program may use it; name another port, or 0 for any free one",
    }
}

/// Threads of the server besides that of the model: they wait for clients, and decode pictures.
const THREADS: usize = 2;

/// Serves a gallery until a signal comes. `ready` is given the address of the page once it is open, with a random token if there is one. A warning
/// says how many connections were cut off at the end.
///
/// # Errors
/// [`Error`] naming the gallery or address that cannot be used, or both models if they differ.
pub fn serve(request: &ServeRequest, ready: impl FnOnce(&str) -> Result<()>) -> Result<()> {
    if !request.address.ip().is_loopback() && !request.expose {
        return Err(Error::user(
            format!("--address {}: other machines could reach it", request.address),
            "leave --address out, or add --expose; then every request for data needs a token",
        ));
    }
    let token = request.token()?;
    let stop = StopFlag::on_signals()?;
    let searcher: Arc<dyn Searcher> = Arc::new(Engine::open(&request.gallery, &request.model)?);
    let (queue, thread) = Queue::start(Arc::clone(&searcher))?;
    let failed = |e: std::io::Error| Error::Failure(format!("the server cannot start: {e}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(2 * limits::DECODERS)
        .enable_all()
        .build()
        .map_err(failed)?;
    let outcome: Result<usize> = runtime.block_on(async {
        let listener = connection::listen(request.address).map_err(|e| {
            Error::user(format!("--address {}: {e}", request.address), advice(e.kind()))
        })?;
        let address = listener.local_addr().map_err(failed)?;
        let given = token.as_ref().filter(|_| request.token_file.is_none());
        let fragment = given.map_or(String::new(), |token| format!("#token={token}"));
        let router = routes::router(searcher, queue, request.guard(token.as_deref()));
        ready(&format!("http://{address}/{fragment}"))?;
        Ok(connection::serve(listener, router, &stop, Times::usual()).await)
    });
    // What still runs after its last time is not waited for.
    runtime.shutdown_background();
    match outcome? {
        0 => {
            // The queue is gone, so that the thread ends.
            let _ = thread.join();
        }
        // Whoever starts and stops the server must not take the clients' fault for its own.
        cut_off => log::warn!(
            "connections with unfinished requests that were cut off {} seconds after the signal: {cut_off}",
            limits::LAST_TIME.as_secs()
        ),
    }
    Ok(())
}
