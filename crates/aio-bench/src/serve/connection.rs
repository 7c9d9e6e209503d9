//! Connections: how many, how long, and how they end.

use super::limits::{CONNECTION_TIME, CONNECTIONS, HEAD_BYTES, HEAD_TIME, LAST_TIME};
use super::places::{Place, Places};
use crate::error::{Error, Result};
use aio_train::StopFlag;
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How often the flag is looked at that a signal raises.
const LOOK: Duration = Duration::from_millis(50);

/// Answers connections until the flag is raised; running requests are finished.
///
/// # Errors
/// [`Error::Failure`] if requests still ran when their last time was over.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: &StopFlag) -> Result<()> {
    let places = Places::new(CONNECTIONS);
    let (ended, ending) = watch::channel(false);
    while !stop.is_raised() {
        // A connection that came while the flag was looked at is not lost.
        match timeout(LOOK, listener.accept()).await {
            Ok(Ok((stream, peer))) => {
                let Some(place) = place(&places, peer.ip(), stop).await else { break };
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
    let all = timeout(LAST_TIME, places.all(CONNECTIONS)).await;
    match all {
        Ok(()) => Ok(()),
        Err(_) => Err(Error::Failure(format!(
            "{} connections were cut off: their requests took more than {} seconds",
            CONNECTIONS - places.free(),
            LAST_TIME.as_secs()
        ))),
    }
}

/// The place of a connection that is already open; further ones wait in the system's queue meanwhile. None once the flag is raised.
///
/// When all places are taken, idle connections are closed, so that nobody can hold up the others by doing nothing.
async fn place(places: &Places, peer: IpAddr, stop: &StopFlag) -> Option<Place> {
    while !stop.is_raised() {
        if places.free() == 0 && !places.ask_one_to_leave() {
            log::debug!("all {CONNECTIONS} connections have requests: others wait");
        }
        if let Ok(place) = timeout(LOOK, places.wait(peer)).await {
            return place;
        }
    }
    None
}

/// Answers the requests of one connection.
async fn connection(
    stream: TcpStream,
    router: Router,
    mut ending: watch::Receiver<bool>,
    place: Place,
) {
    // Without it small answers wait for each other.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(HEAD_BYTES);
    let place = Arc::new(place);
    let answers = TowerToHyperService::new(router);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let busy = place.begin();
        let answer = answers.call(request);
        async move {
            let answer = answer.await;
            drop(busy);
            answer
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut life = pin!(sleep(CONNECTION_TIME));
    let mut end = pin!(ending.wait_for(|ended| *ended));
    let mut leave = pin!(place.asked_to_leave());
    let mut is_closing = false;
    let whole = poll_fn(|context| {
        if !is_closing
            && (leave.as_mut().poll(context).is_ready()
                || life.as_mut().poll(context).is_ready()
                || end.as_mut().poll(context).is_ready())
        {
            is_closing = true;
            connection.as_mut().graceful_shutdown();
        }
        let outcome = connection.as_mut().poll(context);
        // hyper waits for the rest of a head that has begun.
        if outcome.is_pending() && is_closing && !place.is_busy() && place.is_asked_to_leave() {
            return Poll::Ready(Ok(()));
        }
        outcome
    });
    // Whoever takes an answer too slowly is cut off in the end.
    match timeout(CONNECTION_TIME + LAST_TIME, whole).await {
        Ok(Err(error)) => log::debug!("a connection ended: {error}"),
        Ok(Ok(())) => {}
        Err(_) => log::debug!("a connection was cut off after its time"),
    }
}
