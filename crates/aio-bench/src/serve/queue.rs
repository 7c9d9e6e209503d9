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
    queries: Vec<Prepared>,
    reply: oneshot::Sender<Vec<Result<Searched>>>,
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

    /// The answer to one query. Whoever no longer waits for it is passed over.
    ///
    /// # Errors
    /// [`Failure::busy`] if too many searches wait; the answer's own error.
    pub(super) async fn ask(&self, query: Prepared) -> std::result::Result<Searched, Failure> {
        let mut answers = self.ask_all(vec![query]).await?;
        answers.pop().ok_or_else(|| Failure::internal(&"the model gave no answer"))
    }

    /// The answers to queries that belong together, in their order. They wait as one search.
    ///
    /// # Errors
    /// [`Failure::busy`] if too many searches wait; the error of the first that has one.
    pub(super) async fn ask_all(
        &self,
        queries: Vec<Prepared>,
    ) -> std::result::Result<Vec<Searched>, Failure> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Job { queries, reply }).map_err(|e| match e {
            TrySendError::Full(_) => Failure::busy(),
            TrySendError::Closed(_) => Failure::internal(&"the thread of the model has ended"),
        })?;
        let lost = |_| Failure::internal(&"the model gave no answer");
        Ok(answer.await.map_err(lost)?.into_iter().collect::<Result<_>>()?)
    }
}

fn work(searcher: &dyn Searcher, mut receive: mpsc::Receiver<Job>) {
    while let Some(first) = receive.blocking_recv() {
        let mut count = first.queries.len();
        let mut jobs = vec![first];
        while count < BATCH
            && let Ok(job) = receive.try_recv()
        {
            count += job.queries.len();
            jobs.push(job);
        }
        jobs.retain(|job| !job.reply.is_closed());
        if jobs.is_empty() {
            continue;
        }
        let mut queries = Vec::with_capacity(count);
        let mut replies = Vec::with_capacity(jobs.len());
        for job in jobs {
            replies.push((job.queries.len(), job.reply));
            queries.extend(job.queries);
        }
        // A panic answers these searches with an error; the next ones find the thread alive. The searcher holds locks that recover.
        let answers = catch_unwind(AssertUnwindSafe(|| searcher.search(&queries)));
        let answers = answers.unwrap_or_else(|_| {
            queries.iter().map(|_| Err(Error::Failure("the search panicked".into()))).collect()
        });
        let mut answers = answers.into_iter();
        for (count, reply) in replies {
            // Whoever asked may have gone.
            let _ = reply.send(answers.by_ref().take(count).collect());
        }
    }
}
