//! The places of connections, and who gives up one when all are taken.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// As many places as connections are served at a time.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// How long an answer may be sent before its connection has to make room for another one.
    patience: Duration,
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
    /// Requests whose answers are not sent yet.
    requests: usize,
    /// Those of them whose answers are not ready yet.
    unanswered: usize,
    /// When it was opened, or its last answer was sent; if it has a request, when that came, or its answer was ready.
    since: Instant,
    leave: Arc<Leave>,
}

impl Connection {
    fn is_idle(&self) -> bool {
        self.requests == 0
    }
}

/// Asks a connection to leave.
#[derive(Default)]
struct Leave {
    asked: Notify,
    /// Whether it has to leave in the middle of an answer.
    at_once: AtomicBool,
}

impl Places {
    pub(super) fn new(count: usize, patience: Duration) -> Self {
        Self { free: Arc::new(Semaphore::new(count)), patience, taken: Arc::default() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place.
    pub(super) async fn wait(&self, peer: IpAddr) -> Option<Place> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        let leave = Arc::<Leave>::default();
        let connection = Connection {
            peer,
            requests: 0,
            unanswered: 0,
            since: Instant::now(),
            leave: Arc::clone(&leave),
        };
        let mut taken = self.taken();
        let number = taken.next;
        taken.next += 1;
        taken.connections.insert(number, connection);
        let requests = AtomicUsize::new(0);
        Some(Place { number, places: self.clone(), requests, leave, _permit: permit })
    }

    /// Asks a connection without a request to leave: of the peer with the most connections the one that has been idle longest. If all have requests, one
    /// has to leave whose answer has been sent for too long, so that nobody can hold up the others by not reading. Whether there was one.
    pub(super) fn ask_one_to_leave(&self) -> bool {
        let mut taken = self.taken();
        let mut of_peer: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for connection in taken.connections.values() {
            *of_peer.entry(connection.peer).or_default() += 1;
        }
        let may_leave = taken.connections.iter().filter(|(_, connection)| {
            let is_slow = || connection.since.elapsed() >= self.patience;
            connection.is_idle() || (connection.unanswered == 0 && is_slow())
        });
        let first = may_leave.max_by_key(|(number, connection)| {
            let count = of_peer.get(&connection.peer);
            (connection.is_idle(), count, Reverse((connection.since, *number)))
        });
        let Some(number) = first.map(|(number, _)| *number) else { return false };
        // It is no longer counted, so that it is asked once.
        if let Some(gone) = taken.connections.remove(&number) {
            gone.leave.at_once.store(!gone.is_idle(), Ordering::Relaxed);
            gone.leave.asked.notify_one();
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
    leave: Arc<Leave>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// Waits until the connection is asked to leave.
    pub(super) async fn asked_to_leave(&self) {
        self.leave.asked.notified().await;
    }

    /// Whether a connection that was asked to leave has a request to finish, which may have come just then.
    pub(super) fn has_to_finish(&self) -> bool {
        let is_busy = self.requests.load(Ordering::Relaxed) > 0;
        is_busy && !self.leave.at_once.load(Ordering::Relaxed)
    }

    /// Counts a request until what is returned is dropped: when the answer is sent.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.change(|connection| {
            if connection.is_idle() {
                connection.since = Instant::now();
            }
            connection.requests += 1;
            connection.unanswered += 1;
        });
        Busy { place: Arc::clone(self), is_answered: false }
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

/// A request whose answer is not sent yet.
pub(super) struct Busy {
    place: Arc<Place>,
    is_answered: bool,
}

impl Busy {
    /// The answer is ready, and is sent from now on.
    pub(super) fn answered(&mut self) {
        if std::mem::replace(&mut self.is_answered, true) {
            return;
        }
        self.place.change(|connection| {
            connection.unanswered -= 1;
            // Whoever sends many requests and reads no answer gains no time.
            if connection.requests == 1 {
                connection.since = Instant::now();
            }
        });
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.answered();
        self.place.requests.fetch_sub(1, Ordering::Relaxed);
        self.place.change(|connection| {
            connection.requests -= 1;
            if connection.is_idle() {
                connection.since = Instant::now();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    const HOUR: Duration = Duration::from_secs(3600);

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(test);
    }

    #[test]
    fn the_longest_idle_of_the_peer_with_the_most_connections_leaves() {
        run(async {
            let places = Places::new(5, HOUR);
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

    #[test]
    fn an_answer_that_is_sent_for_too_long_makes_room_if_nobody_is_idle() {
        run(async {
            let places = Places::new(3, Duration::ZERO);
            let mut open = Vec::new();
            for last in [1, 2, 3] {
                open.push(Arc::new(places.wait(peer(last)).await.expect("a place")));
            }
            let _computing = open[0].begin();
            let mut sending = open[1].begin();
            sending.answered();
            assert!(places.ask_one_to_leave());
            open[2].asked_to_leave().await;
            assert!(!open[2].has_to_finish() && open[1].has_to_finish());
            let _late = open[2].begin();
            assert!(open[2].has_to_finish(), "a request that came just then is answered");
            assert!(places.ask_one_to_leave());
            open[1].asked_to_leave().await;
            assert!(!open[1].has_to_finish(), "in the middle of its answer");
            assert!(!places.ask_one_to_leave(), "no answer is ready");

            let places = Places::new(1, HOUR);
            let place = Arc::new(places.wait(peer(1)).await.expect("a place"));
            let mut sending = place.begin();
            sending.answered();
            assert!(!places.ask_one_to_leave(), "it has its time");
        });
    }
}
