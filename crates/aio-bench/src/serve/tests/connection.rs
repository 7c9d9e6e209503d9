//! Connections over sockets, with answers that are larger than what the system holds.

use super::super::advice;
use super::super::connection::{Times, listen, serve};
use aio_train::StopFlag;
use axum::Router;
use axum::routing::get;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

/// Bytes of the large answer.
const LARGE: usize = 16 << 20;

/// Bytes of an answer of which a connection may ask for many.
const PAGE: usize = 64 << 10;

/// A server that is told to stop with the test.
struct Listening {
    address: SocketAddr,
    stop: StopFlag,
    /// Ends with the number of connections that were cut off.
    thread: JoinHandle<usize>,
}

impl Listening {
    fn start(times: Times) -> Self {
        let stop = StopFlag::default();
        let (send, receive) = channel();
        let router = Router::new()
            .route("/large", get(|| async { vec![b'x'; LARGE] }))
            .route("/page", get(|| async { vec![b'x'; PAGE] }))
            .route("/small", get(|| async { "small" }));
        let flag = stop.clone();
        let thread = spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            let cut_off = runtime.block_on(async {
                let listener = listen(([127, 0, 0, 1], 0).into()).expect("it listens");
                send.send(listener.local_addr().expect("an address")).expect("the test waits");
                serve(listener, router, &flag, times).await
            });
            runtime.shutdown_background();
            cut_off
        });
        Self { address: receive.recv().expect("an address"), stop, thread }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        stream
    }

    /// A connection that has asked for something, after which it is closed.
    fn ask(&self, path: &str) -> TcpStream {
        let mut stream = self.connect();
        let head = format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("written");
        stream
    }

    fn end(self) -> usize {
        self.stop.raise();
        self.thread.join().expect("it ends")
    }
}

/// Reads what is left of an answer: the bytes of its body, of which `begun` is known.
fn rest(stream: &mut TcpStream, begun: &[u8]) -> usize {
    let mut answer = begun.to_vec();
    // A connection that is cut off ends with an error on some systems.
    let _ = stream.read_to_end(&mut answer);
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
    answer.len() - head - 4
}

/// Reads the first bytes of an answer.
fn begin(stream: &mut TcpStream) -> Vec<u8> {
    let mut begun = vec![0; 1024];
    stream.read_exact(&mut begun).expect("an answer");
    begun
}

#[test]
fn an_answer_that_is_being_sent_is_not_cut_off_for_others() {
    let server = Listening::start(Times::usual());
    let mut slow = server.ask("/large");
    let begun = begin(&mut slow);
    // More than are served at a time, all of them idle for a shorter time than the first has been sending.
    let idle: Vec<TcpStream> = (0..262).map(|_| server.connect()).collect();
    assert_eq!(rest(&mut server.ask("/small"), &[]), 5);
    assert_eq!(rest(&mut slow, &begun), LARGE);
    // Once its answers are sent it is idle, and leaves as any other.
    let mut whole = server.connect();
    whole.write_all(b"GET /large HTTP/1.1\r\nhost: here\r\n\r\n").expect("written");
    let mut bytes = vec![0; LARGE];
    whole.read_exact(&mut bytes).expect("an answer");
    drop(idle);
    let more: Vec<TcpStream> = (0..262).map(|_| server.connect()).collect();
    assert_eq!(rest(&mut server.ask("/small"), &[]), 5);
    // What the head has moved back, and the end of the connection.
    let mut left = Vec::new();
    whole.read_to_end(&mut left).expect("the end");
    assert!(left.len() < 1024, "{}", left.len());
    drop(more);
    assert_eq!(server.end(), 0);
}

#[test]
fn clients_that_do_not_read_hold_up_nobody_for_long() {
    let crowded = Duration::from_secs(2);
    let server = Listening::start(Times { crowded, ..Times::usual() });
    let mut deaf: Vec<TcpStream> = (0..256).map(|_| server.connect()).collect();
    // Answers of 16 MiB each would take the memory of the machine.
    let asked = "GET /page HTTP/1.1\r\nhost: here\r\n\r\n".repeat(128);
    for stream in &mut deaf {
        stream.write_all(asked.as_bytes()).expect("written");
        begin(stream);
    }
    let start = Instant::now();
    assert_eq!(rest(&mut server.ask("/small"), &[]), 5);
    let taken = start.elapsed();
    assert!(taken < Times::usual().send / 2, "{taken:?}");
    drop(deaf);
    assert_eq!(server.end(), 0);
}

#[test]
fn a_client_that_takes_nothing_is_cut_off_and_a_slow_one_is_not() {
    let limit = Duration::from_secs(2);
    let server = Listening::start(Times { send: limit, ..Times::usual() });
    let mut deaf = server.ask("/large");
    let mut slow = server.ask("/large");
    let mut begun = begin(&mut slow);
    let start = Instant::now();
    while start.elapsed() < 3 * limit {
        let mut some = vec![0; 64 << 10];
        slow.read_exact(&mut some).expect("more of the answer");
        begun.extend(some);
        sleep(Duration::from_millis(50));
    }
    assert!(begun.len() < LARGE);
    assert_eq!(rest(&mut slow, &begun), LARGE);
    let taken = rest(&mut deaf, &[]);
    assert!(taken > 0 && taken < LARGE, "{taken}");
    assert_eq!(server.end(), 0);
}

#[test]
fn after_a_signal_answers_are_finished_and_clients_that_do_not_take_theirs_are_counted() {
    let server = Listening::start(Times::usual());
    let mut slow = server.ask("/large");
    let begun = begin(&mut slow);
    server.stop.raise();
    sleep(Duration::from_millis(200));
    assert_eq!(rest(&mut slow, &begun), LARGE);
    assert_eq!(server.end(), 0);

    let last = Duration::from_millis(500);
    let server = Listening::start(Times { last, ..Times::usual() });
    let mut deaf = server.ask("/large");
    begin(&mut deaf);
    let idle = server.connect();
    assert_eq!(rest(&mut server.ask("/small"), &[]), 5);
    assert_eq!(server.end(), 1);
    drop((deaf, idle));
}

#[test]
fn an_address_that_cannot_be_used_is_explained_by_its_cause() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("it listens");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let error = runtime.expect("a runtime").block_on(async {
        listen(taken.local_addr().expect("an address")).expect_err("it is taken")
    });
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(advice(error.kind()).contains("another program"));
    let foreign = advice(ErrorKind::AddrNotAvailable);
    assert!(foreign.contains("does not have this address") && !foreign.contains("port"));
    assert!(advice(ErrorKind::PermissionDenied).contains("below 1024"));
}
