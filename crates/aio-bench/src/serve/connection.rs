//! Connections: how many, how long, and how they end.

use super::limits::{
    CONNECTION_TIME, CONNECTIONS, CROWDED_TIME, HEAD_BYTES, HEAD_TIME, LAST_TIME, SEND_BYTES,
    SEND_TIME,
};
use super::places::{Place, Places};
use super::sending::{Socket, Unwritten};
use aio_train::StopFlag;
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How often the flag is looked at that a signal raises.
const LOOK: Duration = Duration::from_millis(50);

/// Connections that the system accepts before this program does.
const QUEUED: u32 = 1024;

/// How long a client may keep its connection busy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// While it takes nothing of an answer.
    pub(super) send: Duration,
    /// While its answer is sent and others wait for a place.
    pub(super) crowded: Duration,
    /// After a signal.
    pub(super) last: Duration,
}

impl Times {
    pub(super) fn usual() -> Self {
        Self { send: SEND_TIME, crowded: CROWDED_TIME, last: LAST_TIME }
    }
}

/// Listens at an address.
///
/// # Errors
/// What the system says if the address cannot be used.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Elsewhere it would let two programs listen at one address.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    // Connections inherit it. With the megabytes that systems give, a client that reads slowly would seem to take nothing for long.
    socket.set_send_buffer_size(SEND_BYTES)?;
    socket.bind(address)?;
    socket.listen(QUEUED)
}

/// Answers connections until the flag is raised; running requests are finished. Returns how many connections were cut off because theirs
/// were not finished in time.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: &StopFlag,
    times: Times,
) -> usize {
    let places = Places::new(CONNECTIONS, times.crowded);
    let (ended, ending) = watch::channel(false);
    while !stop.is_raised() {
        // A connection that came while the flag was looked at is not lost.
        match timeout(LOOK, listener.accept()).await {
            Ok(Ok((stream, peer))) => {
                let Some(place) = place(&places, peer.ip(), stop).await else { break };
                let ending = ending.clone();
                tokio::spawn(connection(stream, router.clone(), ending, place, times));
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
    let all = timeout(times.last, places.all(CONNECTIONS)).await;
    if all.is_ok() { 0 } else { CONNECTIONS - places.free() }
}

/// The place of a connection that is already open; further ones wait in the system's queue meanwhile. None once the flag is raised.
///
/// When all places are taken, idle connections are closed, and then those whose answers are sent for long, so that nobody can hold up the others by doing
/// nothing.
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
    times: Times,
) {
    // Without it small answers wait for each other.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(HEAD_BYTES);
    let place = Arc::new(place);
    let unwritten = Unwritten::default();
    let answers = TowerToHyperService::new(router);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let busy = place.begin();
        let answer = answers.call(request);
        let unwritten = unwritten.clone();
        async move { answer.await.map(|answer| answer.map(|body| unwritten.body(body, busy))) }
    });
    let socket = Socket::new(stream, unwritten.clone(), times.send);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), service));
    let mut life = pin!(sleep(CONNECTION_TIME));
    let mut end = pin!(ending.wait_for(|ended| *ended));
    let mut leave = pin!(place.asked_to_leave());
    let (mut is_asked, mut is_closing) = (false, false);
    let whole = poll_fn(|context| {
        is_asked = is_asked || leave.as_mut().poll(context).is_ready();
        if !is_closing
            && (is_asked
                || life.as_mut().poll(context).is_ready()
                || end.as_mut().poll(context).is_ready())
        {
            is_closing = true;
            connection.as_mut().graceful_shutdown();
        }
        let outcome = connection.as_mut().poll(context);
        // hyper waits for the rest of a head that has begun.
        if outcome.is_pending() && is_asked && !place.has_to_finish() {
            return Poll::Ready(Ok(()));
        }
        outcome
    });
    // Whoever takes an answer too slowly is cut off in the end.
    match timeout(CONNECTION_TIME + times.last, whole).await {
        Ok(Err(error)) => log::debug!("a connection ended: {error}"),
        Ok(Ok(())) => {}
        Err(_) => log::debug!("a connection was cut off after its time"),
    }
}
