//! The places of connections, and who gives up one when all are taken.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// As many places as connections are served at a time.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    /// The number of the next connection.
    next: u64,
    connections: BTreeMap<u64, Connection>,
}

struct Connection {
    peer: IpAddr,
    /// Requests that are being answered.
    requests: usize,
    /// When it was opened, or its last answer was ready.
    idle_since: Instant,
    leave: Arc<Notify>,
}

impl Places {
    pub(super) fn new(count: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(count)), taken: Arc::default() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place.
    pub(super) async fn wait(&self, peer: IpAddr) -> Option<Place> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        let leave = Arc::new(Notify::new());
        let connection =
            Connection { peer, requests: 0, idle_since: Instant::now(), leave: Arc::clone(&leave) };
        let mut taken = self.taken();
        let number = taken.next;
        taken.next += 1;
        taken.connections.insert(number, connection);
        let requests = AtomicUsize::new(0);
        Some(Place { number, places: self.clone(), requests, leave, _permit: permit })
    }

    /// Asks a connection without a request to leave: of the peer with the most connections the one that has been idle longest. Whether there was one.
    pub(super) fn ask_one_to_leave(&self) -> bool {
        let mut taken = self.taken();
        let mut of_peer: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for connection in taken.connections.values() {
            *of_peer.entry(connection.peer).or_default() += 1;
        }
        let idle = taken.connections.iter().filter(|(_, connection)| connection.requests == 0);
        let first = idle.max_by_key(|(number, connection)| {
            let count = of_peer.get(&connection.peer);
            (count, std::cmp::Reverse((connection.idle_since, *number)))
        });
        let Some(number) = first.map(|(number, _)| *number) else { return false };
        // It is no longer counted, so that it is asked once.
        if let Some(gone) = taken.connections.remove(&number) {
            gone.leave.notify_one();
        }
        true
    }

    /// Places that are free.
    pub(super) fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// Waits until all of `count` places are free.
    pub(super) async fn all(&self, count: usize) {
        let _ = self.free.acquire_many(count as u32).await;
    }
}

/// The place of a connection, which is free when this is dropped.
pub(super) struct Place {
    number: u64,
    places: Places,
    /// As in the list of connections, from which it may be gone.
    requests: AtomicUsize,
    leave: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// Waits until the connection is asked to leave.
    pub(super) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }

    /// Whether the connection was asked to leave.
    pub(super) fn is_asked_to_leave(&self) -> bool {
        !self.places.taken().connections.contains_key(&self.number)
    }

    /// Whether a request is being answered. One may have come just when the connection was asked to leave.
    pub(super) fn is_busy(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0
    }

    /// Counts a request until the answer is ready.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.change(|connection| connection.requests += 1);
        Busy(Arc::clone(self))
    }

    fn change(&self, change: impl FnOnce(&mut Connection)) {
        if let Some(connection) = self.places.taken().connections.get_mut(&self.number) {
            change(connection);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().connections.remove(&self.number);
    }
}

/// A request that is being answered.
pub(super) struct Busy(Arc<Place>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
        self.0.change(|connection| {
            connection.requests -= 1;
            connection.idle_since = Instant::now();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_longest_idle_of_the_peer_with_the_most_connections_leaves() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let places = Places::new(5);
            let mut open = Vec::new();
            for last in [1, 2, 2, 2, 3] {
                open.push(Arc::new(places.wait(peer(last)).await.expect("a place")));
            }
            assert_eq!(places.free(), 0);
            // The oldest of peer 2 is at work, and the next one has just finished.
            let busy = open[1].begin();
            drop(open[2].begin());
            assert!(places.ask_one_to_leave());
            open[3].asked_to_leave().await;
            // Two are left of peer 2, of which one is at work.
            assert!(places.ask_one_to_leave());
            open[2].asked_to_leave().await;
            // One of each: the oldest without a request.
            assert!(places.ask_one_to_leave());
            open[0].asked_to_leave().await;
            assert!(places.ask_one_to_leave());
            open[4].asked_to_leave().await;
            assert!(!places.ask_one_to_leave(), "the last one is at work");
            drop(busy);
            assert!(places.ask_one_to_leave());
            assert!(!places.ask_one_to_leave(), "nobody is asked twice");
            open.clear();
            assert_eq!(places.free(), 5);
        });
    }
}
