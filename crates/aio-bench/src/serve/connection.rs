//! Connections: how many, how long, and how they end.

use super::limits::{CONNECTION_TIME, CONNECTIONS, HEAD_BYTES, HEAD_TIME, LAST_TIME};
use crate::error::{Error, Result};
use aio_train::StopFlag;
use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

/// How often the flag is looked at that a signal raises.
const LOOK: Duration = Duration::from_millis(50);

/// Answers connections until the flag is raised; running requests are finished.
///
/// # Errors
/// [`Error::Failure`] if requests still ran when their last time was over.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: &StopFlag) -> Result<()> {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let (ended, ending) = watch::channel(false);
    while !stop.is_raised() {
        // A place first, so that connections beyond the limit wait in the system's queue.
        let Ok(place) = timeout(LOOK, Arc::clone(&places).acquire_owned()).await else { continue };
        let place = place.map_err(|e| Error::Failure(e.to_string()))?;
        // A connection that came while the flag was looked at is not lost.
        match timeout(LOOK, listener.accept()).await {
            Ok(Ok((stream, _))) => {
                tokio::spawn(connection(stream, router.clone(), ending.clone(), place));
            }
            Ok(Err(error)) => {
                // Such as too many open files: later there may be fewer.
                log::debug!("a connection was not accepted: {error}");
                sleep(LOOK).await;
            }
            Err(_) => {}
        }
    }
    drop(listener);
    // Nobody listens if no connection is open.
    let _ = ended.send(true);
    log::info!("stopping: running requests are finished");
    let all = timeout(LAST_TIME, places.acquire_many(CONNECTIONS as u32)).await;
    match all {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Failure(format!(
            "{} connections were cut off: their requests took more than {} seconds",
            CONNECTIONS - places.available_permits(),
            LAST_TIME.as_secs()
        ))),
    }
}

/// Answers the requests of one connection.
async fn connection(
    stream: TcpStream,
    router: Router,
    mut ending: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    // Without it small answers wait for each other.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(HEAD_BYTES);
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    let mut life = pin!(sleep(CONNECTION_TIME));
    let mut end = pin!(ending.wait_for(|ended| *ended));
    let mut is_closing = false;
    let whole = poll_fn(|context| {
        if !is_closing
            && (life.as_mut().poll(context).is_ready() || end.as_mut().poll(context).is_ready())
        {
            is_closing = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(context)
    });
    // Whoever takes an answer too slowly is cut off in the end.
    match timeout(CONNECTION_TIME + LAST_TIME, whole).await {
        Ok(Err(error)) => log::debug!("a connection ended: {error}"),
        Ok(Ok(())) => {}
        Err(_) => log::debug!("a connection was cut off after its time"),
    }
}
