//! Batches that a thread prepares while the step before them is computed.

use crate::error::{Result, TrainError};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Batches that wait, at most. One more is in the making.
pub(crate) const WAITING: usize = 2;

/// A thread that prepares items in order, ahead of their use.
///
/// It stops after its last item, after the first error, and when this is dropped; dropping waits until it has ended.
pub(crate) struct Prefetcher<T> {
    /// `None` only while this is dropped.
    items: Option<Receiver<Result<T>>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Prefetcher<T> {
    /// Starts to prepare `items`.
    ///
    /// # Errors
    /// [`TrainError::Failure`] if the system gives no thread.
    pub(crate) fn start(items: impl Iterator<Item = Result<T>> + Send + 'static) -> Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("loader".into())
            .spawn(move || prepare(items, &sender))
            .map_err(|e| TrainError::Failure(format!("cannot start the loader's thread: {e}")))?;
        Ok(Self { items: Some(receiver), thread: Some(thread) })
    }

    /// The next item, and how long it had to be waited for.
    ///
    /// # Errors
    /// That of the item. [`TrainError::Failure`] if there is none left.
    ///
    /// # Panics
    /// With the panic of the thread, if there was one.
    pub(crate) fn next(&mut self) -> Result<(T, Duration)> {
        let begun = Instant::now();
        if let Some(Ok(item)) = self.items.as_ref().map(Receiver::recv) {
            return Ok((item?, begun.elapsed()));
        }
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
        Err(TrainError::Failure("the loader has no batch left".into()))
    }
}

fn prepare<T>(items: impl Iterator<Item = Result<T>>, sender: &SyncSender<Result<T>>) {
    for item in items {
        let failed = item.is_err();
        // Nobody receives any more once the prefetcher is dropped.
        if sender.send(item).is_err() || failed {
            return;
        }
    }
}

impl<T> Drop for Prefetcher<T> {
    fn drop(&mut self) {
        // A thread that waits for room in the queue is woken by this, and ends.
        drop(self.items.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has printed its message; to raise it here, perhaps during another one, would end the process.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Runs `work`, which must not take longer than a minute.
    fn in_time(work: impl FnOnce() + Send + 'static) {
        let (done, wait) = sync_channel(1);
        let worker = std::thread::spawn(move || {
            work();
            let _ = done.send(());
        });
        let ended = wait.recv_timeout(Duration::from_secs(60));
        assert!(ended.is_ok() || worker.is_finished(), "it hangs");
        if let Err(panic) = worker.join() {
            std::panic::resume_unwind(panic);
        }
    }

    #[test]
    fn items_come_in_order_and_no_more_than_the_queue_holds_are_prepared() {
        in_time(|| {
            let prepared = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&prepared);
            let items = (0..50).map(move |i| {
                count.fetch_add(1, Ordering::SeqCst);
                Ok(i)
            });
            let mut prefetcher = Prefetcher::start(items).expect("a thread");
            std::thread::sleep(Duration::from_millis(100));
            // Those that wait, and one that found no room.
            assert!(prepared.load(Ordering::SeqCst) <= WAITING + 1);
            for expected in 0..50 {
                assert_eq!(prefetcher.next().expect("an item").0, expected);
            }
            let error = prefetcher.next().expect_err("there were 50").to_string();
            assert!(error.contains("no batch left"), "{error}");
        });
    }

    #[test]
    fn dropping_it_midway_ends_the_thread() {
        in_time(|| {
            for received in 0..5 {
                let alive = Arc::new(());
                let held = Arc::clone(&alive);
                let endless = (0..).map(move |i: u64| {
                    let _held = &held;
                    Ok(i)
                });
                let mut prefetcher = Prefetcher::start(endless).expect("a thread");
                for expected in 0..received {
                    assert_eq!(prefetcher.next().expect("an item").0, expected);
                }
                drop(prefetcher);
                assert_eq!(Arc::strong_count(&alive), 1, "the thread is gone with what it held");
            }
        });
    }

    #[test]
    fn an_error_in_the_middle_arrives_in_its_place_and_is_the_last() {
        in_time(|| {
            let items = (0..9).map(|i| match i {
                3 => Err(TrainError::Failure("picture 3 is damaged".into())),
                _ => Ok(i),
            });
            let mut prefetcher = Prefetcher::start(items).expect("a thread");
            for expected in 0..3 {
                assert_eq!(prefetcher.next().expect("an item").0, expected);
            }
            let error = prefetcher.next().expect_err("damaged").to_string();
            assert_eq!(error, "picture 3 is damaged");
            let error = prefetcher.next().expect_err("it has stopped").to_string();
            assert!(error.contains("no batch left"), "{error}");
        });
    }

    #[test]
    #[should_panic(expected = "the decoder fell over")]
    fn a_panic_of_the_thread_reaches_the_training() {
        let items = (0..9).map(|i| if i < 2 { Ok(i) } else { panic!("the decoder fell over") });
        let mut prefetcher = Prefetcher::start(items).expect("a thread");
        while prefetcher.next().is_ok() {}
    }
}
