//! The queue in front of the model: one thread takes what waits and answers it as one batch.

use super::failure::Failure;
use super::limits::QUEUE;
use super::searcher::{Prepared, Searcher};
use crate::error::{Error, Result};
use crate::gallery::Searched;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

/// Searches that are answered at once. More would let the first wait for the last.
const BATCH: usize = 32;

struct Job {
    query: Prepared,
    reply: oneshot::Sender<Result<Searched>>,
}

/// Where searches wait for the model. Clones share it; the thread ends when the last one is gone.
#[derive(Clone)]
pub(super) struct Queue(mpsc::Sender<Job>);

impl Queue {
    /// Starts the thread of the model.
    ///
    /// # Errors
    /// [`Error::Failure`] if the system gives no thread.
    pub(super) fn start(searcher: Arc<dyn Searcher>) -> Result<(Self, JoinHandle<()>)> {
        let (send, receive) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name("model".to_owned());
        let thread = thread
            .spawn(move || work(&*searcher, receive))
            .map_err(|e| Error::Failure(format!("cannot start the thread of the model: {e}")))?;
        Ok((Self(send), thread))
    }

    /// The answer to a query. Whoever no longer waits for it is passed over.
    ///
    /// # Errors
    /// [`Failure::busy`] if too many searches wait; the answer's own error.
    pub(super) async fn ask(&self, query: Prepared) -> std::result::Result<Searched, Failure> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Job { query, reply }).map_err(|e| match e {
            TrySendError::Full(_) => Failure::busy(),
            TrySendError::Closed(_) => Failure::internal(&"the thread of the model has ended"),
        })?;
        let lost = |_| Failure::internal(&"the model gave no answer");
        Ok(answer.await.map_err(lost)??)
    }
}

fn work(searcher: &dyn Searcher, mut receive: mpsc::Receiver<Job>) {
    while let Some(first) = receive.blocking_recv() {
        let mut jobs = vec![first];
        while jobs.len() < BATCH
            && let Ok(job) = receive.try_recv()
        {
            jobs.push(job);
        }
        jobs.retain(|job| !job.reply.is_closed());
        if jobs.is_empty() {
            continue;
        }
        let (queries, replies): (Vec<Prepared>, Vec<_>) =
            jobs.into_iter().map(|job| (job.query, job.reply)).unzip();
        // A panic answers these searches with an error; the next ones find the thread alive. The searcher holds locks that recover.
        let answers = catch_unwind(AssertUnwindSafe(|| searcher.search(&queries)));
        let answers = answers.unwrap_or_else(|_| {
            queries.iter().map(|_| Err(Error::Failure("the search panicked".into()))).collect()
        });
        for (answer, reply) in answers.into_iter().zip(replies) {
            // Whoever asked may have gone.
            let _ = reply.send(answer);
        }
    }
}
