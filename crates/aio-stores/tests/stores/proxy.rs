//! A connection that breaks after a number of bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread;

/// Passes bytes on to a server until so many have gone there, and nothing more.
pub(crate) struct Proxy {
    pub(crate) address: String,
    left: Arc<AtomicI64>,
    sent: Arc<AtomicU64>,
}

impl Proxy {
    /// `server` is host and port.
    pub(crate) fn new(server: &str, bytes: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (left, sent) = (Arc::new(AtomicI64::new(bytes)), Arc::new(AtomicU64::new(0)));
        let new = Self { address, left: left.clone(), sent: sent.clone() };
        let server = server.to_owned();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if left.load(Ordering::SeqCst) <= 0 {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&server) else { return };
                let (left, sent) = (left.clone(), sent.clone());
                let back =
                    (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
                thread::spawn(move || {
                    pass(client, server, |bytes| {
                        sent.fetch_add(bytes as u64, Ordering::SeqCst);
                        left.fetch_sub(bytes as i64, Ordering::SeqCst) - bytes as i64
                    });
                });
                thread::spawn(move || pass(back.0, back.1, |_| 1));
            }
        });
        new
    }

    /// Bytes that have gone to the server.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// Whether it is broken.
    pub(crate) fn is_broken(&self) -> bool {
        self.left.load(Ordering::SeqCst) <= 0
    }
}

/// Passes bytes on. `left` counts them, and says how many may still follow; of the last ones only those are passed that may.
fn pass(mut from: TcpStream, mut to: TcpStream, left: impl Fn(usize) -> i64) {
    let mut buffer = [0; 4096];
    while let Ok(bytes @ 1..) = from.read(&mut buffer) {
        let left = left(bytes);
        let passed = (bytes as i64 + left.min(0)).max(0) as usize;
        if to.write_all(&buffer[..passed]).is_err() || left <= 0 {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
